import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { Body, Controller, Depends, Get, OAuth2PasswordBearer, Path, Post, Security } from 'portico';
import { type AccessToken, jwtBearer, type JwtBearerOptions, type ReplayStore } from 'portico/jwt';
import { testTokens } from 'portico/testing';
import { z } from 'zod';
import { MemoryReplayStore } from '../src/jwt/replay-store.ts';
import { appOf, challengesOf, describeMatrix, Log, pause, raise, type Send, servers } from './world.ts';

const ISSUER = 'https://id.example';
const AUDIENCE = 'https://api.example';
const tokens = testTokens({ issuer: ISSUER, audience: AUDIENCE });
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519';

/** What a client has: a key, and a token that is bound to it. */
class Client {
  private constructor(
    readonly key: Parameters<SignJWT['sign']>[0],
    readonly jwk: JWK,
    readonly token: string,
  ) {}

  static async make(scopes: readonly string[] = ['read']): Promise<Client> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(publicKey);
    const cnf = { jkt: await calculateJwkThumbprint(jwk) };
    return new Client(privateKey, jwk, (await tokens.issue('ada', { scopes, claims: { cnf } })).access_token);
  }

  proof(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}, key = this.key): Promise<string> {
    return new SignJWT({
      jti: crypto.randomUUID(),
      htm: 'GET',
      htu: 'http://localhost/me',
      iat: Math.floor(Date.now() / 1_000),
      ath: createHash('sha256').update(this.token).digest('base64url'),
      ...claims,
    })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: this.jwk, ...header })
      .sign(key);
  }

  headers(proof: string, scheme = 'DPoP'): Record<string, string> {
    return { Authorization: `${scheme} ${this.token}`, DPoP: proof };
  }
}

const client = await Client.make();

function appWith(options: Partial<JwtBearerOptions> = {}, log = new Log()) {
  const keys = { issuer: ISSUER, audience: AUDIENCE, jwks: tokens.jwks };
  const accessToken = jwtBearer({ ...keys, dpop: 'required', ...options });
  @Controller('/me')
  class MeController {
    @Get()
    me(@Security(accessToken, { scopes: ['read'] }) { subject }: AccessToken) {
      return subject;
    }
    @Post()
    add(@Depends(accessToken) _token: AccessToken, @Body(z.string()) text: string) {
      return text;
    }
    @Get('/notes/:title')
    note(@Depends(accessToken) _token: AccessToken, @Path('title') title: string) {
      return title;
    }
    @Get('/~ada')
    home(@Depends(accessToken) { subject }: AccessToken) {
      return subject;
    }
  }
  return appOf([MeController], { logger: log });
}

const parameters = { realm: 'api', algs: ALGORITHMS };

async function assertRefused(response: Response, error: string, scope: string | undefined = 'read'): Promise<void> {
  assert.deepEqual([response.status, await response.text()], [401, '{"detail":"Invalid authentication credentials"}']);
  assert.deepEqual(challengesOf(response), [
    { scheme: 'DPoP', parameters: { ...parameters, error, ...(scope && { scope }) } },
  ]);
}

describeMatrix('a token that is bound to a key', (open) => {
  /** The address is that of the server, which the proof has to name. */
  const asking = async (send: Send, path: string, init: RequestInit & { proof?: Record<string, unknown> } = {}) => {
    const { proof = {}, ...rest } = init;
    const htu = `http://localhost${path}`;
    const headers = client.headers(await client.proof({ htm: rest.method ?? 'GET', htu, ...proof }));
    return send(path, { ...rest, headers: { ...headers, ...(rest.headers as object) } });
  };

  it('is accepted with a proof for this request, once', async () => {
    const send = await open(appWith());
    const response = await asking(send, '/me');
    assert.deepEqual([response.status, await response.json()], [200, 'ada']);
    const jti = crypto.randomUUID();
    assert.equal((await asking(send, '/me', { proof: { jti } })).status, 200);
    await assertRefused(await asking(send, '/me', { proof: { jti } }), 'invalid_dpop_proof');
  });

  it('leaves the body to be read', async () => {
    const send = await open(appWith());
    const init = { method: 'POST', body: '"text"', headers: { 'Content-Type': 'application/json' } };
    const response = await asking(send, '/me', init);
    assert.deepEqual([response.status, await response.json()], [200, 'text']);
  });

  it('has the query and the fragment of the address left out, and unreserved characters written either way', async () => {
    const send = await open(appWith());
    assert.equal((await asking(send, '/me?a=b')).status, 200);
    assert.equal((await asking(send, '/me/%7eada')).status, 200);
    for (const htu of ['http://localhost/me/~ada?x#y', 'http://localhost/me/%7Eada']) {
      assert.equal((await asking(send, '/me/~ada', { proof: { htu } })).status, 200);
    }
    const titled = (title: string) =>
      asking(send, '/me/notes/a%2fb', { proof: { htu: `http://localhost/me/notes/${title}` } });
    assert.equal(await (await titled('a%2Fb')).json(), 'a/b');
    assert.equal((await titled('a%2fb')).status, 200);
    assert.equal((await titled('a/b')).status, 401, 'a reserved character is another one than its escape');
  });
});

