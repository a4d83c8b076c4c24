import { BodySource, discard } from '../http/body-source.ts';
import type { HTTPException } from '../http/errors.ts';
import type { ErrorReplies } from '../http/error-replies.ts';
import type { Exchange } from '../http/exchange.ts';
import { type Eventual, isEventual } from '../http/promise.ts';
import { share } from '../http/headers.ts';
import { finalize, type Reply } from '../http/reply.ts';
import type { ValueReplies } from './value-replies.ts';
import { challengesOf, type Guard } from './challenges.ts';
import type { Execution, Step } from './execution.ts';
import { type EnteredGenerator, leave, leaveAll, unwind } from './generators.ts';
import type { Conclusion } from './run.ts';

export interface ConclusionParts {
  readonly values: ValueReplies;
  /** What is required at each step. */
  readonly guards: readonly Guard[];
  /** Reads the controller's instance, for its error handlers. */
  readonly controller: Step;
  readonly errors: ErrorReplies;
  /** The address of the resource metadata in challenges (RFC 9728 §5.1). */
  readonly resourceMetadata: string | undefined;
}

/** Turns the outcome of an operation into a reply: its value, or the error that ended it. */
export class HttpConclusion implements Conclusion {
  readonly #parts: ConclusionParts;
  /** The refusal for missing credentials is the same for all requests; making its reply once is worth 6 % of a 401. */
  readonly #refusals = new WeakMap<HTTPException, Reply>();

  constructor(parts: ConclusionParts) {
    this.#parts = parts;
  }

  succeed(execution: Execution, value: unknown): Reply | Eventual<Reply> {
    const { exchange, entered } = execution;
    try {
      const reply = this.#parts.values.replyTo(value, exchange);
      if (entered !== undefined || isEventual(reply) || reply.body instanceof BodySource) {
        return this.#leave(execution, reply);
      }
      return this.#finish(reply, exchange);
    } catch (error) {
      return this.fail(execution, error);
    }
  }

  refuse(execution: Execution, refusal: HTTPException): Reply | Eventual<Reply> {
    const { exchange, entered, anonymous } = execution;
    const known = this.#refusals.get(refusal);
    if (known !== undefined && entered === undefined && exchange.outgoing === undefined) {
      if (this.#parts.errors.find(refusal, exchange) === undefined) return known;
    }
    const reply = this.fail(execution, refusal);
    if (anonymous && !isEventual(reply) && exchange.outgoing === undefined) {
      share(reply.headers);
      this.#refusals.set(refusal, reply);
    }
    return reply;
  }

  /** All generators that were entered see the error first. */
  fail(execution: Execution, error: unknown): Reply | Eventual<Reply> {
    const { exchange, entered } = execution;
    const { errors, controller } = this.#parts;
    this.#setChallenges(exchange, execution.position);
    exchange.controller = controller(execution);
    if (entered === undefined || entered.length === 0) return errors.reply(error, exchange);
    return unwind(entered, { error }).catch((thrown: unknown) => errors.reply(thrown, exchange)) as Promise<Reply>;
  }

  /** Leaves handler-lifetime generators; the others wait for the reply to be sent. */
  async #leave(execution: Execution, pending: Reply | Promise<Reply>): Promise<Reply> {
    const { exchange, entered = [] } = execution;
    let reply: Reply | undefined;
    try {
      reply = await pending;
      for (let index = entered.length - 1; index >= 0; index--) {
        const generator = entered[index];
        if (generator?.lifetime !== 'handler') continue;
        entered.splice(index, 1);
        await leave(generator);
      }
      if (reply.body instanceof BodySource) await reply.body.begin();
      if (entered.length > 0) {
        const cleanUp = (error: unknown): Promise<void> => this.#cleanUp(entered, exchange, error);
        exchange.cleanup = cleanUp;
      }
      return this.#finish(reply, exchange);
    } catch (error) {
      if (reply !== undefined) await discard(reply.body);
      return this.fail(execution, error);
    }
  }

  #cleanUp(entered: EnteredGenerator[], exchange: Exchange, error: unknown): Promise<void> {
    const failure = error === undefined ? undefined : { error };
    return leaveAll(entered, (second) => this.#parts.errors.reportLate(second, exchange), failure);
  }

  #finish(reply: Reply, exchange: Exchange): Reply {
    if (reply.status === 401 || reply.status === 403) this.#setChallenges(exchange, this.#parts.guards.length - 1);
    return finalize(reply, exchange);
  }

  #setChallenges(exchange: Exchange, position: number): void {
    const { guards, resourceMetadata } = this.#parts;
    const guard = guards[position] ?? guards.at(-1);
    if (guard === undefined || guard.schemes.length === 0) return;
    const challenges = (status: number): readonly string[] =>
      challengesOf(guard, exchange.context, status, resourceMetadata);
    exchange.challenges = challenges;
  }
}
