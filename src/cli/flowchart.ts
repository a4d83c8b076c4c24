import type { AppNode } from '../model/app-nodes.ts';
import type { DependencySlot, Graph, Source } from '../model/graph.ts';
import { type Operation, operationName } from '../model/operation.ts';
import type { NamedInput } from '../model/parameters.ts';

/** Operations and what they depend on as a Mermaid flowchart; an arrow leads to what is needed. */
export function flowchart(operations: readonly Operation[]): string {
  const chart = new Flowchart();
  for (const operation of operations) chart.addOperation(operation);
  return chart.toString();
}

/** What stands around a label, by the kind of node. */
const SHAPES = {
  operation: ['(["', '"])'],
  scheme: ['{{"', '"}}'],
  dependency: ['["', '"]'],
} as const;

/** What the model calls a function without a name where it is not used under one either. */
const ANONYMOUS = '(anonymous)';

interface Node {
  readonly id: string;
  readonly shape: keyof typeof SHAPES;
  readonly suffix: string;
  name: string;
}

/** Draws each dependency once, however many operations use it. */
class Flowchart {
  readonly #nodes = new Map<object, Node>();
  readonly #arrows = new Set<string>();

  addOperation({ declaration, graph }: Operation): void {
    const { method, template, listed, parameters } = declaration;
    const name = `${method} ${template.pattern}\n${operationName(declaration)}`;
    const { id } = this.#draw(declaration, { shape: 'operation', name, suffix: '' }, () => {});
    for (const named of listed) this.#arrow(id, sourceOf(named, graph), scopesOf(named));
    this.#arrow(id, graph.controller, []);
    for (const [index, source] of graph.parameters.entries()) this.#arrow(id, source, scopesOf(parameters[index]));
  }

  toString(): string {
    const nodes = [...this.#nodes.values()].map(({ id, shape, name, suffix }) => {
      const [before, after] = SHAPES[shape];
      return `  ${id}${before}${escape(name)}${suffix}${after}\n`;
    });
    const arrows = [...this.#arrows].map((arrow) => `  ${arrow}\n`);
    return `flowchart LR\n${nodes.join('')}${arrows.join('')}`;
  }

  #arrow(from: string, source: Source, scopes: readonly string[]): void {
    const to = this.#target(source);
    if (to === undefined) return;
    const label = scopes.length === 0 ? '' : `|"${escape(scopes.join(' '))}"|`;
    this.#arrows.add(`${from} -->${label} ${to}`);
  }

  #target(source: Source): string | undefined {
    if (source.kind === 'app') return this.#appNode(source.node);
    return source.kind === 'slot' && source.slot.kind === 'dependency' ? this.#slot(source.slot) : undefined;
  }

  #slot({ provider, name, inputs, lifetime }: DependencySlot): string {
    const shape = provider.run.takes === 'credentials' ? 'scheme' : 'dependency';
    const suffix = lifetime === 'request' ? '' : ` (${lifetime})`;
    return this.#draw(provider.dependable, { shape, name, suffix }, (id) => {
      for (const { named, source } of inputs) this.#arrow(id, source, scopesOf(named));
    }).id;
  }

  #appNode({ provider, name, inputs }: AppNode): string {
    return this.#draw(provider.dependable, { shape: 'dependency', name, suffix: ' (app)' }, (id) => {
      for (const { node } of inputs) if (node !== undefined) this.#arrow(id, { kind: 'app', node }, []);
    }).id;
  }

  /** Draws a node, and what is below it, unless it is there. */
  #draw(identity: object, node: Omit<Node, 'id'>, below: (id: string) => void): Node {
    const known = this.#nodes.get(identity);
    if (known !== undefined) {
      if (known.name === ANONYMOUS) known.name = node.name;
      return known;
    }
    const drawn = { id: `n${this.#nodes.size + 1}`, ...node };
    this.#nodes.set(identity, drawn);
    below(drawn.id);
    return drawn;
  }
}

/** Where the value of a list entry is, which nothing else tells: it is dropped. */
function sourceOf({ input }: NamedInput, { slots, appNodes }: Graph): Source {
  if (input?.kind !== 'depends') return { kind: 'absent' };
  const node = appNodes.find(({ provider }) => provider.dependable === input.dependable);
  if (node !== undefined) return { kind: 'app', node };
  const slot = slots.find((one) => one.kind === 'dependency' && one.provider.dependable === input.dependable);
  return slot === undefined ? { kind: 'absent' } : { kind: 'slot', slot };
}

function scopesOf(named: NamedInput | undefined): readonly string[] {
  return named?.input?.kind === 'depends' ? named.input.scopes : [];
}

/** Labels are HTML with entities in Mermaid's own form; backticks would make them Markdown. */
function escape(text: string): string {
  return text.replace(/["#&<>`\\]/g, (character) => `#${character.charCodeAt(0)};`).replace(/\s*\n\s*/g, '<br>');
}
