import type { DependsDeclaration, Lifetime } from '../metadata/declarations.ts';
import { AppGraph } from './app-graph.ts';
import type { AppNode, AppNodes } from './app-nodes.ts';
import type { DependencyInput, DependencySlot, Slot, Source } from './graph.ts';
import { InputSlots } from './input-slots.ts';
import type { Mistakes } from './mistakes.ts';
import type { NamedInput } from './parameters.ts';
import type { Dependables } from './overrides.ts';
import type { Provider } from './provider.ts';
import { chainTo, type DependencyPath, DependencyReader, nameOf, placeBelow } from './dependency-path.ts';

const NOWHERE: Source = { kind: 'absent' };

/** Walks the inputs of one operation depth first, in declaration order, and gives each shared value one slot. */
export class GraphBuilder {
  readonly slots: Slot[] = [];
  readonly #inputs: InputSlots;
  readonly #shared = new Map<unknown, Map<string, DependencySlot>>();
  readonly #readsScopes = new Map<unknown, boolean>();
  readonly #dependables: Dependables;
  readonly #reader: DependencyReader;
  readonly #app: AppGraph;
  readonly #mistakes: Mistakes;

  constructor(dependables: Dependables, nodes: AppNodes, mistakes: Mistakes) {
    this.#dependables = dependables;
    this.#inputs = new InputSlots(this.slots, mistakes);
    this.#reader = new DependencyReader(dependables, mistakes);
    this.#app = new AppGraph(this.#reader, nodes, mistakes);
    this.#mistakes = mistakes;
  }

  /** The app-lifetime dependencies that the walked inputs need. */
  get appNodes(): ReadonlySet<AppNode> {
    return this.#app.nodes;
  }

  /** The source of an input of the operation itself: a list entry or a parameter of the handler. */
  use(named: NamedInput): Source {
    return this.#source(named, { place: named.place, scopes: [], providers: [] });
  }

  /** The source of a controller's instance, which is made once if its constructor needs nothing of a request. */
  useController(provider: Provider): Source {
    const path: DependencyPath = { place: { class: provider.name }, scopes: [], providers: [] };
    const forApp = provider.inputs.every(
      ({ input }) => input?.kind === 'depends' && this.#dependables.livesWithApp(input.dependable),
    );
    if (!forApp) return { kind: 'slot', slot: this.#dependency(provider, provider.name, 'request', path) };
    return { kind: 'app', node: this.#app.node(provider, provider.name, path) };
  }

  throwIfMistaken(): void {
    this.#mistakes.throwIfAny();
  }

  #source(named: NamedInput, path: DependencyPath): Source {
    const { input, key } = named;
    if (input === undefined) return NOWHERE;
    switch (input.kind) {
      case 'request':
        if (input.what === 'connection' && path.providers.length > 0) {
          const text = 'dependencies run before there is a connection';
          this.#mistakes.add('CONNECTION_MISPLACED', path.place, text);
        }
        return { kind: 'request', input };
      case 'scopes':
        return { kind: 'scopes', scopes: path.scopes };
      case 'depends':
        return this.#depends(input, key, path);
      default: {
        const slot = this.#inputs.slotOf(input, key, path.place);
        return slot === undefined ? NOWHERE : { kind: 'slot', slot };
      }
    }
  }

  #depends(input: DependsDeclaration, key: string | undefined, path: DependencyPath): Source {
    const provider = this.#reader.read(input.dependable, key, path);
    if (provider === undefined) return NOWHERE;
    const name = nameOf(provider, key);
    const scopes = [...new Set([...path.scopes, ...input.scopes])];
    const inner: DependencyPath = { ...path, scopes };
    if (provider.lifetime === 'app') return { kind: 'app', node: this.#app.node(provider, name, inner) };
    const lifetime = provider.lifetime ?? 'request';
    if (!input.cache) return { kind: 'slot', slot: this.#dependency(provider, name, lifetime, inner) };
    const variant = this.#reads(provider) ? scopes.toSorted().join(' ') : '';
    const variants = this.#variants(provider.dependable);
    const known = variants.get(variant);
    if (known !== undefined) {
      requireScopes(known, scopes);
      return { kind: 'slot', slot: known };
    }
    const slot = this.#dependency(provider, name, lifetime, inner);
    variants.set(variant, slot);
    return { kind: 'slot', slot };
  }

  #dependency(
    provider: Provider,
    name: string,
    lifetime: Exclude<Lifetime, 'app'>,
    path: DependencyPath,
  ): DependencySlot {
    const inner: DependencyPath = {
      place: { ...path.place, chain: chainTo(path.place, name) },
      scopes: path.scopes,
      providers: [...path.providers, provider],
    };
    const inputs: DependencyInput[] = [];
    for (const named of provider.inputs) {
      const place = placeBelow(named, inner.place);
      const source = this.#source(named, { ...inner, place });
      inputs.push({ named, source });
    }
    const below = inputs.flatMap(({ source }) => (source.kind === 'slot' ? [source.slot] : []));
    const ending = below.flatMap((slot) => (slot.kind === 'dependency' ? [slot.endsWith] : [])).find(Boolean);
    const outlives = lifetime === 'request' && (provider.run.generator || provider.lifetime === 'request');
    if (ending !== undefined && outlives) {
      const text = `it has request lifetime but depends on '${ending.join(' -> ')}', which has handler lifetime`;
      this.#mistakes.add('LIFETIME_CONFLICT', inner.place, text);
    }
    const slot: DependencySlot = {
      kind: 'dependency',
      provider,
      run: provider.run,
      name,
      inputs,
      lifetime,
      endsWith:
        lifetime === 'handler' && provider.run.generator ? [name] : outlives ? undefined : ending && [name, ...ending],
      needsBody: below.some(({ needsBody }) => needsBody),
      place: inner.place,
      scopes: new Set(path.scopes),
    };
    this.slots.push(slot);
    return slot;
  }

  /** Whether something below reads the scopes of its place of use, so that its value depends on them. */
  #reads(provider: Provider): boolean {
    const known = this.#readsScopes.get(provider.dependable);
    if (known !== undefined) return known;
    this.#readsScopes.set(provider.dependable, false);
    const reads = provider.inputs.some(({ input }) => {
      if (input?.kind !== 'depends') return input?.kind === 'scopes';
      const below = this.#dependables.read(input.dependable);
      return below !== undefined && this.#reads(below);
    });
    this.#readsScopes.set(provider.dependable, reads);
    return reads;
  }

  #variants(dependable: unknown): Map<string, DependencySlot> {
    const known = this.#shared.get(dependable);
    if (known !== undefined) return known;
    const variants = new Map<string, DependencySlot>();
    this.#shared.set(dependable, variants);
    return variants;
  }
}

/**
 * A shared dependency that is used again with more scopes requires them of everything below it.
 *
 * Scopes it has already are known below as well; otherwise shared nodes would be walked once for every path to them.
 */
function requireScopes(slot: DependencySlot, scopes: readonly string[]): void {
  const further = scopes.filter((scope) => !slot.scopes.has(scope));
  if (further.length === 0) return;
  for (const scope of further) slot.scopes.add(scope);
  for (const { source } of slot.inputs) {
    if (source.kind === 'slot' && source.slot.kind === 'dependency') requireScopes(source.slot, further);
  }
}
