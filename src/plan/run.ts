import { type HTTPException, RequestAbandonedError } from '../http/errors.ts';
import { type Eventual, isPromise, Later, whenThere } from '../http/promise.ts';
import type { Reply } from '../http/reply.ts';
import { type Execution, FAILED, type Step } from './execution.ts';

/** How the outcome of an operation's steps becomes the reply. */
export interface Conclusion {
  /** For the value of the last step, the handler. */
  succeed(execution: Execution, value: unknown): Reply | Eventual<Reply>;
  /** For the refusal of a security scheme. */
  refuse(execution: Execution, refusal: HTTPException): Reply | Eventual<Reply>;
  /** For an error of the step at which the execution stands. */
  fail(execution: Execution, error: unknown): Reply | Eventual<Reply>;
}

/** An operation's steps in the order in which they run, the handler last. */
export interface Program {
  readonly steps: readonly Step[];
  readonly conclusion: Conclusion;
}

/** Runs the steps from the execution's position; a value that is available at once is used at once. */
export function run(execution: Execution, program: Program): Reply | Eventual<Reply> {
  const { steps, conclusion } = program;
  const { values } = execution;
  let value: unknown;
  try {
    // Nothing is started for a client that has disconnected.
    if (execution.position < steps.length && execution.exchange.abandoned) throw new RequestAbandonedError();
    for (; execution.position < steps.length; execution.position++) {
      value = (steps[execution.position] as Step)(execution);
      if (isPromise(value)) return wait(execution, program, value);
      if (value === FAILED && execution.refusal !== undefined) return conclusion.refuse(execution, execution.refusal);
      values[execution.position] = value;
    }
  } catch (error) {
    return conclusion.fail(execution, error);
  }
  return conclusion.succeed(execution, values[steps.length - 1]);
}

/** Continues once a step's value is available: by callbacks, since an async function would take three turns. */
function wait(execution: Execution, program: Program, pending: PromiseLike<unknown>): Eventual<Reply> {
  const reply = (execution.reply ??= begin(execution, program));
  // A thenable may call back more than once; a promise made from it does not.
  const trusted = pending instanceof Later ? pending : Promise.resolve(pending);
  trusted.then(execution.resume, execution.fail);
  return reply;
}

function begin(execution: Execution, program: Program): Later<Reply> {
  const reply = new Later<Reply>();
  execution.continueBy(
    (value) => {
      execution.values[execution.position++] = value;
      deliver(reply, run(execution, program));
    },
    (error) => deliver(reply, program.conclusion.fail(execution, error)),
  );
  return reply;
}

function deliver(reply: Later<Reply>, made: Reply | Eventual<Reply>): void {
  // Later steps that take time return the same one.
  if (made !== reply) whenThere(made, (settled) => reply.settle(settled));
}
