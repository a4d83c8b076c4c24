import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type App, type Context, Controller, Ctx, Depends, Get, HTTPBasic, HTTPException, lines } from 'portico';
import { type Middleware, Options, Post, Query } from 'portico';
import { z } from 'zod';
import { accessLog, type AccessLogEntry, cors, type CorsOptions, requestId, securityHeaders } from 'portico/middleware';
import { appOf, describeMatrix, eventually, expectJson, Log, pause, raise, type Send } from './world.ts';

const HOME = 'https://app.example.com';
const OTHER = 'https://evil.test';
const STATUSES = [
  ['/plain', 200],
  ['/web', 203],
  ['/stream', 200],
  ['/empty', 204],
  ['/guarded', 401],
  ['/refused', 403],
  ['/invalid', 422],
  ['/broken', 500],
  ['/nowhere', 404],
  ['/%zz', 400],
  ['/write', 405],
] as const;

/** Every kind of answer, and a count of the handlers that ran. */
function world(...middleware: Middleware[]): { app: App; log: Log; calls: string[] } {
  const log = new Log();
  const calls: string[] = [];
  @Controller()
  class SampleController {
    @Get('/plain')
    plain(): string {
      calls.push('plain');
      return 'plain';
    }
    @Get('/web')
    web(): Response {
      return new Response('web', { status: 203, headers: { Vary: 'Accept', 'X-Own': 'own' } });
    }
    @Get('/stream', { response: lines(z.int()) })
    async *stream(): AsyncGenerator<number> {
      yield 1;
    }
    @Get('/empty', { status: 204 })
    empty(): void {}
    @Get('/guarded')
    guarded(@Depends(new HTTPBasic()) _credentials: unknown): void {}
    @Get('/refused')
    refused(): never {
      throw new HTTPException(403);
    }
    @Get('/invalid')
    invalid(@Query('q') _q: string): void {}
    @Get('/broken')
    broken(): never {
      throw new Error('secret');
    }
    @Post('/write')
    write(): string {
      calls.push('write');
      return 'written';
    }
    @Options('/options')
    options(): string {
      calls.push('options');
      return 'options';
    }
    @Get('/proxied')
    proxied(): Response {
      const headers = {
        'Access-Control-Allow-Origin': '*',
        'Access-Control-Allow-Credentials': 'true',
        Vary: 'origin',
      };
      return new Response('proxied', { headers });
    }
    @Get('/framed')
    framed(@Ctx() { response }: Context): string {
      response.headers.set('X-Frame-Options', 'SAMEORIGIN');
      response.headers.set('Content-Security-Policy', "default-src 'self'");
      return 'framed';
    }
    @Get('/state')
    state(@Ctx() { state }: Context): unknown {
      return state['requestId'];
    }
  }
  return { app: appOf([SampleController], { middleware, logger: log }), log, calls };
}

const from = (origin: string, init: RequestInit = {}): RequestInit => ({
  ...init,
  headers: { Origin: origin, ...(init.headers as Record<string, string>) },
});
const preflight = (origin: string, headers: Record<string, string> = {}): RequestInit =>
  from(origin, { method: 'OPTIONS', headers: { 'Access-Control-Request-Method': 'POST', ...headers } });

/** The headers of CORS, and Vary. */
function corsOf({ headers }: Response): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => name === 'vary' || name.startsWith('access-control-')));
}

/** The same of an answer to a GET. */
async function shared(request: Send, origin?: string, path = '/plain'): Promise<Record<string, string>> {
  const response = await request(path, origin === undefined ? {} : from(origin));
  await response.arrayBuffer();
  return corsOf(response);
}

const ALLOWED = { 'access-control-allow-origin': HOME, vary: 'Origin' };
const REFUSED = { vary: 'Origin' };

