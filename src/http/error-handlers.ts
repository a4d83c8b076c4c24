import type { Context } from './context.ts';
import { identityOf } from './copies.ts';
import { FrameworkError, HTTPException, RequestAbandonedError, RequestValidationError } from './errors.ts';

export type ErrorHandler = (error: never, context: Context) => unknown;
export type ErrorClass = abstract new (...parameters: never[]) => Error;

/** Errors that are responses in themselves: a handler for `Error` does not catch them. */
const OWN = [HTTPException, RequestValidationError, FrameworkError, RequestAbandonedError].map(identityOf);

/** Finds the handler for an error: the one for the nearest class. */
export class ErrorHandlers {
  readonly #handlers = new Map<unknown, ErrorHandler>();

  get isEmpty(): boolean {
    return this.#handlers.size === 0;
  }

  add(error: ErrorClass, handler: ErrorHandler): void {
    this.#handlers.set(identityOf(error), handler);
  }

  /** Undefined if the class cannot be read: `constructor` may be a getter that throws. */
  find(error: unknown): ErrorHandler | undefined {
    try {
      return this.#find(error);
    } catch {
      return undefined;
    }
  }

  #find(error: unknown): ErrorHandler | undefined {
    if (!(error instanceof Error)) return undefined;
    for (let type: unknown = error.constructor; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
      const identity = identityOf(type);
      const handler = this.#handlers.get(identity);
      if (handler !== undefined) return handler;
      if (OWN.includes(identity)) return undefined;
    }
    return undefined;
  }
}
