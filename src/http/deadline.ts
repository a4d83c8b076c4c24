import type { Context } from './context.ts';
import { HTTPException } from './errors.ts';
import { type Eventual, Later, whenThere } from './promise.ts';
import type { Reply } from './reply.ts';

/** Makes the answer in place of a reply that will come too late. */
type Late = (error: HTTPException, overdue: Promise<Reply>) => Reply | Eventual<Reply>;

/** Milliseconds after which a timer looks again; how long it keeps a process alive that has nothing else to do. */
const LOOK = 250;

/**
 * The time limit of all requests that have the same one.
 *
 * They become due in the order in which they came, so that one timer serves for all, and each is a link of a chain: to
 * set and clear a timer for each, or to keep them in a set, costs an asynchronous request 3 % and more.
 */
export class Deadline {
  /** Milliseconds. */
  readonly #timeout: number;
  /** Both ends of the chain. */
  readonly #ends = new Link();
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /**
   * The reply, or after the time limit what `late` makes of a 503; the context's signal is aborted then.
   *
   * What still runs is not waited for.
   */
  within(context: Context, reply: Eventual<Reply>, late: Late): Eventual<Reply> {
    const limited = new Limited(context, Date.now() + this.#timeout, late);
    limited.linkBefore(this.#ends);
    if (this.#timer === undefined) this.#arm(this.#timeout);
    reply.then((settled) => limited.settle(settled));
    return limited.reply;
  }

  /** It looks at least as often as a request takes to become due, so that a timer which runs already is never too late. */
  #arm(delay: number): void {
    this.#timer = setTimeout(() => this.#expire(), Math.min(delay, LOOK));
  }

  #expire(): void {
    const now = Date.now();
    this.#timer = undefined;
    for (let first = this.#ends.next; first instanceof Limited; first = this.#ends.next) {
      if (first.due > now) {
        this.#arm(first.due - now);
        return;
      }
      first.expire();
    }
  }
}

/** A place in a chain that closes to a ring. */
class Link {
  previous: Link = this;
  next: Link = this;

  linkBefore(other: Link): void {
    this.previous = other.previous;
    this.next = other;
    other.previous.next = this;
    other.previous = this;
  }

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
  }
}

/** A request whose time runs. */
class Limited extends Link {
  readonly due: number;
  readonly reply = new Later<Reply>();
  readonly #context: Context;
  readonly #late: Late;
  #overdue: ((reply: Reply) => void) | undefined = undefined;

  constructor(context: Context, due: number, late: Late) {
    super();
    this.due = due;
    this.#context = context;
    this.#late = late;
  }

  settle(reply: Reply): void {
    if (this.#overdue !== undefined) return this.#overdue(reply);
    this.unlink();
    this.reply.settle(reply);
  }

  expire(): void {
    const overdue = new Promise<Reply>((resolve) => (this.#overdue = resolve));
    this.unlink();
    const error = new HTTPException(503);
    (this.#context.expiry ??= new AbortController()).abort(error);
    whenThere(this.#late(error, overdue), (reply) => this.reply.settle(reply));
  }
}