describeMatrix('cors', (open) => {
  const sharing = (options?: CorsOptions) => open(world(cors(options)).app);

  test('allows every origin unless told otherwise, whoever asks', async () => {
    for (const options of [undefined, { origin: '*' }, { origin: ['*'] }]) {
      const request = await sharing(options);
      for (const origin of [HOME, 'null', undefined]) {
        assert.deepEqual(await shared(request, origin), { 'access-control-allow-origin': '*' });
      }
    }
  });

  test('allows an origin that is listed, and none that is like it', async () => {
    for (const origin of [HOME, [HOME], ['https://www.example.com', HOME]]) {
      const request = await sharing({ origin });
      assert.deepEqual(await shared(request, HOME), ALLOWED);
      for (const other of [
        OTHER,
        'http://app.example.com',
        'https://app.example.com:8443',
        'https://app.example.com.evil.test',
        'https://evil.test/https://app.example.com',
        'https://xapp.example.com',
        'https://a.app.example.com',
        'https://example.com',
        'https://APP.example.com',
        `${HOME}/`,
        `${HOME}, ${OTHER}`,
        'null',
        '*',
      ]) {
        assert.deepEqual(await shared(request, other), REFUSED, other);
      }
    }
  });

  test('an answer that depends on the origin has Vary even where no origin was sent', async () => {
    for (const origin of [HOME, [], true, /example/, () => true]) {
      assert.deepEqual(await shared(await sharing({ origin })), REFUSED);
    }
  });

  test('a pattern is matched up to the end of the origin, each time from its beginning', async () => {
    const request = await sharing({ origin: ['https://a.test', /\.example\.com/gm, /^http:\/\/localhost(?::\d+)?/] });
    for (const origin of [HOME, HOME, 'https://a.test', 'http://localhost', 'http://localhost:5173']) {
      assert.deepEqual(await shared(request, origin), { ...ALLOWED, 'access-control-allow-origin': origin });
    }
    for (const origin of [`${HOME}.evil.test`, `${HOME}:8443`, 'http://localhost.evil.test', 'http://localhost:80x']) {
      assert.deepEqual(await shared(request, origin), REFUSED, origin);
    }
    const either = await sharing({ origin: /^https:\/\/a\.test|https:\/\/b\.test$/ });
    assert.deepEqual(await shared(either, 'https://a.test.evil.test'), REFUSED);
  });

  test('a function decides for itself, at once or later, by a boolean or the one origin', async () => {
    const asked: string[] = [];
    const note = <T>(origin: string, answer: T): T => {
      asked.push(origin);
      return answer;
    };
    for (const origin of [
      (origin: string) => note(origin, origin === HOME),
      async (origin: string) => Promise.resolve(note(origin, origin === HOME)),
      (origin: string) => note(origin, HOME),
      async (origin: string) => Promise.resolve(note(origin, HOME)),
    ]) {
      const request = await sharing({ origin });
      assert.deepEqual(await shared(request, HOME), ALLOWED);
      assert.deepEqual(await shared(request, OTHER), REFUSED);
      assert.deepEqual(await shared(request), REFUSED);
      assert.deepEqual(asked.splice(0), [HOME, OTHER]);
    }
    for (const answer of [undefined, '*', '', 1]) {
      assert.deepEqual(await shared(await sharing({ origin: () => answer as never }), HOME), REFUSED);
    }
  });

  test('a function that fails is a constant 500, and the handler does not run', async () => {
    for (const origin of [() => raise(new Error('secret')), async () => raise(new Error('secret'))]) {
      const { app, calls, log } = world(cors({ origin }));
      const request = await open(app);
      await expectJson(await request('/plain', from(HOME)), 500, { detail: 'Internal Server Error' });
      assert.equal((await request('/plain', preflight(HOME))).status, 500);
      assert.deepEqual(calls, []);
      assert.match(log.errors[0] ?? '', /secret/);
    }
  });

  test('true allows any origin by its name, and false is no CORS at all', async () => {
    const any = await sharing({ origin: true, credentials: true });
    assert.deepEqual(await shared(any, OTHER), {
      'access-control-allow-credentials': 'true',
      'access-control-allow-origin': OTHER,
      vary: 'Origin',
    });
    const none = await sharing({ origin: false, credentials: true });
    assert.deepEqual(await shared(none, HOME), {});
    const response = await none('/plain', preflight(HOME));
    assert.deepEqual(
      [response.status, corsOf(response), response.headers.get('allow')],
      [204, {}, 'GET, HEAD, OPTIONS'],
    );
  });

  test('the origin null is allowed by its name alone', async () => {
    for (const origin of [true, /null/, [HOME, /.*/], () => true, async () => Promise.resolve(true)]) {
      const request = await sharing({ origin });
      assert.deepEqual(await shared(request, 'null'), REFUSED);
      assert.deepEqual(corsOf(await request('/plain', preflight('null'))), REFUSED);
    }
    for (const origin of ['null', [HOME, 'null'], () => 'null']) {
      const request = await sharing({ origin });
      assert.deepEqual(await shared(request, 'null'), { ...ALLOWED, 'access-control-allow-origin': 'null' });
    }
  });

  test('is on every answer, whatever made it', async () => {
    const request = await sharing({ origin: HOME, credentials: true, exposedHeaders: 'X-Own' });
    for (const [path, status] of STATUSES) {
      const response = await request(path, from(HOME));
      await response.arrayBuffer();
      const { vary, ...rest } = corsOf(response);
      assert.deepEqual([path, response.status, vary], [path, status, path === '/web' ? 'Accept, Origin' : 'Origin']);
      assert.deepEqual(rest, {
        'access-control-allow-credentials': 'true',
        'access-control-allow-origin': HOME,
        'access-control-expose-headers': 'X-Own',
      });
    }
  });

  test('refuses without keeping the handler from running, as the browser keeps the answer from the page', async () => {
    const { app, calls } = world(cors({ origin: HOME, credentials: true, exposedHeaders: 'X-Own' }));
    const response = await (await open(app))('/plain', from(OTHER));
    await expectJson(response, 200, 'plain');
    assert.deepEqual([corsOf(response), calls], [REFUSED, ['plain']]);
  });

  test('an answer from elsewhere does not bring its own policy', async () => {
    const request = await sharing({ origin: HOME });
    assert.deepEqual(await shared(request, OTHER, '/proxied'), { vary: 'origin' });
    assert.deepEqual(await shared(request, HOME, '/proxied'), { ...ALLOWED, vary: 'origin' });
    const any = await sharing();
    assert.deepEqual(await shared(any, HOME, '/proxied'), { 'access-control-allow-origin': '*', vary: 'origin' });
  });

  test('a preflight is answered, and no handler runs', async () => {
    const { app, calls } = world(cors({ origin: [HOME], credentials: true, maxAge: 600, exposedHeaders: ['X-Own'] }));
    const request = await open(app);
    for (const path of ['/write', '/options', '/plain', '/nowhere']) {
      const response = await request(path, preflight(HOME, { 'Access-Control-Request-Headers': 'authorization,x-a' }));
      assert.deepEqual([response.status, await response.text()], [204, '']);
      assert.deepEqual(corsOf(response), {
        'access-control-allow-credentials': 'true',
        'access-control-allow-headers': 'authorization,x-a',
        'access-control-allow-methods': 'GET, HEAD, PUT, PATCH, POST, DELETE',
        'access-control-allow-origin': HOME,
        'access-control-max-age': '600',
        vary: 'Origin, Access-Control-Request-Headers',
      });
    }
    assert.deepEqual(calls, []);
  });

  test('a preflight from elsewhere learns nothing', async () => {
    const { app, calls } = world(cors({ origin: HOME, credentials: true, maxAge: 600 }));
    const response = await (await open(app))('/write', preflight(OTHER, { 'Access-Control-Request-Headers': 'x-a' }));
    assert.deepEqual([response.status, corsOf(response), calls], [204, REFUSED, []]);
  });

  test('methods and headers are as they were listed', async () => {
    const asked = { 'Access-Control-Request-Headers': 'x-other' };
    for (const [methods, allowedHeaders] of [
      ['PUT, DELETE', 'X-A, X-B'],
      [
        ['PUT', 'DELETE'],
        ['X-A', 'X-B'],
      ],
    ]) {
      const request = await sharing({ methods: methods!, allowedHeaders: allowedHeaders!, maxAge: 0 });
      assert.deepEqual(corsOf(await request('/write', preflight(HOME, asked))), {
        'access-control-allow-headers': 'X-A, X-B',
        'access-control-allow-methods': 'PUT, DELETE',
        'access-control-allow-origin': '*',
        'access-control-max-age': '0',
      });
    }
    const none = await sharing({ methods: [], allowedHeaders: [], exposedHeaders: [] });
    const response = await none('/write', preflight(HOME, asked));
    assert.deepEqual(corsOf(response), { 'access-control-allow-origin': '*' });
  });

  test('headers that were not asked for are not allowed either', async () => {
    const request = await sharing({ methods: 'PUT' });
    assert.deepEqual(corsOf(await request('/write', preflight(HOME))), {
      'access-control-allow-methods': 'PUT',
      'access-control-allow-origin': '*',
      vary: 'Access-Control-Request-Headers',
    });
  });

  test('an OPTIONS that is no preflight goes on to the app', async () => {
    const { app, calls } = world(cors({ origin: HOME }));
    const request = await open(app);
    const requested = { headers: { 'Access-Control-Request-Method': 'POST' } };
    for (const init of [{}, from(HOME), requested]) {
      await expectJson(await request('/options', { ...init, method: 'OPTIONS' }), 200, 'options');
    }
    assert.equal(calls.length, 3);
    const automatic = await request('/write', from(HOME, { method: 'OPTIONS' }));
    assert.deepEqual(
      [automatic.status, automatic.headers.get('allow'), corsOf(automatic)],
      [204, 'POST, OPTIONS', ALLOWED],
    );
    const get = from(HOME, requested);
    await expectJson(await request('/plain', get), 200, 'plain');
  });
});

