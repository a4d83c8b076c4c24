import type { Context } from './context.ts';
import { HTTPException } from './errors.ts';
import type { Reply } from './reply.ts';

interface Waiting {
  readonly due: number;
  expire(): void;
}

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
        this.#remove(waiting);
        resolve(settled);
      };
      this.#add(waiting);
      reply.then(settle, reject);
    });
  }

  #add(waiting: Waiting): void {
    if (this.#timer === undefined) this.#arm(this.#timeout);
    else if (this.#waiting.size === 0) hold(this.#timer, true);
    this.#waiting.add(waiting);
  }

  /** A timer that nobody waits for must not keep the process alive. */
  #remove(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    if (this.#waiting.size > 0 || this.#timer === undefined || hold(this.#timer, false)) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(delay: number): void {
    this.#timer = setTimeout(() => this.#expire(), delay);
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

/** Whether the platform's timers can be told if they keep the process alive. */
function hold(timer: unknown, alive: boolean): boolean {
  if (typeof timer !== 'object' || timer === null || !('unref' in timer)) return false;
  const held = timer as { ref(): void; unref(): void };
  if (alive) held.ref();
  else held.unref();
  return true;
}
