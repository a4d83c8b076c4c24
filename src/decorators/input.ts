import { keepCallSite } from '../metadata/call-site.ts';
import { DECLARATION, type InputDeclaration } from '../metadata/declarations.ts';
import type { Provides } from '../metadata/dependable.ts';
import { recordInput } from '../metadata/store.ts';

/** Shown when a decorator does not compile: the value it injects, and the type of its parameter. */
export interface InjectedTypeMismatch<Injected, Parameter> {
  readonly 'the injected value cannot be passed to this parameter': [Injected, Parameter];
}

/* oxlint-disable typescript/no-explicit-any -- the check is off where a parameter's type is not visible: keyof has no private methods */
type ParametersOf<T, K> = [K] extends [undefined]
  ? T extends abstract new (...parameters: infer A) => unknown
    ? A
    : any[]
  : K extends keyof T
    ? T[K] extends (...parameters: infer A) => unknown
      ? A
      : any[]
    : any[];
/* oxlint-enable typescript/no-explicit-any */

/** The decorated method: `never` where it is not visible, and unknown for a constructor. */
type Member<T, K> = K extends PropertyKey ? T[K & keyof T] : unknown;

/** The parameters before the one at index `I`, whatever they take. */
type Before<I, Found extends never[] = []> = Found['length'] extends I ? Found : Before<I, [...Found, never]>;

/** Any function that accepts a `V` at index `I`. */
type Takes<V, I> = (...parameters: [...Before<I>, V, ...never[]]) => unknown;

/**
 * Where a value comes from: a decorator for a parameter of a controller's method or constructor, and a value of the
 * inputs object of `dependency()`.
 */
export interface Input<V> extends Provides<V> {
  readonly [DECLARATION]: InputDeclaration;
  <T, K extends PropertyKey | undefined, I extends number>(
    target: T,
    key: K,
    // Nearly every use passes the first check, which is cheaper for the compiler than the second: it infers no
    // parameters.
    index: Member<T, K> extends Takes<V, I>
      ? I
      : [V] extends [ParametersOf<T, K>[I]]
        ? I
        : InjectedTypeMismatch<V, ParametersOf<T, K>[I]>,
  ): void;
}

export function input<V>(declaration: InputDeclaration): Input<V> {
  keepCallSite(declaration);
  const decorate = (target: object, key: PropertyKey | undefined, index: number): void => {
    recordInput(target, key, index, declaration);
  };
  return Object.assign(decorate, { [DECLARATION]: declaration }) as unknown as Input<V>;
}
