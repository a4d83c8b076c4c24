import { FrameworkError } from './errors.ts';

/** Whether a value has to be awaited; a value that is available at once is used at once. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** Keeps the rejection of a promise that nobody awaits from ending the process; ignores any other value. */
export function ignoreRejection(value: unknown): void {
  // The `then` of a thenable may throw; that of a promise made from it does not.
  if (isPromise(value)) void Promise.resolve(value).then(undefined, () => {});
}

/** The value of a function that has to give it at once; throws a FrameworkError for a promise, and forgets that. */
export function immediate<T>(value: T, what: string): T {
  if (!isPromise(value)) return value;
  ignoreRejection(value);
  throw new FrameworkError(`${what} returned a promise; it has to be synchronous`);
}

/** A value that comes later, and never fails unless stated otherwise; it can be awaited. */
export interface Eventual<T> {
  then(listener: (value: T) => void, failed?: (error: unknown) => void): unknown;
}

export function isEventual<T extends object>(value: T | Eventual<T>): value is Eventual<T> {
  return typeof (value as { then?: unknown }).then === 'function';
}

/** Passes a value on, at once if it is available. */
export function whenThere<T extends object>(value: T | Eventual<T>, listener: (value: T) => void): void {
  if (isEventual(value)) value.then(listener);
  else listener(value);
}

/** A future value that is passed on synchronously, where a promise would take a turn of the microtask queue. */
export class Later<T extends object> implements Eventual<T> {
  #value: T | undefined = undefined;
  #error: Error | undefined = undefined;
  #listener: ((value: T) => void) | undefined = undefined;
  #failed: ((error: Error) => void) | undefined = undefined;
  /** Listeners after the first. */
  #other: Later<T> | undefined = undefined;

  settle(value: T): void {
    const listener = this.#listener;
    this.#value = value;
    // A connection keeps its last body, whose listeners would keep everything derived from it alive.
    this.#listener = undefined;
    this.#failed = undefined;
    listener?.(value);
    this.#other?.settle(value);
  }

  fail(error: Error): void {
    const failed = this.#failed;
    this.#error = error;
    this.#listener = undefined;
    this.#failed = undefined;
    failed?.(error);
    this.#other?.fail(error);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- so that middleware can await it
  then(listener: (value: T) => void, failed?: (error: Error) => void): void {
    if (this.#value !== undefined) {
      listener(this.#value);
    } else if (this.#error !== undefined) {
      failed?.(this.#error);
    } else if (this.#listener === undefined) {
      this.#listener = listener;
      this.#failed = failed;
    } else {
      (this.#other ??= new Later()).then(listener, failed);
    }
  }
}
