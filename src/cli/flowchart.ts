import type { Node } from './dependency-graph.ts';

/** The brackets around a label, by kind of node. */
const SHAPES = {
  operation: ['(["', '"])'],
  scheme: ['{{"', '"}}'],
  dependency: ['["', '"]'],
} as const;

/** A dependency graph as a Mermaid flowchart; arrows point to dependencies. */
export function flowchart(nodes: readonly Node[]): string {
  const ids = new Map(nodes.map((node, index) => [node, `n${index + 1}`]));
  const drawn = nodes.map((node) => {
    const [before, after] = SHAPES[node.shape];
    return `  ${ids.get(node)}${before}${labelOf(node)}${after}\n`;
  });
  const arrows = nodes.flatMap((node) =>
    node.needs.map((need) => {
      const label = need.scopes.length === 0 ? '' : `|"${escape(need.scopes.join(' '))}"|`;
      return `  ${ids.get(node)} -->${label} ${ids.get(need.node)}\n`;
    }),
  );
  return `flowchart LR\n${drawn.join('')}${arrows.join('')}`;
}

function labelOf({ shape, name, suffix }: Node): string {
  if (suffix === '') return escape(name);
  return `${escape(name)}${shape === 'operation' ? '<br>' : ' '}${escape(suffix)}`;
}

/** Labels are HTML with entities in Mermaid's own form; backticks would turn them into Markdown. */
function escape(text: string): string {
  return text.replace(/["#&<>`\\]/g, (character) => `#${character.charCodeAt(0)};`).replace(/\s*\n\s*/g, '<br>');
}
