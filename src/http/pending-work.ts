import { BodySource, discard } from './body-source.ts';
import type { ErrorReplies } from './error-replies.ts';
import { RequestAbandonedError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';
import type { Upgrade } from './socket.ts';

/** Milliseconds for a handler to settle by itself after its time limit, before what it has entered is left. */
const OVERDUE_GRACE = 30_000;

/** A reply that has not been sent as a whole. */
interface Unsent {
  readonly source: BodySource | undefined;
  readonly finish: (error?: unknown) => void | Promise<void>;
}

/** What comes after replies: background tasks and cleanups, and the wait for all of it at the end. */
export class PendingWork {
  /** What comes after replies that have been sent. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #unsent = new Set<Unsent>();
  readonly #sockets = new Map<Upgrade, Unsent['finish']>();
  readonly #errors: ErrorReplies;
  /** Settles when nothing may take its time any more. */
  readonly #hurried: Promise<undefined>;
  #hurry: (() => void) | undefined = undefined;
  #running = 0;
  #idle: (() => void) | undefined = undefined;

  constructor(errors: ErrorReplies) {
    this.#errors = errors;
    this.#hurried = new Promise((resolve) => (this.#hurry = () => resolve(undefined)));
  }

  /** A reply takes time, until `end`. */
  begin(): void {
    this.#running++;
  }

  end(): void {
    if (--this.#running === 0) this.#idle?.();
  }

  /** Adds to a reply what is to be done once it has been sent, if there is or may be anything. */
  follow(reply: Reply, exchange: Exchange): Reply {
    if (reply.upgrade !== undefined) return this.#followSocket(reply, reply.upgrade, exchange);
    const source = reply.body instanceof BodySource ? reply.body : undefined;
    if (exchange.backgroundTasks === undefined && exchange.cleanup === undefined && source === undefined) return reply;
    const finish = (error?: unknown): void | Promise<void> => {
      if (this.#unsent.delete(unsent)) return this.#track(this.#finish(exchange, error), exchange);
    };
    const unsent: Unsent = { source, finish };
    this.#unsent.add(unsent);
    return { ...reply, after: finish };
  }

  /** Ends what belongs to a reply that comes too late to be sent. */
  dismiss(late: Promise<Reply>, exchange: Exchange): void {
    void this.#track(this.#dismiss(late, exchange), exchange);
  }

  /** From now on, what does not settle by itself is left at once. */
  hurry(): void {
    this.#hurry?.();
    for (const [upgrade, finish] of this.#sockets) {
      upgrade.giveUp();
      void finish(new RequestAbandonedError());
    }
  }

  /** Waits for what comes after replies that have been sent. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /** Waits for everything; a reply that nobody has read by now counts as sent. */
  async settle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await Promise.allSettled(this.#pending);
    const ended = Array.from(this.#unsent, async ({ source, finish }) => {
      // What a stream reads from is closed after the stream.
      await source?.end();
      await finish();
    });
    await Promise.allSettled(ended);
    await this.idle();
  }

  /** A socket takes time until it is over; only then does what comes after it begin. */
  #followSocket(reply: Reply, upgrade: Upgrade, exchange: Exchange): Reply {
    const finish = (error?: unknown): void | Promise<void> => {
      if (!this.#sockets.delete(upgrade)) return;
      const finished = this.#track(this.#finish(exchange, error), exchange);
      this.end();
      return finished;
    };
    this.begin();
    this.#sockets.set(upgrade, finish);
    upgrade.whenOver(() => void finish());
    return { ...reply, after: finish };
  }

  #track(promise: Promise<void>, { incoming }: Exchange): Promise<void> {
    incoming.waitUntil?.(promise);
    this.#pending.add(promise);
    const settled = (): boolean => this.#pending.delete(promise);
    promise.then(settled, settled);
    return promise;
  }

  async #dismiss(late: Promise<Reply>, exchange: Exchange): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const grace = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), OVERDUE_GRACE)));
    const reply = await Promise.race([late, grace, this.#hurried]);
    clearTimeout(timer);
    if (reply === undefined) {
      await exchange.abandon?.().catch((error: unknown) => this.#errors.report(error, exchange));
      void late.then(({ body }) => discard(body));
    } else {
      await discard(reply.body);
    }
    await this.#finish(exchange, undefined);
  }

  async #finish(exchange: Exchange, failure: unknown): Promise<void> {
    if (failure !== undefined) this.#errors.report(failure, exchange);
    const { backgroundTasks = [] } = exchange;
    for (let task = backgroundTasks.shift(); task !== undefined; task = backgroundTasks.shift()) {
      try {
        await task();
      } catch (error) {
        this.#errors.reportLate(error, exchange);
      }
    }
    await exchange.cleanup?.(failure);
  }
}
