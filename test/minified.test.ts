import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'portico-minified-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const SCHEMES = [
  "new HTTPBearer({ bearerFormat: 'JWT' })",
  'new HTTPBasic()',
  'new HTTPDigest()',
  "new APIKeyHeader('X-Key')",
  "new APIKeyQuery('key')",
  "new APIKeyCookie('key')",
  "new OAuth2({ flows: { password: { tokenUrl: 't', scopes: { read: 'R' } } } })",
  "new OAuth2PasswordBearer({ tokenUrl: 't', scopes: { read: 'R' } })",
  "new OAuth2AuthorizationCodeBearer({ authorizationUrl: 'a', tokenUrl: 't', scopes: {} })",
  "new OAuth2ClientCredentialsBearer({ tokenUrl: 't' })",
  "new OpenIdConnect({ openIdConnectUrl: 'u' })",
  "new Hawk({ schemeName: 'Hawk' })",
  "anyOf(new HTTPBearer({ bearerFormat: 'JWT' }), new Hawk({ schemeName: 'Hawk' }))",
];

/** 25 controllers in scopes of their own, where minifiers use the same names again; every scheme guards two of them. */
function sample(named: boolean): string {
  const controllers = Array.from({ length: 25 }, (_, index) => {
    const options = named ? `, { name: 'Thing${index}' }` : '';
    return `
      {
      @Controller('/things${index}'${options})
      class Thing${index}Controller {
        static all = new Set<typeof Thing${index}Controller>([Thing${index}Controller]);
        @Get('/:id', { response: Thing })
        read(@Path('id', z.int()) id: number, @Depends(guards[${index % SCHEMES.length}]) _guard: unknown) { return { id }; }
        @OnError(RangeError)
        onRange(error: RangeError) { return error.message; }
      }
      controllers.push(Thing${index}Controller);
      }`;
  });
  return `
    import {
      anyOf, APIKeyCookie, APIKeyHeader, APIKeyQuery, App, Controller, Depends, Get, HTTPBasic, HTTPBearer, HTTPDigest, OAuth2,
      OAuth2AuthorizationCodeBearer, OAuth2ClientCredentialsBearer, OAuth2PasswordBearer, OnError, OpenIdConnect, Path, SecurityScheme,
    } from 'portico';
    import { z } from 'zod';
    class Hawk extends SecurityScheme<string> {
      describe() { return { type: 'http', scheme: 'hawk' } as const; }
      read() { return undefined; }
    }
    const Thing = z.object({ id: z.int() }).meta({ id: 'Thing' });
    const guards = [${SCHEMES.join(', ')}];
    const controllers: (new () => object)[] = [];
    ${controllers.join('\n')}
    (async () => {
      const app = new App({ title: 't', version: '1', controllers });
      const { status } = await app.request('/things3/1', { headers: { 'x-key': 'k' } });
      console.log(JSON.stringify({ status, document: app.openapi() }));
    })().catch((error) => console.log(JSON.stringify({ mistakes: error.mistakes, thrown: String(error) })));`;
}

interface Printed {
  readonly status?: number;
  readonly document?: { readonly components: { readonly securitySchemes: object } };
  readonly mistakes?: readonly { readonly code: string; readonly message: string }[];
}

/** What a program prints once esbuild has bundled it. */
async function bundled(source: string, options: { minify: boolean; target?: string }): Promise<Printed> {
  const outfile = join(folder, `bundle-${options.minify}-${options.target}-${source.length}.mjs`);
  const { outputFiles } = await build({
    stdin: { contents: source, loader: 'ts', resolveDir: join(root, 'test') },
    tsconfig: join(root, 'tsconfig.json'),
    alias: { portico: join(root, 'src/index.ts') },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    logLevel: 'error',
    ...options,
  });
  writeFileSync(outfile, outputFiles[0]?.text ?? '');
  return JSON.parse(execFileSync(process.execPath, [outfile], { encoding: 'utf8' })) as Printed;
}

test('a minified bundle whose names are given starts, and gives the document of its source', async () => {
  const source = await bundled(sample(true), { minify: false });
  assert.equal(source.status, 200);
  assert.deepEqual(Object.keys(source.document?.components.securitySchemes ?? {}).toSorted(), [
    'APIKeyCookie',
    'APIKeyHeader',
    'APIKeyQuery',
    'HTTPBasic',
    'HTTPBearer',
    'HTTPDigest',
    'Hawk',
    'OAuth2',
    'OAuth2AuthorizationCodeBearer',
    'OAuth2ClientCredentialsBearer',
    'OAuth2PasswordBearer',
    'OpenIdConnect',
  ]);
  assert.deepEqual(await bundled(sample(true), { minify: true }), source);
  // Older targets have static fields and private names rewritten.
  assert.deepEqual(await bundled(sample(true), { minify: true, target: 'es2021' }), source);
});

test('a bundle whose class names were minified is a mistake that says what to do', async () => {
  const { mistakes = [], status } = await bundled(sample(false), { minify: true });
  assert.equal(status, undefined);
  assert.ok(mistakes.length > 0);
  for (const { code, message } of mistakes) {
    assert.equal(code, 'DUPLICATE_OPERATION_ID');
    assert.match(message, /name one of the controllers, @Controller\(\{ name: '…' \}\), also where a minifier renames/);
  }
});
