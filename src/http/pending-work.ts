import { discard } from './body-source.ts';
import { RequestAbandonedError } from './errors.ts';
import type { ErrorReplies } from './error-replies.ts';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';

/** What comes after replies: background tasks and cleanups, and the wait for all of it at the end. */
export class PendingWork {
  /** What comes after replies that have been sent. */
  readonly #pending = new Set<Promise<unknown>>();
  /** What comes after replies that have not been sent yet. */
  readonly #unsent = new Set<() => void | Promise<void>>();
  readonly #errors: ErrorReplies;
  /** Requests that no time limit ends. */
  readonly #unlimited = new Set<Exchange>();
  /** Requests whose time limit has passed. */
  readonly #overdue = new Set<Exchange>();
  #running = 0;
  #idle: (() => void) | undefined = undefined;
  #abandon = (): void => {};
  readonly #abandoned = new Promise<void>((resolve) => (this.#abandon = resolve));

  constructor(errors: ErrorReplies) {
    this.#errors = errors;
  }

  /** A reply takes time, until `end`. */
  begin(exchange: Exchange): void {
    this.#running++;
    if (exchange.endpoint?.deadline === undefined) this.#unlimited.add(exchange);
  }

  end(exchange: Exchange): void {
    this.#unlimited.delete(exchange);
    if (--this.#running === 0) this.#idle?.();
  }

  /** Adds to a reply what is to be done once it has been sent, if there is or may be anything. */
  follow(reply: Reply, exchange: Exchange): Reply {
    const streams = typeof reply.body === 'object' && reply.body !== null;
    if (exchange.backgroundTasks === undefined && exchange.cleanup === undefined && !streams) return reply;
    const after = (error?: unknown): void | Promise<void> => {
      if (this.#unsent.delete(after)) return this.#track(this.#finish(exchange, error));
    };
    this.#unsent.add(after);
    return { ...reply, after };
  }

  /** Ends what belongs to a reply that comes too late to be sent. */
  dismiss(late: Promise<Reply>, exchange: Exchange): void {
    this.#overdue.add(exchange);
    const end = async (): Promise<void> => {
      try {
        const { body } = await late;
        await discard(body);
      } catch (error) {
        this.#errors.report(error, exchange);
      }
      this.#overdue.delete(exchange);
      await this.#finish(exchange, undefined);
    };
    void this.#track(end());
  }

  #track(promise: Promise<void>): Promise<void> {
    this.#pending.add(promise);
    const settled = (): boolean => this.#pending.delete(promise);
    promise.then(settled, settled);
    return promise;
  }

  /** Ends requests that do not end by themselves; milliseconds later, nothing is waited for any more. */
  giveUp(grace: number): void {
    for (const { running } of [...this.#unlimited, ...this.#overdue]) running?.giveUp(new RequestAbandonedError());
    setTimeout(this.#abandon, grace);
  }

  /** Waits for everything, until it is given up; a reply that nobody has read by now counts as sent. */
  settle(): Promise<void> {
    return Promise.race([this.#settle(), this.#abandoned]);
  }

  async #settle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await Promise.allSettled(this.#pending);
    for (const after of this.#unsent) await after();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async #finish(exchange: Exchange, failure: unknown): Promise<void> {
    if (failure !== undefined) this.#errors.report(failure, exchange);
    const { backgroundTasks = [] } = exchange;
    for (let task = backgroundTasks.shift(); task !== undefined; task = backgroundTasks.shift()) {
      try {
        await task();
      } catch (error) {
        this.#errors.report(error, exchange);
      }
    }
    await exchange.cleanup?.(failure);
  }
}
