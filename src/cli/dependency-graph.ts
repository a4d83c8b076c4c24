import type { AppNode } from '../model/app-nodes.ts';
import type { DependencySlot, Graph, Source } from '../model/graph.ts';
import { type Operation, operationName } from '../model/operation.ts';
import type { NamedInput } from '../model/parameters.ts';

/** The model's name for an anonymous function that is not used under a name either. */
const ANONYMOUS = '(anonymous)';

/** An operation or a dependency. */
export interface Node {
  readonly shape: 'operation' | 'scheme' | 'dependency';
  /** Of an operation: the method and the path. */
  name: string;
  /** Shown after the name: the handler of an operation, or a lifetime other than `request`. */
  readonly suffix: string;
  readonly needs: Need[];
}

export interface Need {
  readonly node: Node;
  readonly scopes: readonly string[];
}

/**
 * The nodes of operations and their dependencies, each once and before what it needs, in the order of the operations.
 */
export function dependencyGraph(operations: readonly Operation[]): Node[] {
  const graph = new DependencyGraph();
  for (const operation of operations) graph.addOperation(operation);
  return graph.nodes;
}

class DependencyGraph {
  readonly #nodes = new Map<object, Node>();

  get nodes(): Node[] {
    return [...this.#nodes.values()];
  }

  addOperation({ declaration, graph }: Operation): void {
    const { method, template, listed, parameters } = declaration;
    const name = `${method} ${template.pattern}`;
    const node = this.#add(declaration, { shape: 'operation', name, suffix: operationName(declaration) }, () => {});
    for (const named of listed) {
      for (const source of sourcesOf(named, graph)) this.#need(node, source, scopesOf(named));
    }
    this.#need(node, graph.controller, []);
    for (const [index, source] of graph.parameters.entries()) this.#need(node, source, scopesOf(parameters[index]));
  }

  #need(from: Node, source: Source, scopes: readonly string[]): void {
    const node = this.#target(source);
    if (node === undefined) return;
    const isSame = (need: Need): boolean => need.node === node && need.scopes.join(' ') === scopes.join(' ');
    if (!from.needs.some(isSame)) from.needs.push({ node, scopes });
  }

  #target(source: Source): Node | undefined {
    if (source.kind === 'app') return this.#appNode(source.node);
    return source.kind === 'slot' && source.slot.kind === 'dependency' ? this.#slot(source.slot) : undefined;
  }

  #slot({ provider, name, inputs, lifetime }: DependencySlot): Node {
    const shape = provider.run.takes === 'credentials' ? 'scheme' : 'dependency';
    const suffix = lifetime === 'request' ? '' : `(${lifetime})`;
    return this.#add(provider.dependable, { shape, name, suffix }, (node) => {
      for (const { named, source } of inputs) this.#need(node, source, scopesOf(named));
    });
  }

  #appNode({ provider, name, inputs }: AppNode): Node {
    return this.#add(provider.dependable, { shape: 'dependency', name, suffix: '(app)' }, (added) => {
      for (const { node } of inputs) if (node !== undefined) this.#need(added, { kind: 'app', node }, []);
    });
  }

  /** Adds a node and everything below it, unless it exists. */
  #add(identity: object, { shape, name, suffix }: Omit<Node, 'needs'>, below: (node: Node) => void): Node {
    const known = this.#nodes.get(identity);
    if (known !== undefined) {
      if (known.name === ANONYMOUS) known.name = name;
      return known;
    }
    const added: Node = { shape, name, suffix, needs: [] };
    this.#nodes.set(identity, added);
    below(added);
    return added;
  }
}

/** Finds the sources of a list entry, which the graph does not keep because its value is dropped. */
function sourcesOf({ input }: NamedInput, { slots, appNodes }: Graph): Source[] {
  const isOf = ({ provider }: AppNode | DependencySlot): boolean =>
    input?.kind === 'depends' && provider.dependable === input.dependable;
  return [
    ...appNodes.filter(isOf).map((node): Source => ({ kind: 'app', node })),
    ...slots.filter((slot) => slot.kind === 'dependency' && isOf(slot)).map((slot): Source => ({ kind: 'slot', slot })),
  ];
}

function scopesOf(named: NamedInput | undefined): readonly string[] {
  return named?.input?.kind === 'depends' ? named.input.scopes : [];
}
