import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { after, afterEach, describe, it, type TestContext } from 'node:test';
import { generateKeyPair, SignJWT } from 'jose';
import { Controller, Depends, Get } from 'portico';
import { type AccessToken, jwtBearer, type JwtBearerOptions } from 'portico/jwt';
import { AUDIENCE, LyingProvider } from './fixtures/lying-provider.ts';
import { appOf, challengesOf, expectJson, Log, pause, raise, Run } from './world.ts';

const provider = await LyingProvider.start();
const { issuer } = provider;
const DISCOVERY = '/.well-known/openid-configuration';

afterEach(() => provider.reset());
after(() => provider.close());

/** An app that trusts the provider, and how it is asked. */
function trusting(options: Partial<JwtBearerOptions> = {}) {
  const accessToken = jwtBearer({ issuer, audience: AUDIENCE, ...options });
  @Controller('/me')
  class MeController {
    @Get()
    me(@Depends(accessToken) { subject }: AccessToken) {
      return subject;
    }
  }
  const log = new Log();
  const app = appOf([MeController], { logger: log });
  const ask = (token: string): Promise<Response> => {
    return app.request('/me', { headers: { Authorization: `Bearer ${token}` } });
  };
  const statusOf = async (token: string): Promise<number> => (await ask(token)).status;
  return { app, log, ask, statusOf };
}

/** How often each status came, for many requests at once. */
async function tally(asking: readonly Promise<number>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const status of await Promise.all(asking)) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const fetches = (path = '/jwks'): number => provider.asked.filter((asked) => asked === path).length;
const unknown = (): Promise<string> => provider.sign({}, { kid: crypto.randomUUID() });
const answering = (value: unknown, status = 200, headers = {}): RequestListener => {
  return (_request, response) => response.writeHead(status, headers).end(JSON.stringify(value));
};

/** Moves the clock, which stands still from here on. */
function clock(t: TestContext): (milliseconds: number) => void {
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  return (milliseconds) => t.mock.timers.tick(milliseconds);
}

async function assertUnavailable(response: Response, retryAfter?: number): Promise<void> {
  await expectJson(response, 503, { detail: 'Tokens cannot be verified at present' });
  assert.equal(response.headers.get('www-authenticate'), null);
  const seconds = response.headers.get('retry-after') ?? '';
  assert.match(seconds, /^[1-9]\d*$/);
  if (retryAfter !== undefined) assert.equal(Number(seconds), retryAfter);
}

