import { type Deadline, Timed } from './deadline.ts';
import { HTTPException } from './errors.ts';

/** A promise of user code that is awaited no longer than a time limit allows. */
export class TimedWait<T> extends Timed {
  /** Rejects with a 503 `HTTPException` once time is up. */
  readonly outcome: Promise<T>;
  /** Whether time is up. */
  expired: boolean = false;
  readonly #deadline: Deadline;
  readonly #late: (outcome: Promise<T>) => void;
  readonly #awaited: Promise<T>;
  #reject: (error: HTTPException) => void = () => {};
  #isTimed = false;
  #isOver = false;

  /** Its time begins with `begin`; `late` gets the promise if time is up first. */
  constructor(awaited: PromiseLike<T>, deadline: Deadline, late: (outcome: Promise<T>) => void) {
    super();
    this.#deadline = deadline;
    this.#late = late;
    // A thenable may call back more than once; a promise made from it does not.
    this.#awaited = Promise.resolve(awaited);
    this.outcome = new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#awaited.then(
        (value) => {
          this.#end();
          return resolve(value);
        },
        (error: unknown) => {
          this.#end();
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- whatever was thrown
          reject(error);
        },
      );
    });
  }

  /** Its time begins, unless that is over. */
  begin(): void {
    if (this.#isOver) return;
    this.pause();
    this.#isTimed = true;
    this.#deadline.add(this);
  }

  /** No time passes until the next `begin`. */
  pause(): void {
    if (this.#isTimed) this.#deadline.remove(this);
    this.#isTimed = false;
  }

  expire(): void {
    this.#isTimed = false;
    this.#isOver = true;
    this.expired = true;
    this.#reject(new HTTPException(503));
    this.#late(this.#awaited);
  }

  #end(): void {
    this.pause();
    this.#isOver = true;
  }
}