describe('cors refuses to start', () => {
  const refuses = (options: unknown, error: object) =>
    assert.throws(() => cors(options as CorsOptions), error, JSON.stringify(options));

  test('with a wildcard together with credentials', () => {
    for (const options of [
      {},
      { origin: '*' },
      { origin: [HOME, '*'] },
      { origin: HOME, methods: '*' },
      { origin: HOME, allowedHeaders: ['*'] },
      { origin: HOME, exposedHeaders: ['*'] },
    ]) {
      refuses({ ...options, credentials: true }, { name: 'TypeError', message: /'\*' in \w+ is not a wildcard/ });
      assert.doesNotThrow(() => cors({ ...options, credentials: false }));
    }
  });

  test('with an origin that no browser sends', () => {
    for (const origin of [
      undefined,
      '',
      'example.com',
      'https://',
      `${HOME}/`,
      `${HOME}/path`,
      `${HOME}:443`,
      'HTTPS://app.example.com',
      'https://App.example.com',
      'https://user@app.example.com',
      'https://*.example.com',
      `${HOME}, ${OTHER}`,
      'app://',
      [HOME, 'example.com'],
      [HOME, undefined],
      [[HOME]],
    ]) {
      refuses({ origin }, { name: 'TypeError', message: /is not an origin such as/ });
    }
    for (const origin of [
      'http://localhost:5173',
      'http://[::1]:8000',
      'capacitor://localhost',
      'moz-extension://a-b',
    ]) {
      assert.doesNotThrow(() => cors({ origin }), origin);
    }
  });

  test('with what cannot be sent', () => {
    for (const maxAge of [-1, 1.5, NaN, Infinity, '600'])
      refuses({ maxAge }, { name: 'RangeError', message: /maxAge/ });
    for (const name of ['methods', 'allowedHeaders', 'exposedHeaders']) {
      refuses({ [name]: 'X-A\r\nX-B: 1' }, { name: 'TypeError' });
    }
  });
});

