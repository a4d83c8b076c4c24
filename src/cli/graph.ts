import { type Command, print, readArguments } from './command.ts';
import { flowchart } from './flowchart.ts';
import { inspectApp } from './load.ts';

const usage = `Usage: portico graph FILE

Prints the dependency graph of the app that FILE exports, as a Mermaid flowchart.
`;

/** `portico graph` */
export const graph: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file } = readArguments(args, {});
  const { operations } = await inspectApp(file);
  await print(flowchart(operations));
  return 0;
}
