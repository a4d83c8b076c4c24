import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from './command.ts';

/** The option of commands that import FILE. */
export const ENVIRONMENT_OPTION = { 'env-file': { type: 'string', multiple: true } } as const;

/** The file that `portico dev` reads by default if it exists. */
const USUAL = '.env';

/** Reads files of environment variables: the environment itself wins, and a later file beats an earlier one. */
export function readEnvironment(files: readonly string[] = []): void {
  checkEnvironment(files);
  for (const file of files.toReversed()) {
    try {
      process.loadEnvFile(resolve(file));
    } catch (error) {
      throw new Failure(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Throws if a file is missing; depending on how the command was started, Node may have read it first. */
export function checkEnvironment(files: readonly string[] = []): void {
  for (const file of files) {
    if (file === '' || !existsSync(file)) throw new Failure(`The file '${file}' of --env-file does not exist`);
  }
}

/** The files that a development server currently reads. */
export function filesInDevelopment(files: readonly string[] = existsSync(USUAL) ? [USUAL] : []): readonly string[] {
  return files;
}

/** The paths that a development server has to watch, even if there is no file yet. */
export function pathsInDevelopment(files: readonly string[] = [USUAL]): string[] {
  return files.map((file) => resolve(file));
}
