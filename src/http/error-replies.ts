import { discard } from './body-source.ts';
import type { Deadline } from './deadline.ts';
import { type ErrorHandler, ErrorHandlers } from './error-handlers.ts';
import { DETAIL, type ErrorFormat, statusOf } from './error-format.ts';
import {
  HTTPException,
  isForClient,
  readable,
  RequestAbandonedError,
  RequestValidationError,
  ResponseValidationError,
} from './errors.ts';
import type { Exchange } from './exchange.ts';
import { headerIn, withFields } from './headers.ts';
import type { ErrorLog } from './log.ts';
import { immediate } from './promise.ts';
import { finalize, type Reply, toJson } from './reply.ts';
import { TimedWait } from './timed-wait.ts';
import { isResponse, replyToValue } from './value-reply.ts';

const NO_SNIFF: readonly string[] = ['X-Content-Type-Options', 'nosniff'];
/** The last resort if the error format itself fails. */
const LAST_RESORT: Reply = {
  status: 500,
  headers: ['Content-Type', 'application/json', ...NO_SNIFF],
  body: '{"detail":"Internal Server Error"}',
};

/** The one place where a thrown error becomes the reply. */
export class ErrorReplies {
  /** Handlers for all routes; a controller's own go first. */
  readonly handlers = new ErrorHandlers();
  readonly #format: ErrorFormat;
  readonly #hasOwnFormat: boolean;
  readonly log: ErrorLog;
  readonly #deadline: Deadline;

  /** `deadline` is that of handlers for requests that no route matches. */
  constructor(format: ErrorFormat, log: ErrorLog, deadline: Deadline) {
    this.#format = format;
    this.#hasOwnFormat = format.body !== DETAIL.body;
    this.log = log;
    this.#deadline = deadline;
  }

  /**
   * The handler of an error. A controller's handler is a method, so there is none if the instance could not be made.
   */
  find(error: unknown, { controller, endpoint }: Exchange): ErrorHandler | undefined {
    const own = typeof controller === 'object' ? endpoint?.handlers?.find(error) : undefined;
    return own ?? this.handlers.find(error);
  }

  /** Whether user code may take part in the reply to an error of this request. */
  callsUser({ endpoint }: Exchange): boolean {
    return this.#hasOwnFormat || !this.handlers.isEmpty || endpoint?.handlers?.isEmpty === false;
  }

  /** The reply of the error's handler, or the error in the format of the app; never throws or rejects. */
  reply(thrown: unknown, exchange: Exchange, headers?: readonly string[]): Reply | Promise<Reply> {
    const error = readable(thrown);
    const handler = this.find(error, exchange);
    if (handler === undefined) return this.refuse(error, exchange, headers);
    return this.#handle(error, handler, exchange, headers);
  }

  /** The error in the format of the app, ignoring handlers; `headers` are added to it, names and values in turn. */
  refuse(thrown: unknown, exchange: Exchange, headers: readonly string[] = []): Reply {
    const error = readable(thrown);
    this.report(error, exchange);
    try {
      return finalize(this.#inFormat(error, exchange, headers), exchange);
    } catch (second) {
      // Even one that is meant for the client, which never sees it.
      this.reportLate(second, exchange);
      return this.#constant(exchange);
    }
  }

  /** Logs an error that is not meant for the client. */
  report(thrown: unknown, exchange: Exchange): void {
    if (!isForClient(thrown)) this.reportLate(thrown, exchange);
  }

  /** Logs an error of any class that comes too late for a response, because it would be lost otherwise. */
  reportLate(thrown: unknown, exchange: Exchange): void {
    const { method, path, endpoint } = exchange;
    this.log.write(readable(thrown), `${method} ${endpoint?.template.pattern ?? path}${idOf(exchange)}`);
  }

  /** Logs the error that cut a response short, unless nobody was waiting for that. */
  reportCut(thrown: unknown, exchange: Exchange): void {
    if (!(readable(thrown) instanceof RequestAbandonedError)) this.reportLate(thrown, exchange);
  }

  async #handle(
    error: unknown,
    handler: ErrorHandler,
    exchange: Exchange,
    headers?: readonly string[],
  ): Promise<Reply> {
    const deadline = exchange.endpoint?.deadline ?? this.#deadline;
    const wait = new TimedWait(this.#answer(error, handler, exchange, headers), deadline, (late) => {
      this.report(error, exchange);
      void this.#dropLate(late, exchange);
    });
    wait.begin();
    try {
      return await wait.outcome;
    } catch (second) {
      if (wait.expired) exchange.expire(second as Error);
      return this.refuse(second, exchange, headers);
    }
  }

  async #dropLate(late: Promise<Reply>, exchange: Exchange): Promise<void> {
    try {
      await discard((await late).body);
    } catch (error) {
      this.report(error, exchange);
    }
  }

  async #answer(
    error: unknown,
    handler: ErrorHandler,
    exchange: Exchange,
    headers?: readonly string[],
  ): Promise<Reply> {
    const { context, endpoint } = exchange;
    context.response.status = statusOf(error, this.#format);
    const value: unknown = await handler(error as never, context);
    const reply = await (endpoint?.replyToValue?.(value, exchange) ?? replyToValue(value, exchange, headers));
    // A handler does not hide a fault of the server's own.
    if (reply.status >= 500 && isOwn(error)) this.report(error, exchange);
    return finalize(isResponse(value) ? reply : unsniffed(reply), exchange);
  }

  #inFormat(error: unknown, exchange: Exchange, headers: readonly string[]): Reply {
    const format = this.#format;
    const told = toldOf(error);
    // An exception with a body of its own, such as the errors of a token endpoint, keeps it.
    const keepsShape = told instanceof HTTPException && told.body !== HTTPException.prototype.body;
    const body = keepsShape ? immediate(told.body(), 'body()') : format.body(told, exchange.context);
    const type = keepsShape ? 'application/json' : format.mediaType;
    const own = ['Content-Type', type, ...NO_SNIFF, ...(exchange.endpoint?.headers ?? []), ...headers];
    const fields = told instanceof HTTPException ? told.headers : undefined;
    return { status: statusOf(told, format), headers: withFields(own, fields), body: toJson(body) };
  }

  #constant(exchange: Exchange): Reply {
    try {
      return this.#inFormat(CONSTANT, exchange, []);
    } catch {
      return LAST_RESORT;
    }
  }
}

/** As errors in the format of the app are; what the handler has set is merged later. */
function unsniffed(reply: Reply): Reply {
  if (headerIn(reply.headers, 'x-content-type-options') !== undefined) return reply;
  return { ...reply, headers: [...reply.headers, ...NO_SNIFF] };
}

/** What the response says of an error. */
function toldOf(error: unknown): HTTPException | RequestValidationError {
  if (error instanceof HTTPException || error instanceof RequestValidationError) return error;
  return error instanceof RequestAbandonedError ? NOBODY_WAITS : CONSTANT;
}

function isOwn(error: unknown): boolean {
  return error instanceof HTTPException || error instanceof ResponseValidationError;
}

/** The id of a request in a line of the log; the state is the user's, whose getters may throw. */
function idOf({ context }: Exchange): string {
  try {
    const id = context.state['requestId'];
    return typeof id === 'string' ? ` (${id})` : '';
  } catch {
    return '';
  }
}

/** Nothing of any other error reaches the client. */
const CONSTANT = new HTTPException(500);
/** For access logs, by a convention of proxies: the client is not there to see it. */
const NOBODY_WAITS = new HTTPException(499, 'Client Closed Request');