const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
const OPTIONAL_HEADERS = ['permissions-policy', 'strict-transport-security'];

function securityOf({ headers }: Response): Record<string, string> {
  const names = [...Object.keys(SECURITY_HEADERS), ...OPTIONAL_HEADERS];
  return Object.fromEntries([...headers].filter(([name]) => names.includes(name)));
}

describeMatrix('security headers', (open) => {
  test('are on every answer, whatever made it', async () => {
    const request = await open(world(securityHeaders()).app);
    for (const [path, status] of STATUSES) {
      const response = await request(path);
      await response.arrayBuffer();
      assert.deepEqual([path, response.status, securityOf(response)], [path, status, SECURITY_HEADERS]);
    }
  });

  test('leave what an answer says itself, such as the policy of the documentation page', async () => {
    const request = await open(world(securityHeaders({ referrerPolicy: 'origin' })).app);
    const framed = await request('/framed');
    await framed.arrayBuffer();
    assert.equal(framed.headers.get('x-frame-options'), 'SAMEORIGIN');
    assert.equal(framed.headers.get('content-security-policy'), "default-src 'self'");
    assert.equal(framed.headers.get('cross-origin-opener-policy'), 'same-origin');
    const page = await request('/docs');
    assert.match(await page.text(), /swagger-ui-bundle\.js/);
    assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/);
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
  });

  test('can each be set, or left out', async () => {
    const options = {
      contentSecurityPolicy: 'content-security-policy',
      crossOriginEmbedderPolicy: 'cross-origin-embedder-policy',
      crossOriginOpenerPolicy: 'cross-origin-opener-policy',
      crossOriginResourcePolicy: 'cross-origin-resource-policy',
      permissionsPolicy: 'permissions-policy',
      referrerPolicy: 'referrer-policy',
      strictTransportSecurity: 'strict-transport-security',
      xContentTypeOptions: 'x-content-type-options',
      xFrameOptions: 'x-frame-options',
    };
    for (const [option, name] of Object.entries(options)) {
      const set = await (await open(world(securityHeaders({ [option]: 'value' })).app))('/plain');
      assert.deepEqual(securityOf(set), { ...SECURITY_HEADERS, [name]: 'value' });
      const off = await (await open(world(securityHeaders({ [option]: false })).app))('/plain');
      const { [name]: _, ...rest } = SECURITY_HEADERS as Record<string, string>;
      assert.deepEqual(securityOf(off), rest);
    }
  });

  test('refuse to start with a value that cannot be sent', () => {
    assert.throws(() => securityHeaders({ referrerPolicy: 'a\r\nb' }), TypeError);
  });
});

