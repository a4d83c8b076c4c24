// No `target` includes the lib that declares `Disposable`; this line makes it available to users of the declarations.
/// <reference lib="esnext.disposable" preserve="true" />
import { FrameworkError } from '../http/errors.ts';
import type { DependsDeclaration } from '../metadata/declarations.ts';
import type { Dependable, ValueOf } from '../metadata/dependable.ts';
import type { DependencySlot, InputSlot, Slot, Source } from '../model/graph.ts';
import type { GraphBuilder } from '../model/graph-builder.ts';
import type { AppValues } from './app-values.ts';
import { compileDependency, compileSource } from './dependencies.ts';
import { type Execution, executionOutside } from './execution.ts';
import { unwind } from './generators.ts';

/** Resolves dependencies outside of a request: the same graph, each value once, and the same cleanup. */
export class Scope implements AsyncDisposable {
  readonly #graph: () => GraphBuilder;
  readonly #builder: GraphBuilder;
  readonly #appValues: AppValues;
  readonly #positions = new Map<Slot, number>();
  readonly #execution: Execution;
  readonly #leave: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined = undefined;

  /** @internal */
  constructor(graph: () => GraphBuilder, appValues: AppValues, leave: () => void) {
    this.#graph = graph;
    this.#builder = graph();
    this.#appValues = appValues;
    this.#leave = leave;
    this.#execution = executionOutside();
  }

  /** The value of a dependency; rejects with a FrameworkError for one that needs a request. */
  get<D extends Dependable>(dependable: D): Promise<ValueOf<D>> {
    const value = this.#last.then(() => this.#resolve(dependable));
    this.#last = value.catch(() => undefined);
    return value as Promise<ValueOf<D>>;
  }

  /** Runs cleanups in reverse order; rejects with what a cleanup throws once all have run. */
  close(): Promise<void> {
    return (this.#closed ??= this.#last.then(() => unwind(this.#execution.entered ?? [])).finally(this.#leave));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #resolve(dependable: unknown): Promise<unknown> {
    if (this.#closed !== undefined) throw new FrameworkError('The scope has been closed');
    const input: DependsDeclaration = { kind: 'depends', dependable, cache: true, scopes: [] };
    const named = { key: undefined, input, place: {} };
    // A mistaken declaration must leave nothing behind in the scope's graph.
    const trial = this.#graph();
    trial.use(named);
    trial.throwIfMistaken();
    const source = this.#builder.use(named);
    refuseRequestNeeds(source, [], new Set());
    await this.#appValues.make(this.#builder.appNodes);
    await this.#run(source);
    return compileSource(source, this.#positions, this.#appValues)(this.#execution);
  }

  async #run(source: Source): Promise<void> {
    if (source.kind !== 'slot' || source.slot.kind !== 'dependency' || this.#positions.has(source.slot)) return;
    const { slot } = source;
    for (const input of source.slot.inputs) await this.#run(input.source);
    const position = this.#positions.size;
    const step = compileDependency(source.slot, this.#positions, this.#appValues);
    this.#execution.values[position] = await step(this.#execution);
    this.#positions.set(slot, position);
  }
}

/** Throws if the source, or anything below it, needs a request. */
function refuseRequestNeeds(source: Source, chain: readonly string[], seen: Set<Slot>): void {
  switch (source.kind) {
    case 'request':
      throw missing(source.input.what, chain);
    case 'slot':
      if (source.slot.kind !== 'dependency') throw missing(whereOf(source.slot), chain);
      return refuseRequestNeedsOf(source.slot, chain, seen);
    case 'app':
    case 'scopes':
    case 'absent':
      return;
  }
}

function refuseRequestNeedsOf(slot: DependencySlot, chain: readonly string[], seen: Set<Slot>): void {
  if (seen.has(slot)) return;
  seen.add(slot);
  const inner = [...chain, slot.name];
  switch (slot.run.takes) {
    case 'credentials':
      throw missing('credential', inner);
    case 'context':
      if (slot.run.call.length > 0) throw missing('context', inner);
      return;
    case 'inputs':
    case 'arguments':
      for (const input of slot.inputs) refuseRequestNeeds(input.source, inner, seen);
  }
}

/** The place in a request that a slot reads. */
function whereOf(slot: InputSlot): string {
  return 'from' in slot ? slot.from : 'body';
}

function missing(what: string, chain: readonly string[]): FrameworkError {
  return new FrameworkError(`Outside of a request there is no ${what}, which ${chain.join(' -> ')} needs`);
}
