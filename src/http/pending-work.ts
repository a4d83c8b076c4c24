import { BodySource, discard } from './body-source.ts';
import type { ErrorReplies } from './error-replies.ts';
import { RequestAbandonedError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { isPromise } from './promise.ts';
import type { Reply } from './reply.ts';
import type { Upgrade } from './socket.ts';

/** Milliseconds a handler has to settle after its time limit, before the generators it has entered are left. */
const OVERDUE_GRACE = 30_000;

/** Milliseconds after which an unread reply in memory counts as sent, on platforms that wait for us. */
const UNREAD_GRACE = 1_000;

/** A reply that has not been sent completely. */
interface Unsent {
  readonly source: BodySource | undefined;
  readonly finish: (error?: unknown) => void | Promise<void>;
  /** Releases the platform when everything has ended. */
  release?: ((finished: Promise<void>) => void) | undefined;
}

/** Work after replies: background tasks and cleanups, and waiting for all of it at shutdown. */
export class PendingWork {
  /** Work after replies that have been sent. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #unsent = new Set<Unsent>();
  readonly #sockets = new Map<Upgrade, Unsent['finish']>();
  readonly #errors: ErrorReplies;
  /** Called when nothing is given any more time. */
  readonly #hurried = new Set<() => void>();
  #inHurry = false;
  #running = 0;
  #idle: (() => void) | undefined = undefined;

  constructor(errors: ErrorReplies) {
    this.#errors = errors;
  }

  /** A reply is being made, until `end`. */
  begin(): void {
    this.#running++;
  }

  end(): void {
    if (--this.#running === 0) this.#idle?.();
  }

  /** Adds the work that follows a reply, if there is or may be any. */
  follow(reply: Reply, exchange: Exchange): Reply {
    if (reply.upgrade !== undefined) return this.#followSocket(reply, reply.upgrade, exchange);
    const source = reply.body instanceof BodySource ? reply.body : undefined;
    if (exchange.backgroundTasks === undefined && exchange.cleanup === undefined && source === undefined) {
      exchange.after = this;
      return reply;
    }
    const unsent: Unsent = { source, finish: (error) => this.#conclude(unsent, exchange, error) };
    this.#unsent.add(unsent);
    if (exchange.incoming.waitUntil !== undefined) this.#hold(unsent, exchange);
    return { ...reply, after: unsent.finish };
  }

  /** Cleans up after a reply that comes too late to be sent. */
  dismiss(late: Promise<Reply>, exchange: Exchange): void {
    void this.#track(this.#dismiss(late, exchange), exchange);
  }

  /** Runs tasks that were added when the work after the reply was over. */
  resume(exchange: Exchange): void {
    exchange.after = undefined;
    void this.#track(this.#finish(exchange, undefined), exchange);
  }

  /** From now on, whatever does not settle by itself is abandoned at once. */
  hurry(): void {
    this.#inHurry = true;
    for (const hurry of this.#hurried) hurry();
    for (const [upgrade, finish] of this.#sockets) {
      upgrade.giveUp();
      void finish(new RequestAbandonedError());
    }
  }

  /** Waits for the work after replies; a reply in memory counts as sent, a streamed one is not awaited. */
  async idle(): Promise<void> {
    for (const { source, finish } of this.#unsent) if (source === undefined) void finish();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /** Waits for everything; a reply that nobody has read yet counts as sent. */
  async settle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    await Promise.allSettled(this.#pending);
    for (const { finish } of this.#unsent) void finish();
    await this.idle();
  }

  #conclude(unsent: Unsent, exchange: Exchange, failure: unknown): void | Promise<void> {
    if (!this.#unsent.delete(unsent)) return;
    const finished = this.#track(this.#finish(exchange, failure, unsent.source), exchange);
    unsent.release?.(finished);
    return finished;
  }

  /**
   * Keeps the platform alive from now on: when a client disconnects, Workers end whatever they were not asked to wait
   * for, and neither read nor cancel the body of the reply.
   */
  #hold(unsent: Unsent, exchange: Exchange): void {
    const timer = unsent.source === undefined ? setTimeout(() => void unsent.finish(), UNREAD_GRACE) : undefined;
    const released = new Promise<void>((resolve) => {
      const release = (finished: Promise<void>): void => {
        clearTimeout(timer);
        resolve(finished);
      };
      unsent.release = release;
    });
    this.#keepAlive(released, exchange);
  }

  /** A socket stays pending until it has closed; only then does the work after it begin. */
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

  #track(promise: Promise<void>, exchange: Exchange): Promise<void> {
    this.#pending.add(promise);
    const settled = (): boolean => this.#pending.delete(promise);
    promise.then(settled, settled);
    this.#keepAlive(promise, exchange);
    return promise;
  }

  #keepAlive(promise: Promise<void>, exchange: Exchange): void {
    const report = (error: unknown): void => this.#errors.reportLate(error, exchange);
    try {
      // It may be asynchronous, whatever its type says.
      const kept: unknown = exchange.incoming.waitUntil?.(promise);
      if (isPromise(kept)) Promise.resolve(kept).catch(report);
    } catch (error) {
      report(error);
    }
  }

  async #dismiss(late: Promise<Reply>, exchange: Exchange): Promise<void> {
    const reply = await this.#inGrace(late);
    if (reply === undefined) {
      await exchange.abandon?.().catch((error: unknown) => this.#errors.report(error, exchange));
      void late.then(({ body }) => discard(body));
    } else {
      await discard(reply.body);
    }
    await this.#finish(exchange, undefined);
  }

  /** The late reply, unless it takes too long or nothing is given any more time. */
  #inGrace(late: Promise<Reply>): Promise<Reply | undefined> {
    return new Promise((resolve) => {
      const settle = (reply?: Reply): void => {
        clearTimeout(timer);
        this.#hurried.delete(settle);
        resolve(reply);
      };
      const timer = setTimeout(settle, this.#inHurry ? 0 : OVERDUE_GRACE);
      this.#hurried.add(settle);
      void late.then(settle);
    });
  }

  async #finish(exchange: Exchange, failure: unknown, source?: BodySource): Promise<void> {
    if (failure !== undefined) this.#errors.reportCut(failure, exchange);
    // The source of a stream is closed after the stream.
    await source?.end();
    const backgroundTasks = (exchange.backgroundTasks ??= []);
    for (let task = backgroundTasks.shift(); task !== undefined; task = backgroundTasks.shift()) {
      try {
        await task();
      } catch (error) {
        this.#errors.reportLate(error, exchange);
      }
    }
    const { cleanup } = exchange;
    exchange.cleanup = undefined;
    await cleanup?.(failure);
    exchange.after = this;
    if (backgroundTasks.length > 0) this.resume(exchange);
  }
}
