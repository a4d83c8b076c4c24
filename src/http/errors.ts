import { recognizeCopies } from './copies.ts';
import { SocketClosedError } from './socket.ts';
import { phraseOf } from './status.ts';

/** Headers of a response: a record, a list of pairs or a `Headers` object. */
export type HeaderFields = Readonly<Record<string, string>> | readonly (readonly [string, string])[] | Headers;

export interface HTTPExceptionOptions {
  readonly headers?: HeaderFields;
  /** Kept for logs; never sent to the client. */
  readonly cause?: unknown;
}

/**
 * Ends the request with `status` and the JSON body `{ "detail": detail }`.
 *
 * `detail` is any JSON value, by default the standard phrase of the status. Throws a RangeError for a status
 * outside 400-599.
 */
export class HTTPException extends Error {
  override readonly name: string = 'HTTPException';
  readonly status: number;
  readonly detail: unknown;
  readonly headers: HeaderFields | undefined;

  constructor(status: number, detail?: unknown, options: HTTPExceptionOptions = {}) {
    if (!isErrorStatus(status)) {
      throw new RangeError(`HTTPException: ${status} is not a status between 400 and 599`);
    }
    super(typeof detail === 'string' ? detail : phraseOf(status), 'cause' in options ? { cause: options.cause } : {});
    this.status = status;
    this.detail = detail === undefined ? phraseOf(status) : detail;
    this.headers = options.headers;
  }

  /** The JSON value of the response's body. */
  body(): unknown {
    return { detail: this.detail };
  }
}
recognizeCopies(HTTPException, 'HTTPException');

function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599;
}

/**
 * One reason for a 422: where it is (`loc` starts with `path`, `query`, `header`, `cookie` or `body`) and what it is.
 */
export interface ValidationIssue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input?: unknown;
  /** For a union without a matching alternative: the issues of each alternative. */
  readonly alternatives?: readonly (readonly ValidationIssue[])[];
}

/** All issues of a request's inputs; answered as 422 with the issues in `detail`. */
export class RequestValidationError extends Error {
  override readonly name: string = 'RequestValidationError';
  readonly issues: readonly ValidationIssue[];
  /** The parsed request body, if one was read. */
  readonly body: unknown;

  constructor(issues: readonly ValidationIssue[], body?: unknown) {
    super(`Request validation failed: ${issues.map((issue) => `${issue.loc.join('.')}: ${issue.msg}`).join('; ')}`);
    this.issues = issues;
    this.body = body;
  }
}
recognizeCopies(RequestValidationError, 'RequestValidationError');

/** Ends a request that nobody is waiting for: its client has disconnected, or its time is up. */
export class RequestAbandonedError extends Error {
  override readonly name: string = 'RequestAbandonedError';

  constructor() {
    super('Nobody is waiting for the response any longer');
  }
}
recognizeCopies(RequestAbandonedError, 'RequestAbandonedError');

/** Whether an error is meant for the client and not for the log: one that the server is to blame for has a cause. */
export function isForClient(error: unknown): boolean {
  try {
    if (error instanceof HTTPException) return error.status < 500 || error.cause === undefined;
    if (error instanceof SocketClosedError) return true;
    return error instanceof RequestValidationError || error instanceof RequestAbandonedError;
  } catch {
    // Reading a Proxy, or a getter, runs somebody else's code.
    return false;
  }
}

/** A value that does not fit the declared response; answered as a constant 500 unless a handler answers it. */
export class ResponseValidationError extends Error {
  override readonly name: string = 'ResponseValidationError';
}
recognizeCopies(ResponseValidationError, 'ResponseValidationError');

/** A bug in the program that uses the framework, found while a request runs; always answered as a constant 500. */
export class FrameworkError extends Error {
  override readonly name: string = 'FrameworkError';
}
recognizeCopies(FrameworkError, 'FrameworkError');

/** Thrown for a declared body that was already read through the Web request. */
export const BODY_TAKEN =
  'The body was already read from ctx.request: declare it as an input and read ctx.request afterwards, or read it only there';

/** What was thrown, unless it cannot be inspected: a Proxy may throw when its class is read, and a getter its status. */
export function readable(thrown: unknown): unknown {
  try {
    // Each later `instanceof` would throw just as well.
    if (!(thrown instanceof HTTPException) || isErrorStatus(thrown.status)) return thrown;
  } catch {
    // It cannot be inspected either.
  }
  return new FrameworkError('Something was thrown that cannot be inspected', { cause: thrown });
}

/** The message of what was thrown, which may be anything. */
export function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return 'what it threw cannot be printed';
  }
}
