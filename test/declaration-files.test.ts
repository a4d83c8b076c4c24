import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const tsc = join(root, 'node_modules/typescript/bin/tsc');
const modules = join(root, 'node_modules');
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** The package's declarations, as they are published. */
let published: string;
const consumers: string[] = [];

before(() => {
  published = mkdtempSync(join(tmpdir(), 'portico-declarations-'));
  const options = [
    '-p',
    join(root, 'tsconfig.build.json'),
    '--emitDeclarationOnly',
    '--outDir',
    join(published, 'dist'),
  ];
  execFileSync(process.execPath, [tsc, ...options], { stdio: 'inherit' });
  cpSync(join(root, 'package.json'), join(published, 'package.json'));
});

after(() => {
  for (const folder of [published, ...consumers]) rmSync(folder, { recursive: true, force: true });
});

/** A project as npm or pnpm installs it: with pnpm only what it names itself can be imported by it. */
function consumer(layout: 'npm' | 'pnpm', installed: readonly string[] = []): string {
  const project = mkdtempSync(join(tmpdir(), `portico-${layout}-`));
  consumers.push(project);
  const own = join(project, 'node_modules');
  const home = layout === 'npm' ? own : join(own, '.pnpm/portico@0/node_modules');
  mkdirSync(home, { recursive: true });
  cpSync(published, join(home, 'portico'), { recursive: true });
  const link = (name: string, folder: string): void => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    symlinkSync(join(modules, name), join(folder, name), 'junction');
  };
  for (const name of ['zod', ...Object.keys(dependencies)]) link(name, home);
  if (layout === 'pnpm') {
    symlinkSync(join(home, 'portico'), join(own, 'portico'), 'junction');
    link('zod', own);
  }
  for (const name of installed) link(name, own);
  writeFileSync(join(project, 'package.json'), '{"type":"module","private":true}');
  return project;
}

/** What tsc has to say of these files. */
function compile(project: string, files: Record<string, string>, options: object): string {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    experimentalDecorators: true,
    ...options,
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
  try {
    execFileSync(process.execPath, [tsc, '-p', project], { encoding: 'utf8' });
    return '';
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}

const REUSES = `
import type { AppOptions, Context } from 'portico';
import * as files from 'portico/files';
import * as testing from 'portico/testing';
import * as app from './app.js';
export const again = { ...app };
export const allTesting = { ...testing };
export const document = app.app.openapi();
export const documents = () => [app.app.openapi({ version: '3.0' }), app.app.openapi({ version: '3.2' })] as const;
export const { openapi, include, onError } = app.app;
export const { controllers, dependencies, operationId, transform } = app.options as AppOptions;
export const headers = () => app.errors.http.headers;
export const bodyOf = (context: Context) => context.response.body;
export const assets = files.staticFiles('/assets', 'assets');
export const mismatches = () => testing.findSecurityMismatches(app.app);
`;

const OUTPUT = { declaration: true, emitDeclarationOnly: true, outDir: 'types', skipLibCheck: true };

describe('an application with declaration files', () => {
  for (const layout of ['npm', 'pnpm'] as const) {
    test(`can name every type it infers, as ${layout} installs the package`, () => {
      const project = consumer(layout);
      const inferred = readFileSync(join(root, 'test/fixtures/inferred.ts'), 'utf8');
      const files = { 'app.ts': inferred, 'reuses.ts': REUSES };
      assert.equal(compile(project, files, { ...OUTPUT, types: [] }), '');
      const written = readFileSync(join(project, 'types/app.d.ts'), 'utf8');
      assert.doesNotMatch(written, /node_modules|[.][.][/]|portico[/]dist/);
      assert.deepEqual(written.match(/.*openapi3-ts.*/g), null);
    });
  }
});

describe('the declarations of the package', () => {
  const uses = `import * as portico from 'portico';\nimport * as middleware from 'portico/middleware';\nimport * as testing from 'portico/testing';
const app = new portico.App({ title: 't', version: '1' });
const undone: Disposable = app.override(portico.dependency(() => 1), () => 2);
export const all = [portico, middleware, testing, undone, app.scope()];
// @ts-expect-error: a scope has nothing but get and close, which no type that is missing hides
app.scope().nothing;
// @ts-expect-error: nor has a disposable
undone.nothing;
`;

  test('need no types of Node, nor a `lib` beyond the default', () => {
    const options = { noEmit: true, types: [], skipLibCheck: false };
    assert.equal(compile(consumer('npm', ['jose']), { 'web.ts': uses }, options), '');
  });

  test('are whole with Node’s types and without those of browsers', () => {
    const project = consumer('npm', ['@types/node', 'undici-types', 'jose']);
    const node = `${uses}import * as node from 'portico/node';\nexport { node };\n`;
    const options = { noEmit: true, lib: ['es2023'], types: ['node'], skipLibCheck: false };
    assert.equal(compile(project, { 'node.ts': node }, options), '');
  });
});
