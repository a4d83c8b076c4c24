import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';

/** The tsconfig.json that tsx uses, the nearest from the working directory up, and the files that it extends. */
export function configurationFiles(): string[] {
  const files = new Set([nearest(resolve())]);
  for (const file of files) for (const base of extendedBy(file)) files.add(base);
  return [...files];
}

/** If there is none, it is expected in the working directory. */
function nearest(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const file = join(folder, 'tsconfig.json');
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) return join(start, 'tsconfig.json');
  }
}

/** Bases in installed packages do not change; the file may have comments, so it is not parsed as JSON. */
function extendedBy(file: string): string[] {
  if (!existsSync(file)) return [];
  const [, bases = ''] = /"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/.exec(readFileSync(file, 'utf8')) ?? [];
  return Array.from(bases.matchAll(/"([^"]+)"/g), ([, base = '']) => base)
    .filter((base) => base.startsWith('.') || isAbsolute(base))
    .map((base) => resolve(dirname(file), base.endsWith('.json') ? base : `${base}.json`));
}