const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

describeMatrix('a request id', (open) => {
  test('is made for each request, for the handler and the answer', async () => {
    const request = await open(world(requestId()).app);
    const ids = new Set<string>();
    for (let times = 0; times < 3; times++) {
      const response = await request('/state');
      const id = response.headers.get('x-request-id') ?? '';
      assert.match(id, UUID);
      await expectJson(response, 200, id);
      ids.add(id);
    }
    assert.equal(ids.size, 3);
  });

  test('is on every answer, whatever made it', async () => {
    const request = await open(world(requestId()).app);
    for (const [path, status] of STATUSES) {
      const response = await request(path);
      await response.arrayBuffer();
      assert.equal(response.status, status);
      assert.match(response.headers.get('x-request-id') ?? '', UUID);
    }
  });

  test('of a client is not kept', async () => {
    const request = await open(world(requestId()).app);
    const response = await request('/plain', { headers: { 'X-Request-Id': 'sent' } });
    assert.match(response.headers.get('x-request-id') ?? '', UUID);
  });

  test('of a client that is trusted is kept, if it is short and plain', async () => {
    const request = await open(world(requestId({ trust: true })).app);
    const answered = async (sent: string) =>
      (await request('/plain', { headers: { 'X-Request-Id': sent } })).headers.get('x-request-id') ?? '';
    for (const sent of ['a', 'A-z_0.9~', crypto.randomUUID(), 'x'.repeat(128)])
      assert.equal(await answered(sent), sent);
    for (const sent of ['', 'x'.repeat(129), 'a b', 'a,b', 'a, b', 'a"', 'a\tb', 'é', '<a>', 'a\\n', 'a/b']) {
      assert.match(await answered(sent), UUID, sent);
    }
    assert.match((await request('/plain')).headers.get('x-request-id') ?? '', UUID);
  });

  test('has the header and the form it was given', async () => {
    let count = 0;
    const middleware = requestId({ header: 'X-Correlation-Id', generate: () => `id ${++count}`, trust: true });
    const request = await open(world(middleware).app);
    const response = await request('/state', { headers: { 'X-Request-Id': 'sent' } });
    assert.equal(response.headers.get('x-correlation-id'), 'id 1');
    assert.equal(response.headers.get('x-request-id'), null);
    await expectJson(response, 200, 'id 1');
    const kept = await request('/state', { headers: { 'X-Correlation-Id': 'sent' } });
    await expectJson(kept, 200, 'sent');
  });

  test('is not started with a header that cannot be sent', () => {
    for (const header of ['', 'a b', 'a:b', 'a\r\nb']) assert.throws(() => requestId({ header }), TypeError);
  });
});

