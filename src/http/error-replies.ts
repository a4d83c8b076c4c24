import { type ErrorHandler, ErrorHandlers } from './error-handlers.ts';
import { isAnswer } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { ErrorLog } from './log.ts';
import { finalize, outputOf, type Reply, replyTo, replyToError, toJson } from './reply.ts';

/** The one place where a thrown error becomes the reply. */
export class ErrorReplies {
  /** Handlers for all routes; a controller's own go first. */
  readonly handlers = new ErrorHandlers();
  readonly #log: ErrorLog;

  constructor(log: ErrorLog) {
    this.#log = log;
  }

  /** The handler of an error: a controller's is a method, and there is none where the instance could not be made. */
  find(error: unknown, { controller, endpoint }: Exchange): ErrorHandler | undefined {
    const own = typeof controller === 'object' ? endpoint?.handlers?.find(error) : undefined;
    return own ?? this.handlers.find(error);
  }

  reply(error: unknown, exchange: Exchange): Reply | Promise<Reply> {
    const handler = this.find(error, exchange);
    return handler === undefined ? this.#refuse(error, exchange) : this.#handle(error, handler, exchange);
  }

  report(error: unknown, { method, path, endpoint, context }: Exchange): void {
    if (isAnswer(error)) return;
    const id = context.state['requestId'];
    const route = endpoint?.template.pattern ?? path;
    this.#log.write(error, `${method} ${route}${typeof id === 'string' ? ` (${id})` : ''}`);
  }

  async #handle(error: unknown, handler: ErrorHandler, exchange: Exchange): Promise<Reply> {
    try {
      const { context, endpoint } = exchange;
      const { status } = replyToError(error);
      context.response.status = status;
      const value: unknown = await handler(error as never, context);
      return finalize(await replyTo(value, outputOf(status, toJson, endpoint?.headers), exchange), exchange);
    } catch (second) {
      return this.#refuse(second, exchange);
    }
  }

  /** A reply that cannot be made, for the headers it was given, is a fault of its own. */
  #refuse(error: unknown, exchange: Exchange): Reply {
    this.report(error, exchange);
    try {
      return finalize(replyToError(error, exchange.endpoint?.headers), exchange);
    } catch (second) {
      this.report(second, exchange);
      return replyToError(second);
    }
  }
}
