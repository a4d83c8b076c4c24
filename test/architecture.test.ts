import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { test } from 'node:test';

/** What a folder of src may import: for use, and (in `import type`) for its types alone. `*` is anything. */
interface Rule {
  readonly uses: readonly string[];
  readonly types: readonly string[];
}

const SCHEMAS = ['zod'];
/** From the bottom up: a folder imports only from those listed before it. */
const RULES: Record<string, Rule> = {
  http: { uses: ['cookie'], types: [] },
  content: { uses: ['http', ...SCHEMAS], types: [] },
  metadata: { uses: [], types: ['content', 'http', 'openapi3-ts/oas31', ...SCHEMAS] },
  model: { uses: ['content', 'metadata', 'http', ...SCHEMAS], types: [] },
  plan: { uses: ['content', 'model', 'http', ...SCHEMAS], types: ['metadata'] },
  openapi: {
    uses: ['content', 'model', 'http'],
    types: ['metadata', 'openapi3-ts/oas30', 'openapi3-ts/oas31', 'openapi3-ts/oas32', ...SCHEMAS],
  },
  kinds: { uses: ['model', 'plan', 'openapi'], types: [] },
  decorators: { uses: ['kinds', 'metadata', 'http', ...SCHEMAS], types: ['content'] },
  security: { uses: ['kinds', 'metadata', 'http', ...SCHEMAS], types: ['openapi3-ts/oas31', 'openapi3-ts/oas32'] },
  'app-options.ts': { uses: ['content', 'http'], types: ['metadata', 'model', 'openapi', 'openapi3-ts/oas31'] },
  'app.ts': {
    uses: ['metadata', 'model', 'plan', 'openapi', 'http', 'app-options.ts'],
    types: ['openapi3-ts/oas31', ...SCHEMAS],
  },
  middleware: { uses: ['http'], types: [] },
  files: { uses: ['content', 'decorators', 'http', '@fastify/send', 'zod'], types: ['metadata'] },
  jwt: {
    uses: ['decorators', 'security', 'model', 'metadata', 'content', 'http'],
    types: ['openapi3-ts/oas31', 'jose', ...SCHEMAS],
  },
  adapters: { uses: ['http'], types: ['app.ts'] },
  lambda: { uses: [], types: ['app.ts'] },
  'workers.ts': { uses: [], types: ['app.ts'] },
  testing: {
    uses: ['adapters', 'http', 'jwt'],
    types: ['app.ts', 'openapi3-ts/oas31', 'fast-check', 'ajv/dist/2020.js'],
  },
  cli: { uses: ['*'], types: [] },
  'index.ts': { uses: ['*'], types: [] },
};
/** Files that may do what their folder may not. */
const EXCEPTIONS: Record<string, readonly string[]> = {
  'metadata/store.ts': ['reflect-metadata/lite'],
  // An optional peer, loaded when it is needed.
  'jwt/jose.ts': ['jose'],
  'adapters/node-socket.ts': ['ws'],
  'adapters/node-transport.ts': ['ws'],
  'testing/peers.ts': ['fast-check', 'ajv/dist/2020.js'],
};
/** The only files for which Node is there. */
const NODE_ONLY = /^(?:adapters\/node[^/]*\.ts|cli\/.+|files\/.+)$/;
const MAX_LINES = 200;
/** Of a function with all functions in it. */
const MAX_FUNCTION_LINES = 60;
/** Pairs of a folder of src and another that it imports from. */
const MAX_ARROWS = 44;

const root = join(import.meta.dirname, '..');
const source = join(root, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));

