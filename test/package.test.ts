import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Bytes of the package as installed, without its dependencies. */
const SIZE_BUDGET = 815_000;

/** Bytes of the smallest app in a bundle, minified and compressed, without zod. */
const CORE_BUDGET = 51_000;

const PUBLIC_NAMES = {
  portico: [
    'APIKeyCookie',
    'APIKeyHeader',
    'APIKeyQuery',
    'App',
    'Body',
    'Connection',
    'Content',
    'Controller',
    'Cookie',
    'Ctx',
    'DeclarationError',
    'Delete',
    'Depends',
    'EncodedBody',
    'File',
    'Form',
    'FrameworkError',
    'Get',
    'HTTPBasic',
    'HTTPBearer',
    'HTTPDigest',
    'HTTPException',
    'Head',
    'Header',
    'OAuth2',
    'OAuth2AuthorizationCodeBearer',
    'OAuth2ClientCredentialsBearer',
    'OAuth2Error',
    'OAuth2PasswordBearer',
    'OAuth2PasswordRequestForm',
    'OAuth2PasswordRequestFormStrict',
    'OnError',
    'OpenIdConnect',
    'Options',
    'Patch',
    'Path',
    'Post',
    'Put',
    'Query',
    'RequestValidationError',
    'ResponseValidationError',
    'Route',
    'Scopes',
    'Security',
    'SecurityScheme',
    'Socket',
    'SocketClosedError',
    'answer',
    'anyOf',
    'bytes',
    'compareSecrets',
    'dependency',
    'events',
    'html',
    'lines',
    'problemDetails',
    'redirect',
    'text',
  ],
  'portico/node': ['serve', 'toNodeListener', 'toNodeUpgradeListener'],
  'portico/middleware': ['accessLog', 'checkPreconditions', 'compress', 'cors', 'etag', 'requestId', 'securityHeaders'],
  'portico/files': ['file', 'fileIn', 'staticFiles'],
  'portico/workers': ['toWorker'],
  'portico/bun': ['toBun'],
  'portico/lambda': ['toLambdaHandler'],
  'portico/jwt': ['jwtBearer', 'jwtIssuer'],
  'portico/testing': [
    'ConnectError',
    'assertDocumentTrue',
    'assertSecurityDocumented',
    'connect',
    'findDocumentMismatches',
    'findSecurityMismatches',
    'testTokens',
  ],
};

const PUBLIC_TYPES = [
  'Answer',
  'AnswerOptions',
  'AnswersDecorator',
  'AppOptions',
  'BackgroundTask',
  'BaseParameterObject',
  'CallbackObject',
  'CallbacksObject',
  'ChallengeParameters',
  'CheckedOverrides',
  'Class',
  'ComponentsObject',
  'ConnectionMismatch',
  'ContactObject',
  'ContentObject',
  'Context',
  'ContextResponse',
  'ControllerDecorator',
  'ControllerOptions',
  'CookieOptions',
  'Credential',
  'Dependable',
  'Dependency',
  'DependencyOptions',
  'DependsOptions',
  'DiscriminatorObject',
  'DocsOAuthOptions',
  'DocsOptions',
  'EncodingObject',
  'EncodingPropertyObject',
  'ErrorClass',
  'ErrorsOptions',
  'EventsOptions',
  'ExampleObject',
  'ExamplesObject',
  'ExternalDocumentationObject',
  'FetchOptions',
  'FileOptions',
  'HTTPAuthorizationCredentials',
  'HTTPBasicCredentials',
  'HTTPExceptionOptions',
  'HeaderFields',
  'HeaderObject',
  'HeadersObject',
  'IncludeOptions',
  'InfoObject',
  'InjectedTypeMismatch',
  'Input',
  'InputValues',
  'Inputs',
  'LicenseObject',
  'Lifetime',
  'Limits',
  'LinkObject',
  'LinkParametersObject',
  'LinksObject',
  'ListStyle',
  'ListedDependency',
  'Logger',
  'MediaTypeObject',
  'MessageOption',
  'Middleware',
  'Mistake',
  'MistakeCode',
  'Next',
  'OAuth2ErrorCode',
  'OAuthFlowObject',
  'OAuthFlowsObject',
  'OpenAPIObject',
  'OpenAPIObject30',
  'OpenAPIObject32',
  'OpenApiDocuments',
  'OpenApiVersion',
  'OperationIdOf',
  'OperationObject',
  'OverridePair',
  'ParameterLocation',
  'ParameterObject',
  'ParameterStyle',
  'PathItemObject',
  'PathObject',
  'PathsObject',
  'ProblemDetailsOptions',
  'ProtectedResource',
  'Received',
  'ReferenceObject',
  'ReplyBody',
  'RequestBodyObject',
  'ResponseContent',
  'ResponseCookies',
  'ResponseDeclaration',
  'ResponseDeclarations',
  'ResponseExample',
  'ResponseObject',
  'ResponseOption',
  'ResponsesObject',
  'Returns',
  'RouteDecorator',
  'RouteDecorators',
  'RouteOptions',
  'Schema',
  'SchemaObject',
  'SchemaObjectType',
  'SchemasObject',
  'SchemeDependency',
  'Scope',
  'ScopesObject',
  'SecurityOptions',
  'SecurityRequirementObject',
  'SecuritySchemeObject',
  'SecuritySchemeOptions',
  'SecuritySchemeType',
  'SecurityScopes',
  'Sendable',
  'Sequence',
  'ServerObject',
  'ServerSentEvent',
  'ServerVariableObject',
  'SocketClosure',
  'SocketConnection',
  'SocketDecorator',
  'SocketOptions',
  'StreamedBody',
  'TagObject',
  'TextInput',
  'TextOptions',
  'ValidationIssue',
  'ValueOf',
  'XmlObject',
];

