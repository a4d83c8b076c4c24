import { HTTPException } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { type Eventual, Later, whenThere } from './promise.ts';
import type { Reply } from './reply.ts';

/** Makes the reply in place of one that will come too late. */
type Late = (error: HTTPException, overdue: Promise<Reply>, exchange: Exchange) => Reply | Eventual<Reply>;

/** Milliseconds after which a timer looks again; how long it keeps a process alive that has nothing else to do. */
const LOOK = 250;

/** Where the timers of one request die with it, each request needs one of its own. */
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

  /** The limit of so many milliseconds; 0 is none. */
  of(timeout: number): Deadline {
    const deadline =
      this.#known.get(timeout) ?? new Deadline(timeout === 0 ? Number.POSITIVE_INFINITY : timeout, this.#late);
    this.#known.set(timeout, deadline);
    return deadline;
  }
}

/** The reply to a request whose time runs, and its place in the chain of those. */
class Limited {
  readonly due: number;
  readonly exchange: Exchange;
  readonly reply = new Later<Reply>();
  previous: Limited | undefined = undefined;
  next: Limited | undefined = undefined;
  overdue: ((reply: Reply) => void) | undefined = undefined;
  /** Where it has a timer of its own. */
  timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(due: number, exchange: Exchange) {
    this.due = due;
    this.exchange = exchange;
  }
}

/**
 * The time limit of all requests that have the same one; after it a request is answered by what `late` makes of a 503.
 *
 * They become due in the order in which they came, so that one timer serves for all, and each is a link of a chain: to
 * set and clear a timer for each, or to keep them in a set, costs an asynchronous request 3 % and more.
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

  /** The reply, or what stands in its place; the context's signal is aborted then. What still runs is not waited for. */
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
    // A collector that has aged this one would take all that came after it for alive.
    limited.previous = undefined;
    limited.next = undefined;
  }

  /** Ends the time of all requests. */
  expireAll(): void {
    for (let first = this.#first; first !== undefined; first = this.#first) this.#expire(first);
  }

  /**
   * Looks for requests whose time is up, at least as often as one takes to become due, so that a timer which runs
   * already is never too late.
   *
   * It was started with the app, so that nothing of the asynchronous context of a request is seen by another one.
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
    const error = new HTTPException(503);
    const { exchange } = limited;
    exchange.expire(error);
    whenThere(this.#late(error, overdue, exchange), (reply) => limited.reply.settle(reply));
  }
}
