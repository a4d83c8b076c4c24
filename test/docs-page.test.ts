import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { App, Controller, Depends, Get, HTTPBearer, OAuth2PasswordBearer } from 'portico';
import { securityHeaders } from 'portico/middleware';
import { type AppOptions, appOf, describeMatrix, expectJson, type Send, servers } from './world.ts';

interface SwaggerConfig {
  url: string;
  oauth2RedirectUrl: string;
  plugins: (() => {
    statePlugins: {
      oas3: {
        wrapSelectors: {
          serverEffectiveValue: (original: (server: string) => string) => (state: unknown, server: string) => string;
        };
      };
    };
  })[];
}

interface ScalarConfig {
  url: string;
  oauth2RedirectUri: string;
  servers: { url: string }[];
  telemetry: boolean;
  withDefaultFonts: boolean;
  persistAuth: boolean;
  agent: unknown;
  mcp: unknown;
  authentication?: unknown;
}

/** Runs the script of a page at `https://example.com/api/docs`, in as much of a browser as it uses. */
function started<C>(script: string, { dark = false, present = true } = {}) {
  const calls: unknown[] = [];
  const element = () => {
    const names = new Set<string>();
    const toggle = (name: string, on: boolean) => (on ? names.add(name) : names.delete(name));
    return { names, classList: { add: (name: string) => names.add(name), toggle } };
  };
  const [root, missing] = [element(), element()];
  const preference = { matches: dark, changed: () => {} };
  const programs = {
    SwaggerUIBundle: () => {
      calls.push('SwaggerUIBundle');
      return { initOAuth: (oauth: unknown) => calls.push(oauth) };
    },
    Scalar: { createApiReference: (selector: string) => calls.push(selector) },
  };
  const config = runInNewContext(`${script}; config`, {
    URL,
    document: {
      currentScript: { src: 'https://example.com/api/docs/init.js' },
      documentElement: root,
      getElementById: (id: string) => (id === 'missing' ? missing : assert.fail(id)),
    },
    matchMedia: (query: string) => {
      assert.equal(query, '(prefers-color-scheme: dark)');
      return Object.assign(preference, {
        addEventListener: (_type: string, listener: () => void) => (preference.changed = listener),
      });
    },
    ...(present ? programs : {}),
  }) as C;
  return {
    config,
    calls,
    classes: () => [...root.names].toSorted(),
    missing: () => [...missing.names],
    prefer: (matches: boolean) => {
      preference.matches = matches;
      preference.changed();
    },
  };
}

/** Checks that an answer has a tag, and that whoever has it is not sent the content again. */
async function isValidated(request: Send, path: string, cacheControl: string): Promise<void> {
  const whole = await request(path);
  const tag = whole.headers.get('etag') ?? '';
  assert.match(tag, /^"[\w+/]{20,}"$/, path);
  assert.equal(whole.headers.get('cache-control'), cacheControl);
  assert.ok((await whole.arrayBuffer()).byteLength > 0);
  for (const held of [tag, `W/${tag}`, `"other", ${tag}`, `"other" ,W/${tag}`, '*']) {
    const { status, headers, body } = await request(path, { headers: { 'If-None-Match': held } });
    assert.deepEqual([status, headers.get('etag'), headers.get('cache-control')], [304, tag, cacheControl], held);
    assert.equal(headers.get('content-type'), null);
    assert.equal(body, null);
  }
  for (const held of ['"other"', tag.slice(1, -1), `${tag.slice(0, -2)}"`, '', '""']) {
    assert.equal((await request(path, { headers: { 'If-None-Match': held } })).status, 200, held);
  }
  const head = await request(path, { method: 'HEAD', headers: { 'If-None-Match': tag } });
  assert.equal(head.status, 304);
}