interface Manifest {
  readonly bin: Record<string, string>;
  readonly exports: Record<string, string | { types: string; default: string }>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
  readonly peerDependenciesMeta: Record<string, { optional?: boolean }>;
  readonly scripts: Record<string, string>;
  readonly sideEffects: readonly string[];
  readonly engines: Record<string, string>;
}

const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
const subpaths = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [{ specifier: subpath.replace('.', 'portico'), ...target }],
);

/** A folder in which the freshly built package is installed with what it declares, and nothing else. */
let consumer: string;
let installed: string;
let packed: { unpackedSize: number; files: { path: string }[] };

before(() => {
  consumer = mkdtempSync(join(tmpdir(), 'portico-package-'));
  installed = join(consumer, 'node_modules', 'portico');
  mkdirSync(installed, { recursive: true });
  const build = [join(root, 'scripts', 'build.mjs'), join(installed, 'dist')];
  execFileSync(process.execPath, build, { stdio: ['ignore', 'inherit', 'inherit'] });
  for (const file of ['package.json', 'README.md', 'LICENSE', 'templates']) {
    cpSync(join(root, file), join(installed, file), { recursive: true });
  }
  const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: installed,
    encoding: 'utf8',
  });
  [packed] = JSON.parse(listing) as [typeof packed];
  for (const name of ['zod', ...Object.keys(manifest.dependencies)]) {
    symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name), 'junction');
  }
});

after(() => {
  rmSync(consumer, { recursive: true, force: true });
});

test('the package holds the declarations that its entries lead to, the modules of its entries, templates, and no other file', () => {
  const templates = readdirSync(join(root, 'templates'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
  const modules = [...subpaths.map((target) => target.default.slice(2)), ...Object.values(manifest.bin)];
  const expected = ['LICENSE', 'README.md', 'package.json', ...modules, ...templates];
  const names = packed.files.map(({ path }) => path);
  const shared = names.filter((path) => /^dist\/shared-[A-Z0-9]+\.js$/.test(path));
  assert.ok(shared.length <= 19, `Node loads ${shared.length} modules that entries share`);
  const declarations = names.filter((path) => path.endsWith('.d.ts'));
  assert.deepEqual(names.toSorted(), [...expected, ...shared, ...declarations].toSorted());
  const entries = subpaths.map((target) => target.types.slice(2));
  const imported = declarations.flatMap((path) => {
    const text = readFileSync(join(installed, path), 'utf8');
    return [...text.matchAll(/['"](\.[^'"]+)\.[jt]s['"]/g)].map(([, to = '']) => `${join(dirname(path), to)}.d.ts`);
  });
  assert.deepEqual(declarations.toSorted(), [...new Set([...entries, ...imported])].toSorted());
});

test(`the package takes at most ${SIZE_BUDGET} bytes when installed`, () => {
  assert.ok(packed.unpackedSize <= SIZE_BUDGET, `it takes ${packed.unpackedSize} bytes`);
});

test(`an app of one GET is at most ${CORE_BUDGET} bytes in a minified and compressed bundle, without zod`, async () => {
  const contents = `
    import { App, Controller, Get } from 'portico';
    @Controller() class Hello { @Get() hello() { return 'Hello'; } }
    export default { fetch: new App({ title: 'Hello', version: '1', controllers: [Hello] }).fetch };`;
  const { outputFiles } = await build({
    stdin: { contents, loader: 'ts', resolveDir: consumer },
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['zod'],
    write: false,
    logLevel: 'error',
  });
  const { length } = gzipSync(outputFiles[0]?.contents ?? '');
  assert.ok(length <= CORE_BUDGET, `it has ${length} bytes`);
});

test('the package asks for these dependencies and no others', () => {
  assert.deepEqual(Object.keys(manifest.dependencies).toSorted(), ['openapi3-ts', 'reflect-metadata']);
  const optional = ['@fastify/send', 'ajv', 'fast-check', 'jose', 'swagger-ui-dist', 'ws'];
  assert.deepEqual(Object.keys(manifest.peerDependencies).toSorted(), [...optional, 'zod']);
  assert.deepEqual(
    manifest.peerDependenciesMeta,
    Object.fromEntries(optional.map((name) => [name, { optional: true }])),
  );
  assert.equal(manifest.engines['node'], '>=20.19');
});

test('these are the public names', async () => {
  const names = Object.fromEntries(
    await Promise.all(
      Object.keys(PUBLIC_NAMES).map(async (specifier) => {
        return [specifier, Object.keys((await import(specifier)) as object).toSorted()] as const;
      }),
    ),
  );
  assert.deepEqual(names, PUBLIC_NAMES);
});

test('classes have the names they are exported by, in the built package too', () => {
  const program = `
    for (const specifier of ${JSON.stringify(subpaths.map(({ specifier }) => specifier))}) {
      for (const [name, value] of Object.entries(await import(specifier))) {
        if (/^class\\b/.test(value) && value.name !== name) console.log(specifier, name, 'is called', value.name);
      }
    }`;
  const options = { cwd: consumer, encoding: 'utf8' } as const;
  assert.equal(execFileSync(process.execPath, ['--input-type=module', '--eval', program], options), '');
});

test('these are the public types', () => {
  const source = readFileSync(join(root, 'src', 'index.ts'), 'utf8');
  const types = [...source.matchAll(/export (type )?\{([^}]*)\}/g)].flatMap(([, all, list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '' && (all !== undefined || name.startsWith('type ')))
      .map((name) => name.replace(/^type /, '').replace(/^.* as /, '')),
  );
  assert.deepEqual(types.toSorted(), PUBLIC_TYPES);
});

test('nothing of the package runs when it is installed', () => {
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare'];
  assert.deepEqual(
    Object.keys(manifest.scripts).filter((script) => hooks.includes(script)),
    [],
  );
});

test('types come first in every entry of the exports map, and every target was packed', () => {
  const paths = packed.files.map(({ path }) => `./${path}`);
  for (const target of Object.values(manifest.exports)) {
    if (typeof target === 'string') assert.ok(paths.includes(target), target);
    else {
      assert.deepEqual(Object.keys(target), ['types', 'default']);
      for (const path of Object.values(target)) assert.ok(paths.includes(path), path);
    }
  }
  for (const path of [...Object.values(manifest.bin).map((file) => `./${file}`), ...manifest.sideEffects]) {
    assert.ok(paths.includes(path), path);
  }
});

test('every subpath is imported by plain Node with nothing but the declared dependencies', () => {
  for (const { specifier } of subpaths) {
    const program = `const names = Object.keys(await import('${specifier}')); if (names.length === 0) throw new Error('no names');`;
    execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: consumer, stdio: 'pipe' });
  }
});