const IMPORT = /^\s*(import|export)\s+(type\s)?(?:[^'";]*?\bfrom\s*)?'([^']+)'/gm;
const DYNAMIC_IMPORT = /\bimport\s*\(\s*'([^']+)'/g;
const NODE_GLOBAL = /(?<![.\w$'"`/-])(?:process|Buffer|require|__dirname|__filename|setImmediate)(?=\s*[.([])/g;

/** A line that begins a function with a block: a declaration, a method, or an arrow. */
const FUNCTION_HEAD =
  /(?:=> \{|\bfunction\b.*\{|^ +(?!(?:if|for|while|switch|catch)\b)[\w#.[\]<>, ]*\(.*\{|^ *\).* \{)$/;

/**
 * A function that is assigned to a property where it is written. V8 makes it in its old generation, as it would that of a
 * prototype, and all it leads to lives until a major collection.
 */
const ASSIGNED_FUNCTION =
  /(?<=[\w\])]\.#?\w+|\])\s(?:\?\?|\|\||&&)?=\s+(?:async\s+)?(?:function\b|\w+\s*=>|\([^()]*(?:\([^()]*\)[^()]*)*\)(?::\s[^;{}=]+)?\s*=>)/g;

/** Comments go, strings and line numbers stay. */
const withoutComments = (text: string) =>
  text.replace(/\/\*[\s\S]*?\*\/|(?<=^|[\s;{}(),])\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, ' '));

/** The top-level folder or file of src that an import of `file` leads to, else the imported package. */
function targetOf(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return posix.join(dirname(file), specifier).split('/')[0] ?? '';
}

interface Import {
  readonly specifier: string;
  readonly type: boolean;
}

function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  return [
    ...[...code.matchAll(IMPORT)].map(([, , type, specifier]) => ({
      specifier: specifier ?? '',
      type: type !== undefined,
    })),
    ...[...code.matchAll(DYNAMIC_IMPORT)].map(([, specifier]) => ({ specifier: specifier ?? '', type: false })),
  ];
}

/** Every breach of the table in one file of src, as `file imports …`. */
function forbiddenImports(file: string, text: string): string[] {
  const home = file.split('/')[0] ?? '';
  const rule = RULES[home];
  if (rule === undefined) return [`${file} is in no folder of the table`];
  const breaches: string[] = [];
  for (const { specifier, type } of importsOf(text)) {
    const target = targetOf(file, specifier);
    const allowed = [...rule.uses, ...(type ? rule.types : []), ...(EXCEPTIONS[file] ?? []), home];
    const fine = target.startsWith('node:') ? NODE_ONLY.test(file) : allowed.includes(target) || allowed.includes('*');
    if (!fine) breaches.push(`${file} imports ${type ? 'types of ' : ''}${specifier}`);
  }
  if (NODE_ONLY.test(file)) return breaches;
  for (const [name] of withoutComments(text).matchAll(NODE_GLOBAL)) breaches.push(`${file} uses ${name}`);
  return breaches;
}

/** Functions over the limit, as `file:line`: what begins one, up to the line that closes its indentation. */
function longFunctions(file: string, text: string): string[] {
  const lines = withoutComments(text).split('\n');
  return lines.flatMap((line, start) => {
    if (!FUNCTION_HEAD.test(line)) return [];
    const indent = /^ */.exec(line)?.[0] ?? '';
    const end = lines.findIndex((other, index) => index > start && other.startsWith(`${indent}}`));
    return end - start + 1 > MAX_FUNCTION_LINES ? [`${file}:${start + 1}`] : [];
  });
}

const read = (file: string) => readFileSync(join(source, file), 'utf8');

/** The source files behind the package's subpaths. */
function entries(): string[] {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>;
  };
  return Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.default.replace('./dist/', '').replace(/\.js$/, '.ts'));
}

test('every file of src imports only what its folder may', () => {
  assert.deepEqual(
    files.flatMap((file) => forbiddenImports(file, read(file))),
    [],
  );
});

test('a forbidden import is told by file and import', () => {
  const planted = [
    ['http/a.ts', `import { x } from '../model/x.ts';`, 'http/a.ts imports ../model/x.ts'],
    ['http/a.ts', `import { readFile } from 'node:fs';`, 'http/a.ts imports node:fs'],
    ['http/a.ts', `export const a = Buffer.from('a');`, 'http/a.ts uses Buffer'],
    ['plan/a.ts', `import {\n  x,\n} from '../metadata/x.ts';`, 'plan/a.ts imports ../metadata/x.ts'],
    ['plan/a.ts', `import type { X } from '../openapi/x.ts';`, 'plan/a.ts imports types of ../openapi/x.ts'],
    ['plan/a.ts', `export * from '../decorators/x.ts';`, 'plan/a.ts imports ../decorators/x.ts'],
    ['openapi/a.ts', `const x = await import('../plan/x.ts');`, 'openapi/a.ts imports ../plan/x.ts'],
    ['metadata/a.ts', `import 'reflect-metadata';`, 'metadata/a.ts imports reflect-metadata'],
    ['adapters/other.ts', `import { x } from 'node:http';`, 'adapters/other.ts imports node:http'],
    ['utils/a.ts', '', 'utils/a.ts is in no folder of the table'],
  ] as const;
  for (const [file, text, breach] of planted) assert.deepEqual(forbiddenImports(file, text), [breach]);
  const allowed = [
    ['plan/a.ts', `import type { X } from '../metadata/x.ts';\nimport { y } from './y.ts';\nimport { z } from 'zod';`],
    ['metadata/store.ts', `import 'reflect-metadata/lite';`],
    ['adapters/node-server.ts', `import { createServer } from 'node:http';\nprocess.on('SIGTERM', stop);`],
    ['http/a.ts', `// import { x } from '../model/x.ts';\n/* process.exit() */ const a = plan.process(b);`],
  ] as const;
  for (const [file, text] of allowed) assert.deepEqual(forbiddenImports(file, text), []);
});

test('imports between folders of src point downward, and do not become more', () => {
  const order = Object.keys(RULES);
  const arrows = new Set(
    files.flatMap((file) => {
      const home = file.split('/')[0] ?? '';
      const targets = importsOf(read(file)).map(({ specifier }) => targetOf(file, specifier));
      return targets.filter((target) => target !== home && order.includes(target)).map((to) => `${home} -> ${to}`);
    }),
  );
  const upward = [...arrows].filter((arrow) => {
    const [from = '', to = ''] = arrow.split(' -> ');
    return order.indexOf(to) > order.indexOf(from);
  });
  assert.deepEqual(upward, []);
  const between = [...arrows].filter((arrow) => !arrow.includes('.ts'));
  assert.ok(between.length <= MAX_ARROWS, between.toSorted().join('\n'));
});

/** Functions that are assigned to a property where they are written, as `file:line`. */
function assignedFunctions(file: string, text: string): string[] {
  const code = withoutComments(text);
  return Array.from(
    code.matchAll(ASSIGNED_FUNCTION),
    ({ index }) => `${file}:${code.slice(0, index).split('\n').length}`,
  );
}

test('no function is assigned to a property where it is written: V8 would keep what it leads to for long', () => {
  assert.deepEqual(
    files.flatMap((file) => assignedFunctions(file, read(file))),
    [],
  );
  const planted = [
    'exchange.cleanup = (error) => this.#cleanUp(error);',
    'execution.resume = function resume(value) {};',
    'this.#sign = async () => sign();',
    'exchange.abandon ??= (): Promise<void> => unwind([]);',
    'parts[0].then = value => value;',
    'socket.destroySoon =\n  () => linger(socket);',
  ];
  for (const text of planted) assert.deepEqual(assignedFunctions('a.ts', text), ['a.ts:1'], text);
  const allowed = [
    'const cleanUp = (error) => {};\nexchange.cleanup = cleanUp;',
    'execution.continueBy((value) => value, fail);',
    'let wake: (() => void) | undefined;\nwake = () => {};',
    'if (a.b === (() => 1)) return a.c <= (b.d >= 2);',
  ];
  for (const text of allowed) assert.deepEqual(assignedFunctions('a.ts', text), [], text);
});

test(`no file of src is longer than ${MAX_LINES} lines`, () => {
  const long = files.map((file) => [file, read(file).trimEnd().split('\n').length] as const);
  assert.deepEqual(
    long.filter(([, lines]) => lines > MAX_LINES),
    [],
  );
});

test(`no function of src is longer than ${MAX_FUNCTION_LINES} lines`, () => {
  assert.deepEqual(
    files.flatMap((file) => longFunctions(file, read(file))),
    [],
  );
  const inner = `${'\n  call();'.repeat(MAX_FUNCTION_LINES - 2)}\n`;
  assert.deepEqual(longFunctions('a.ts', `function f() {${inner}}`), []);
  const heads = [
    'function f() {',
    'async function f<T>(a: T): Promise<T> {',
    'const f = (a) => {',
    '  async #f(a: T) {',
  ];
  for (const head of [...heads, 'function f(\n  a: A,\n): B {', '  f(\n    a: A,\n  ): B {', '  get f(): A {']) {
    const indent = /^ */.exec(head)?.[0] ?? '';
    assert.equal(longFunctions('a.ts', `${head}${inner}  call();\n${indent}}`).length, 1, head);
  }
});

test('no file of src has a default export', () => {
  assert.deepEqual(
    files.filter((file) => /^\s*export\s+(?:default\b|\{[^}]*\bas\s+default\b)/m.test(withoutComments(read(file)))),
    [],
  );
});

test('only the entry points of the package re-export, and each name by hand', () => {
  const reExport = /^\s*export\s+(?:type\s+)?(?:\{[^}]*\}|\*[^'";]*)\s*from\b/m;
  assert.deepEqual(
    files.filter((file) => reExport.test(withoutComments(read(file))) && !entries().includes(file)),
    [],
  );
  assert.deepEqual(
    files.filter((file) => /^\s*export\s+(?:type\s+)?\*/m.test(withoutComments(read(file)))),
    [],
  );
  assert.deepEqual(
    entries().filter((file) => !files.includes(file)),
    [],
  );
});
