import type { Mistakes, Place } from './mistakes.ts';
import type { Dependables } from './overrides.ts';
import type { NamedInput } from './parameters.ts';
import type { Provider } from './provider.ts';

/** Where a walk of an operation's declarations stands, and through which dependencies it came there. */
export interface DependencyPath {
  readonly place: Place;
  readonly scopes: readonly string[];
  readonly providers: readonly Provider[];
}

/** Reads what is depended on at the end of a path; mistakes and cycles are reported and give nothing. */
export class DependencyReader {
  readonly #dependables: Dependables;
  readonly #mistakes: Mistakes;

  constructor(dependables: Dependables, mistakes: Mistakes) {
    this.#dependables = dependables;
    this.#mistakes = mistakes;
  }

  read(declared: unknown, key: string | undefined, path: DependencyPath): Provider | undefined {
    const provider = this.#dependables.read(declared);
    if (provider === undefined) {
      const chain = chainTo(path.place, key ?? '?');
      if (declared === undefined || declared === null) {
        const text =
          'the dependency is undefined: it is used before it is defined, often by modules that import each other';
        this.#mistakes.add('DEPENDENCY_UNDEFINED', { ...path.place, chain }, text);
      } else {
        this.#mistakes.add(
          'NOT_DEPENDABLE',
          { ...path.place, chain },
          `a value of type ${typeof declared} cannot be a dependency`,
        );
      }
      return undefined;
    }
    if (path.providers.some((outer) => outer.dependable === provider.dependable)) {
      this.#cycle(provider, path);
      return undefined;
    }
    return provider;
  }

  #cycle(provider: Provider, path: DependencyPath): void {
    const start = path.providers.findIndex(({ dependable }) => dependable === provider.dependable);
    const names = [...path.providers.slice(start), provider].map((one) => nameOf(one, undefined));
    const place: Place = { ...path.place, chain: chainTo(path.place, nameOf(provider, undefined)) };
    this.#mistakes.add('DEPENDENCY_CYCLE', place, `it depends on itself: ${names.join(' -> ')}`);
  }
}

/** A parameter of a class is placed in that class, with the chain that leads there from the place of use. */
export function placeBelow({ place }: NamedInput, { shared, chain, ...use }: Place): Place {
  const site = place.site ?? use.site;
  return place.class === undefined ? { ...use, shared, chain, site } : { ...place, shared, chain, site };
}

/** The chain of a place with one dependency more. */
export function chainTo({ chain = [] }: Place, name: string): readonly string[] {
  return [...chain, name];
}

export function nameOf({ name }: Provider, key: string | undefined): string {
  return name || key || '(anonymous)';
}
