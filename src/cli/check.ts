import type { DocumentCheck } from '../testing/document-check.ts';
import { findDocumentMismatches } from '../testing/document-check.ts';
import { describeMismatches } from '../testing/report.ts';
import { type Command, print, readArguments, UsageError } from './command.ts';
import { ENVIRONMENT_OPTION, readEnvironment } from './environment.ts';
import { inspectApp } from './load.ts';

const usage = `Usage: portico check FILE [--requests N] [--seed N] [--header 'NAME: VALUE']... [--operation ID]... [--env-file FILE]...

Sends valid and invalid requests, generated from the document, to every operation of the app that FILE exports, and exits
with 1 if a response does not match the document. The requests are real: handlers run. Needs the packages fast-check and
ajv.

  --requests N            requests for each operation (default: 50)
  --seed N                repeat the requests of a previous check
  --header 'NAME: VALUE'  send this with every request, such as credentials; may be repeated
  --operation ID          check only this operation, given as its operationId or as 'GET /items/{itemId}';
                          may be repeated
  --env-file FILE         a file of environment variables; may be repeated
`;

const OPTIONS = {
  ...ENVIRONMENT_OPTION,
  requests: { type: 'string' },
  seed: { type: 'string' },
  header: { type: 'string', multiple: true },
  operation: { type: 'string', multiple: true },
} as const;

/** `portico check` */
export const check: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, OPTIONS);
  const { requests, seed, header = [], operation } = values;
  const options = {
    headers: Object.fromEntries(header.map(readHeader)),
    ...(requests === undefined ? {} : { requests: wholeNumber('--requests', requests, 1) }),
    ...(seed === undefined ? {} : { seed: wholeNumber('--seed', seed, Number.MIN_SAFE_INTEGER) }),
    ...(operation === undefined ? {} : { operations: operation }),
  };
  readEnvironment(values['env-file']);
  const app = await inspectApp(file);
  try {
    return await tell(await findDocumentMismatches(app, options));
  } finally {
    await app.close();
  }
}

async function tell({ mismatches, unchecked, requests, seed }: DocumentCheck): Promise<number> {
  for (const { method, path, reason } of unchecked) console.error(`${method} ${path} was not fully checked: ${reason}`);
  if (mismatches.length > 0) {
    console.error(describeMismatches(mismatches, seed));
    return 1;
  }
  await print(`${requests} requests were answered as documented (seed ${seed})\n`);
  return 0;
}

function readHeader(header: string): [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*?)\s*$/.exec(header) ?? [];
  if (name === undefined || value === undefined) throw new UsageError(`--header needs 'NAME: VALUE', not '${header}'`);
  return [name, value];
}

function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(number) || number < least) {
    throw new UsageError(`${option} needs a whole number${least > 0 ? ` of at least ${least}` : ''}, not '${text}'`);
  }
  return number;
}
