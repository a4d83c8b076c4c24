import type { Context } from '../http/context.ts';
import { DECLARATION, type InputDeclaration } from '../metadata/declarations.ts';
import { Dependency, type DependencyOptions, type Provides, type Resolved } from '../metadata/dependable.ts';

/** Inputs by the names under which the function gets their values. */
export type Inputs = Readonly<Record<string, Provides<unknown> & { readonly [DECLARATION]: InputDeclaration }>>;

export type InputValues<I extends Inputs> = {
  -readonly [K in keyof I]: I[K] extends Provides<infer V> ? V : never;
};

/**
 * Declares a dependency: a function or generator of the context, or of the values of its own inputs.
 *
 * A generator provides what it yields; the code after its `yield` is its cleanup.
 */
export function dependency<R>(run: (context: Context) => R, options?: DependencyOptions): Dependency<Resolved<R>>;
export function dependency<const I extends Inputs, R>(
  inputs: I,
  run: (values: InputValues<I>) => R,
  options?: DependencyOptions,
): Dependency<Resolved<R>>;
export function dependency(
  first: Inputs | ((argument: never) => unknown),
  second?: ((argument: never) => unknown) | DependencyOptions,
  third?: DependencyOptions,
): Dependency<unknown> {
  if (typeof first === 'function') return new Dependency(undefined, first, (second as DependencyOptions) ?? {});
  const inputs: Record<string, InputDeclaration> = Object.create(null) as Record<string, InputDeclaration>;
  for (const [name, value] of Object.entries(first)) inputs[name] = value[DECLARATION];
  return new Dependency(inputs, second as (argument: never) => unknown, third ?? {});
}
