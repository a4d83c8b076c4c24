import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
export const root = dirname(here);
const built = join(here, '.build');

/** Compiles `servers/` with tsc; types are the concern of `npm run types`. */
export function compileServers() {
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(here, 'node_modules/typescript/bin/tsc'), '-p', here, '--noCheck'],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`tsc failed:\n${stdout}`);
}

/**
 * Puts a built Portico and the Portico servers into a folder of their own, laid out as npm would: one zod for both, and
 * no other package of this folder in reach. Returns the folder, or undefined when nothing is built.
 */
export function placePortico(checkout, label) {
  const dist = join(checkout, 'dist');
  if (!existsSync(join(dist, 'index.js'))) return undefined;
  const target = join(here, '.targets', label);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'node_modules/portico'), { recursive: true });
  cpSync(dist, join(target, 'node_modules/portico/dist'), { recursive: true });
  copyFileSync(join(checkout, 'package.json'), join(target, 'node_modules/portico/package.json'));
  const { dependencies = {} } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), 'zod']) {
    mkdirSync(dirname(join(target, 'node_modules', name)), { recursive: true });
    symlinkSync(join(checkout, 'node_modules', name), join(target, 'node_modules', name));
  }
  mkdirSync(join(target, 'bun'));
  for (const file of readdirSync(built, { recursive: true })) {
    if (/^(bun\/)?portico.*\.js$|^store\.js$/.test(file)) copyFileSync(join(built, file), join(target, file));
  }
  return target;
}

/** Does the built Portico know `serve(app, { fastWrite: true })`? */
function knowsFastWrite(dist) {
  const folder = join(dist, 'adapters');
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some(
    (name) => name.endsWith('.d.ts') && readFileSync(join(folder, name), 'utf8').includes('fastWrite'),
  );
}

/** Those of `all` that can be started, ready to be; `only` is a list of names with commas. */
export function prepare({ only, all }) {
  if (!existsSync(join(here, 'node_modules'))) throw new Error('npm ci in bench/ first');
  const names = only?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !all.some((server) => server.name === name));
  if (unknown !== undefined) {
    throw new Error(`${unknown} is no server; there are ${all.map((server) => server.name).join(', ')}`);
  }
  compileServers();
  const placed = placePortico(root, 'here');
  const fastWrite = placed !== undefined && knowsFastWrite(join(root, 'dist'));
  const skipped = [];
  const servers = all.flatMap((server) => {
    if (names && !names.includes(server.name)) return [];
    if (!server.portico) return [{ ...server, file: join(built, server.entry) }];
    if (placed === undefined) {
      skipped.push(`${server.title}: not built; run npm run build in the folder above`);
      return [];
    }
    if (server.fastWrite && !fastWrite) {
      skipped.push(`${server.title}: this build has no such option`);
      return [];
    }
    return [{ ...server, file: join(placed, server.entry), env: server.fastWrite ? { FAST_WRITE: '1' } : {} }];
  });
  return { servers, skipped };
}