describeMatrix('the docs page', (open) => {
  const page = async (options: Partial<AppOptions> = {}, path = '/docs'): Promise<[string, Response]> => {
    const response = await (await open(appOf([], options)))(path);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html; ?charset=utf-8$/i);
    return [await response.text(), response];
  };

  test('is strict about what it may load, and is not to be sniffed', async () => {
    for (const ui of ['swagger-ui', 'scalar'] as const) {
      const [html, { headers }] = await page({ docs: { ui } });
      const policy = headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/);
      assert.doesNotMatch(policy, /unsafe-eval|script-src[^;]*'unsafe-inline'|script-src[^;]*\*/);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.doesNotMatch(html, /<script>|\son\w+=|javascript:/);
      for (const [tag] of html.matchAll(/<(?:script|link)\b[^>]*(?:src|href)="https?:[^>]*>/g)) {
        assert.match(tag, /@\d+\.\d+\.\d+\/[^"]+" integrity="sha384-[\w+/]{64}" crossorigin="anonymous"/);
      }
    }
  });

  test('escapes the title', async () => {
    for (const title of ['</title></script><script>alert(1)</script>', '"\'`${alert(1)}', '<!--', '\u2028</ScRiPt>']) {
      const [html] = await page({ title });
      assert.doesNotMatch(html, /<script>alert|<\/ScRiPt>|<!--(?! )/);
      assert.equal([...html.matchAll(/<title>/g)].length, [...html.matchAll(/<\/title>/g)].length);
    }
  });

  test('takes nothing from the query string', async () => {
    const [plain] = await page();
    const query = '?url=https://evil.example/a.json&configUrl=https://evil.example/b.json&title=evil';
    assert.equal((await page({}, `/docs${query}`))[0], plain);
    const scalar = { docs: { ui: 'scalar' } } as const;
    assert.equal((await page(scalar, `/docs${query}`))[0], (await page(scalar))[0]);
    for (const options of [{}, scalar]) {
      const request = await open(appOf([], options));
      const script = await (await request('/docs/init.js')).text();
      assert.equal(await (await request(`/docs/init.js${query}`)).text(), script);
      assert.doesNotMatch(script, /location|queryConfigEnabled["']?\s*:\s*true/);
    }
  });

  test('loads only what is there, with one trailing slash more too, and wherever it is', async () => {
    for (const [docs, path] of [
      [undefined, '/docs'],
      [undefined, '/docs/'],
      ['/api/reference', '/api/reference'],
    ] as const) {
      const request = await open(appOf([], docs === undefined ? {} : { docs }));
      const html = await (await request(path)).text();
      const local = [...html.matchAll(/(?:src|href)="(?!https?:|data:|#)([^"]+)"/g)].map(([, url = '']) => url);
      assert.ok(local.length > 0);
      const sources = await Promise.all(
        local.map(async (url) => {
          const response = await request(new URL(url, `http://localhost${path}`).pathname);
          assert.equal(response.status, 200, `${url} of ${path}`);
          return response.text();
        }),
      );
      const [, document = ''] = /"url": ?"([^"]*openapi\.json)"/.exec(sources.join('\n')) ?? [];
      await expectJson(await request(new URL(document, `http://localhost${path}`).pathname), 200);
    }
  });

  test('tells the Authorize dialog what to begin with', async () => {
    const request = await open(appOf([], { docs: { oauth: { clientId: 'docs</script>' } } }));
    const [html, script] = [await (await request('/docs')).text(), await (await request('/docs/init.js')).text()];
    assert.match(html + script, /initOAuth\(\{"clientId":"docs/);
    assert.doesNotMatch(html, /docs<\/script>/);
  });

  test('has a page below it to which an authorization server sends back', async () => {
    for (const docs of ['/docs', '/api/reference/']) {
      const request = await open(appOf([], { docs, middleware: [securityHeaders()] }));
      const address = new URL(`${docs.replace(/\/$/, '')}/oauth2-redirect.html`, 'http://localhost');
      const response = await request(`${address.pathname}?code=1&state=%3Cscript%3E`);
      const { status, headers } = response;
      const html = await response.text();
      assert.equal(status, 200);
      assert.match(headers.get('content-type') ?? '', /^text\/html; ?charset=utf-8$/i);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'; script-src 'self';/);
      assert.equal(headers.get('referrer-policy'), 'no-referrer');
      assert.doesNotMatch(html, /<script>/);
      const [, source = ''] = /<script src="([^"]+)">/.exec(html) ?? [];
      const script = await request(new URL(source, address).pathname);
      assert.equal(script.status, 200);
      assert.match(script.headers.get('content-type') ?? '', /^text\/javascript/);
    }
  });

  test('takes an answer of the authorization server only to its own request', async () => {
    const request = await open(appOf([]));
    const script = await (await request('/docs/oauth2-redirect.js')).text();
    const answered = (query: string, hash = ''): string => {
      const events: unknown[] = [];
      const opener = {
        swaggerUIRedirectOauth2: {
          auth: { name: 'login' },
          state: 'c3RhdGU=',
          redirectUrl: 'https://example.com/docs/oauth2-redirect.html',
          callback: ({ auth, token }: Record<'auth' | 'token', object>) => events.push({ ...auth, token }),
          errCb: ({ authId, message }: Record<'authId' | 'message', string>) => events.push(`${authId}: ${message}`),
        },
      };
      const window = { opener, close: () => events.push('closed') };
      runInNewContext(script, { window, location: { search: query, hash }, URLSearchParams });
      return JSON.stringify(events);
    };
    assert.equal(answered('?code=a%2Bb&state=c3RhdGU%3D'), '[{"name":"login","code":"a+b"},"closed"]');
    assert.equal(
      answered('', '#access_token=t&state=c3RhdGU%3D'),
      '[{"name":"login","token":{"access_token":"t","state":"c3RhdGU="}},"closed"]',
    );
    assert.equal(
      answered('?error=access_denied&error_description=Not+today&state=c3RhdGU='),
      '["login: access_denied: Not today","closed"]',
    );
    for (const foreign of ['?code=a&state=other', '?code=a', '', '?error=access_denied&state=other']) {
      assert.match(answered(foreign), /^\["login: The response belongs to another request[^"]*","closed"\]$/);
    }
  });

  test('stays in touch with the window of a login, whatever the app has for its other answers', async () => {
    const request = await open(appOf([], { middleware: [securityHeaders()] }));
    const policy = async (path: string) => (await request(path)).headers.get('cross-origin-opener-policy');
    assert.equal(await policy('/openapi.json'), 'same-origin');
    assert.equal(await policy('/docs'), 'same-origin-allow-popups');
    assert.equal(await policy('/docs/oauth2-redirect.html'), 'unsafe-none');
  });

  test('starts relative addresses of a flow below the server that is selected', async () => {
    const request = await open(appOf([]));
    const { config } = started<SwaggerConfig>(await (await request('/docs/init.js')).text());
    assert.equal(config.url, 'https://example.com/api/openapi.json');
    assert.equal(config.oauth2RedirectUrl, 'https://example.com/api/docs/oauth2-redirect.html');
    const [{ statePlugins } = assert.fail()] = config.plugins.map((plugin) => plugin());
    const { serverEffectiveValue } = statePlugins.oas3.wrapSelectors;
    for (const [server, base] of [
      ['', 'https://example.com/'],
      ['/api', 'https://example.com/api/'],
      ['/api/', 'https://example.com/api/'],
      ['https://staging.example.com/v2', 'https://staging.example.com/v2/'],
    ] as const) {
      assert.equal(serverEffectiveValue((selected) => selected)(undefined, server), base);
    }
  });

  test('is dark where the reader prefers it, from the first moment and when that changes', async () => {
    const request = await open(appOf([]));
    const script = await (await request('/docs/init.js')).text();
    const light = started(script, { dark: false });
    assert.deepEqual(light.classes(), ['started']);
    light.prefer(true);
    assert.deepEqual(light.classes(), ['dark-mode', 'started']);
    light.prefer(false);
    assert.deepEqual(light.classes(), ['started']);
    assert.deepEqual(started(script, { dark: true }).classes(), ['dark-mode', 'started']);
    assert.match(
      await (await request('/docs')).text(),
      /@media \(prefers-color-scheme: dark\) \{ html:not\(\.started\)/,
    );
  });

  for (const ui of ['swagger-ui', 'scalar'] as const) {
    test(`${ui}: says in a sentence where the document is, if scripts are off or its own never came`, async () => {
      for (const [path, openapiPath] of [
        ['/docs', '/openapi.json'],
        ['/docs/', '/openapi.json'],
        ['/api/reference', '/spec/v"1.json'],
      ] as const) {
        const request = await open(appOf([], { docs: { path: path.replace(/\/$/, ''), ui }, openapiPath }));
        const html = await (await request(path)).text();
        for (const tag of [
          /<noscript><p[^>]*>([^]*?)<\/p><\/noscript>/,
          /<p class="fallback" id="missing">([^]*?)<\/p>/,
        ]) {
          const [, sentence = ''] = tag.exec(html) ?? [];
          assert.match(sentence, /^[^<]{20,}<a href="[^"<>]+">OpenAPI document<\/a>\.$/);
          const href = /href="([^"]+)"/.exec(sentence)?.[1]?.replaceAll('&#34;', '"') ?? '';
          await expectJson(await request(new URL(href, `http://localhost${path}`).pathname.replace('%22', '"')), 200);
        }
        const script = await (await request(`${path.replace(/\/$/, '')}/init.js`)).text();
        const { classes, missing, calls } = started(script, { present: false });
        assert.deepEqual([classes(), missing(), calls], [[], ['shown'], []]);
        assert.deepEqual(started(script).missing(), []);
      }
    });

    test(`${ui}: its files have validators, and are sent once`, async () => {
      const request = await open(appOf([], { docs: { ui } }));
      for (const path of ['/docs', '/docs/init.js', '/docs/oauth2-redirect.html', '/docs/oauth2-redirect.js']) {
        await isValidated(request, path, 'no-cache');
      }
    });
  }

  test('a 304 does not change the policy that a client has kept', async () => {
    const request = await open(appOf([], { middleware: [securityHeaders()] }));
    for (const path of ['/docs', '/docs/oauth2-redirect.html']) {
      const { headers } = await request(path);
      const again = await request(path, { headers: { 'If-None-Match': headers.get('etag') ?? '' } });
      assert.equal(again.status, 304);
      for (const name of ['content-security-policy', 'referrer-policy', 'cross-origin-opener-policy']) {
        assert.equal(again.headers.get(name), headers.get(name), `${name} of ${path}`);
      }
    }
  });

  test('scalar: tells nobody of the reader, and starts below the servers of the document', async () => {
    const servers = [{ url: 'https://staging.example.com/v2' }, { url: 'https://{place}.example.com/' }];
    const request = await open(appOf([], { docs: { ui: 'scalar' }, servers, rootPath: '/api' }));
    const { config, calls } = started<ScalarConfig>(await (await request('/docs/init.js')).text());
    assert.deepEqual(calls, ['#scalar']);
    assert.equal(config.url, 'https://example.com/api/openapi.json');
    assert.equal(config.oauth2RedirectUri, 'https://example.com/api/docs/oauth2-redirect.html');
    assert.deepEqual(
      Array.from(config.servers, ({ url }) => url),
      ['https://example.com/api/', 'https://staging.example.com/v2/', 'https://{place}.example.com/'],
    );
    const { telemetry, withDefaultFonts, persistAuth, agent, mcp } = config;
    const off = { telemetry: false, withDefaultFonts: false, persistAuth: false };
    assert.deepEqual({ telemetry, withDefaultFonts, persistAuth }, off);
    assert.deepEqual(JSON.parse(JSON.stringify([agent, mcp])), [{ disabled: true }, { disabled: true }]);
    assert.ok(!('proxyUrl' in config));
  });

  test('scalar: knows beforehand what the Authorize dialog begins with', async () => {
    const oauth2 = new OAuth2PasswordBearer({ schemeName: 'login', tokenUrl: 'token', scopes: { a: 'A.' } });
    @Controller('/guarded', { dependencies: [Depends(oauth2), Depends(new HTTPBearer({ schemeName: 'other' }))] })
    class GuardedController {
      @Get() read(): void {}
    }
    const oauth = { clientId: 'docs</script>', scopes: ['a'], usePkceWithAuthorizationCodeGrant: true };
    const request = await open(appOf([GuardedController], { docs: { ui: 'scalar', oauth } }));
    const { config } = started<ScalarConfig>(await (await request('/docs/init.js')).text());
    assert.deepEqual(JSON.parse(JSON.stringify(config.authentication)), {
      preferredSecurityScheme: 'login',
      securitySchemes: {
        login: {
          flows: { password: { 'x-scalar-client-id': 'docs</script>', 'x-usePkce': 'SHA-256' } },
          'x-default-scopes': ['a'],
        },
      },
    });
  });

  test('scalar: is told no more than the app says', async () => {
    const flow = new OAuth2PasswordBearer({ schemeName: 'login', tokenUrl: 'token' });
    const rows = [
      [[flow], undefined, { preferredSecurityScheme: 'login' }],
      [[flow], {}, { preferredSecurityScheme: 'login', securitySchemes: { login: { flows: { password: {} } } } }],
      [[], { clientId: 'docs' }, { securitySchemes: {} }],
    ] as const;
    for (const [guards, oauth, expected] of rows) {
      @Controller('/guarded', { dependencies: guards.map((guard) => Depends(guard)) })
      class GuardedController {
        @Get() read(): void {}
      }
      const docs = oauth === undefined ? { ui: 'scalar' as const } : { ui: 'scalar' as const, oauth };
      const request = await open(appOf([GuardedController], { docs }));
      const { config } = started<ScalarConfig>(await (await request('/docs/init.js')).text());
      assert.deepEqual(JSON.parse(JSON.stringify(config.authentication)), expected);
    }
  });

  test('is not there without the document that it shows', async () => {
    const request = await open(appOf([], { openapiPath: false }));
    await expectJson(await request('/docs'), 404);
    await expectJson(await request('/openapi.json'), 404);
  });

  test('may be turned off, which leaves the document', async () => {
    const request = await open(appOf([], { docs: false }));
    await expectJson(await request('/docs'), 404);
    await expectJson(await request('/openapi.json'), 200);
  });
});

test('what the page loads from the CDN is the pinned version of the package, hash by hash', async () => {
  const app = new App({ title: 'Pinned', version: '1.0.0' });
  const html = await (await app.request('/docs')).text();
  const require = createRequire(import.meta.url);
  const { version } = require('swagger-ui-dist/package.json') as { version: string };
  const loaded = [...html.matchAll(/"https:[^"]*@([^/"]+)\/([^"]+)" integrity="([^"]+)"/g)];
  assert.deepEqual(
    loaded.map(([, , name]) => name),
    ['swagger-ui.css', 'swagger-ui-bundle.js'],
  );
  for (const [, pinned, name = '', integrity] of loaded) {
    assert.equal(pinned, version);
    const hash = createHash('sha384').update(readFileSync(require.resolve(`swagger-ui-dist/${name}`)));
    assert.equal(integrity, `sha384-${hash.digest('base64')}`);
  }
});

test('a file of the page that is not installed is a 404', async () => {
  const app = new App({ title: 'Files', version: '1.0.0' });
  const absent = await app.request('/docs/swagger-ui.css');
  assert.deepEqual([absent.status, await absent.json()], [404, { detail: 'Not Found' }]);
});

const served = servers();

test('the installed files have validators, may be kept, and are what is installed', async () => {
  const require = createRequire(import.meta.url);
  const { port } = await served(appOf([]));
  const request: Send = (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
  for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    await isValidated(request, `/docs/${name}`, 'public, max-age=3600');
    const content = Buffer.from(await (await request(`/docs/${name}`)).arrayBuffer());
    assert.ok(content.equals(readFileSync(require.resolve(`swagger-ui-dist/${name}`))), name);
  }
});

/** A folder of a program in which a package of Scalar is installed, and where that is. */
function withScalar(t: TestContext): { folder: string; root: string } {
  const folder = mkdtempSync(join(tmpdir(), 'portico-docs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const root = join(folder, 'node_modules/@scalar/api-reference');
  mkdirSync(join(root, 'dist/browser'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"name":"@scalar/api-reference","exports":{".":"./dist/index.js"}}');
  writeFileSync(join(root, 'dist/index.js'), '');
  return { folder, root };
}

/** The page and the script of an app that runs in a folder, with the status of the latter. */
async function scalarIn(folder: string): Promise<[html: string, script: string, status: number]> {
  const source = (name: string) => pathToFileURL(join(import.meta.dirname, '../src', name)).href;
  const program = `
    import { App } from '${source('index.ts')}';
    import { serve } from '${source('adapters/node.ts')}';
    const app = new App({ title: 'Scalar', version: '1.0.0', docs: { ui: 'scalar' } });
    const served = await serve(app, { port: 0, logger: { info() {}, warn() {}, error() {} } });
    const [page, script] = [await fetch(served.url + '/docs'), await fetch(served.url + '/docs/scalar.js')];
    console.log(JSON.stringify([await page.text(), await script.text(), script.status]));
    await served.close();`;
  const loader = import.meta.resolve('tsx');
  const parameters = ['--import', loader, '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: folder });
  return JSON.parse(stdout) as [string, string, number];
}

test('Scalar is served from the folder of the program if it is installed there, whatever it exports', async (t) => {
  const { folder, root } = withScalar(t);
  writeFileSync(join(root, 'dist/browser/standalone.js'), 'window.Scalar = {};');
  const [html, script] = await scalarIn(folder);
  assert.match(html, /<script src="docs\/scalar\.js"><\/script>/);
  assert.doesNotMatch(html, /https:/);
  assert.equal(script, 'window.Scalar = {};');
});

test('a path that no request can have is refused when the app is made', () => {
  for (const options of [{ docs: '/a/{' }, { openapiPath: '/a/{' }]) {
    assert.throws(() => appOf([], options), { name: 'TypeError', message: /^The path '\/a\/\{' cannot be used: / });
  }
});

test('a package without the file is one that is not installed, and a file that cannot be read is a 500', async (t) => {
  const { folder, root } = withScalar(t);
  assert.equal((await scalarIn(folder))[2], 404);
  mkdirSync(join(root, 'dist/browser/standalone.js'));
  assert.equal((await scalarIn(folder))[2], 500);
  // Where a package is a link, its main file is in no folder of packages.
  renameSync(root, join(folder, 'linked'));
  symlinkSync(join(folder, 'linked'), root, 'junction');
  assert.equal((await scalarIn(folder))[2], 404);
});

test('a program that shows documents and is not known is refused when the app is made', () => {
  for (const ui of ['redoc', '__proto__', 'constructor']) {
    const docs = { ui } as unknown as NonNullable<AppOptions['docs']>;
    assert.throws(() => appOf([], { docs }), { name: 'TypeError', message: /use 'swagger-ui' or 'scalar'/ });
  }
});