describe('the keys of a provider', () => {
  it('are fetched by the first token, once for a thousand that come meanwhile', async () => {
    const { app, statusOf } = trusting();
    await app.start();
    assert.equal((await app.request('/me')).status, 401);
    assert.equal(await statusOf('x.y.z'), 401);
    assert.deepEqual(provider.asked, []);
    provider.delay = 20;
    const token = await provider.sign();
    assert.deepEqual(await tally(Array.from({ length: 1_000 }, () => statusOf(token))), { 200: 1_000 });
    assert.deepEqual(provider.asked, [DISCOVERY, '/jwks']);
  });

  it('are where the configuration says, without discovery', async () => {
    const { statusOf } = trusting({ jwksUri: `${issuer}/jwks` });
    assert.equal(await statusOf(await provider.sign()), 200);
    assert.equal(await statusOf(await provider.sign({ iss: 'https://other.example' })), 401);
    assert.deepEqual(provider.asked, ['/jwks']);
  });

  it('are found by the metadata of a plain OAuth server, between host and path', async () => {
    const tenant = `${issuer}/tenant`;
    const metadata = { issuer: tenant, jwks_uri: `${issuer}/jwks` };
    provider.answers.set('/.well-known/oauth-authorization-server/tenant', answering(metadata));
    const { statusOf } = trusting({ issuer: tenant });
    assert.equal(await statusOf(await provider.sign({ iss: tenant })), 200);
    assert.deepEqual(provider.asked, [
      `/tenant${DISCOVERY}`,
      '/.well-known/oauth-authorization-server/tenant',
      '/jwks',
    ]);
    provider.answers.set(DISCOVERY, answering({}, 404));
    provider.answers.set('/.well-known/oauth-authorization-server', answering(provider.metadata));
    assert.equal(await trusting().statusOf(await provider.sign()), 200, 'an issuer without a path');
  });

  it('are awaited for any number of milliseconds', async () => {
    const token = await provider.sign();
    for (const timeout of [2_500.5, 2 ** 31, 1e12]) assert.equal(await trusting({ timeout }).statusOf(token), 200);
  });

  it('are not asked for by what cannot be a token of the issuer', async () => {
    const { statusOf } = trusting();
    const [, payload = '', signature = ''] = (await provider.sign()).split('.');
    for (const header of [{ alg: 'none' }, { alg: 'HS256' }, { alg: 'ES256', jwk: {} }, { alg: 'ES256', crit: [] }]) {
      const text = Buffer.from(JSON.stringify({ typ: 'at+jwt', ...header })).toString('base64url');
      assert.equal(await statusOf(`${text}.${payload}.${signature}`), 401);
    }
    assert.deepEqual(provider.asked, []);
  });

  it('are fetched again for an unknown key, at most once in a cooldown, whoever asks', async (t) => {
    const tick = clock(t);
    const { statusOf } = trusting({ cooldown: 60_000 });
    assert.equal(await statusOf(await provider.sign()), 200);
    for (const expected of [2, 3, 4]) {
      const tokens = await Promise.all(Array.from({ length: 50 }, unknown));
      assert.deepEqual(await tally(tokens.map(statusOf)), { 401: 50 });
      assert.deepEqual(await tally(tokens.map(statusOf)), { 401: 50 });
      assert.equal(fetches(), expected);
      tick(60_000);
    }
  });

  it('are not fetched twice for an unknown key that is the first', async () => {
    const { statusOf } = trusting();
    assert.equal(await statusOf(await unknown()), 401);
    assert.equal(fetches(), 1);
  });

  it('may be changed under a thousand requests: one fetch, and no good token is refused', async () => {
    const { statusOf } = trusting();
    const before = await provider.sign();
    assert.equal(await statusOf(before), 200);
    await provider.rotate({ keep: true });
    const fresh = await provider.sign();
    provider.asked.length = 0;
    provider.delay = 30;
    const asking = Array.from({ length: 1_000 }, (_, index) => statusOf(index % 2 === 0 ? before : fresh));
    assert.deepEqual(await tally(asking), { 200: 1_000 });
    assert.deepEqual(provider.asked, [DISCOVERY, '/jwks']);
    assert.equal(provider.busiest, 1);
  });

  it('that are withdrawn count no longer than their age', async (t) => {
    const tick = clock(t);
    const { statusOf } = trusting({ maxAge: 60_000 });
    const before = await provider.sign();
    assert.equal(await statusOf(before), 200);
    await provider.rotate();
    tick(59_999);
    assert.equal(await statusOf(before), 200);
    tick(1);
    assert.equal(await statusOf(before), 401);
  });

  it('are fetched again where the clock was set back', async (t) => {
    const tick = clock(t);
    tick(1_000_000);
    const { statusOf } = trusting({ maxAge: 60_000 });
    assert.equal(await statusOf(await provider.sign({ iat: undefined })), 200);
    t.mock.timers.setTime(Date.now() - 100_000);
    assert.equal(await statusOf(await provider.sign({ iat: undefined })), 200);
    assert.equal(fetches(), 2);
  });

  it('go on during an outage under a thousand requests; one that is unknown is a 503, never a 401', async (t) => {
    const tick = clock(t);
    const { statusOf, ask, log } = trusting({ maxAge: 60_000, cooldown: 30_000 });
    const good = await provider.sign();
    assert.equal(await statusOf(good), 200);
    await provider.rotate({ keep: true });
    const fresh = await provider.sign();
    tick(60_000);
    provider.asked.length = 0;
    provider.isDown = true;
    provider.delay = 30;
    const asking = Array.from({ length: 1_000 }, (_, index) => statusOf(index % 2 === 0 ? good : fresh));
    assert.deepEqual(await tally(asking), { 200: 500, 503: 500 });
    assert.deepEqual(provider.asked, [DISCOVERY]);
    const told = log.entries.filter(({ level }) => level === 'warn').map(({ text }) => text);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^GET \/me: the keys of the issuer cannot be fetched: it cannot be reached/);
    assert.deepEqual(log.errors, []);
    await assertUnavailable(await ask(fresh), 30);
    assert.equal(await statusOf(await provider.sign({ aud: 'https://other.example' }, {})), 503);
    provider.isDown = false;
    assert.equal(await statusOf(fresh), 503);
    tick(30_000);
    assert.deepEqual(await tally([statusOf(fresh), statusOf(good)]), { 200: 2 });
  });

  it('that were never had are a 503 for every token, and no more than one fetch in five seconds', async (t) => {
    const tick = clock(t);
    const { app, ask, statusOf } = trusting({ cooldown: 3_600_000 });
    provider.isDown = true;
    const good = await provider.sign();
    await assertUnavailable(await ask(good), 5);
    await assertUnavailable(await ask(await unknown()));
    assert.equal(fetches(DISCOVERY), 1);
    const anonymous = await app.request('/me');
    assert.equal(challengesOf(anonymous).length, 1);
    assert.equal(await statusOf('x.y.z'), 401);
    provider.isDown = false;
    tick(4_999);
    assert.equal(await statusOf(good), 503);
    tick(1);
    assert.equal(await statusOf(good), 200);
  });

  it('that are slow hold up nobody whose key is known', async () => {
    const { statusOf } = trusting({ timeout: 300 });
    const good = await provider.sign();
    assert.equal(await statusOf(good), 200);
    provider.answers.set('/jwks', () => {});
    const waiting = statusOf(await unknown());
    const begun = performance.now();
    assert.equal(await statusOf(good), 200);
    assert.ok(performance.now() - begun < 200);
    assert.equal(await waiting, 503);
  });

  const keys = () => ({ keys: provider.keys });
  const drip: RequestListener = (_request, response) => {
    response.write('{"keys":[');
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  };
  const endless: RequestListener = (_request, response) => {
    const chunk = ' '.repeat(65_536);
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  };
  const lies: readonly (readonly [what: string, path: string, answer: () => RequestListener, said: RegExp])[] = [
    ['an error for its metadata', DISCOVERY, () => answering(provider.metadata, 500), /the response is 500/],
    ['an error for its keys', '/jwks', () => answering(keys(), 500), /the response is 500/],
    ['no content', '/jwks', () => (_request, response) => response.writeHead(204).end(), /the response is 204/],
    [
      'no JSON',
      '/jwks',
      () => (_request, response) => response.end('<html>secret</html>'),
      /the response is not JSON$/,
    ],
    ['nothing at all', '/jwks', () => (_request, response) => response.end(), /the response is not JSON$/],
    ['null', '/jwks', () => answering(null), /the response is not a key set/],
    ['no key set', '/jwks', () => answering({ keys: 'none' }), /the response is not a key set/],
    ['keys that are none', '/jwks', () => answering({ keys: [1] }), /the response is not a key set/],
    ['an empty key set', '/jwks', () => answering({ keys: [] }), /the key set is empty/],
    ['metadata that is no object', DISCOVERY, () => answering('metadata'), /the metadata is not an object/],
    [
      'metadata of another issuer',
      DISCOVERY,
      () => answering({ ...provider.metadata, issuer: `${issuer}/` }),
      /belongs to another issuer/,
    ],
    ['metadata of no issuer', DISCOVERY, () => answering({ jwks_uri: `${issuer}/jwks` }), /belongs to another issuer/],
    ['metadata without keys', DISCOVERY, () => answering({ issuer }), /jwks_uri of the metadata is missing/],
    [
      'an address that is none',
      DISCOVERY,
      () => answering({ issuer, jwks_uri: 1 }),
      /jwks_uri of the metadata is not a URL/,
    ],
    [
      'keys in clear from elsewhere',
      DISCOVERY,
      () => answering({ issuer, jwks_uri: 'http://0.0.0.0/jwks' }),
      /neither an https URL/,
    ],
    [
      'keys from a file',
      DISCOVERY,
      () => answering({ issuer, jwks_uri: 'file:///etc/passwd' }),
      /neither an https URL/,
    ],
    [
      'a redirect for its metadata',
      DISCOVERY,
      () => answering({}, 302, { Location: '/elsewhere' }),
      /the response is 302/,
    ],
    ['a redirect for its keys', '/jwks', () => answering({}, 307, { Location: '/elsewhere' }), /the response is 307/],
    ['nothing, for too long', '/jwks', () => () => {}, /no response within 1000 ms/],
    ['a byte at a time, for too long', '/jwks', () => drip, /no response within 1000 ms/],
    ['more than it should', '/jwks', () => endless, /more than 262144 bytes/],
    ['a cut connection', '/jwks', () => (_request, response) => response.destroy(), /cannot be reached/],
    [
      'half of an answer',
      '/jwks',
      () => (_request, response) => {
        response.writeHead(200, { 'Content-Length': '1000' }).write('{');
        response.destroy();
      },
      /cannot be reached|no answer/,
    ],
  ];
  for (const [what, path, answer, said] of lies) {
    it(`cannot be had from a provider that answers ${what}, and those that are there stay`, async () => {
      provider.answers.set('/elsewhere', answering(keys()));
      const { ask, log } = trusting({ timeout: 1_000 });
      provider.answers.set(path, answer());
      await assertUnavailable(await ask(await provider.sign()));
      assert.deepEqual(
        log.entries.map(({ level }) => level),
        ['warn'],
      );
      assert.match(log.entries[0]?.text ?? '', said);
      assert.ok(!provider.asked.includes('/elsewhere'));
      provider.answers.delete(path);
      const second = trusting({ timeout: 1_000, cooldown: 0 });
      assert.equal(await second.statusOf(await provider.sign()), 200);
      provider.answers.set(path, answer());
      assert.equal(await second.statusOf(await unknown()), 503);
      assert.equal(await second.statusOf(await provider.sign()), 200);
    });
  }

  for (const [what, fetching, said] of [
    ['rejects without a cause', async () => raise(new TypeError('failed')), /it cannot be reached \(TypeError\)$/],
    [
      'rejects with a cause that has no code',
      async () => raise(new TypeError('failed', { cause: new Error('bad port') })),
      /it cannot be reached \(TypeError\)$/,
    ],
    ['rejects with what is no error', async () => raise('down'), /it cannot be reached$/],
    ['throws', () => raise(new RangeError('down')), /it cannot be reached \(RangeError\)$/],
    ['answers without a body', async () => new Response(null), /the response is not JSON$/],
    ['answers with nothing', async () => undefined as never, /cannot be fetched: TypeError/],
  ] as const) {
    it(`cannot be had by a fetch of the platform that ${what}`, async (t) => {
      const token = await provider.sign();
      t.mock.method(globalThis, 'fetch', fetching);
      const { ask, log } = trusting({ jwksUri: `${issuer}/jwks` });
      await assertUnavailable(await ask(token));
      assert.match(log.entries[0]?.text ?? '', said);
    });
  }

  for (const [platform, expected] of [
    ['Cloudflare-Workers', 2],
    ['Node.js/24', 1],
  ] as const) {
    it(`are fetched ${expected} times for two tokens at once on ${platform}`, async () => {
      const program = new Run([
        '--import',
        'tsx',
        'test/fixtures/two-tokens.ts',
        issuer,
        await provider.sign(),
        platform,
      ]);
      assert.equal(await program.end(), 0, program.said);
      assert.equal(program.stdout, '200 200\n');
      assert.equal(fetches(), expected);
    });
  }

  it('need the package that reads them, which is looked for again where it was missing', async () => {
    const program = new Run(['--import', 'tsx', 'test/fixtures/late-jose.ts']);
    assert.equal(await program.end(), 0, program.said);
    assert.match(program.stdout, /^Tokens are verified .+ cannot be loaded: npm install jose\nBearer\n$/);
  });

  it('that it should not have published verify nothing, and are nothing that a token is to blame for', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    const { exportJWK } = await import('jose');
    const secret = new TextEncoder().encode('x'.repeat(32));
    const now = Math.floor(Date.now() / 1_000);
    const claims = { iss: issuer, aud: AUDIENCE, sub: 'ada', exp: now + 60 };
    const sign = (alg: string, kid: string, key: Parameters<SignJWT['sign']>[0]) =>
      new SignJWT(claims).setProtectedHeader({ alg, typ: 'at+jwt', kid }).sign(key);
    const published = [
      { kty: 'oct', kid: 'symmetric', k: Buffer.from(secret).toString('base64url') },
      { ...(await exportJWK(privateKey)), kid: 'private' },
      { kty: 'EC', crv: 'P-256', kid: 'broken', x: 'x', y: 'y' },
      { kty: 'EC', crv: 'P-256', kid: 'encrypts', use: 'enc', x: 'x', y: 'y' },
      { kty: 'RSA', kid: 'short', e: 'AQAB', n: Buffer.alloc(128, 0xff).toString('base64url') },
      ...provider.keys,
    ];
    provider.answers.set('/jwks', answering({ keys: published }));
    const { statusOf } = trusting();
    assert.equal(await statusOf(await provider.sign()), 200);
    assert.equal(await statusOf(await sign('HS256', 'symmetric', secret)), 401);
    assert.equal(await statusOf(await sign('ES256', 'private', privateKey)), 503);
    assert.equal(await statusOf(await sign('ES256', 'broken', privateKey)), 503);
    const short = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid: 'short' })).toString('base64url');
    assert.equal(await statusOf((await provider.sign()).replace(/^[^.]+/, short)), 503);
    assert.equal(await statusOf(await sign('ES256', 'encrypts', privateKey)), 401);
    assert.equal(await statusOf(await provider.sign()), 200);
  });

  it('belong to one app: another one fetches its own', async () => {
    const accessToken = jwtBearer({ issuer, audience: AUDIENCE });
    for (const count of [1, 2]) {
      @Controller('/own')
      class OwnController {
        @Get()
        read(@Depends(accessToken) { subject }: AccessToken) {
          return subject;
        }
      }
      const headers = { Authorization: `Bearer ${await provider.sign()}` };
      assert.equal((await appOf([OwnController]).request('/own', { headers })).status, 200);
      assert.equal(fetches(), count);
    }
  });
});