test('an app with a socket does not start on Node without ws, and says what to install', () => {
  const program = `
    import { App, Connection, Controller, Socket } from 'portico';
    import { serve, toNodeUpgradeListener } from 'portico/node';
    class Sockets { run() {} }
    const descriptor = Object.getOwnPropertyDescriptor(Sockets.prototype, 'run');
    Connection()(Sockets.prototype, 'run', 0);
    Socket('/socket')(Sockets.prototype, 'run', descriptor);
    Controller()(Sockets);
    const app = new App({ title: 'Sockets', version: '1', controllers: [Sockets] });
    for (const start of [() => serve(app, { port: 0 }), () => toNodeUpgradeListener(app)]) {
      await start().then(() => console.log('started'), ({ message }) => console.log(message));
    }`;
  const options = { cwd: consumer, encoding: 'utf8' } as const;
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], options);
  assert.equal(said, '@Socket needs the package ws on Node.js: npm install ws\n'.repeat(2));
});

test('the file of the command starts with a shebang line', () => {
  for (const file of Object.values(manifest.bin)) {
    assert.match(readFileSync(join(installed, file), 'utf8'), /^#!\/usr\/bin\/env node\n/);
  }
});

test('declarations name no types of packages that may be missing', () => {
  const named = packed.files
    .filter(({ path }) => path.endsWith('.d.ts'))
    .flatMap(({ path }) => {
      const text = readFileSync(join(installed, path), 'utf8');
      return [...text.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^.'"][^'"]*)['"]/g)].map(([, name = '']) => name);
    })
    .filter((name) => !name.startsWith('node:'))
    .map((name) => name.split('/')[0] ?? '');
  assert.deepEqual(
    named.filter((name) => name !== 'zod' && !Object.hasOwn(manifest.dependencies, name)),
    [],
  );
});

test('published files import each other by the names they are published under', () => {
  const broken: string[] = [];
  for (const { path } of packed.files.filter((file) => /^dist\/.*\.(?:js|d\.ts)$/.test(file.path))) {
    const text = readFileSync(join(installed, path), 'utf8');
    for (const [, specifier = ''] of text.matchAll(/\b(?:from|import)\s*\(?\s*['"](\.[^'"]*)['"]/g)) {
      // A declaration file names the .ts file, for which TypeScript reads the declarations beside it.
      const file = path.endsWith('.d.ts') ? specifier.replace(/(?<!\.d)\.ts$/, '.d.ts') : specifier;
      if (!existsSync(join(installed, dirname(path), file))) broken.push(`${path} imports ${specifier}`);
    }
  }
  assert.deepEqual(broken, []);
});
