import type { Context } from '../http/context.ts';
import type { DependableTraits, Lifetime } from '../metadata/declarations.ts';
import { type SchemeDeclaration, SCHEMES } from '../metadata/scheme.ts';
import { callSiteOf } from '../metadata/call-site.ts';
import { DEPENDENCY, type Dependency } from '../metadata/dependable.ts';
import { type Class, traitsOf } from '../metadata/store.ts';
import type { Mistakes } from './mistakes.ts';
import { checkStatics, type NamedInput, readParameters } from './parameters.ts';

/** How a dependable is run: what it takes, and whether it has a cleanup. */
export type Run =
  | { readonly takes: 'inputs'; readonly call: (inputs: never) => unknown; readonly generator: boolean }
  | { readonly takes: 'context'; readonly call: (context: Context) => unknown; readonly generator: boolean }
  | {
      readonly takes: 'arguments';
      readonly construct: new (...inputs: unknown[]) => unknown;
      readonly generator: false;
    }
  | { readonly takes: 'credentials'; readonly schemes: readonly SchemeDeclaration[]; readonly generator: false };

/** A dependable in one form, however it was written. */
export interface Provider {
  /** What the user wrote; values are shared by its identity. */
  readonly dependable: object;
  readonly name: string;
  readonly run: Run;
  readonly inputs: readonly NamedInput[];
  /** Undefined if not declared. */
  readonly lifetime: Lifetime | undefined;
  readonly traits: DependableTraits;
}

const GENERATORS = [Object.getPrototypeOf(function* () {}), Object.getPrototypeOf(async function* () {})] as object[];

/** Reads each dependable once. */
export class Providers {
  readonly #known = new Map<unknown, Provider | undefined>();
  readonly #mistakes: Mistakes;

  constructor(mistakes: Mistakes) {
    this.#mistakes = mistakes;
  }

  /** Undefined for something that cannot be depended on. */
  read(dependable: unknown): Provider | undefined {
    if (!this.#known.has(dependable)) this.#known.set(dependable, readProvider(dependable, this.#mistakes));
    return this.#known.get(dependable);
  }

  /** A class, also where it was compiled to a function. */
  readClass(target: Class): Provider {
    const known = this.#known.get(target) ?? ofClass(target, this.#mistakes);
    this.#known.set(target, known);
    return known;
  }
}

export function isDependable(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && (DEPENDENCY in value || SCHEMES in value);
}

/** The declared lifetime of a dependable, without reading its dependencies. */
export function lifetimeOf(dependable: unknown): Lifetime | undefined {
  if (typeof dependable !== 'object' || dependable === null || !(DEPENDENCY in dependable)) return undefined;
  return (dependable as Dependency<unknown>).options.lifetime;
}

function readProvider(dependable: unknown, mistakes: Mistakes): Provider | undefined {
  if (typeof dependable === 'function') {
    return isClass(dependable)
      ? ofClass(dependable as Class, mistakes)
      : ofFunction(dependable as (context: Context) => unknown);
  }
  if (typeof dependable !== 'object' || dependable === null) return undefined;
  if (DEPENDENCY in dependable) return ofDependency(dependable as Dependency<unknown>);
  if (SCHEMES in dependable) {
    return ofSchemes(dependable, dependable[SCHEMES] as readonly SchemeDeclaration[]);
  }
  return undefined;
}

function ofDependency(dependable: Dependency<unknown>): Provider {
  const { inputs, run, options } = dependable;
  const named = Object.entries(inputs ?? {}).map(([key, input]) => ({
    key,
    input,
    place: { site: callSiteOf(input) },
  }));
  const generator = isGenerator(run);
  return {
    dependable,
    name: options.name ?? run.name,
    run:
      inputs === undefined
        ? { takes: 'context', call: run as (context: Context) => unknown, generator }
        : { takes: 'inputs', call: run, generator },
    inputs: named,
    lifetime: options.lifetime,
    traits: options,
  };
}

function ofFunction(call: (context: Context) => unknown): Provider {
  const run: Run = { takes: 'context', call, generator: isGenerator(call) };
  return { dependable: call, name: call.name, run, inputs: [], lifetime: undefined, traits: {} };
}

function ofClass(target: Class, mistakes: Mistakes): Provider {
  checkStatics(target, mistakes);
  return {
    dependable: target,
    name: target.name,
    run: {
      takes: 'arguments',
      construct: target as unknown as new (...inputs: unknown[]) => unknown,
      generator: false,
    },
    inputs: readParameters(target, undefined, mistakes),
    lifetime: undefined,
    traits: traitsOf(target),
  };
}

function ofSchemes(dependable: object, schemes: readonly SchemeDeclaration[]): Provider {
  const name = schemes.map(({ schemeName }) => schemeName).join(' | ');
  const run: Run = { takes: 'credentials', schemes, generator: false };
  return { dependable, name, run, inputs: [], lifetime: undefined, traits: {} };
}

/** A class's prototype cannot be assigned to; that of every other function can, or is missing. */
function isClass(value: object): boolean {
  return Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false;
}

function isGenerator(run: object): boolean {
  return GENERATORS.includes(Object.getPrototypeOf(run) as object);
}
