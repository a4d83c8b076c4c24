import type { DependsDeclaration, InputDeclaration, Lifetime } from '../metadata/declarations.ts';
import type { AppNode, AppNodes } from './app-nodes.ts';
import type { DependencyInput, DependencySlot, Slot, Source } from './graph.ts';
import { InputSlots } from './input-slots.ts';
import type { Mistakes, Place } from './mistakes.ts';
import type { NamedInput } from './parameters.ts';
import { Dependables, type Overrides } from './overrides.ts';
import type { Provider, Providers } from './provider.ts';

const NOWHERE: Source = { kind: 'absent' };

/** What one walk of an operation's declarations knows about the way it has come. */
interface Way {
  readonly place: Place;
  readonly scopes: readonly string[];
  readonly providers: readonly Provider[];
}

/** Walks the inputs of one operation depth first, in declaration order, and gives each shared value one slot. */
export class GraphBuilder {
  readonly slots: Slot[] = [];
  readonly appNodes = new Set<AppNode>();
  readonly #inputs: InputSlots;
  readonly #shared = new Map<unknown, Map<string, DependencySlot>>();
  readonly #interned = new Map<object, AppNode>();
  readonly #readsScopes = new Map<unknown, boolean>();
  readonly #dependables: Dependables;
  readonly #nodes: AppNodes;
  readonly #mistakes: Mistakes;

  constructor(overrides: Overrides, nodes: AppNodes, providers: Providers, mistakes: Mistakes) {
    this.#dependables = new Dependables(overrides, providers);
    this.#inputs = new InputSlots(this.slots, mistakes);
    this.#nodes = nodes;
    this.#mistakes = mistakes;
  }

  /** The source of an input of the operation itself: a list entry or a parameter of the handler. */
  use(named: NamedInput): Source {
    return this.#source(named, { place: named.place, scopes: [], providers: [] });
  }

  /** The source of a controller's instance: made once where its constructor asks for nothing of a request. */
  useController(provider: Provider): Source {
    const way: Way = { place: { class: provider.name }, scopes: [], providers: [] };
    const forApp = provider.inputs.every(
      ({ input }) => input?.kind === 'depends' && this.#dependables.livesWithApp(input.dependable),
    );
    if (!forApp) return { kind: 'slot', slot: this.#dependency(provider, provider.name, 'request', way) };
    return { kind: 'app', node: this.#appNode(provider, provider.name, way) };
  }

  throwIfMistaken(): void {
    this.#mistakes.throwIfAny();
  }

  #source(named: NamedInput, way: Way): Source {
    const { input, key } = named;
    if (input === undefined) return NOWHERE;
    switch (input.kind) {
      case 'request':
        if (input.what === 'connection' && way.providers.length > 0) {
          const text = 'what is depended on runs before there is a connection';
          this.#mistakes.add('CONNECTION_MISPLACED', way.place, text);
        }
        return { kind: 'request', input };
      case 'scopes':
        return { kind: 'scopes', scopes: way.scopes };
      case 'depends':
        return this.#depends(input, key, way);
      default: {
        const slot = this.#inputs.slotOf(input, key, way.place);
        return slot === undefined ? NOWHERE : { kind: 'slot', slot };
      }
    }
  }

  #depends(input: DependsDeclaration, key: string | undefined, way: Way): Source {
    const provider = this.#provide(input.dependable, key, way);
    if (provider === undefined) return NOWHERE;
    const name = nameOf(provider, key);
    const scopes = [...new Set([...way.scopes, ...input.scopes])];
    const inner: Way = { ...way, scopes };
    if (provider.lifetime === 'app') return { kind: 'app', node: this.#appNode(provider, name, inner) };
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

  #dependency(provider: Provider, name: string, lifetime: Exclude<Lifetime, 'app'>, way: Way): DependencySlot {
    const chain = [...(way.place.chain ?? []), name];
    const inner: Way = { place: { ...way.place, chain }, scopes: way.scopes, providers: [...way.providers, provider] };
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
      const text = `it lives as long as the request and depends on '${ending.join(' -> ')}', which ends with the handler`;
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
      scopes: new Set(way.scopes),
    };
    this.slots.push(slot);
    return slot;
  }

