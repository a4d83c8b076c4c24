import type { Need, Node } from './dependency-graph.ts';

/**
 * A dependency graph as text: dependencies are below their operation. One that was already shown with its own
 * dependencies ends in "…".
 */
export function tree(nodes: readonly Node[], width: number): string {
  const shown = new Set<Node>();
  const lines = nodes.flatMap((node) =>
    node.shape === 'operation' ? [`${node.name}  ${node.suffix}`, ...linesBelow(node, '', shown)] : [],
  );
  return lines.map((line) => `${cut(line, width)}\n`).join('');
}

function linesBelow({ needs }: Node, indent: string, shown: Set<Node>): string[] {
  return needs.flatMap((need, index) => {
    const [branch, below] = index === needs.length - 1 ? ['└─ ', '   '] : ['├─ ', '│  '];
    const again = shown.has(need.node) && need.node.needs.length > 0;
    const line = `${indent}${branch}${textOf(need)}${again ? ' …' : ''}`;
    if (again) return [line];
    shown.add(need.node);
    return [line, ...linesBelow(need.node, indent + below, shown)];
  });
}

function textOf({ node: { name, suffix }, scopes }: Need): string {
  const said = [name.replace(/\s*\n\s*/g, ' '), suffix, scopes.length === 0 ? '' : `[${scopes.join(' ')}]`];
  return said.filter((part) => part !== '').join(' ');
}

function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, width - 1)}…` : line;
}
