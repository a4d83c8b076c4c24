import type { AppNode } from '../model/app-nodes.ts';
import type { DependencySlot, Source } from '../model/graph.ts';
import { type Operation, operationName } from '../model/operation.ts';
import type { NamedInput } from '../model/parameters.ts';
import type { Provider } from '../model/provider.ts';

/** Operations and what they depend on as a Mermaid flowchart; an arrow leads to what is needed. */
export function flowchart(operations: readonly Operation[]): string {
  const chart = new Flowchart();
  for (const operation of operations) chart.addOperation(operation);
  return chart.toString();
}

/** A node's id, and whether it was there before, with everything below it. */
interface Drawn {
  readonly id: string;
  readonly known: boolean;
}

/** Draws each dependency once, however many operations use it. */
class Flowchart {
  readonly #ids = new Map<object, string>();
  readonly #nodes: string[] = [];
  readonly #arrows = new Set<string>();

  addOperation({ declaration, graph }: Operation): void {
    const { method, template, listed, parameters } = declaration;
    const label = `${escape(`${method} ${template.pattern}`)}<br>${escape(operationName(declaration))}`;
    const { id } = this.#node(declaration, `(["${label}"])`);
    for (const named of listed) this.#arrow(id, sourceOf(named, graph.slots, graph.appNodes), scopesOf(named));
    this.#arrow(id, graph.controller, []);
    for (const [index, source] of graph.parameters.entries()) this.#arrow(id, source, scopesOf(parameters[index]));
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
    const { id, known } = this.#provider(provider, lifetime === 'request' ? name : `${name} (${lifetime})`);
    if (!known) for (const { source, scopes } of inputs) this.#arrow(id, source, scopes);
    return id;
  }

  #appNode({ provider, name, inputs }: AppNode): string {
    const { id, known } = this.#provider(provider, `${name} (app)`);
    if (!known) for (const { node } of inputs) if (node !== undefined) this.#arrow(id, { kind: 'app', node }, []);
    return id;
  }

  #provider({ dependable, run }: Provider, name: string): Drawn {
    return this.#node(dependable, run.takes === 'credentials' ? `{{"${escape(name)}"}}` : `["${escape(name)}"]`);
  }

  #node(identity: object, shape: string): Drawn {
    const known = this.#ids.get(identity);
    if (known !== undefined) return { id: known, known: true };
    const id = `n${this.#ids.size + 1}`;
    this.#ids.set(identity, id);
    this.#nodes.push(`${id}${shape}`);
    return { id, known: false };
  }

  toString(): string {
    return `${['flowchart LR', ...this.#nodes.map(indent), ...[...this.#arrows].map(indent)].join('\n')}\n`;
  }
}

/** Where the value of a list entry is, which nothing else tells: it is dropped. */
function sourceOf({ input }: NamedInput, slots: Operation['graph']['slots'], nodes: readonly AppNode[]): Source {
  if (input?.kind !== 'depends') return { kind: 'absent' };
  const node = nodes.find(({ provider }) => provider.dependable === input.dependable);
  if (node !== undefined) return { kind: 'app', node };
  const slot = slots.find((one) => one.kind === 'dependency' && one.provider.dependable === input.dependable);
  return slot === undefined ? { kind: 'absent' } : { kind: 'slot', slot };
}

function scopesOf(named: NamedInput | undefined): readonly string[] {
  return named?.input?.kind === 'depends' ? named.input.scopes : [];
}

/** Labels are HTML with Mermaid's own form of entities, and a backtick at the start would make them Markdown. */
function escape(text: string): string {
  return text.replace(/["#&<>`\\]/g, (character) => `#${character.charCodeAt(0)};`).replace(/\s+/g, ' ');
}

function indent(line: string): string {
  return `  ${line}`;
}
