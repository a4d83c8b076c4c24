import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Failure, print, readArguments } from './command.ts';

const usage = `Usage: portico new DIR

Creates a project in DIR, which must not exist or be empty: an app with a controller and its test, package.json,
tsconfig.json and a Dockerfile. Does not install anything.
`;

/** The project's template. */
const TEMPLATE = fileURLToPath(new URL('../../templates/project/', import.meta.url));

/** The placeholder for the project's name in the template. */
const NAME = /\bmy-app\b/g;

/** Files that npm would leave out, or interpret, under their own names. */
const RENAMED = new Map([['gitignore', '.gitignore']]);

/** `portico new` */
export const newProject: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file: folder } = readArguments(args, {}, 'DIR');
  const name = nameOf(folder);
  requireEmpty(folder);
  for (const file of templateFiles()) {
    const text = readFileSync(join(TEMPLATE, file), 'utf8').replaceAll(NAME, name);
    write(join(folder, RENAMED.get(file) ?? file), text);
  }
  const place = relative('', folder);
  const enter =
    place === '' ? '' : `  cd ${/^[\w./-]+$/.test(place) ? place : `'${place.replaceAll("'", `'\\''`)}'`}\n`;
  await print(`Created ${name}${place === '' ? '' : ` in ${place}`}. Next:\n\n${enter}  npm install\n  npm run dev\n`);
  return 0;
}

function templateFiles(): string[] {
  return readdirSync(TEMPLATE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(TEMPLATE, join(entry.parentPath, entry.name)));
}

/** The folder's name as a valid package name. */
function nameOf(folder: string): string {
  const letters = basename(resolve(folder)).normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const name = letters
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 200);
  if (name === '') throw new Failure(`No package name can be derived from '${basename(resolve(folder))}'`);
  // npm refuses to install a package into one of the same name.
  return isTaken(name) ? `${name}-app` : name;
}

function isTaken(name: string): boolean {
  const manifest = JSON.parse(readFileSync(join(TEMPLATE, 'package.json'), 'utf8')) as Record<string, object>;
  const { dependencies, devDependencies } = manifest;
  return ['node_modules', ...Object.keys({ ...dependencies, ...devDependencies })].includes(name);
}

/** A repository without files counts as empty. */
function requireEmpty(folder: string): void {
  let entries: string[];
  try {
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) return;
    entries = readdirSync(folder).filter((entry) => entry !== '.git');
  } catch (error) {
    throw new Failure(`${folder} cannot be used: ${(error as Error).message}`, { cause: error });
  }
  if (entries.length === 0) return;
  throw new Failure(`${folder} is not empty: it contains '${entries[0]}'. Nothing was written`);
}

/** Writes a new file. */
function write(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    throw new Failure(`${file} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}
