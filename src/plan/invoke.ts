import type { Run } from '../model/provider.ts';
import { type Execution, FAILED } from './execution.ts';

/** Finds or makes a value; `FAILED` if one of its inputs is invalid. */
export type Read = (execution: Execution) => unknown;

/** Calls a dependable with the values of its inputs; `keys` are their names if it takes them by name. */
export function compileInvoke(
  run: Exclude<Run, { takes: 'credentials' }>,
  keys: readonly (string | undefined)[],
  reads: readonly Read[],
): Read {
  switch (run.takes) {
    case 'context':
      return function callWithContext({ exchange }) {
        return run.call(exchange.context);
      };
    case 'arguments':
      return function construct(execution) {
        const values = valuesOf(reads, execution);
        return values === FAILED ? FAILED : new run.construct(...values);
      };
    case 'inputs':
      return function callWithInputs(execution) {
        const inputs: Record<string, unknown> = {};
        for (let index = 0; index < reads.length; index++) {
          const value = (reads[index] as Read)(execution);
          if (value === FAILED) return FAILED;
          inputs[keys[index] as string] = value;
        }
        return run.call(inputs as never);
      };
  }
}

/** The values of a parameter list, or `FAILED` if one of them is. */
export function valuesOf(reads: readonly Read[], execution: Execution): unknown[] | typeof FAILED {
  const values: unknown[] = [];
  for (let index = 0; index < reads.length; index++) {
    const value = (reads[index] as Read)(execution);
    if (value === FAILED) return FAILED;
    values[index] = value;
  }
  return values;
}