describe('opaque tokens', () => {
  const introspection = { clientId: 'notes api', clientSecret: 'p:ss%' };
  const now = (): number => Math.floor(Date.now() / 1_000);

  it('are asked about by the endpoint of the metadata, as the client that the app is', async () => {
    provider.tokens.set('opaque', { active: true, sub: 'ada', scope: 'a b', client_id: 'client', exp: now() + 60 });
    const { ask } = trusting({ introspection });
    await expectJson(await ask('opaque'), 200, 'ada');
    assert.deepEqual(provider.asked, [DISCOVERY, '/introspect']);
    const [{ body, authorization } = assert.fail()] = provider.introspected;
    assert.deepEqual(Object.fromEntries(body), { token: 'opaque', token_type_hint: 'access_token' });
    const [scheme, credentials = ''] = authorization?.split(' ') ?? [];
    assert.deepEqual([scheme, Buffer.from(credentials, 'base64').toString()], ['Basic', 'notes+api:p%3Ass%25']);
  });

  it('are asked about where the configuration says, and need no issuer then', async () => {
    provider.tokens.set('opaque', { active: true, sub: 'ada' });
    const accessToken = jwtBearer({
      audience: AUDIENCE,
      introspection: { ...introspection, endpoint: `${issuer}/introspect` },
    });
    @Controller('/me')
    class MeController {
      @Get()
      me(@Depends(accessToken) { expiresAt, scopes }: AccessToken) {
        return { isNumber: expiresAt > 0, scopes };
      }
    }
    const app = appOf([MeController]);
    const answer = await app.request('/me', { headers: { Authorization: 'Bearer opaque' } });
    await expectJson(answer, 200, { isNumber: true, scopes: [] });
    assert.deepEqual(provider.asked, ['/introspect']);
    assert.deepEqual(app.openapi().components?.securitySchemes, { HTTPBearer: { type: 'http', scheme: 'bearer' } });
  });

  const answers: readonly (readonly [status: number, what: string, answer: () => unknown])[] = [
    [200, 'active', () => ({ active: true, sub: 'ada' })],
    [200, 'active for us among others', () => ({ active: true, sub: 'ada', aud: ['x', AUDIENCE], iss: issuer })],
    [401, 'inactive', () => ({ active: false })],
    [401, 'inactive, with everything else', () => ({ active: false, sub: 'ada', exp: now() + 60, aud: AUDIENCE })],
    [401, 'for another app', () => ({ active: true, sub: 'ada', aud: 'https://other.example' })],
    [401, 'for nobody', () => ({ active: true, sub: 'ada', aud: [] })],
    [401, 'of another issuer', () => ({ active: true, sub: 'ada', iss: 'https://other.example' })],
    [401, 'over', () => ({ active: true, sub: 'ada', exp: now() - 10 })],
    [401, 'to come', () => ({ active: true, sub: 'ada', nbf: now() + 60 })],
    [401, 'of no subject', () => ({ active: true })],
    [401, 'bound to a key', () => ({ active: true, sub: 'ada', cnf: { jkt: 'x' } })],
    [503, 'neither active nor not', () => ({ sub: 'ada' })],
    [503, 'active as text', () => ({ active: 'true', sub: 'ada' })],
    [503, 'over at a time that is text', () => ({ active: true, sub: 'ada', exp: 'tomorrow' })],
    [503, 'a list', () => [{ active: true, sub: 'ada' }]],
    [503, 'null', () => null],
    [
      503,
      'nested without end',
      () => ({ active: true, sub: 'ada', deep: JSON.parse('['.repeat(1_000) + ']'.repeat(1_000)) }),
    ],
  ];
  for (const [status, what, answer] of answers) {
    it(`are ${status} where the answer is ${what}`, async () => {
      provider.answers.set('/introspect', answering(answer()));
      const { ask, log } = trusting({ introspection });
      const response = await ask('opaque');
      assert.equal(response.status, status);
      if (status === 503) await assertUnavailable(response);
      if (status === 401) assert.match(response.headers.get('www-authenticate') ?? '', /error="invalid_token"/);
      for (const { text } of log.entries) assert.ok(!/opaque|tomorrow|p:ss/.test(text), text);
    });
  }

  for (const [what, answer] of [
    ['refuses us', answering({ error: 'invalid_client' }, 401)],
    ['forbids us', answering({}, 403)],
    ['fails', answering({}, 500)],
    ['redirects', answering({}, 302, { Location: '/elsewhere' })],
    ['says nothing', () => {}],
    ['is cut', (_request, response) => response.destroy()],
  ] as readonly (readonly [string, RequestListener])[]) {
    it(`are a 503 where the endpoint ${what}`, async () => {
      provider.answers.set('/introspect', answer);
      const { ask, log } = trusting({ introspection, timeout: 200 });
      await assertUnavailable(await ask('opaque'));
      assert.match(log.entries[0]?.text ?? '', /^GET \/me: the introspection endpoint cannot be used: /);
      assert.ok(!provider.asked.includes('/elsewhere'));
    });
  }

  it('are not asked about where they are longer than a header may be', async () => {
    const { statusOf } = trusting({ introspection });
    provider.tokens.set('x'.repeat(16_384), { active: true, sub: 'ada' });
    assert.equal(await statusOf('x'.repeat(16_384)), 200);
    provider.asked.length = 0;
    assert.equal(await statusOf('x'.repeat(16_385)), 401);
    assert.deepEqual(provider.asked, []);
  });

  it('are a 503 where the metadata cannot be had, or names no endpoint', async () => {
    provider.isDown = true;
    await assertUnavailable(await trusting({ introspection }).ask('opaque'));
    provider.isDown = false;
    provider.answers.set(DISCOVERY, answering({ issuer }));
    await assertUnavailable(await trusting({ introspection }).ask('opaque'));
  });

  it('are remembered no longer than they hold, nor than their age; one that is inactive is not', async (t) => {
    const tick = clock(t);
    const { statusOf } = trusting({ introspection, maxAge: 30_000, clockTolerance: 0 });
    provider.tokens.set('short', { active: true, sub: 'ada', exp: now() + 10 });
    provider.tokens.set('long', { active: true, sub: 'ada', exp: now() + 3_600 });
    const asked = async (token: string, status: number): Promise<number> => {
      provider.introspected.length = 0;
      assert.equal(await statusOf(token), status);
      return provider.introspected.length;
    };
    assert.deepEqual([await asked('short', 200), await asked('short', 200)], [1, 0]);
    assert.deepEqual([await asked('long', 200), await asked('long', 200)], [1, 0]);
    assert.deepEqual([await asked('none', 401), await asked('none', 401)], [1, 1]);
    tick(11_000);
    assert.deepEqual([await asked('short', 401), await asked('long', 200)], [1, 0]);
    provider.tokens.set('long', { active: false });
    tick(18_999);
    assert.equal(await asked('long', 200), 0);
    tick(1);
    assert.equal(await asked('long', 401), 1);
  });

  it('are asked about once for a thousand requests, and each time where nothing is to be kept', async () => {
    provider.tokens.set('opaque', { active: true, sub: 'ada' });
    const { statusOf } = trusting({ introspection });
    provider.delay = 20;
    assert.deepEqual(await tally(Array.from({ length: 1_000 }, () => statusOf('opaque'))), { 200: 1_000 });
    assert.equal(provider.introspected.length, 1);
    const forgetful = trusting({ introspection, keep: 0 });
    for (let count = 0; count < 2; count++) assert.equal(await forgetful.statusOf('opaque'), 200);
    assert.equal(provider.introspected.length, 3);
  });

  it('do not mix: a thousand different ones each have their own answer', async () => {
    const { ask } = trusting({ introspection });
    const names = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    for (const name of names) provider.tokens.set(`token-${name}`, { active: true, sub: name });
    const asked = names.map(async (name) => (await (await ask(`token-${name}`)).json()) as string);
    assert.deepEqual(await Promise.all(asked), names);
    await pause(0);
  });
});
