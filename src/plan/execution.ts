import type { FormFields } from '../http/body.ts';
import type { MediaType } from '../http/content-type.ts';
import { type HTTPException, RequestAbandonedError, type ValidationIssue } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Later } from '../http/promise.ts';
import type { Reply } from '../http/reply.ts';
import { type EnteredGenerator, unwind } from './generators.ts';

/**
 * Stands for a value that could not be made because one of its inputs is invalid.
 *
 * The same for all copies of the package: an input of one copy may be read for the app of another.
 */
export const FAILED: unique symbol = Symbol.for('portico.failed');

/** Makes one value; a promise if that takes time, `FAILED` if one of its inputs is invalid. */
export type Step = (execution: Execution) => unknown;

/** One request on its way through a plan. */
export class Execution {
  readonly exchange: Exchange;
  /** The value of each step. */
  readonly values: unknown[] = [];
  /** The step that is running or awaited. */
  position = 0;
  /** The reply to come, made when the first step takes time. */
  reply: Later<Reply> | undefined = undefined;
  /** Continues once a step's value is available: the same two callbacks for all steps of the request. */
  resume: (value: unknown) => void = notWaiting;
  fail: (error: unknown) => void = notWaiting;
  /** Generators that were entered, in order. */
  entered: EnteredGenerator[] | undefined = undefined;
  /** The refusal of a scheme; kept as a value, since throwing it costs a thousand times as much. */
  refusal: HTTPException | undefined = undefined;
  /** Whether the refusal is for missing credentials, not for invalid ones. */
  anonymous = false;
  issues: PlacedIssue[] | undefined = undefined;
  /** The parsed JSON body; undefined until it has been read and if there is none, `FAILED` if it is not JSON. */
  json: unknown = undefined;
  form: FormFields | undefined = undefined;
  /** The declared type of the body, parsed once. */
  mediaType: MediaType | undefined = undefined;

  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /** Records issues by their order of declaration, not of discovery: bodies are read last. */
  report(order: number, issues: readonly ValidationIssue[]): typeof FAILED {
    this.issues ??= [];
    for (const issue of issues) this.issues.push({ order, issue });
    return FAILED;
  }

  /** Sets what continues the request, or fails it, once a step's value is available. */
  continueBy(resume: (value: unknown) => void, fail: (error: unknown) => void): void {
    this.resume = resume;
    this.fail = fail;
  }

  /** Remembers a generator that has been entered. */
  hold(generator: EnteredGenerator): void {
    const entered = (this.entered ??= []);
    entered.push(generator);
    this.exchange.keepContext();
    if (this.exchange.abandon !== undefined) return;
    const abandon = (): Promise<void> => unwind(entered, { error: new RequestAbandonedError() });
    this.exchange.abandon = abandon;
  }

  refuse(refusal: HTTPException, anonymous: boolean): typeof FAILED {
    this.refusal = refusal;
    this.anonymous = anonymous;
    return FAILED;
  }
}

/** For values that are made outside of a request. */
export function executionOutside(): Execution {
  return new Execution({ context: undefined, keepContext() {} } as never);
}

/* c8 ignore next -- replaced before anything is awaited */
function notWaiting(): void {}

export interface PlacedIssue {
  readonly order: number;
  readonly issue: ValidationIssue;
}
