import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Command, Failure, print, readArguments, UsageError } from './command.ts';
import { firstDifference } from './difference.ts';
import { inspectApp } from './load.ts';

const usage = `Usage: portico openapi FILE [--out FILE] [--check]

Writes the OpenAPI document of the app that FILE exports.

  --out FILE  write it to FILE; to standard output unless set
  --check     write nothing; exit with 1 where the file of --out is missing or stale
`;

/** `portico openapi` */
export const openapi: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, { out: { type: 'string' }, check: { type: 'boolean' } });
  const { out, check = false } = values;
  if (out === '') throw new UsageError('--out needs the name of a file');
  if (check && out === undefined) throw new UsageError('--check needs the file to check: --out FILE');
  const app = await inspectApp(file);
  const text = `${JSON.stringify(app.openapi(), undefined, 2)}\n`;
  if (out === undefined) {
    await print(text);
    return 0;
  }
  if (check) {
    const fault = faultOf(out, text);
    if (fault !== undefined) throw new Failure(`${fault}\nWrite it with: portico openapi ${file} --out ${out}`);
    await print(`${out} is up to date\n`);
    return 0;
  }
  try {
    writeFileSync(out, text);
  } catch (error) {
    throw new Failure(`${out} cannot be written: ${(error as Error).message}`, { cause: error });
  }
  return 0;
}

/** What is wrong with the file on disk; how it is laid out does not count, so that a formatter may have its way. */
function faultOf(out: string, text: string): string | undefined {
  if (!existsSync(out)) return `${out} does not exist`;
  let onDisk: unknown;
  try {
    onDisk = JSON.parse(readFileSync(out, 'utf8'));
  } catch (error) {
    return `${out} cannot be read: ${(error as Error).message}`;
  }
  const difference = firstDifference(onDisk, JSON.parse(text));
  return difference && `${out} is stale; the first difference is at ${difference}`;
}
