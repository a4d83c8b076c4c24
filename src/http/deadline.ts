import type { Context } from './context.ts';
import { HTTPException } from './errors.ts';
import type { Reply } from './reply.ts';

interface Waiting {
  readonly due: number;
  expire(): void;
}

/** Milliseconds after which a timer looks again; how long it keeps a process alive that has nothing else to do. */
const LOOK = 250;

/**
 * The time limit of all requests that have the same one.
 *
 * They become due in the order in which they came, so that one timer serves for all: to set and clear one for each
 * costs more than the rest of an asynchronous request here.
 */
export class Deadline {
  /** Milliseconds. */
  readonly #timeout: number;
  readonly #waiting = new Set<Waiting>();
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /**
   * The reply, or after the time limit what `late` makes of a 503; the context's signal is aborted then.
   *
   * `reply` must not reject. What still runs is not waited for.
   */
  within(
    context: Context,
    reply: Promise<Reply>,
    late: (error: HTTPException) => Reply | Promise<Reply>,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        due: Date.now() + this.#timeout,
        expire: () => {
          const error = new HTTPException(503);
          (context.expiry ??= new AbortController()).abort(error);
          resolve(late(error));
        },
      };
      const settle = (settled: Reply): void => {
        this.#waiting.delete(waiting);
        resolve(settled);
      };
      this.#waiting.add(waiting);
      if (this.#timer === undefined) this.#arm(this.#timeout);
      reply.then(settle, reject);
    });
  }

  /** It looks at least as often as a request takes to become due, so that a timer which runs already is never too late. */
  #arm(delay: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.min(delay, LOOK));
  }

  #expire(): void {
    const now = Date.now();
    this.#timer = undefined;
    for (const waiting of this.#waiting) {
      if (waiting.due > now) {
        this.#arm(waiting.due - now);
        return;
      }
      this.#waiting.delete(waiting);
      waiting.expire();
    }
  }
}
