import { type Command, print, readArguments, terminalWidth, UsageError } from './command.ts';
import { dependencyGraph, type Node } from './dependency-graph.ts';
import { ENVIRONMENT_OPTION, readEnvironment } from './environment.ts';
import { flowchart } from './flowchart.ts';
import { inspectApp } from './load.ts';
import { tree } from './tree.ts';

const usage = `Usage: portico graph FILE [--format mermaid|tree] [--env-file FILE]...

Prints the dependency graph of the app that FILE exports.

  --format FORMAT  mermaid, a flowchart, or tree, the dependencies of each operation (default: tree on a terminal,
                   otherwise mermaid)
  --env-file FILE  a file of environment variables; may be repeated
`;

const FORMATS = new Map<string, (nodes: readonly Node[]) => string>([
  ['mermaid', flowchart],
  ['tree', (nodes) => tree(nodes, terminalWidth())],
]);

/** `portico graph` */
export const graph: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, { ...ENVIRONMENT_OPTION, format: { type: 'string' } });
  const { format = process.stdout.isTTY ? 'tree' : 'mermaid' } = values;
  const write = FORMATS.get(format);
  if (write === undefined) throw new UsageError(`--format '${format}' is neither 'mermaid' nor 'tree'`);
  readEnvironment(values['env-file']);
  const { operations } = await inspectApp(file);
  await print(write(dependencyGraph(operations)));
  return 0;
}
