import type { DocumentCheck } from '../testing/document-check.ts';
import { findDocumentMismatches } from '../testing/document-check.ts';
import { describeMismatches } from '../testing/report.ts';
import { type Command, print, readArguments, UsageError } from './command.ts';
import { ENVIRONMENT_OPTION, readEnvironment } from './environment.ts';
import { inspectApp } from './load.ts';

const usage = `Usage: portico check FILE [--requests N] [--seed N] [--header 'NAME: VALUE']... [--operation ID]... [--env-file FILE]...

Sends valid and nearly valid requests, made from the document alone, to every operation of the app that FILE exports,
and exits with 1 where answers disagree with the document. Requests are real: what they reach runs. Needs the packages
fast-check and ajv.

  --requests N            requests for each operation; 50 unless set
  --seed N                repeats what a check with this seed has sent
  --header 'NAME: VALUE'  sent with every request, such as credentials
  --operation ID          checks this operation alone, by its operationId or as 'GET /items/{itemId}'
  --env-file FILE         environment variables to begin with
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
  for (const { method, path, reason } of unchecked)
    console.error(`${method} ${path} was not completely checked: ${reason}`);
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
