import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recognizeCopies } from '../http/copies.ts';
import { FrameworkError } from '../http/errors.ts';

export interface FileInOptions {
  /** Also serves files and folders whose names begin with a dot. */
  readonly dotfiles?: boolean;
  /** The `Cache-Control` of the response; none unless set, and `no-store` if the operation has a scheme. */
  readonly cacheControl?: string;
  /** Makes the browser save the file, under this name if it is a string (RFC 6266). */
  readonly download?: boolean | string;
}

/** A file below a folder, which need not exist: `fileIn()` creates it, and `file()` sends it. */
export class LocalFile {
  readonly root: string;
  readonly path: string;
  readonly options: FileInOptions;
  /** The file served for a folder. */
  readonly index: string | undefined;

  /** @internal */
  constructor(root: string | URL, path: string, options: FileInOptions, index?: string) {
    this.root = resolve(typeof root === 'string' ? root : fileURLToPath(root));
    this.path = path;
    this.options = options;
    this.index = index;
  }
}

recognizeCopies(LocalFile, 'LocalFile');

/**
 * The value that a handler returns for `file()`: the file at a path below a folder.
 *
 * The path is decoded and has slashes, such as the value of `*path`. Paths that lead out of the folder, by `..` or by a
 * link, that are not files, or whose names begin with a dot count as missing: 404.
 */
export function fileIn(root: string | URL, path: string, options: FileInOptions = {}): LocalFile {
  return new LocalFile(root, path, options);
}

/** A resolved path below a folder, without links. */
export interface Located {
  /** The real path of the folder. */
  readonly root: string;
  /** The path below the folder, with slashes. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  readonly size: number;
}

/** Resolves a path; undefined for anything that may not be served. Rejects if the folder itself is missing. */
export async function locate({ root, path, options, index }: LocalFile): Promise<Located | undefined> {
  const dotfiles = options.dotfiles === true;
  if (typeof path !== 'string' || !isInside(path, dotfiles)) return undefined;
  const realRoot = await found(realpath(root));
  if (realRoot === undefined)
    throw new FrameworkError(`The folder ${root} of fileIn() or staticFiles() does not exist`);
  const real = await found(realpath(join(realRoot, path)));
  if (real === undefined) return undefined;
  const below = relative(realRoot, real);
  // There is no relative path to another drive, and the target of a link has to obey the rules as well.
  if (isAbsolute(below) || !isInside(below.replaceAll(sep, '/'), dotfiles)) return undefined;
  const stats = await found(stat(real));
  if (stats === undefined) return undefined;
  const place = { root: realRoot, path: below.replaceAll(sep, '/'), size: stats.size };
  if (stats.isFile()) return { ...place, kind: 'file' };
  return stats.isDirectory() && index !== undefined ? { ...place, kind: 'folder' } : undefined;
}

/** Characters that no served file has in its name, because they mean something else to some system. */
/* c8 ignore next -- each system has one of the two separators */
const FOREIGN = sep === '\\' ? /[\u0000\\:]|\p{Surrogate}/u : /[\u0000\\]|\p{Surrogate}/u; // oxlint-disable-line no-control-regex -- the system's calls end a path there

/** Whether a path with slashes stays below its start; nothing is normalised. */
function isInside(path: string, dotfiles: boolean): boolean {
  if (FOREIGN.test(path)) return false;
  const segments = path.split('/');
  return segments.every((segment, at) => {
    if (segment === '') return at === segments.length - 1;
    return segment !== '.' && segment !== '..' && (dotfiles || !segment.startsWith('.'));
  });
}

const MISSING: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP']);

/** The result, or undefined if there is no such file. */
async function found<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (MISSING.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
