import type { FormFields } from '../http/body.ts';
import {
  type HTTPException,
  RequestAbandonedError,
  RequestValidationError,
  type ValidationIssue,
} from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Later } from '../http/promise.ts';
import type { Reply } from '../http/reply.ts';
import { boundedIssues } from './issues.ts';
import { type EnteredGenerator, unwind } from './generators.ts';

/** Stands for a value that could not be made, because an input of it is invalid. */
export const FAILED: unique symbol = Symbol('failed');

const NOTHING: unknown[] = [];

/** Makes one value; a promise of it where that takes time, `FAILED` where an input of it is invalid. */
export type Step = (execution: Execution) => unknown;

/** One request on its way through a plan. */
export class Execution {
  readonly exchange: Exchange;
  /** The value of each step; none is kept once the reply is there. */
  values: unknown[];
  /** The step that is running, or is waited for. */
  position = 0;
  /** The reply to come, made when the first step takes time. */
  reply: Later<Reply> | undefined = undefined;
  /** Goes on once a step's value is there: the same two callbacks for all steps of the request. */
  resume: (value: unknown) => void = notWaiting;
  fail: (error: unknown) => void = notWaiting;
  /** Generators that were entered, in order. */
  entered: EnteredGenerator[] | undefined = undefined;
  /** The refusal of a scheme; kept as a value, since to throw it costs a thousand times as much. */
  refusal: HTTPException | undefined = undefined;
  /** Whether the refusal is for missing credentials, and not for bad ones. */
  anonymous = false;
  issues: PlacedIssue[] | undefined = undefined;
  /** The parsed JSON body; undefined until it has been read and where there is none, `FAILED` where it is not JSON. */
  json: unknown = undefined;
  form: FormFields | undefined = undefined;

  /** With room for so many values. */
  constructor(exchange: Exchange, size: number) {
    this.exchange = exchange;
    // oxlint-disable-next-line unicorn/no-new-array -- one that grows takes more room than most requests need
    this.values = new Array(size);
  }

  /** Records issues at their place in the declaration, which is not where they are found: bodies are read last. */
  report(order: number, issues: readonly ValidationIssue[]): typeof FAILED {
    this.issues ??= [];
    for (const issue of issues) this.issues.push({ order, issue });
    return FAILED;
  }

  /** Remembers a generator that has been entered. */
  hold(generator: EnteredGenerator): void {
    const entered = (this.entered ??= []);
    entered.push(generator);
    this.exchange.abandon ??= () => unwind(entered, { error: new RequestAbandonedError() });
  }

  /**
   * Lets go of all values. An execution that waited for a body has grown old in the heap, and a young collection takes
   * what an old object names for alive, dead as it may be: bodies and results would survive it one and all, V8 would
   * then make such objects old from the start, and a JSON body cost half as much again for as long as the process runs.
   */
  release(): void {
    this.values = NOTHING;
    this.json = undefined;
    this.form = undefined;
    this.issues = undefined;
  }

  refuse(refusal: HTTPException, anonymous: boolean): typeof FAILED {
    this.refusal = refusal;
    this.anonymous = anonymous;
    return FAILED;
  }

  /** All issues in the order of the declarations, as far as they are told; what several inputs say alike is said once. */
  validationError(): RequestValidationError {
    const { issues = [], exchange, json } = this;
    const placed = issues.toSorted((one, other) => one.order - other.order).map(({ issue }) => issue);
    return new RequestValidationError(
      boundedIssues(placed, exchange.limits.issues),
      json === FAILED ? undefined : json,
    );
  }
}

/** For what is made outside of a request: nothing of one is there to be read. */
export function executionOutside(): Execution {
  return new Execution({ context: undefined } as never, 0);
}

function notWaiting(): void {}

interface PlacedIssue {
  readonly order: number;
  readonly issue: ValidationIssue;
}