describe('a proof', () => {
  const log = new Log();
  const app = appWith({}, log);
  const now = Math.floor(Date.now() / 1_000);
  const ask = (proof: string, init: RequestInit = {}) =>
    app.request('/me', { headers: client.headers(proof), ...init });
  const bad: readonly (readonly [what: string, make: () => string | Promise<string>])[] = [
    ['that is none', () => 'x'],
    ['that is empty', () => ''],
    ['of another type', () => client.proof({}, { typ: 'JWT' })],
    ['of no type', () => client.proof({}, { typ: undefined })],
    ['without its key', () => client.proof({}, { jwk: undefined })],
    ['whose key is no object', () => client.proof({}, { jwk: 'key' })],
    ['whose key is not one', () => client.proof({}, { jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' } })],
    ['whose key is symmetric', () => client.proof({}, { jwk: { kty: 'oct', k: 'x' } })],
    ['whose key is private', async () => client.proof({}, { jwk: await exportJWK(client.key as never) })],
    [
      'under a changed signature',
      async () => (await client.proof()).replace(/[^.]+$/, Buffer.alloc(64).toString('base64url')),
    ],
    ['without a signature', async () => (await client.proof()).replace(/[^.]+$/, '')],
    [
      'of alg none',
      async () => {
        const [, payload] = (await client.proof()).split('.');
        return `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk: client.jwk })).toString('base64url')}.${payload}.`;
      },
    ],
    ['for another method', () => client.proof({ htm: 'POST' })],
    ['for a method in small letters', () => client.proof({ htm: 'get' })],
    ['for no method', () => client.proof({ htm: undefined })],
    ['for another path', () => client.proof({ htu: 'http://localhost/other' })],
    ['for another host', () => client.proof({ htu: 'http://evil.example/me' })],
    ['for another port', () => client.proof({ htu: 'http://localhost:81/me' })],
    ['for a host that begins alike', () => client.proof({ htu: 'http://localhost.evil.example/me' })],
    ['for an address with the host in its user', () => client.proof({ htu: 'http://localhost@evil.example/me' })],
    ['for an address of another kind', () => client.proof({ htu: 'ftp://localhost/me' })],
    ['for an address that is none', () => client.proof({ htu: '/me' })],
    ['for no address', () => client.proof({ htu: undefined })],
    ['for a list of addresses', () => client.proof({ htu: ['http://localhost/me'] })],
    ['that is old', () => client.proof({ iat: now - 120 })],
    ['that is of the future', () => client.proof({ iat: now + 60 })],
    ['of no time', () => client.proof({ iat: undefined })],
    ['of a time that is text', () => client.proof({ iat: 'now' })],
    ['without an id', () => client.proof({ jti: undefined })],
    ['whose id is a number', () => client.proof({ jti: 1 })],
    ['for another token', () => client.proof({ ath: createHash('sha256').update('other').digest('base64url') })],
    ['for no token', () => client.proof({ ath: undefined })],
    ['that is too long', () => client.proof({ more: 'x'.repeat(10_000) })],
    ['that is there twice', async () => `${await client.proof()}, ${await client.proof()}`],
    [
      'with an unknown critical extension',
      async () => {
        const [, payload, signature] = (await client.proof()).split('.');
        const header = { alg: 'ES256', typ: 'dpop+jwt', jwk: client.jwk, crit: ['x'], x: 1 };
        return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
      },
    ],
  ];
  for (const [what, make] of bad) {
    it(`${what} is refused`, async () => {
      log.entries.length = 0;
      const proof = await make();
      await assertRefused(await ask(proof), 'invalid_dpop_proof');
      assert.equal(log.entries.length, 1);
      assert.match(log.entries[0]?.text ?? '', /^GET \/me: a token is refused: its proof /);
      assert.ok(proof.length < 3 || !log.entries[0]?.text.includes(proof));
    });
  }

  it('that is missing is refused', async () => {
    const headers = { Authorization: `DPoP ${client.token}` };
    await assertRefused(await app.request('/me', { headers }), 'invalid_dpop_proof');
  });

  it('is for no host that is none', async () => {
    const proof = await client.proof();
    await assertRefused(await ask(proof, { headers: { ...client.headers(proof), Host: 'a b' } }), 'invalid_dpop_proof');
  });

  it('of another key is none for this token', async () => {
    const thief = await Client.make();
    const proof = await client.proof({}, { jwk: thief.jwk }, thief.key);
    await assertRefused(await ask(proof), 'invalid_token');
  });

  it('is of no use to a token that is bound to no key', async () => {
    const { access_token } = await tokens.issue('ada', { scopes: ['read'] });
    const headers = { ...client.headers(await client.proof()), Authorization: `DPoP ${access_token}` };
    await assertRefused(await app.request('/me', { headers }), 'invalid_token');
  });

  it('does not save a token that is bad', async () => {
    for (const token of ['x', `${client.token}x`]) {
      const headers = { ...client.headers(await client.proof()), Authorization: `DPoP ${token}` };
      await assertRefused(await app.request('/me', { headers }), 'invalid_token');
    }
  });

  it('does not give a token scopes that it has not', async () => {
    const poor = await Client.make(['other']);
    const response = await app.request('/me', { headers: poor.headers(await poor.proof()) });
    assert.equal(response.status, 403);
    const error = 'insufficient_scope';
    assert.deepEqual(challengesOf(response), [{ scheme: 'DPoP', parameters: { ...parameters, error, scope: 'read' } }]);
  });

  it('names the address under which clients reach the app, where that is said', async () => {
    const own = appWith({ baseUrl: 'https://api.example/v1/' });
    const askFor = async (htu: string) =>
      (await own.request('/me', { headers: client.headers(await client.proof({ htu })) })).status;
    assert.equal(await askFor('https://api.example/v1/me'), 200);
    for (const htu of [
      'https://api.example/me',
      'http://api.example/v1/me',
      'http://localhost/me',
      'https://api.example/v1me',
    ]) {
      assert.equal(await askFor(htu), 401, htu);
    }
  });
});

describe('the scheme word', () => {
  it('is DPoP in any case; malformed credentials are refused, two of them are a bad request', async () => {
    const app = appWith();
    const ask = async (authorization: string): Promise<Response> =>
      app.request('/me', { headers: { Authorization: authorization, DPoP: await client.proof() } });
    for (const scheme of ['DPoP', 'dpop', 'DPOP']) assert.equal((await ask(`${scheme}  ${client.token}`)).status, 200);
    for (const malformed of ['DPoP', 'DPoP a b', 'DPoP é']) {
      await assertRefused(await ask(malformed), 'invalid_token');
    }
    const twice = await ask(`DPoP ${client.token}, DPoP ${client.token}`);
    assert.equal(twice.status, 400);
    for (const foreign of [`Bearer ${client.token}`, 'Basic YTpi', 'DPoPx a', client.token]) {
      const response = await ask(foreign);
      assert.equal(response.status, 401);
      assert.deepEqual(challengesOf(response), [{ scheme: 'DPoP', parameters: { ...parameters, scope: 'read' } }]);
    }
  });

  it('may be either where proofs are accepted, and a bound token is never a bearer token', async () => {
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { read: '' }, realm: 'notes' });
    const app = appWith({ dpop: 'accepted', scheme });
    const own = { scheme: 'DPoP', parameters: { ...parameters, realm: 'notes', scope: 'read' } };
    const bearer = { scheme: 'Bearer', parameters: { realm: 'notes', scope: 'read' } };
    const anonymous = await app.request('/me');
    assert.deepEqual(challengesOf(anonymous), [bearer, own]);
    const { access_token } = await tokens.issue('ada', { scopes: ['read'] });
    const plain = await app.request('/me', { headers: { Authorization: `Bearer ${access_token}` } });
    assert.equal(plain.status, 200);
    assert.equal((await app.request('/me', { headers: client.headers(await client.proof()) })).status, 200);
    const downgraded = await app.request('/me', { headers: client.headers(await client.proof(), 'Bearer') });
    assert.equal(downgraded.status, 401);
    assert.deepEqual(challengesOf(downgraded), [
      { ...bearer, parameters: { ...bearer.parameters, error: 'invalid_token' } },
      own,
    ]);
    const unproven = await app.request('/me', { headers: client.headers('x') });
    assert.deepEqual(challengesOf(unproven), [
      bearer,
      { ...own, parameters: { ...own.parameters, error: 'invalid_dpop_proof' } },
    ]);
    assert.deepEqual(Object.keys(app.openapi().components?.securitySchemes ?? {}), ['OAuth2PasswordBearer']);
  });
});

describe('where a token may be missing', () => {
  it('nobody is asked for one, and one that is bound to a key still needs its proof', async () => {
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', autoError: false });
    for (const dpop of ['accepted', 'required'] as const) {
      const keys = { issuer: ISSUER, audience: AUDIENCE, jwks: tokens.jwks };
      const accessToken = jwtBearer({ ...keys, dpop, scheme });
      @Controller('/me')
      class MaybeController {
        @Get()
        me(@Depends(accessToken) token: AccessToken | undefined) {
          return token?.subject ?? 'nobody';
        }
      }
      const app = appOf([MaybeController]);
      assert.equal(await (await app.request('/me')).json(), 'nobody');
      const headers = client.headers(await client.proof());
      assert.equal(await (await app.request('/me', { headers })).json(), 'ada');
      assert.equal((await app.request('/me', { headers })).status, 401);
    }
  });
});

describe('the store of proofs', () => {
  const ask = async (replayStore: ReplayStore, proof?: string): Promise<Response> =>
    appWith({ replayStore }).request('/me', { headers: client.headers(proof ?? (await client.proof())) });

  it('may be shared: one proof is good for one of several processes', async () => {
    const known = new Map<string, number>();
    const store: ReplayStore = {
      async add(id, expiresAt) {
        await pause(1);
        if (known.has(id)) return false;
        known.set(id, expiresAt);
        return true;
      },
    };
    const jti = 'x'.repeat(1_000);
    const proof = await client.proof({ jti });
    const statuses = (await Promise.all([ask(store, proof), ask(store, proof), ask(store)])).map(
      ({ status }) => status,
    );
    assert.deepEqual(
      statuses.toSorted((one, other) => one - other),
      [200, 200, 401],
    );
    for (const [id, expiresAt] of known) {
      assert.equal(id.length, 43);
      assert.ok(expiresAt > Date.now() + 50_000 && expiresAt < Date.now() + 70_000);
    }
  });

  it('is told of proofs that are good, and of no other', async () => {
    let asked = 0;
    const store: ReplayStore = { add: () => (asked += 1) > 0 };
    await ask(store, await client.proof({ htm: 'POST' }));
    await ask(store, await client.proof({ ath: 'x' }));
    assert.equal(asked, 0);
    await ask(store);
    assert.equal(asked, 1);
  });

  for (const [what, add] of [
    ['throws', () => raise(new Error('down'))],
    ['throws what is no error', () => raise(new Proxy({}, { get: () => raise(1) }))],
    ['rejects', async () => raise(undefined)],
  ] as const) {
    it(`that ${what} is a 503, and nobody is let in`, async () => {
      const response = await ask({ add });
      assert.deepEqual(
        [response.status, await response.json()],
        [503, { detail: 'Tokens cannot be verified at present' }],
      );
      assert.equal(response.headers.get('retry-after'), '5');
    });
  }

  it('that answers anything but true has seen it', async () => {
    for (const answer of [false, undefined, 1, 'yes'])
      assert.equal((await ask({ add: () => answer as boolean })).status, 401);
  });

  it('of one process refuses when it is full, until something has expired', (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: 0 });
    const store = new MemoryReplayStore();
    for (let id = 0; id < 100_000; id++) assert.ok(store.add(`${id}`, 1_000 + id));
    assert.throws(() => store.add('new', 200_000), { message: 'No more proofs can be remembered' });
    assert.equal(store.add('0', 200_000), false);
    t.mock.timers.tick(1_000);
    assert.equal(store.add('new', 200_000), true);
  });

  it('forgets what has expired, and knows the rest under a thousand requests', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    const app = appWith();
    const proof = await client.proof();
    const asking = Array.from({ length: 200 }, () => app.request('/me', { headers: client.headers(proof) }));
    const accepted = (await Promise.all(asking)).filter(({ status }) => status === 200);
    assert.equal(accepted.length, 1);
    t.mock.timers.tick(120_000);
    assert.equal((await app.request('/me', { headers: client.headers(proof) })).status, 401, 'it is old by now');
    assert.equal((await app.request('/me', { headers: client.headers(await client.proof()) })).status, 200);
  });
});

describe('over a socket', () => {
  const served = servers();

  it('is bound to the host that it was sent to', async () => {
    const { port } = await served(appWith());
    const ask = async (htu: string) =>
      (await fetch(`http://127.0.0.1:${port}/me`, { headers: client.headers(await client.proof({ htu })) })).status;
    assert.equal(await ask(`http://127.0.0.1:${port}/me`), 200);
    assert.equal(await ask(`https://127.0.0.1:${port}/me`), 200, 'whatever ends TLS in front of it passes the host on');
    assert.equal(await ask(`http://localhost:${port}/me`), 401);
  });
});
