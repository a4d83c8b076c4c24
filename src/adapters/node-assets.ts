import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * Reads a file of an optional package; undefined if the package or the file is not installed.
 *
 * A package that is not a peer of this one is looked up from the working directory.
 */
export async function readAsset(packageName: string, path: string): Promise<Uint8Array | undefined> {
  for (const place of [import.meta.url, join(process.cwd(), 'package.json')]) {
    const root = rootOf(packageName, place);
    if (root === undefined) continue;
    try {
      return await readFile(join(root, path));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
  return undefined;
}

/** The folder of a package. Its `package.json` need not be exported, but its main entry is. */
function rootOf(name: string, place: string): string | undefined {
  try {
    const main = createRequire(place).resolve(name);
    const folder = join('node_modules', name);
    const at = main.lastIndexOf(folder);
    return at === -1 ? undefined : main.slice(0, at + folder.length);
  } catch {
    return undefined;
  }
}
