import { recognizeCopies } from './copies.ts';
import { SocketClosedError } from './socket.ts';
import { phraseOf } from './status.ts';

/** Headers of an answer: a record, a list of pairs or a `Headers` object. */
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
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`HTTPException: ${status} is not a status between 400 and 599`);
    }
    super(typeof detail === 'string' ? detail : phraseOf(status), 'cause' in options ? { cause: options.cause } : {});
    this.status = status;
    this.detail = detail === undefined ? phraseOf(status) : detail;
    this.headers = options.headers;
  }

  /** The JSON value of the answer's body. */
  body(): unknown {
    return { detail: this.detail };
  }
}
recognizeCopies(HTTPException, 'HTTPException');

/** One reason for a 422: where it is (`loc` starts with `path`, `query`, `header`, `cookie` or `body`) and what it is. */
export interface ValidationIssue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input?: unknown;
  /** For a union of which no alternative fits: what each of them has against the value. */
  readonly alternatives?: readonly (readonly ValidationIssue[])[];
}

/** Everything a request's inputs have against them; answered as 422 with all issues in `detail`. */
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

/** What a request that nobody waits for any longer ends with: its client has gone, or its time is up. */
export class RequestAbandonedError extends Error {
  override readonly name: string = 'RequestAbandonedError';

  constructor() {
    super('Nobody waits for the answer any longer');
  }
}
recognizeCopies(RequestAbandonedError, 'RequestAbandonedError');

/** Whether an error is meant for the client, and nothing for the log: what the server is to blame for has a cause. */
export function isForClient(error: unknown): boolean {
  if (error instanceof HTTPException) return error.status < 500 || error.cause === undefined;
  if (error instanceof SocketClosedError) return true;
  return error instanceof RequestValidationError || error instanceof RequestAbandonedError;
}

/** A value that does not fit what is declared of the response; answered as a constant 500 where no handler answers it. */
export class ResponseValidationError extends Error {
  override readonly name: string = 'ResponseValidationError';
}
recognizeCopies(ResponseValidationError, 'ResponseValidationError');

/** A fault of the program that uses the framework, found while a request runs; always answered as a constant 500. */
export class FrameworkError extends Error {
  override readonly name: string = 'FrameworkError';
}
recognizeCopies(FrameworkError, 'FrameworkError');

/** What a declared body says that somebody has read before by way of the Web request. */
export const BODY_TAKEN =
  'The body has been read from ctx.request already: declare it as an input and read ctx.request after it, or read it there alone';