test('the access log does not blame the server for a client that has left', async () => {
  const log = new Log();
  const { app } = world(accessLog({ logger: log }));
  await app.request('/plain', { signal: AbortSignal.abort() });
  const [entry, ...others] = log.entries;
  assert.deepEqual([entry?.level, others], ['info', []]);
  assert.match(entry?.text ?? '', /^GET \/plain 499 /);
});

describeMatrix('the access log', (open) => {
  test('has one line for each answer, and 5xx are errors', async () => {
    const log = new Log();
    const request = await open(world(accessLog({ logger: log })).app);
    for (const [path, status] of STATUSES) {
      await (await request(path)).arrayBuffer();
      const [entry, ...others] = log.entries.splice(0);
      assert.deepEqual(others, []);
      assert.equal(entry?.level, status >= 500 ? 'error' : 'info');
      const [, line, duration] = /^(.*) (\d+\.\d) ms$/.exec(entry?.text ?? '') ?? [];
      assert.equal(line, `GET ${path} ${status}`);
      assert.ok(Number(duration) < 10_000);
    }
  });

  test('has neither the query string nor credentials', async () => {
    const log = new Log();
    const lines: AccessLogEntry[] = [];
    const format = (entry: AccessLogEntry) => {
      lines.push(entry);
      return JSON.stringify(entry);
    };
    const request = await open(world(accessLog({ logger: log }), accessLog({ logger: log, format })).app);
    const headers = { Authorization: 'Basic secret', Cookie: 'session=secret', 'User-Agent': 'secret' };
    await (await request('/guarded?token=secret#secret', { headers })).arrayBuffer();
    assert.equal(log.entries.length, 2);
    assert.doesNotMatch(log.entries.map(({ text }) => text).join('\n') + JSON.stringify(lines), /secret|token/);
  });

  test('has the request id, wherever that was made', async () => {
    for (const order of ['outside', 'inside']) {
      const log = new Log();
      const [logged, named] = [accessLog({ logger: log }), requestId()];
      const request = await open(world(...(order === 'outside' ? [logged, named] : [named, logged])).app);
      const id = (await request('/plain')).headers.get('x-request-id');
      assert.match(log.entries[0]?.text ?? '', new RegExp(`^GET /plain 200 [\\d.]+ ms ${id}$`));
    }
  });

  test('has preflights, and answers of other middleware', async () => {
    const log = new Log();
    const gate: Middleware = ({ path }, next) => (path === '/gate' ? { gate: true } : next());
    const request = await open(world(accessLog({ logger: log }), cors(), gate).app);
    await request('/write', preflight(HOME));
    await (await request('/gate')).arrayBuffer();
    assert.deepEqual(
      log.entries.map(({ text }) => text.replace(/ [\d.]+ ms$/, '')),
      ['OPTIONS /write 204', 'GET /gate 200'],
    );
  });

  test('has lines that cannot be forged', async () => {
    const log = new Log();
    const naming: Middleware = ({ state }, next) => {
      state['requestId'] = 'a\r\nGET /forged 200\u001b[31m\u2028';
      return next();
    };
    const verbose = accessLog({ logger: log, format: ({ requestId, path }) => `${path}\n${requestId}` });
    const request = await open(world(accessLog({ logger: log }), verbose, naming).app);
    await (await request('/a%0Ab%1B')).arrayBuffer();
    for (const { text } of log.entries) {
      assert.match(text, /\/a%0Ab%1B.*\\u000d\\u000aGET \/forged 200\\u001b\[31m\\u2028$/);
    }
    assert.equal(log.entries.length, 2);
  });

  test('tells a format what there is to tell', async () => {
    const entries: AccessLogEntry[] = [];
    const log = new Log();
    const format = (entry: AccessLogEntry) => {
      entries.push(entry);
      return 'line';
    };
    const request = await open(world(accessLog({ logger: log, format })).app);
    await (await request('/plain')).arrayBuffer();
    await (await request('/nowhere')).arrayBuffer();
    assert.deepEqual(
      entries.map(({ method, path, route, status, requestId }) => ({ method, path, route, status, requestId })),
      [
        { method: 'GET', path: '/plain', route: '/plain', status: 200, requestId: undefined },
        { method: 'GET', path: '/nowhere', route: undefined, status: 404, requestId: undefined },
      ],
    );
    assert.ok(entries.every(({ duration }) => duration >= 0));
    assert.deepEqual(
      log.entries.map(({ text }) => text),
      ['line', 'line'],
    );
  });

  test('that fails changes nothing', async () => {
    const fault = () => raise(new Error('full'));
    const failing = { info: fault, warn: fault, error: fault };
    const rejecting = { info: async () => fault(), warn: async () => fault(), error: async () => fault() };
    for (const middleware of [
      accessLog({ logger: failing }),
      accessLog({ logger: rejecting }),
      accessLog({ logger: new Log(), format: fault }),
      accessLog({ logger: new Log(), format: () => undefined as never }),
    ]) {
      const { app, log } = world(middleware);
      const request = await open(app);
      await expectJson(await request('/plain'), 200, 'plain');
      await expectJson(await request('/broken'), 500, { detail: 'Internal Server Error' });
      assert.equal(log.errors.length, 1);
    }
  });

  test('calls the methods of its logger as methods', async () => {
    class Lines {
      readonly lines: string[] = [];
      info(line: string): void {
        this.lines.push(line);
      }
      warn(): void {}
      error(line: string): void {
        this.lines.push(line);
      }
    }
    const logger = new Lines();
    const request = await open(world(accessLog({ logger })).app);
    await (await request('/plain')).arrayBuffer();
    await (await request('/broken')).arrayBuffer();
    assert.equal(logger.lines.length, 2);
  });

  test('goes to the console unless told otherwise', async (t) => {
    const info = t.mock.method(console, 'info', () => {});
    const request = await open(world(accessLog()).app);
    await (await request('/plain')).arrayBuffer();
    assert.match(String(info.mock.calls[0]?.arguments[0]), /^GET \/plain 200 /);
  });
});

describeMatrix('the time limit', (open) => {
  const never = new Promise<void>(() => {});
  const limited = (...middleware: Middleware[]): App => {
    @Controller()
    class LimitedController {
      @Get('/plain') plain(): string {
        return 'plain';
      }
      @Get('/slow') async slow(): Promise<string> {
        await pause(250);
        return 'slow';
      }
    }
    return appOf([LimitedController], { timeout: 150, middleware });
  };

  test('ends middleware that never settles, before and after next(): a 503 that the outer ones see', async () => {
    for (const stuck of [
      () => never,
      async (_: Context, next: () => Promise<void>) => {
        await next();
        await never;
      },
    ]) {
      let signal: AbortSignal | undefined;
      const inner: Middleware = (context, next) => {
        ({ signal } = context);
        context.response.headers.set('X-Inner', 'set');
        return stuck(context, next);
      };
      const request = await open(limited(cors({ origin: HOME }), inner));
      const response = await request('/plain', from(HOME));
      assert.equal(response.headers.get('access-control-allow-origin'), HOME);
      await expectJson(response, 503, { detail: 'Service Unavailable' });
      assert.equal(signal?.aborted, true);
    }
  });

  test('leaves each middleware its time after a handler that took long', async () => {
    const slow: Middleware = async (_, next) => {
      await pause(30);
      await next();
      await pause(30);
    };
    const app = limited(slow);
    @Controller()
    class PatientController {
      @Get('/patient', { timeout: 5_000 }) async patient(): Promise<string> {
        await pause(250);
        return 'patient';
      }
    }
    const request = await open(app.include([PatientController]));
    await expectJson(await request('/patient'), 200, 'patient');
    await expectJson(await request('/slow'), 503);
  });

  test('ends error handlers that never settle, of every request: what they were to answer is logged', async () => {
    const log = new Log();
    @Controller()
    class FailingController {
      @Get('/failing') fail(): never {
        throw new RangeError('hidden');
      }
      @Get('/stuck') stuck(): Promise<void> {
        return never;
      }
    }
    const app = appOf([FailingController], { timeout: 150, logger: log });
    app.onError(RangeError, () => never).onError(HTTPException, () => never);
    const request = await open(app);
    for (const path of ['/failing', '/stuck', '/nowhere']) await expectJson(await request(path), 503);
    await eventually('the error is logged', () => log.errors.length > 0);
    assert.match(log.errors.join(), /hidden/);
    assert.equal(log.errors.length, 1);
  });

  test('ends the stream of an error handler that answers too late', async () => {
    let cancelled = false;
    const app = limited().onError(HTTPException, async () => {
      await pause(200);
      return new Response(new ReadableStream({ cancel: () => void (cancelled = true) }));
    });
    await expectJson(await (await open(app))('/nowhere'), 503);
    assert.equal(cancelled, false);
    await eventually('it is ended', () => cancelled);
  });
});

describeMatrix('all of them together', (open) => {
  test('each does its part, for an answer, an error and a preflight', async () => {
    const log = new Log();
    const origins = cors({ origin: HOME, credentials: true });
    const { app, calls } = world(accessLog({ logger: log }), requestId(), securityHeaders(), origins);
    const request = await open(app);
    for (const [path, init, status] of [
      ['/plain', from(HOME), 200],
      ['/broken', from(HOME), 500],
      ['/nowhere', from(HOME), 404],
      ['/write', preflight(HOME), 204],
    ] as const) {
      const response = await request(path, init);
      await response.arrayBuffer();
      assert.equal(response.status, status);
      assert.equal(response.headers.get('access-control-allow-origin'), HOME);
      assert.deepEqual(securityOf(response), SECURITY_HEADERS);
      assert.ok(log.entries.pop()?.text.endsWith(` ms ${response.headers.get('x-request-id')}`));
    }
    assert.deepEqual(calls, ['plain']);
  });
});
