import { isPublic, type Operation, operationName, type Requirement } from '../model/operation.ts';
import { type Command, print, readArguments } from './command.ts';
import { inspectApp } from './load.ts';

const usage = `Usage: portico routes FILE [--unprotected]

Lists the operations of the app that FILE exports: method, path, handler, security (alternatives joined by "|", what is
required together by "+"), scopes, and whether the controller is made once or per request.

  --unprotected  list those that an anonymous request gets into, and exit with 1 where one does not say "public: true"
`;

const HEAD = ['METHOD', 'PATH', 'HANDLER', 'SECURITY', 'SCOPES', 'CONTROLLER'];

/** `portico routes` */
export const routes: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, { unprotected: { type: 'boolean' } });
  const { operations } = await inspectApp(file);
  if (values.unprotected !== true) {
    await print(table([HEAD, ...operations.map(rowOf)]));
    return 0;
  }
  const unprotected = operations.filter(isPublic);
  if (unprotected.length > 0) await print(table([HEAD, ...unprotected.map(rowOf)]));
  const unmarked = unprotected.filter(({ declaration }) => declaration.options.public !== true).length;
  if (unmarked === 0) return 0;
  const subject =
    unmarked === 1 ? '1 operation has no security and does' : `${unmarked} operations have no security and do`;
  console.error(`${subject} not say 'public: true'`);
  return 1;
}

function rowOf({ declaration, security, graph }: Operation): string[] {
  const { method, template, options } = declaration;
  const scopes = new Set(security.flatMap((requirement) => requirement.flatMap((required) => required.scopes)));
  return [
    method,
    template.pattern,
    operationName(declaration),
    security.map(requirementText).join('|') || (options.public === true ? 'public' : '-'),
    [...scopes].join(' ') || '-',
    graph.controller.kind === 'app' ? 'once' : 'per request',
  ];
}

function requirementText(requirement: Requirement): string {
  return requirement.map(({ scheme }) => scheme.schemeName).join('+') || 'none';
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}
