import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

// Builds the package into `dist`, or into the folder named: the declarations that the entries of package.json lead to,
// file by file, and one module for each entry with what several of them share in modules of their own. Node takes half a
// millisecond for each module that it loads, and the sources are a hundred.
//
// No maps: they would need the sources beside them, which is as much again. The modules are not minified, so that traces
// have names, and the declarations keep their comments, so that they are what "go to definition" should show.

const root = join(import.meta.dirname, '..');
const folder = resolve(process.argv[2] ?? join(root, 'dist'));
const { exports, bin } =
  /** @type {{ exports: Record<string, string | { default: string }>; bin: Record<string, string> }} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  );
const modules = Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : [target.default]));
const entryPoints = [...modules, ...Object.values(bin)].map((file) =>
  join(root, file.replace(/^(?:\.\/)?dist/, 'src').replace(/\.js$/, '.ts')),
);

/** CommonJS takes Node far longer to load than a part of a module. */
const bundled = {
  name: 'bundled',
  setup(/** @type {import('esbuild').PluginBuild} */ plugins) {
    plugins.onResolve({ filter: /^cookie$/ }, ({ path }) => ({ path: fileURLToPath(import.meta.resolve(path)) }));
  },
};

const common = {
  outbase: join(root, 'src'),
  outdir: folder,
  tsconfig: join(root, 'tsconfig.build.json'),
  bundle: true,
  format: /** @type {const} */ ('esm'),
  platform: /** @type {const} */ ('neutral'),
  packages: /** @type {const} */ ('external'),
  target: 'es2022',
  logLevel: /** @type {const} */ ('warning'),
};
const index = join(root, 'src/index.ts');
const { metafile } = await build({ ...common, entryPoints: [index], plugins: [bundled], write: false, metafile: true });
/** Whatever the index leads to: one module for all entries, where esbuild alone would make a dozen. */
const core = Object.keys(metafile.inputs)
  .map((file) => resolve(file))
  .filter((file) => file !== index);
/** All entries but the command line, which loads `app.ts` with an app, if at all. */
const users = new Set([join(root, 'src/app.ts'), ...entryPoints.filter((file) => !/[\\/]cli[\\/]/.test(file))]);

/** Makes them reach all of the core: esbuild divides modules by the entries that reach them. */
const undivided = {
  name: 'undivided',
  setup(/** @type {import('esbuild').PluginBuild} */ plugins) {
    plugins.onLoad({ filter: /\.ts$/ }, ({ path }) =>
      users.has(path) ? { contents: `${readFileSync(path, 'utf8')}\nimport 'core';`, loader: 'ts' } : undefined,
    );
    plugins.onResolve({ filter: /^core$/ }, () => ({ path: 'core', namespace: 'core' }));
    plugins.onLoad({ filter: /./, namespace: 'core' }, () => ({
      contents: core.map((file) => `import ${JSON.stringify(file)};`).join('\n'),
      resolveDir: root,
    }));
  },
};

rmSync(folder, { recursive: true, force: true });
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const declarations = ['-p', join(root, 'tsconfig.build.json'), '--emitDeclarationOnly', '--outDir', folder];
execFileSync(process.execPath, [compiler, ...declarations], { stdio: ['ignore', 'inherit', 'inherit'] });
const reachable = declarationsOf(
  modules.map((file) => join(folder, file.replace(/^\.\/dist/, '').replace(/\.js$/, '.d.ts'))),
);
for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
  const file = join(folder, name);
  if (name.endsWith('.d.ts') && !reachable.has(file)) rmSync(file);
}
await build({
  ...common,
  entryPoints,
  splitting: true,
  plugins: [bundled, undivided],
  chunkNames: 'shared-[hash]',
  // That the core is imported without a name is all that is wanted of it.
  logOverride: { 'ignored-bare-import': 'silent' },
});

/** Declaration files, and all that they import; no other can be seen by whoever uses the package. */
function declarationsOf(/** @type {readonly string[]} */ files) {
  const found = new Set(files);
  for (const file of found) {
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(
      /\b(?:from|import)\s*\(?\s*['"](\.[^'"]+)['"]/g,
    )) {
      found.add(join(dirname(file), specifier.replace(/\.[jt]s$/, '.d.ts')));
    }
  }
  return found;
}
