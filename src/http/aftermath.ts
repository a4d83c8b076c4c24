import type { Context } from './context.ts';
import { discard } from './ending.ts';
import type { Reply } from './reply.ts';

/** What comes after answers: background tasks and cleanups, and the wait for all of it at the end. */
export class Aftermath {
  /** What comes after answers that have been sent. */
  readonly #pending = new Set<Promise<unknown>>();
  /** What comes after answers that have not been sent yet. */
  readonly #unsent = new Set<() => void | Promise<void>>();
  readonly #report: (error: unknown, context: Context) => void;
  #running = 0;
  #idle: (() => void) | undefined = undefined;

  constructor(report: (error: unknown, context: Context) => void) {
    this.#report = report;
  }

  /** A reply takes time, until `end`. */
  begin(): void {
    this.#running++;
  }

  end(): void {
    if (--this.#running === 0) this.#idle?.();
  }

  /** Adds to a reply what is to be done once it has been sent, if there is or may be anything. */
  follow(reply: Reply, context: Context): Reply {
    const streams = typeof reply.body === 'object' && reply.body !== null;
    if (context.backgroundTasks === undefined && context.cleanup === undefined && !streams) return reply;
    const after = (error?: unknown): void | Promise<void> => {
      if (this.#unsent.delete(after)) return this.#track(this.#finish(context, error));
    };
    this.#unsent.add(after);
    return { ...reply, after };
  }

  /** Ends what belongs to a reply that comes too late to be sent. */
  dismiss(late: Promise<Reply>, context: Context): void {
    const end = async (): Promise<void> => {
      try {
        const { body } = await late;
        await discard(body);
      } catch (error) {
        this.#report(error, context);
      }
      await this.#finish(context, undefined);
    };
    void this.#track(end());
  }

  #track(promise: Promise<void>): Promise<void> {
    this.#pending.add(promise);
    const settled = (): boolean => this.#pending.delete(promise);
    promise.then(settled, settled);
    return promise;
  }

  /** Waits for everything; an answer that nobody has read by now counts as sent. */
  async settle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await Promise.allSettled(this.#pending);
    for (const after of this.#unsent) await after();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async #finish(context: Context, failure: unknown): Promise<void> {
    if (failure !== undefined) this.#report(failure, context);
    const { backgroundTasks = [] } = context;
    for (let task = backgroundTasks.shift(); task !== undefined; task = backgroundTasks.shift()) {
      try {
        await task();
      } catch (error) {
        this.#report(error, context);
      }
    }
    await context.cleanup?.(failure);
  }
}
