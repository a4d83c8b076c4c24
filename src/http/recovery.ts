import type { Context } from './context.ts';
import { type ErrorHandler, ErrorHandlers } from './error-handlers.ts';
import { isAnswer } from './errors.ts';
import type { ErrorLog } from './log.ts';
import { outputOf, type Reply, replyTo, replyToError, seal, toJson } from './reply.ts';

/** What a route has to say of its errors. */
export interface Recovering {
  /** Headers of all its answers, names and values in turn. */
  readonly headers?: readonly string[];
  /** The handlers of its controller. */
  readonly handlers?: ErrorHandlers;
}

/** The one place where a thrown error becomes the reply. */
export class Recovery {
  /** Handlers for all routes; a controller's own go first. */
  readonly handlers = new ErrorHandlers();
  readonly #log: ErrorLog;

  constructor(log: ErrorLog) {
    this.#log = log;
  }

  /** The handler of an error: a controller's is a method, and there is none where the instance could not be made. */
  find(error: unknown, context: Context, route?: Recovering): ErrorHandler | undefined {
    const own = typeof context.controller === 'object' ? route?.handlers?.find(error) : undefined;
    return own ?? this.handlers.find(error);
  }

  recover(error: unknown, context: Context, route?: Recovering): Reply | Promise<Reply> {
    const handler = this.find(error, context, route);
    return handler === undefined ? this.#refuse(error, context, route) : this.#handle(error, handler, context, route);
  }

  report(error: unknown, { method, path, route, state }: Context): void {
    if (isAnswer(error)) return;
    const id = state['requestId'];
    this.#log.write(error, `${method} ${route ?? path}${typeof id === 'string' ? ` (${id})` : ''}`);
  }

  async #handle(error: unknown, handler: ErrorHandler, context: Context, route?: Recovering): Promise<Reply> {
    try {
      const { status } = replyToError(error);
      context.response.status = status;
      const value: unknown = await handler(error as never, context);
      return seal(await replyTo(value, outputOf(status, toJson, route?.headers), context), context);
    } catch (second) {
      return this.#refuse(second, context, route);
    }
  }

  /** An answer that cannot be made, for the headers it was given, is a fault of its own. */
  #refuse(error: unknown, context: Context, route?: Recovering): Reply {
    this.report(error, context);
    try {
      return seal(replyToError(error, route?.headers), context);
    } catch (second) {
      this.report(second, context);
      return replyToError(second);
    }
  }
}
