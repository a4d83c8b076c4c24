/** Whether a value has to be waited for: everything that comes at once is used at once. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** What comes later and never fails, for one listener; `await` takes it as well. */
export interface Eventual<T> {
  then(listener: (value: T) => void): unknown;
}

export function isEventual<T>(value: T | Eventual<T>): value is Eventual<T> {
  return isPromise(value);
}

/** Hands a value on: at once if it is there. */
export function whenThere<T>(value: T | Eventual<T>, listener: (value: T) => void): void {
  if (isEventual(value)) value.then(listener);
  else listener(value);
}

/** A value to come that is handed on at once, where each promise would take its turn of the microtask queue. */
export class Later<T> implements Eventual<T> {
  #value: T | undefined = undefined;
  #listener: ((value: T) => void) | undefined = undefined;

  settle(value: T): void {
    if (this.#listener === undefined) this.#value = value;
    else this.#listener(value);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- so that middleware can await it
  then(listener: (value: T) => void): void {
    if (this.#value === undefined) this.#listener = listener;
    else listener(this.#value);
  }
}
