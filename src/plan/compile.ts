import type { Context } from '../http/context.ts';
import { discard } from '../http/ending.ts';
import { type HTTPException, RequestAbandonedError } from '../http/errors.ts';
import type { ErrorHandlers } from '../http/error-handlers.ts';
import type { Recovery } from '../http/recovery.ts';
import { type Reply, replyTo, seal, share } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import type { AppValues } from './app-values.ts';
import { challengesOf } from './challenges.ts';
import { type Eventual, isEventual, isPromise, Later, whenThere } from '../http/promise.ts';
import { Execution, FAILED, type Step, type Waiting } from './execution.ts';
import { type Exit, leave, leaveAll, unwind } from './exits.ts';
import { compileOutput } from './output.ts';
import { compileSteps } from './steps.ts';

/** A whole operation as one function: resolves, validates, calls the handler, and makes the reply; it never rejects. */
export type Plan = (context: Context) => Reply | Eventual<Reply>;

/** What the operations of an app have in common when they run. */
export interface Surroundings {
  readonly appValues: AppValues;
  readonly recovery: Recovery;
  /** The address that challenges name for clients to begin at (RFC 9728 §5.1). */
  readonly resourceMetadata: string | undefined;
}

/** Compiles an operation; no question about its declaration is left for a request. */
export function compile(operation: Operation, handlers: ErrorHandlers, surroundings: Surroundings): Plan {
  const { appValues, recovery, resourceMetadata } = surroundings;
  const { appNodes } = operation.graph;
  const output = compileOutput(operation);
  const { steps, handle, guards, controller } = compileSteps(operation, appValues);
  const last = steps.length;
  const recovering = { headers: output.headers, handlers };
  const refusals = new WeakMap<HTTPException, Reply>();
  let ready = appNodes.length === 0;

  async function prepare(context: Context): Promise<Reply> {
    try {
      await appValues.make(appNodes);
    } catch (error) {
      return recovery.recover(error, context, recovering);
    }
    ready = true;
    return plan(context);
  }

  function plan(context: Context): Reply | Eventual<Reply> {
    return ready ? run(new Execution(context, last), 0) : prepare(context);
  }

  /** Runs the steps from one on; what comes at once is used at once. */
  function run(execution: Execution, from: number): Reply | Eventual<Reply> {
    const { context, values } = execution;
    let at = from;
    try {
      // Nothing is begun for a client that has gone.
      if (context.abandoned) throw new RequestAbandonedError();
      for (; at < last; at++) {
        const value = (steps[at] as Step)(execution);
        if (isPromise(value)) return wait(execution, at, value);
        if (value === FAILED && execution.refusal !== undefined) return refuse(execution, at, execution.refusal);
        values[at] = value;
      }
      const value = handle(execution);
      return isPromise(value) ? wait(execution, last, value) : finish(execution, value);
    } catch (error) {
      return fail(execution, at, error);
    }
  }

  /** Goes on once a step's value is there: by callbacks, since an async function would take three turns for it. */
  function wait(execution: Execution, at: number, pending: PromiseLike<unknown>): Eventual<Reply> {
    const waiting = (execution.waiting ??= waitingOf(execution));
    waiting.at = at;
    // A thenable may call back more than once; what it is made into does not.
    const trusted = pending instanceof Later ? pending : Promise.resolve(pending);
    trusted.then(waiting.resume, waiting.failed);
    return waiting.reply;
  }

  function waitingOf(execution: Execution): Waiting {
    const reply = new Later<Reply>();
    const waiting: Waiting = {
      reply,
      at: 0,
      resume: (value) => deliver(reply, proceed(execution, waiting.at, value)),
      failed: (error) => deliver(reply, fail(execution, waiting.at, error)),
    };
    return waiting;
  }

  function proceed(execution: Execution, at: number, value: unknown): Reply | Eventual<Reply> {
    if (at === last) return finish(execution, value);
    execution.values[at] = value;
    return run(execution, at + 1);
  }

  /** Turns what the handler returned into the reply. */
  function finish(execution: Execution, value: unknown): Reply | Eventual<Reply> {
    try {
      const reply = replyTo(value, output, execution.context);
      if (execution.exits !== undefined || isEventual(reply)) return conclude(execution, reply);
      return answer(reply, execution.context);
    } catch (error) {
      return fail(execution, last, error);
    }
  }

  /** Ends what ends with the handler; the rest waits for the answer to be sent. */
  async function conclude(execution: Execution, pending: Reply | Promise<Reply>): Promise<Reply> {
    const { context, exits = [] } = execution;
    let reply: Reply | undefined;
    try {
      reply = await pending;
      for (let index = exits.length - 1; index >= 0; index--) {
        const exit = exits[index];
        if (exit?.lifetime !== 'handler') continue;
        exits.splice(index, 1);
        await leave(exit);
      }
      if (exits.length > 0) context.cleanup = (error) => cleanUp(exits, context, error);
      return answer(reply, context);
    } catch (error) {
      if (reply !== undefined) await discard(reply.body);
      return fail(execution, last, error);
    }
  }

  function cleanUp(exits: Exit[], context: Context, error: unknown): Promise<void> {
    const failure = error === undefined ? undefined : { error };
    return leaveAll(exits, (second) => recovery.report(second, context), failure);
  }

  function answer(reply: Reply, context: Context): Reply {
    if (reply.status === 401 || reply.status === 403) setChallenges(context, last);
    return seal(reply, context);
  }

  /** The refusal for want of credentials is one and the same for all requests, and its reply is made once. */
  function refuse(execution: Execution, at: number, refusal: HTTPException): Reply | Eventual<Reply> {
    const { context, exits } = execution;
    const known = refusals.get(refusal);
    if (known !== undefined && exits === undefined && context.outgoing === undefined) {
      if (recovery.find(refusal, context, recovering) === undefined) return known;
    }
    const reply = fail(execution, at, refusal);
    if (execution.anonymous && !isEventual(reply) && context.outgoing === undefined) {
      share(reply.headers);
      refusals.set(refusal, reply);
    }
    return reply;
  }

  /** Turns an error into the reply when all that was entered has seen it. */
  function fail(execution: Execution, at: number, error: unknown): Reply | Eventual<Reply> {
    const { context, exits } = execution;
    setChallenges(context, at);
    context.controller = controller(execution);
    if (exits === undefined || exits.length === 0) return recovery.recover(error, context, recovering);
    return unwind(exits, { error }).catch((thrown: unknown) =>
      recovery.recover(thrown, context, recovering),
    ) as Promise<Reply>;
  }

  function setChallenges(context: Context, at: number): void {
    const guard = guards[at];
    if (guard === undefined || guard.schemes.length === 0) return;
    context.challenges = (status) => challengesOf(guard, context, status, resourceMetadata);
  }

  return plan;
}

function deliver(reply: Later<Reply>, made: Reply | Eventual<Reply>): void {
  // A later step that takes time makes the same one.
  if (made !== reply) whenThere(made, (settled) => reply.settle(settled));
}
