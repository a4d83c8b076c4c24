import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from './command.ts';

/** The option of commands that import FILE. */
export const ENVIRONMENT_OPTION = { 'env-file': { type: 'string', multiple: true } } as const;

/** What `portico dev` reads where it is not told otherwise, and only if it is there. */
const USUAL = '.env';

/** Reads files of environment variables: what the environment has already stays, and a later file beats an earlier one. */
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

/** Throws where a file is missing; it depends on how the command was started whether Node is there first. */
export function checkEnvironment(files: readonly string[] = []): void {
  for (const file of files) {
    if (file === '' || !existsSync(file)) throw new Failure(`The file '${file}' of --env-file does not exist`);
  }
}

/** The files that a development server reads at this moment. */
export function filesInDevelopment(files: readonly string[] = existsSync(USUAL) ? [USUAL] : []): readonly string[] {
  return files;
}

/** The paths whose change a development server has to notice, also where there is no file yet. */
export function pathsInDevelopment(files: readonly string[] = [USUAL]): string[] {
  return files.map((file) => resolve(file));
}
