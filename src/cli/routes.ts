import { isPublic, type Operation, operationName, type Requirement } from '../model/operation.ts';
import { type Command, print, readArguments, terminalWidth } from './command.ts';
import { ENVIRONMENT_OPTION, readEnvironment } from './environment.ts';
import { inspectApp } from './load.ts';
import { fits, table } from './table.ts';

const usage = `Usage: portico routes FILE [--unprotected] [--env-file FILE]...

Lists the operations of the app that FILE exports: method, path, handler, security schemes ("|" between alternatives, "+"
between schemes that are required together), scopes, and whether the controller is created once or per request. In a
narrow terminal, the operations are grouped by controller.

  --unprotected    list operations that need no credentials, and exit with 1 if one of them does not say "public: true"
  --env-file FILE  a file of environment variables; may be repeated
`;

const HEAD = ['METHOD', 'PATH', 'HANDLER', 'SECURITY', 'SCOPES', 'CONTROLLER'];

/** `portico routes` */
export const routes: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, { ...ENVIRONMENT_OPTION, unprotected: { type: 'boolean' } });
  readEnvironment(values['env-file']);
  const { operations } = await inspectApp(file);
  if (values.unprotected !== true) {
    await print(listing(operations, terminalWidth()));
    return 0;
  }
  const unprotected = operations.filter(isPublic);
  if (unprotected.length > 0) await print(listing(unprotected, terminalWidth()));
  const unmarked = unprotected.filter(({ declaration }) => declaration.options.public !== true).length;
  if (unmarked === 0) return 0;
  const subject =
    unmarked === 1 ? '1 operation has no security and does' : `${unmarked} operations have no security and do`;
  console.error(`${subject} not say 'public: true'`);
  return 1;
}

/** One line for each operation; if that is too wide, whatever the operations of a controller share is printed once. */
function listing(operations: readonly Operation[], width: number): string {
  const rows = operations.map(rowOf);
  const whole = table([HEAD, ...rows], Number.POSITIVE_INFINITY);
  if (fits(whole, width)) return whole;
  const lines: (string | string[])[] = [HEAD.slice(0, -1)];
  let last = '';
  for (const [method = '', path = '', handler = '', security = '', scopes = '', made = ''] of rows) {
    const dot = handler.lastIndexOf('.');
    const title = `${handler.slice(0, dot)}, made ${made}`;
    if (title !== last) lines.push('', title);
    lines.push([method, path, handler.slice(dot + 1), security, scopes]);
    last = title;
  }
  return table(lines, width);
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
