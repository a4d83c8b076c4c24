import { HTTPException } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { type Eventual, Later, whenThere } from './promise.ts';
import type { Reply } from './reply.ts';

/** Makes the reply that replaces one that would come too late. */
type Late = (error: HTTPException, overdue: Promise<Reply>, exchange: Exchange) => Reply | Eventual<Reply>;

/** Milliseconds after which a timer looks again; how long it keeps a process alive that has nothing else to do. */
const LOOK = 250;

/** On platforms where a request's timers end with it, each request needs its own. */
const TIMERS_ARE_OWN =
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === 'Cloudflare-Workers';

/** The time limits of an app, one for everything that has the same. */
export class Deadlines {
  readonly #late: Late;
  readonly #known = new Map<number, Deadline>();

  constructor(late: Late) {
    this.#late = late;
  }

  /** Ends the time of everything that takes time. */
  expireAll(): void {
    for (const deadline of this.#known.values()) deadline.expireAll();
  }

  /** The time limit of so many milliseconds; 0 means none. */
  of(timeout: number): Deadline {
    const deadline =
      this.#known.get(timeout) ?? new Deadline(timeout === 0 ? Number.POSITIVE_INFINITY : timeout, this.#late);
    this.#known.set(timeout, deadline);
    return deadline;
  }
}

/** Something that is being timed, and its link in the chain of everything that has the same limit. */
export abstract class Timed {
  due: number = 0;
  previous: Timed | undefined = undefined;
  next: Timed | undefined = undefined;
  /** Its own timer, if it has one. */
  timer: ReturnType<typeof setTimeout> | undefined = undefined;

  /** Its time is up, and it has left the chain. */
  abstract expire(): void;
}

/** The reply to a request that is being timed. */
class TimedReply extends Timed {
  readonly #exchange: Exchange;
  readonly #late: Late;
  readonly reply = new Later<Reply>();
  overdue: ((reply: Reply) => void) | undefined = undefined;

  constructor(exchange: Exchange, late: Late) {
    super();
    this.#exchange = exchange;
    this.#late = late;
  }

  expire(): void {
    const overdue = new Promise<Reply>((resolve) => (this.overdue = resolve));
    const exchange = this.#exchange;
    exchange.inContext(() => {
      const error = new HTTPException(503);
      exchange.expire(error);
      whenThere(this.#late(error, overdue, exchange), (made) => this.reply.settle(made));
    });
  }
}

/**
 * The time limit of everything that shares it; a request that exceeds it gets the reply that `late` makes of a 503.
 *
 * All becomes due in order of arrival, so one timer serves it all, and each is a link in a chain: setting and clearing a
 * timer for each, or keeping them in a set, costs an asynchronous request 3 % or more.
 */
export class Deadline {
  /** Milliseconds. */
  readonly #timeout: number;
  readonly #late: Late;
  #first: Timed | undefined = undefined;
  #last: Timed | undefined = undefined;
  #watching = false;
  #watch: (() => void) | undefined = undefined;

  constructor(timeout: number, late: Late) {
    this.#timeout = timeout;
    this.#late = late;
    if (timeout !== Number.POSITIVE_INFINITY && !TIMERS_ARE_OWN) void this.#watchOver();
  }

  /**
   * The reply, or its replacement once time is up; the context's signal is aborted then, and what still runs is not
   * awaited.
   */
  within(reply: Eventual<Reply>, exchange: Exchange): Eventual<Reply> {
    const timed = new TimedReply(exchange, this.#late);
    this.add(timed);
    reply.then((settled) => {
      if (timed.overdue !== undefined) return timed.overdue(settled);
      this.remove(timed);
      return timed.reply.settle(settled);
    });
    return timed.reply;
  }

  /** Its time begins now, and ends with `expire` unless it is removed before. */
  add(timed: Timed): void {
    timed.due = Date.now() + this.#timeout;
    timed.previous = this.#last;
    if (this.#last === undefined) this.#first = timed;
    else this.#last.next = timed;
    this.#last = timed;
    if (TIMERS_ARE_OWN) this.#arm(timed);
    else if (!this.#watching) this.#watch?.();
  }

  /** Must be in the chain. */
  remove(timed: Timed): void {
    if (timed.timer !== undefined) clearTimeout(timed.timer);
    const { previous, next } = timed;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // Once this link is in the old generation, the garbage collector would keep every later link alive through it.
    timed.previous = undefined;
    timed.next = undefined;
  }

  #arm(timed: Timed): void {
    if (this.#timeout === Number.POSITIVE_INFINITY) return;
    timed.timer = setTimeout(() => this.#expire(timed), this.#timeout);
  }

  /** Ends the time of all. */
  expireAll(): void {
    for (let first = this.#first; first !== undefined; first = this.#first) this.#expire(first);
  }

  /**
   * Looks for what has no time left, at least as often as something takes to become due, so that a running timer is never
   * too late.
   *
   * It is started with the app, so that no request sees the asynchronous context of another.
   */
  async #watchOver(): Promise<never> {
    for (;;) {
      await new Promise<void>((resolve) => (this.#watch = resolve));
      this.#watching = true;
      for (let left = this.#look(); left > 0; left = this.#look()) {
        const time = Math.min(left, LOOK);
        await new Promise<void>((resolve) => void setTimeout(resolve, time));
      }
      this.#watching = false;
    }
  }

  /**
   * Milliseconds until the next becomes due, 0 if there is none; ends the time of those that are due.
   *
   * Apart from the loop above, which would keep what it looked at last while it waits.
   */
  #look(): number {
    for (let first = this.#first; first !== undefined; first = this.#first) {
      const left = first.due - Date.now();
      if (left > 0) return left;
      this.#expire(first);
    }
    return 0;
  }

  #expire(timed: Timed): void {
    this.remove(timed);
    timed.expire();
  }
}
