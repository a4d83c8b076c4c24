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

/** Everything whose type an application leaves to the compiler. */
const INFERRED = `
import * as portico from 'portico';
import {
  anyOf, APIKeyCookie, APIKeyHeader, APIKeyQuery, App, Body, type Context, Controller, Cookie, Ctx, DeclarationError, Delete, dependency, Depends,
  File, Form, Get, Head, Header, HTTPBasic, HTTPBearer, HTTPDigest, HTTPException, OAuth2, OAuth2AuthorizationCodeBearer,
  OAuth2ClientCredentialsBearer, OAuth2Error, OAuth2PasswordBearer, OAuth2PasswordRequestForm, OnError, OpenIdConnect, Options,
  Patch, Path, Post, Put, Query, RequestValidationError, Route, Scopes, Security, SecurityScheme,
} from 'portico';
import * as middleware from 'portico/middleware';
import * as testing from 'portico/testing';
import { z } from 'zod';

export const everything = { ...portico };
export const allMiddleware = { ...middleware };
export const allTesting = { ...testing };
export const schema = z.object({ a: z.int() });
export const inputs = {
  path: Path('p'), query: Query(schema), header: Header('x-a', z.int()), cookie: Cookie('c'), form: Form('f'), files: File('f', { multiple: true }),
  body: Body('a', schema), scopes: Scopes(), context: Ctx(),
};
export const schemes = {
  bearer: new HTTPBearer({ autoError: false }), basic: new HTTPBasic(), digest: new HTTPDigest(), header: new APIKeyHeader('X'),
  query: new APIKeyQuery('k'), cookie: new APIKeyCookie('k'), password: new OAuth2PasswordBearer({ tokenUrl: 't' }),
  oauth: new OAuth2({ flows: {} }), openId: new OpenIdConnect({ openIdConnectUrl: 'u' }),
  code: new OAuth2AuthorizationCodeBearer({ authorizationUrl: 'a', tokenUrl: 't' }), client: new OAuth2ClientCredentialsBearer({ tokenUrl: 't' }),
};
export const challenges = { describe: schemes.bearer.describe(), challenge: schemes.bearer.challenge(), refuse: schemes.bearer.refuse() };
export const describe = () => schemes.oauth.describe();
export const declared = schemes.oauth.declaredScopes;
export const either = anyOf(schemes.bearer, schemes.header);
export const user = dependency({ either: Depends(either), token: Security(schemes.password, { scopes: ['a'] }) }, (values) => values);
export const plain = dependency((context) => context, { lifetime: 'request' });
export const generator = dependency(async function* (context: Context) { yield context.response.headers; });
export const handles = (context: Context) => [context.request, context.signal, context.params, context.state, context.response] as const;
export const decorators = {
  Controller: Controller('/x'), options: Controller({ tags: ['a'] }), Get: Get('/x', { response: schema }), Post: Post(), Put: Put({ response: schema }),
  Patch: Patch(), Delete: Delete(), Head: Head(), Options: Options(), Route: Route('X', '/x', { response: schema }), OnError: OnError(RangeError),
};
export const list = [Depends(user), Security(either, { scopes: [] })];
export const options = { title: 't', version: '1', dependencies: list };
abstract class Store { abstract get(): string; }
class MemoryStore extends Store { get() { return 'memory'; } }
export const app = new App({ ...options, overrides: [[Store, MemoryStore]], middleware: Object.values([middleware.cors({ origin: '*' })]) });
export const plainApp = new App(options).onError(HTTPException, (error, context) => [error, context]);
export const chained = app.include([]);
export const document = app.openapi();
export const paths = () => app.openapi().paths;
export const { info, servers, tags, components, security } = document;
export const schemas = components?.schemas;
export const operation = (path: string) => document.paths?.[path]?.get;
export const parts = () => [operation('/')?.parameters, operation('/')?.responses, operation('/')?.requestBody, operation('/')?.callbacks];
export const override = () => app.override(plain, () => undefined as never);
export const scope = app.scope();
export const resolved = () => scope.get(user);
export const answered = app.request('/x');
export const fetcher = app.fetch;
export const errors = { http: new HTTPException(404), oauth: new OAuth2Error('invalid_grant'), isInvalid: (e: unknown) => e instanceof RequestValidationError && e.issues };
export const mistakes = (error: DeclarationError) => error.mistakes;
export const form = OAuth2PasswordRequestForm;
export const mismatches = () => testing.findSecurityMismatches(app);
export class Mine extends SecurityScheme<string> {
  describe() { return schemes.bearer.describe(); }
  read(context: Context) { return context.method; }
}
@Controller('/s', { dependencies: [Depends(user)] })
export class Sample {
  constructor(@Depends(plain) readonly plain: Context) {}
  @Get({ response: schema }) read(@Depends(user) values: portico.ValueOf<typeof user>, @Query(schema) query: z.output<typeof schema>) {
    return { a: query.a, values };
  }
}
`;

const OUTPUT = { declaration: true, emitDeclarationOnly: true, outDir: 'types', skipLibCheck: true };

describe('an application with declaration files', () => {
  for (const layout of ['npm', 'pnpm'] as const) {
    test(`can name every type it infers, as ${layout} installs the package`, () => {
      const project = consumer(layout);
      const reuses = `import * as app from './app.js';\nexport const again = { ...app };\nexport const document = app.app.openapi();\n`;
      const files = { 'app.ts': INFERRED, 'reuses.ts': reuses };
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
