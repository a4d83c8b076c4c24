import type { DependsDeclaration, InputDeclaration } from '../metadata/declarations.ts';
import type { AppNode, AppNodes } from './app-nodes.ts';
import type { Mistakes, Place } from './mistakes.ts';
import type { Provider } from './provider.ts';
import { chainTo, nameOf, type DependencyPath, type DependencyReader } from './dependency-path.ts';

/** Walks app-lifetime dependencies, which may only depend on one another. */
export class AppGraph {
  readonly nodes = new Set<AppNode>();
  readonly #known = new Map<object, AppNode>();
  readonly #reader: DependencyReader;
  readonly #interned: AppNodes;
  readonly #mistakes: Mistakes;

  constructor(reader: DependencyReader, interned: AppNodes, mistakes: Mistakes) {
    this.#reader = reader;
    this.#interned = interned;
    this.#mistakes = mistakes;
  }

  node(provider: Provider, name: string, path: DependencyPath): AppNode {
    const known = this.#known.get(provider.dependable);
    if (known !== undefined) return known;
    const takesContext = provider.run.takes === 'context' && provider.run.call.length > 0;
    const inputs = takesContext || provider.inputs.length > 0 ? this.#inputs(provider, name, path, takesContext) : [];
    const node = this.#interned.intern({ provider, name, inputs });
    this.#known.set(provider.dependable, node);
    this.nodes.add(node);
    return node;
  }

  #inputs(provider: Provider, name: string, path: DependencyPath, takesContext: boolean): AppNode['inputs'] {
    const place: Place = { ...path.place, chain: chainTo(path.place, name) };
    const inner: DependencyPath = { place, scopes: [], providers: [...path.providers, provider] };
    if (takesContext) this.#conflict(place, 'the context of a request');
    return provider.inputs.map(({ key, input }) => {
      if (input === undefined) return { key, node: undefined };
      if (input.kind !== 'depends') {
        this.#conflict(place, `the ${whatOf(input)} of a request`);
        return { key, node: undefined };
      }
      const below = this.#reader.read(input.dependable, key, inner);
      if (below === undefined) return { key, node: undefined };
      if (below.lifetime === 'app') return { key, node: this.node(below, nameOf(below, key), inner) };
      this.#conflict(place, `'${nameOf(below, key)}', which is created for each request`);
      return { key, node: undefined };
    });
  }

  #conflict(place: Place, what: string): void {
    this.#mistakes.add('LIFETIME_CONFLICT', place, `it has app lifetime but depends on ${what}`);
  }
}

/** The name of an input in messages. */
function whatOf(input: Exclude<InputDeclaration, DependsDeclaration>): string {
  if (input.kind === 'request') return input.what;
  return 'from' in input ? input.from : input.kind;
}