  #appNode(provider: Provider, name: string, way: Way): AppNode {
    const known = this.#interned.get(provider.dependable);
    if (known !== undefined) return known;
    const place: Place = { ...way.place, chain: [...(way.place.chain ?? []), name] };
    const inner: Way = { place, scopes: [], providers: [...way.providers, provider] };
    if (provider.run.takes === 'context' && provider.run.call.length > 0) {
      this.#conflict(place, 'the context of a request');
    }
    const inputs = provider.inputs.map(({ key, input }) => {
      if (input === undefined) return { key, node: undefined };
      if (input.kind !== 'depends') {
        this.#conflict(place, `the ${whatOf(input)} of a request`);
        return { key, node: undefined };
      }
      const below = this.#provide(input.dependable, key, inner);
      if (below === undefined) return { key, node: undefined };
      if (below.lifetime === 'app') return { key, node: this.#appNode(below, nameOf(below, key), inner) };
      this.#conflict(place, `'${nameOf(below, key)}', which is made for each request`);
      return { key, node: undefined };
    });
    const node = this.#nodes.intern({ provider, name, inputs });
    this.#interned.set(provider.dependable, node);
    this.appNodes.add(node);
    return node;
  }

  /** Reads a dependable, or what replaces it; mistakes and cycles are reported and give nothing. */
  #provide(declared: unknown, key: string | undefined, way: Way): Provider | undefined {
    const provider = this.#dependables.read(declared);
    if (provider === undefined) {
      const chain = [...(way.place.chain ?? []), key ?? '?'];
      if (declared === undefined || declared === null) {
        const text =
          'the dependency is undefined: it is used before it is defined, often by modules that import each other';
        this.#mistakes.add('DEPENDENCY_UNDEFINED', { ...way.place, chain }, text);
      } else {
        this.#mistakes.add(
          'NOT_DEPENDABLE',
          { ...way.place, chain },
          `${typeof declared} is not something to depend on`,
        );
      }
      return undefined;
    }
    if (way.providers.some((outer) => outer.dependable === provider.dependable)) {
      this.#cycle(provider, way);
      return undefined;
    }
    return provider;
  }

  #cycle(provider: Provider, way: Way): void {
    const start = way.providers.findIndex(({ dependable }) => dependable === provider.dependable);
    const names = [...way.providers.slice(start), provider].map(({ name }) => name || '(anonymous)');
    const place: Place = { ...way.place, chain: [...(way.place.chain ?? []), provider.name || '(anonymous)'] };
    this.#mistakes.add('DEPENDENCY_CYCLE', place, `it depends on itself: ${names.join(' -> ')}`);
  }

  #conflict(place: Place, what: string): void {
    this.#mistakes.add('LIFETIME_CONFLICT', place, `it lives as long as the app and depends on ${what}`);
  }

  /** Whether something below reads the scopes of its place, so that its value depends on them. */
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
 * A shared dependency that is used again under further scopes requires them of everything below it.
 *
 * What it knows already is known below as well; without that, shared nodes would be walked once for every way to them.
 */
function requireScopes(slot: DependencySlot, scopes: readonly string[]): void {
  const further = scopes.filter((scope) => !slot.scopes.has(scope));
  if (further.length === 0) return;
  for (const scope of further) slot.scopes.add(scope);
  for (const { source } of slot.inputs) {
    if (source.kind === 'slot' && source.slot.kind === 'dependency') requireScopes(source.slot, further);
  }
}

/** What an input is called in messages. */
function whatOf(input: Exclude<InputDeclaration, DependsDeclaration>): string {
  if (input.kind === 'request') return input.what;
  return 'from' in input ? input.from : input.kind;
}

/** A parameter of a class stands in that class; what leads there is that of the place of use. */
function placeBelow({ place }: NamedInput, { shared, chain, ...use }: Place): Place {
  const site = place.site ?? use.site;
  return place.class === undefined ? { ...use, shared, chain, site } : { ...place, shared, chain, site };
}

function nameOf({ name }: Provider, key: string | undefined): string {
  return name || key || '(anonymous)';
}
