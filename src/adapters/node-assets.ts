import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Reads a file of the optional package `swagger-ui-dist`; undefined where it is not installed. */
export async function readAsset(name: string): Promise<Uint8Array | undefined> {
  let folder: string;
  try {
    folder = dirname(require.resolve('swagger-ui-dist/package.json'));
  } catch {
    return undefined;
  }
  return readFile(join(folder, name));
}
