import type { Lifetime } from '../metadata/declarations.ts';
import type { Mistakes } from './mistakes.ts';
import { isDependable, lifetimeOf, type Provider, type Providers } from './provider.ts';

/** Replacements by the identity of the replaced dependable. */
export type Overrides = ReadonlyMap<unknown, unknown>;

/** The valid overrides; the others are reported, once for all places of use. */
export function readOverrides(overrides: Overrides, mistakes: Mistakes): Overrides {
  return new Map(
    [...overrides].filter(([replaced, replacement]) => {
      const fault = isDependable(replaced) ? replacement : replaced;
      if (isDependable(fault)) return true;
      const text = `an override has ${fault === null ? 'null' : typeof fault} ${fault === replaced ? 'to replace' : 'as the replacement'}`;
      mistakes.add('INVALID_OVERRIDE', {}, `${text}, which cannot be a dependency`);
      return false;
    }),
  );
}

/** Reads dependables or their replacements, for all operations; a replacement is not itself looked up again. */
export class Dependables {
  /** What was declared, whatever replaces it. */
  readonly providers: Providers;
  readonly #overrides: Overrides;
  readonly #replacements = new Map<unknown, Provider | undefined>();

  constructor(overrides: Overrides, providers: Providers) {
    this.#overrides = overrides;
    this.providers = providers;
  }

  /** Undefined for something that cannot be depended on. */
  read(declared: unknown): Provider | undefined {
    if (!this.#overrides.has(declared)) return this.providers.read(declared);
    if (!this.#replacements.has(declared)) {
      const provider = this.providers.read(this.#overrides.get(declared));
      // Set already while its own dependencies are inspected, which may include what it replaces.
      this.#replacements.set(declared, provider);
      this.#replacements.set(declared, provider && this.#withLifetime(provider, lifetimeOf(declared)));
    }
    return this.#replacements.get(declared);
  }

  livesWithApp(declared: unknown): boolean {
    return this.read(declared)?.lifetime === 'app';
  }

  /** A replacement of an app-lifetime dependency has that lifetime only if it needs nothing of a request. */
  #withLifetime(provider: Provider, lifetime: Lifetime | undefined): Provider {
    if (provider.lifetime !== undefined || lifetime === undefined) return provider;
    return lifetime === 'app' && !this.#fitsApp(provider) ? provider : { ...provider, lifetime };
  }

  #fitsApp({ run, inputs }: Provider): boolean {
    if (run.takes === 'credentials' || (run.takes === 'context' && run.call.length > 0)) return false;
    return inputs.every(({ input }) => {
      return input === undefined || (input.kind === 'depends' && this.livesWithApp(input.dependable));
    });
  }
}
