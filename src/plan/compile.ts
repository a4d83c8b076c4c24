import type { Context } from '../http/context.ts';
import { discard } from '../http/ending.ts';
import { type HTTPException, RequestAbandonedError } from '../http/errors.ts';
import type { ErrorHandlers } from '../http/error-handlers.ts';
import type { Recovery } from '../http/recovery.ts';
import { type Reply, replyTo, seal } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import type { AppValues } from './app-values.ts';
import { challengesOf } from './challenges.ts';
import { isPromise } from '../http/promise.ts';
import { Execution, FAILED, type Step } from './execution.ts';
import { type Exit, leave, leaveAll, unwind } from './exits.ts';
import { compileOutput } from './output.ts';
import { compileSteps } from './steps.ts';

/** A whole operation as one function: resolves, validates, calls the handler, and makes the reply; it never rejects. */
export type Plan = (context: Context) => Reply | Promise<Reply>;

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
  const { steps, guards, controller } = compileSteps(operation, appValues);
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

  function plan(context: Context): Reply | Promise<Reply> {
    if (!ready) return prepare(context);
    const execution = new Execution(context);
    let at = 0;
    try {
      if (context.abandoned) throw new RequestAbandonedError();
      let value: unknown;
      for (; at < steps.length; at++) {
        const step = steps[at] as Step;
        value = step(execution);
        if (isPromise(value)) return planOn(execution, at, value);
        if (value === FAILED && execution.refusal !== undefined) return refuse(execution, at, execution.refusal);
        execution.values[at] = value;
      }
      const reply = replyTo(value, output, context);
      return execution.exits === undefined && !isPromise(reply) ? answer(reply, context) : conclude(execution, reply);
    } catch (error) {
      return fail(execution, at, error);
    }
  }

  /** Goes on from a step that takes time. */
  async function planOn(execution: Execution, from: number, pending: PromiseLike<unknown>): Promise<Reply> {
    let at = from;
    try {
      let value = await pending;
      for (;;) {
        execution.values[at] = value;
        if (++at === steps.length) break;
        // Nothing more is begun for a client that has gone.
        if (execution.context.abandoned) throw new RequestAbandonedError();
        const step = steps[at] as Step;
        value = step(execution);
        if (isPromise(value)) value = await value;
        if (value === FAILED && execution.refusal !== undefined) return await refuse(execution, at, execution.refusal);
      }
      const reply = replyTo(value, output, execution.context);
      if (execution.exits === undefined && !isPromise(reply)) return answer(reply, execution.context);
      return await conclude(execution, reply);
    } catch (error) {
      return fail(execution, at, error);
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
      return fail(execution, steps.length, error);
    }
  }

  function cleanUp(exits: Exit[], context: Context, error: unknown): Promise<void> {
    const failure = error === undefined ? undefined : { error };
    return leaveAll(exits, (second) => recovery.report(second, context), failure);
  }

  function answer(reply: Reply, context: Context): Reply {
    if (reply.status === 401 || reply.status === 403) setChallenges(context, steps.length);
    return seal(reply, context);
  }

  /** The refusal for want of credentials is one and the same for all requests, and its reply is made once. */
  function refuse(execution: Execution, at: number, refusal: HTTPException): Reply | Promise<Reply> {
    const { context, exits } = execution;
    const known = refusals.get(refusal);
    if (known !== undefined && exits === undefined && context.outgoing === undefined) {
      if (recovery.find(refusal, context, recovering) === undefined) return known;
    }
    const reply = fail(execution, at, refusal);
    if (execution.anonymous && !isPromise(reply) && context.outgoing === undefined) refusals.set(refusal, reply);
    return reply;
  }

  /** Turns an error into the reply when all that was entered has seen it. */
  function fail(execution: Execution, at: number, error: unknown): Reply | Promise<Reply> {
    const { context, exits } = execution;
    setChallenges(context, at);
    context.controller = controller(execution);
    if (exits === undefined || exits.length === 0) return recovery.recover(error, context, recovering);
    return unwind(exits, { error }).catch((last: unknown) =>
      recovery.recover(last, context, recovering),
    ) as Promise<Reply>;
  }

  function setChallenges(context: Context, at: number): void {
    const guard = guards[Math.min(at, guards.length - 1)];
    if (guard === undefined || guard.schemes.length === 0) return;
    context.challenges = (status) => challengesOf(guard, context, status, resourceMetadata);
  }

  return plan;
}
