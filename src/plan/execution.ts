import type { FormFields } from '../http/body.ts';
import type { Context } from '../http/context.ts';
import { type HTTPException, RequestValidationError, type ValidationIssue } from '../http/errors.ts';
import type { Later } from '../http/promise.ts';
import type { Reply } from '../http/reply.ts';
import type { Exit } from './exits.ts';

/** Stands for a value that could not be made, because an input of it is invalid. */
export const FAILED: unique symbol = Symbol('failed');

/** One request on its way through a plan. */
export class Execution {
  readonly context: Context;
  /** The value of each slot, in the order of the plan's steps. */
  readonly values: unknown[];
  /** Made when the first step takes time. */
  waiting: Waiting | undefined = undefined;
  /** Generators that were entered, in order. */
  exits: Exit[] | undefined = undefined;
  /** The refusal of a scheme; kept as a value, since to throw it costs a thousand times as much. */
  refusal: HTTPException | undefined = undefined;
  /** Whether the refusal is for want of credentials, and not for bad ones. */
  anonymous = false;
  issues: PlacedIssue[] | undefined = undefined;
  /** The parsed JSON body; undefined until it has been read and where there is none, `FAILED` where it is not JSON. */
  json: unknown = undefined;
  form: FormFields | undefined = undefined;

  /** With room for so many values. */
  constructor(context: Context, size: number) {
    this.context = context;
    // oxlint-disable-next-line unicorn/no-new-array -- one that grows takes more room than most requests need
    this.values = new Array(size);
  }

  /** Records issues at their place in the declaration, which is not where they are found: bodies are read last. */
  report(order: number, issues: readonly ValidationIssue[]): typeof FAILED {
    this.issues ??= [];
    for (const issue of issues) this.issues.push({ order, issue });
    return FAILED;
  }

  refuse(refusal: HTTPException, anonymous: boolean): typeof FAILED {
    this.refusal = refusal;
    this.anonymous = anonymous;
    return FAILED;
  }

  /** All issues in the order of the declarations; what several inputs say alike is said once. */
  validationError(): RequestValidationError {
    const { issues = [], context, json } = this;
    const distinct = new Map<string, ValidationIssue>();
    for (const { issue } of issues.toSorted((one, other) => one.order - other.order)) {
      distinct.set(JSON.stringify([issue.loc, issue.type, issue.msg]), issue);
    }
    return new RequestValidationError(
      [...distinct.values()].slice(0, context.limits.issues),
      json === FAILED ? undefined : json,
    );
  }
}

/** What goes on once a step's value is there, made once for all steps of a request. */
export interface Waiting {
  readonly reply: Later<Reply>;
  /** The step that is waited for. */
  at: number;
  readonly resume: (value: unknown) => void;
  readonly failed: (error: unknown) => void;
}

interface PlacedIssue {
  readonly order: number;
  readonly issue: ValidationIssue;
}

/** Makes one value; a promise of it where that takes time, `FAILED` where an input of it is invalid. */
export type Step = (execution: Execution) => unknown;
