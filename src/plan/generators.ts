import { FrameworkError } from '../http/errors.ts';

export type AnyGenerator = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>;

/** A generator that has been entered and is paused at its `yield`. */
export interface EnteredGenerator {
  readonly generator: AnyGenerator;
  readonly name: string;
  readonly lifetime: 'handler' | 'request' | 'app';
}

/** Runs a generator to its `yield`; what it yields is the dependency's value. */
export function enter(generator: AnyGenerator, name: string): unknown {
  const first = generator.next();
  return 'then' in first ? first.then((result) => yielded(result, name)) : yielded(first, name);
}

function yielded(result: IteratorResult<unknown, unknown>, name: string): unknown {
  if (result.done === true) throw new FrameworkError(`The dependency '${name}' ended without a yield`);
  return result.value;
}

/** Runs the code after a `yield`. */
export async function leave({ generator, name }: EnteredGenerator): Promise<void> {
  const result = await generator.next();
  if (result.done !== true) await refuseSecondYield(generator, name);
}

/** Throws an error in at a `yield`; always rejects, with what comes out. */
async function throwIn({ generator, name }: EnteredGenerator, error: unknown): Promise<never> {
  const result = await generator.throw(error);
  if (result.done !== true) return refuseSecondYield(generator, name);
  throw new FrameworkError(`The dependency '${name}' swallowed an error; it may throw another one instead`, {
    cause: error,
  });
}

/** Closes the generator first, so that its `finally` blocks run. */
async function refuseSecondYield(generator: AnyGenerator, name: string): Promise<never> {
  await generator.return(undefined);
  throw new FrameworkError(`The dependency '${name}' yielded more than once`);
}

/**
 * Leaves generators in reverse order of entry.
 *
 * An error, given or thrown by a cleanup, is thrown in to all remaining generators, and what comes out of the last is
 * thrown.
 */
export async function unwind(entered: EnteredGenerator[], failure?: { readonly error: unknown }): Promise<void> {
  let current = failure;
  for (let last = entered.pop(); last !== undefined; last = entered.pop()) {
    try {
      await (current === undefined ? leave(last) : throwIn(last, current.error));
    } catch (error) {
      current = { error };
    }
  }
  if (current !== undefined) throw current.error;
}

/** Leaves generators in reverse order of entry, independently of each other; failures go to `report`. */
export async function leaveAll(
  entered: EnteredGenerator[],
  report: (error: unknown, name: string) => void,
  failure?: { readonly error: unknown },
): Promise<void> {
  for (let last = entered.pop(); last !== undefined; last = entered.pop()) {
    try {
      await (failure === undefined ? leave(last) : throwIn(last, failure.error));
    } catch (error) {
      if (failure === undefined || error !== failure.error) report(error, last.name);
    }
  }
}
