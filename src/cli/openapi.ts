import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type Command, Failure, print, readArguments, UsageError } from './command.ts';
import { firstDifference } from './difference.ts';
import { ENVIRONMENT_OPTION, readEnvironment } from './environment.ts';
import { inspectApp } from './load.ts';
import { type OpenApiDocuments, type OpenApiVersion, readVersion } from '../openapi/version.ts';

const usage = `Usage: portico openapi FILE [--version VERSION] [--out FILE] [--check] [--env-file FILE]...

Writes the OpenAPI document of the app that FILE exports.

  --version VERSION  3.0, 3.1 or 3.2 (default: that of the app)
  --out FILE         write to FILE, as YAML if it ends in .yaml or .yml (default: standard output)
  --check            write nothing; exit with 1 if the file of --out is missing or out of date
  --env-file FILE    a file of environment variables; may be repeated
`;

type AnyDocument = OpenApiDocuments[OpenApiVersion];

/** `portico openapi` */
export const openapi: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, {
    out: { type: 'string' },
    check: { type: 'boolean' },
    version: { type: 'string' },
    ...ENVIRONMENT_OPTION,
  });
  const { out, check = false, version } = values;
  if (out === '') throw new UsageError('--out needs the name of a file');
  if (check && out === undefined) throw new UsageError('--check needs the file to check: --out FILE');
  readEnvironment(values['env-file']);
  const app = await inspectApp(file);
  const isYaml = out !== undefined && /\.ya?ml$/i.test(out);
  const document: AnyDocument = app.openapi<OpenApiVersion>(
    version === undefined ? {} : { version: versionOf(version) },
  );
  const text = isYaml ? await toYaml(document) : `${JSON.stringify(document, undefined, 2)}\n`;
  if (out === undefined) {
    await print(text);
    return 0;
  }
  if (check) {
    const fault = isYaml ? yamlFaultOf(out, text) : faultOf(out, text);
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

function versionOf(version: string): OpenApiVersion {
  try {
    return readVersion(version);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** Loaded only when needed; lines are not folded, and values that YAML 1.1 would read differently are quoted. */
async function toYaml(document: AnyDocument): Promise<string> {
  /* c8 ignore next -- tsx adds a branch to import() */
  const { OpenApiBuilder } = await import('openapi3-ts/oas31');
  const builder = OpenApiBuilder.create(document as OpenApiDocuments['3.1']);
  return builder.getSpecAsYaml(undefined, { lineWidth: 0, compat: 'yaml-1.1' });
}

/** YAML is compared as text, because nothing here parses it. */
function yamlFaultOf(out: string, text: string): string | undefined {
  if (!existsSync(out)) return `${out} does not exist`;
  return readFileSync(out, 'utf8').replaceAll('\r\n', '\n') === text ? undefined : `${out} is out of date`;
}

/** What is wrong with the file on disk; its formatting is ignored, so that a formatter may change it. */
function faultOf(out: string, text: string): string | undefined {
  if (!existsSync(out)) return `${out} does not exist`;
  let onDisk: unknown;
  try {
    onDisk = JSON.parse(readFileSync(out, 'utf8'));
  } catch (error) {
    return `${out} cannot be read: ${(error as Error).message}`;
  }
  const difference = firstDifference(onDisk, JSON.parse(text));
  return difference && `${out} is out of date; the first difference is at ${difference}`;
}
