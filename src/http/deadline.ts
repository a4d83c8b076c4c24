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

/** The time limits of an app, one for all requests that have the same. */
export class Deadlines {
  readonly #late: Late;
  readonly #known = new Map<number, Deadline>();

  constructor(late: Late) {
    this.#late = late;
  }

  /** Ends the time of all requests that take time. */
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

/** The reply to a request that is being timed, and its link in the chain of those requests. */
class Limited {
  readonly due: number;
  readonly exchange: Exchange;
  readonly reply = new Later<Reply>();
  previous: Limited | undefined = undefined;
  next: Limited | undefined = undefined;
  overdue: ((reply: Reply) => void) | undefined = undefined;
  /** Its own timer, if it has one. */
  timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(due: number, exchange: Exchange) {
    this.due = due;
    this.exchange = exchange;
  }
}

/**
 * The time limit of all requests that share it; a request that exceeds it gets the reply that `late` makes of a 503.
 *
 * They become due in order of arrival, so one timer serves them all, and each is a link in a chain: setting and
 * clearing a timer for each, or keeping them in a set, costs an asynchronous request 3 % or more.
 */
export class Deadline {
  /** Milliseconds. */
  readonly #timeout: number;
  readonly #late: Late;
  #first: Limited | undefined = undefined;
  #last: Limited | undefined = undefined;
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
    const limited = new Limited(Date.now() + this.#timeout, exchange);
    this.#add(limited);
    if (TIMERS_ARE_OWN) this.#arm(limited);
    else if (!this.#watching) this.#watch?.();
    reply.then((settled) => this.#arrive(limited, settled));
    return limited.reply;
  }

  #arrive(limited: Limited, reply: Reply): void {
    if (limited.overdue !== undefined) return limited.overdue(reply);
    this.#remove(limited);
    limited.reply.settle(reply);
  }

  #arm(limited: Limited): void {
    if (this.#timeout === Number.POSITIVE_INFINITY) return;
    limited.timer = setTimeout(() => this.#expire(limited), this.#timeout);
  }

  #add(limited: Limited): void {
    limited.previous = this.#last;
    if (this.#last === undefined) this.#first = limited;
    else this.#last.next = limited;
    this.#last = limited;
  }

  #remove(limited: Limited): void {
    if (limited.timer !== undefined) clearTimeout(limited.timer);
    const { previous, next } = limited;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    // Once this link is in the old generation, the garbage collector would keep every later link alive through it.
    limited.previous = undefined;
    limited.next = undefined;
  }

  /** Times out all requests. */
  expireAll(): void {
    for (let first = this.#first; first !== undefined; first = this.#first) this.#expire(first);
  }

  /**
   * Looks for requests whose time is up, at least as often as one takes to become due, so that a running timer is never
   * too late.
   *
   * It is started with the app, so that no request sees the asynchronous context of another.
   */
  async #watchOver(): Promise<never> {
    for (;;) {
      await new Promise<void>((resolve) => (this.#watch = resolve));
      this.#watching = true;
      for (let first = this.#first; first !== undefined; first = this.#first) {
        const left = first.due - Date.now();
        if (left <= 0) this.#expire(first);
        else await new Promise<void>((resolve) => void setTimeout(resolve, Math.min(left, LOOK)));
      }
      this.#watching = false;
    }
  }

  #expire(limited: Limited): void {
    const overdue = new Promise<Reply>((resolve) => (limited.overdue = resolve));
    this.#remove(limited);
    const { exchange, reply } = limited;
    exchange.inContext(() => {
      const error = new HTTPException(503);
      exchange.expire(error);
      whenThere(this.#late(error, overdue, exchange), (made) => reply.settle(made));
    });
  }
}
