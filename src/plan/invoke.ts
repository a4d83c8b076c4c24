import type { Context } from '../http/context.ts';
import type { Run } from '../model/provider.ts';

/** Runs a dependable with the values of its inputs. */
export type Invoke = (values: readonly unknown[], context: Context | undefined) => unknown;

/** `keys` are the names of the inputs in order, where the dependable takes them by name. */
export function compileInvoke(
  run: Exclude<Run, { takes: 'credentials' }>,
  keys: readonly (string | undefined)[],
): Invoke {
  switch (run.takes) {
    case 'context':
      return (_, context) => run.call(context as Context);
    case 'arguments':
      return (values) => new run.construct(...values);
    case 'inputs':
      return (values) => {
        const inputs: Record<string, unknown> = {};
        for (let index = 0; index < keys.length; index++) inputs[keys[index] as string] = values[index];
        return run.call(inputs as never);
      };
  }
}
