import type { Context } from '../http/context.ts';
import type { DependableTraits, InputDeclaration, Lifetime } from './declarations.ts';
import type { SchemeDeclaration } from './scheme.ts';
import type { SCHEMES } from './scheme.ts';

/** Carries a type only; nothing is ever stored under it. */
export declare const VALUE: unique symbol;

/** Anything that resolves to a value of type `V` for a request. */
export interface Provides<out V> {
  readonly [VALUE]: V;
}

export interface DependencyOptions extends DependableTraits {
  /** `request` unless set. */
  readonly lifetime?: Lifetime;
  /** The name in messages and graphs; the name of the function unless set. */
  readonly name?: string;
}

/** The key that identifies a dependency of any copy of the package. */
export const DEPENDENCY: unique symbol = Symbol.for('portico.dependency');

/** A declared dependency: a function and its inputs. */
export class Dependency<out V> implements Provides<V> {
  declare readonly [VALUE]: V;
  declare readonly [DEPENDENCY]: true;
  /** Undefined if the function takes the context instead. */
  readonly inputs: Readonly<Record<string, InputDeclaration>> | undefined;
  readonly run: (argument: never) => unknown;
  readonly options: DependencyOptions;

  constructor(
    inputs: Readonly<Record<string, InputDeclaration>> | undefined,
    run: (argument: never) => unknown,
    options: DependencyOptions,
  ) {
    // Set here, for a bundler keeps a class with a computed field even if nobody uses it.
    this[DEPENDENCY] = true;
    this.inputs = inputs;
    this.run = run;
    this.options = options;
  }
}

/** A dependency that reads credentials by one of several schemes. */
export interface SchemeDependency<out V> extends Provides<V> {
  readonly [SCHEMES]: readonly SchemeDeclaration[];
}

/** Whatever `Depends()` takes: a dependency, a security scheme, a class, or a function of the context. */
export type Dependable<V = unknown> =
  | Provides<V>
  | (abstract new (...inputs: never[]) => V)
  | ((context: Context) => V | Promise<V> | Generator<V, unknown, unknown> | AsyncGenerator<V, unknown, unknown>);

/** The resolved result of a function; a generator's value is what it yields. */
export type Resolved<R> = 0 extends 1 & R
  ? R
  : [R] extends [Generator<infer Y, unknown, never> | AsyncGenerator<infer Y, unknown, never>]
    ? Y
    : Awaited<R>;

/** The type of the value that a dependable resolves to. */
export type ValueOf<D> =
  D extends Provides<infer V>
    ? V
    : D extends abstract new (...inputs: never[]) => infer V
      ? V
      : D extends (...inputs: never[]) => infer R
        ? Resolved<R>
        : never;
