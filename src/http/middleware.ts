import type { Context } from './context.ts';
import { discard } from './body-source.ts';
import type { Deadline } from './deadline.ts';
import type { ErrorReplies } from './error-replies.ts';
import { FrameworkError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { PendingWork } from './pending-work.ts';
import { type Eventual, isPromise } from './promise.ts';
import { mergeOutgoing, type Reply, sendable } from './reply.ts';
import { hasNoContent } from './status.ts';
import { TimedWait } from './timed-wait.ts';
import { replyToValue } from './value-reply.ts';

/** Lets the rest of the request run; afterwards `ctx.response` is what will be sent. */
export type Next = () => Promise<void>;

/** Runs around everything; a value returned without calling `next` is the response. */
export type Middleware = (context: Context, next: Next) => unknown;

/** The rest of a request, which never rejects. */
export type Respond = (exchange: Exchange) => Reply | Eventual<Reply>;

/** What the middleware of an app shares. */
export interface RoundParts {
  readonly errors: ErrorReplies;
  readonly pending: PendingWork;
  /** The time that each has before and after the rest of a request. */
  readonly deadline: Deadline;
}

/** Puts middleware around the rest of a request, the first outermost. */
export function wrapAll(middleware: readonly Middleware[], respond: Respond, parts: RoundParts): Respond {
  return middleware.reduceRight<Respond>((rest, outer) => {
    return function respondWithMiddleware(exchange) {
      return new Round(outer, rest, parts, exchange).respond();
    };
  }, respond);
}

/** One middleware around one request. */
class Round {
  readonly #middleware: Middleware;
  readonly #respond: Respond;
  readonly #parts: RoundParts;
  readonly #exchange: Exchange;
  /** Headers that were set before the rest of the request ran. */
  readonly #kept: readonly (readonly [string, string])[];
  /** The rest of the request, once it runs, and its reply, once it is available. */
  #rest: Promise<Reply> | undefined = undefined;
  #reply: Reply | undefined = undefined;
  #wait: TimedWait<unknown> | undefined = undefined;
  #calledTwice = false;
  #over = false;

  constructor(middleware: Middleware, respond: Respond, parts: RoundParts, exchange: Exchange) {
    this.#middleware = middleware;
    this.#respond = respond;
    this.#parts = parts;
    this.#exchange = exchange;
    this.#kept = [...(exchange.outgoing?.headers ?? [])];
  }

  async respond(): Promise<Reply> {
    const { context } = this.#exchange;
    try {
      const given = this.#middleware(context, () => this.#next());
      const value = isPromise(given) ? await this.#inTime(given) : given;
      if (this.#calledTwice) throw new FrameworkError('A middleware called next() twice');
      if (value !== undefined) return this.#finish(this.#replace(value));
      // A middleware that forgot to await next() yields the reply it would have had.
      const reply = this.#reply ?? (await this.#rest);
      if (reply !== undefined) return this.#finish(reply);
      throw new FrameworkError('A middleware neither called next() nor returned a response');
    } catch (error) {
      if (this.#wait?.expired === true) this.#exchange.expire(error as Error);
      this.#leaveRest();
      return this.#finish(this.#show(await this.#parts.errors.reply(error, this.#exchange)));
    }
  }

  /** What the middleware gives, unless it takes too long; the rest of the request has a time limit of its own. */
  #inTime(given: PromiseLike<unknown>): Promise<unknown> {
    const { deadline, errors } = this.#parts;
    const wait = (this.#wait = new TimedWait(given, deadline, (late) => {
      late.catch((error: unknown) => errors.report(error, this.#exchange));
    }));
    if (this.#rest === undefined || this.#reply !== undefined) wait.begin();
    return wait.outcome;
  }

  async #next(): Promise<void> {
    if (this.#rest === undefined) {
      this.#wait?.pause();
      this.#rest = this.#run();
      await this.#rest;
    } else {
      this.#calledTwice = true;
    }
  }

  async #run(): Promise<Reply> {
    const reply = await this.#respond(this.#exchange);
    // If the middleware has responded by itself in the meantime, this reply is no longer exposed.
    if (!this.#over) this.#reply = this.#show(reply);
    this.#wait?.begin();
    return reply;
  }

  /** The reply to a value that the middleware returns. */
  #replace(value: unknown): Reply {
    this.#leaveRest();
    return this.#show(mergeOutgoing(replyToValue(value, this.#exchange), this.#exchange));
  }

  /** Abandons the rest of the request: generators that it has entered are left, now or when it settles. */
  #leaveRest(): void {
    this.#over = true;
    if (this.#rest === undefined) return;
    if (this.#reply === undefined) this.#parts.pending.dismiss(this.#rest, this.#exchange);
    else void discard(this.#reply.body);
    this.#exchange.response.forget(this.#kept);
  }

  #show(reply: Reply): Reply {
    this.#exchange.response.show(reply);
    return reply;
  }

  /** The reply as middleware left it on the context. */
  #finish(reply: Reply): Reply {
    this.#over = true;
    const { response } = this.#exchange;
    if (reply.upgrade !== undefined && (response.status ?? 101) === 101) return this.#finishUpgrade(reply);
    const { status: own } = reply;
    const status = sendable(response.status ?? own);
    const body = response.takeBody();
    const headers = [...response.headers].flat();
    if (!hasNoContent(status)) return { status, headers, body };
    void discard(body);
    return { status, headers, body: null };
  }

  /** A body that was set on a socket's response is never sent. */
  #finishUpgrade(reply: Reply): Reply {
    const { response } = this.#exchange;
    void discard(response.takeBody());
    return { ...reply, headers: [...response.headers].flat() };
  }
}
