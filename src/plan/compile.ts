import type { Context } from '../http/context.ts';
import { discard } from '../http/ending.ts';
import { RequestAbandonedError } from '../http/errors.ts';
import { type Output, type Reply, replyTo } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import type { AppValues } from './app-values.ts';
import { challengesOf, type Guard } from './challenges.ts';
import { Execution, isPromise, type Step } from './execution.ts';
import { leave, leaveAll, unwind } from './exits.ts';
import { compileOutput } from './output.ts';
import { compileSteps } from './steps.ts';

/** A whole operation as one function: resolves, validates, calls the handler, and makes the reply. */
type Plan = (context: Context) => Reply | Promise<Reply>;

/** Tells of a failure that comes too late for the answer. */
export type Report = (error: unknown, context: Context) => void;

/** What the operations of an app have in common when they run. */
export interface Surroundings {
  readonly appValues: AppValues;
  readonly report: Report;
  /** The address that challenges name for clients to begin at (RFC 9728 §5.1). */
  readonly resourceMetadata: string | undefined;
}

export interface Compiled {
  readonly plan: Plan;
  readonly output: Output;
}

/** Compiles an operation; no question about its declaration is left for a request. */
export function compile(operation: Operation, { appValues, report, resourceMetadata }: Surroundings): Compiled {
  const { appNodes } = operation.graph;
  const output = compileOutput(operation);
  const { steps, guards, controller } = compileSteps(operation, appValues);
  let ready = appNodes.length === 0;

  async function prepare(context: Context): Promise<Reply> {
    await appValues.make(appNodes);
    ready = true;
    return plan(context);
  }

  function plan(context: Context): Reply | Promise<Reply> {
    if (!ready) return prepare(context);
    if (context.abandoned) throw new RequestAbandonedError();
    const execution = new Execution(context);
    let at = 0;
    try {
      let value: unknown;
      for (; at < steps.length; at++) {
        const step = steps[at] as Step;
        value = step(execution);
        if (isPromise(value)) return planOn(execution, at, value);
        execution.values[at] = value;
      }
      const reply = replyTo(value, output, context);
      if (execution.exits === undefined && !isPromise(reply)) return answer(reply, context);
      return conclude(execution, reply).catch((error: unknown) => fail(execution, at, error));
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
    const reply = await pending;
    try {
      for (let index = exits.length - 1; index >= 0; index--) {
        const exit = exits[index];
        if (exit?.lifetime !== 'handler') continue;
        exits.splice(index, 1);
        await leave(exit);
      }
      if (exits.length > 0) {
        context.cleanup = (error) => {
          return leaveAll(exits, (failure) => report(failure, context), error === undefined ? undefined : { error });
        };
      }
      return answer(reply, context);
    } catch (error) {
      await discard(reply.body);
      throw error;
    }
  }

  function answer(reply: Reply, context: Context): Reply {
    if (reply.status === 401 || reply.status === 403) setChallenges(context, steps.length);
    return reply;
  }

  /** Throws what is left of an error when all that was entered has seen it. */
  function fail(execution: Execution, at: number, error: unknown): Promise<never> {
    const { context, exits = [] } = execution;
    setChallenges(context, at);
    context.controller = controller(execution);
    if (exits.length > 0) return unwind(exits, { error }) as Promise<never>;
    throw error;
  }

  function setChallenges(context: Context, at: number): void {
    const guard = guards[Math.min(at, guards.length - 1)] as Guard;
    context.challenges = (status) => challengesOf(guard, context, status, resourceMetadata);
  }

  return { plan, output };
}
