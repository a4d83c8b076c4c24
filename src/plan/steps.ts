import type { SocketConnection } from '../http/socket.ts';
import { HTTPException } from '../http/errors.ts';
import { isInput, type Slot } from '../model/graph.ts';
import type { Operation } from '../model/operation.ts';
import type { AppValues } from './app-values.ts';
import { type Guard, guardAt, guardOf } from './challenges.ts';
import { compileDependency, compileSource } from './dependencies.ts';
import type { Execution, Step } from './execution.ts';
import { compiledBy, readBy } from './input-kind.ts';
import { valuesOf } from './invoke.ts';

export interface Steps {
  /** The handler's is the last. */
  readonly steps: readonly Step[];
  /** What is required at each step. */
  readonly guards: readonly Guard[];
  readonly controller: Step;
}

/** Puts an operation's slots in the order in which they run: those that need the body come after all others. */
export function compileSteps(operation: Operation, appValues: AppValues): Steps {
  const { graph, body, declaration, traits } = operation;
  const { slots } = graph;
  const steps: Step[] = [];
  const guards: Guard[] = [];
  const positions = new Map<Slot, number>();
  const all = guardOf(operation);

  function add(slot: Slot): void {
    const order = slots.indexOf(slot);
    const step =
      slot.kind === 'dependency'
        ? compileDependency(slot, positions, appValues)
        : compiledBy(slot).compile(slot, order, declaration.template, slots);
    guards.push(slot.kind === 'dependency' ? guardAt(slot, all) : all);
    positions.set(slot, steps.push(step) - 1);
  }

  for (const slot of slots) if (!slot.needsBody) add(slot);
  const first = body.kind === 'none' ? undefined : body.slots[0];
  const reading =
    first === undefined ? [refuseOversize] : readBy(first).compileBody(body, slots.indexOf(first), steps.length);
  for (const step of reading) guards[steps.push(step) - 1] = all;
  for (const slot of slots) if (slot.needsBody) add(slot);

  const controller = compileSource(graph.controller, positions, appValues);
  const parameters = graph.parameters.map((source) => compileSource(source, positions, appValues));
  const invalid = traits.find((trait) => trait.invalid !== undefined)?.invalid;
  // Nothing but inputs reports issues.
  const input = slots.find(isInput);
  function handle(execution: Execution): unknown {
    if (execution.issues !== undefined && input !== undefined) {
      const error = compiledBy(input).refusal(execution);
      throw invalid?.(error) ?? error;
    }
    const instance = controller(execution) as Record<PropertyKey, (...values: unknown[]) => unknown>;
    const values = valuesOf(parameters, execution) as unknown[];
    return (instance[declaration.handler] as (...values: unknown[]) => unknown).apply(instance, values);
  }
  /** A socket's handler is called later, with its connection. */
  function hold(execution: Execution): unknown {
    if (execution.issues !== undefined) return handle(execution);
    return function run(connection: SocketConnection) {
      execution.exchange.connection = connection;
      return handle(execution);
    };
  }
  guards[steps.push(operation.socket === undefined ? handle : hold) - 1] = all;
  return { steps, guards, controller };
}

/** RFC 9110 §15.5.14: a declared length over the limit is refused even if nobody would read the body. */
const refuseOversize: Step = ({ exchange: { incoming, limits } }) => {
  if (incoming.length > limits.body) throw new HTTPException(413);
};
