import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it, type TestContext } from 'node:test';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import {
  anyOf,
  APIKeyHeader,
  type App,
  type Context,
  Controller,
  type Dependable,
  Depends,
  dependency,
  Get,
  HTTPBasic,
  HTTPBearer,
  HTTPDigest,
  HTTPException,
  OAuth2PasswordBearer,
  OpenIdConnect,
  Post,
  Scopes,
  Security,
  SecurityScheme,
} from 'portico';
import { toNodeListener } from 'portico/node';
import type { AccessToken } from '../examples/resource-server/access-token.ts';
import type { KeySetOptions } from '../examples/resource-server/key-set.ts';
import { IdentityProvider } from './fixtures/identity-provider.ts';
import { discover, obtainToken } from './fixtures/oauth-client.ts';
import { type Challenge, parseChallenges } from './wire.ts';
import { type AppOptions, appOf, type ControllerClass } from './world.ts';

const provider = await IdentityProvider.start();
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const RESOURCE = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

// Read by the example when it is loaded, which is why it is imported further down.
process.env['ISSUER'] = provider.issuer;
process.env['RESOURCE'] = RESOURCE;
const { app } = await import('../examples/resource-server/app.ts');
const { caller, keySet } = await import('../examples/resource-server/caller.ts');
const { fetchKeys } = await import('../examples/resource-server/identity-provider.ts');
const { KeySet } = await import('../examples/resource-server/key-set.ts');
const { secureUrl } = await import('../examples/resource-server/settings.ts');
server.on('request', toNodeListener(app));

after(async () => {
  provider.close();
  server.close();
  server.closeAllConnections();
  await app.close();
});

const bearing = (token: string): RequestInit => ({ headers: { Authorization: `Bearer ${token}` } });

async function statusOf(token: string, path = '/notes'): Promise<number> {
  const response = await app.request(path, bearing(token));
  await response.body?.cancel();
  return response.status;
}

/** The claims of a token that is valid for reading. */
function claims(changes: Record<string, unknown> = {}): JWTPayload {
  const now = Math.floor(Date.now() / 1_000);
  return {
    iss: provider.issuer,
    aud: RESOURCE,
    sub: 'somebody',
    client_id: 'client',
    scope: 'notes:read',
    iat: now,
    exp: now + 60,
    jti: crypto.randomUUID(),
    ...changes,
  };
}

/** A token in which a part, header or claims, was changed after it was signed. */
function tampered(token: string, part: 0 | 1, changes: Record<string, unknown>): string {
  const parts = token.split('.');
  const before: object = JSON.parse(Buffer.from(parts[part]!, 'base64url').toString());
  parts[part] = Buffer.from(JSON.stringify({ ...before, ...changes })).toString('base64url');
  return parts.join('.');
}

function challengesOf(response: Response): Challenge[] {
  return parseChallenges(response.headers.get('www-authenticate') ?? '');
}

describe('a client that knows nothing but an address', () => {
  const url = `${RESOURCE}/notes`;

  it('finds its way from the 401 to a token and a 200', async () => {
    const refused = await fetch(url);
    assert.equal(refused.status, 401);
    const discovered = await discover(refused);
    assert.deepEqual([discovered.resource, discovered.scope], [RESOURCE, 'notes:read']);
    const answer = await fetch(url, bearing(await obtainToken(discovered)));
    assert.deepEqual([answer.status, await answer.json()], [200, []]);
  });

  it('asks for more when a 403 tells it which scope is missing', async () => {
    const token = await obtainToken(await discover(await fetch(url)));
    const body = JSON.stringify({ text: 'Buy a lamp' });
    const add = (token: string) => {
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      return fetch(url, { method: 'POST', headers, body });
    };
    const refused = await add(token);
    assert.equal(refused.status, 403);
    const more = await discover(refused);
    assert.equal(more.scope, 'notes:write');
    const added = await add(await obtainToken(more));
    assert.deepEqual([added.status, await added.json()], [201, { text: 'Buy a lamp' }]);
    const listed = await fetch(url, bearing(token));
    assert.deepEqual(await listed.json(), [{ text: 'Buy a lamp' }]);
  });

  it('cannot use a token that the same provider has issued for another resource', async () => {
    const discovered = await discover(await fetch(url));
    const token = await obtainToken({ ...discovered, resource: 'http://127.0.0.1:1' });
    assert.equal((await fetch(url, bearing(token))).status, 401);
  });
});

describe('an access token', () => {
  const now = Math.floor(Date.now() / 1_000);
  const signed = (changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}) => {
    return provider.sign(claims(changes), header);
  };
  /** Signed with what everybody knows of the provider's key, in place of a secret. */
  const confused = (secret: string) => {
    const header = { alg: 'HS256', typ: 'at+jwt', kid: provider.key.kid! };
    return new SignJWT(claims()).setProtectedHeader(header).sign(new TextEncoder().encode(secret));
  };
  const publicPem = () => {
    return createPublicKey({ key: { ...provider.key }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  };
  const foreignKey = generateKeyPair('RS256');
  const foreign = async (header: (key: JWK) => Record<string, unknown>) => {
    const { publicKey, privateKey } = await foreignKey;
    const known = { alg: 'RS256', typ: 'at+jwt', ...header(await exportJWK(publicKey)) };
    return new SignJWT(claims()).setProtectedHeader(known).sign(privateKey);
  };
  const table: readonly (readonly [what: string, status: number, make: () => string | Promise<string>])[] = [
    ['is accepted', 200, () => signed()],
    ['for several resources is accepted', 200, () => signed({ aud: ['https://other.example', RESOURCE] })],
    ['with further scopes is accepted', 200, () => signed({ scope: 'openid notes:read' })],
    ['of the full media type is accepted', 200, () => signed({}, { typ: 'application/at+jwt' })],
    ['without the scope is not enough', 403, () => signed({ scope: 'notes:write' })],
    ['without any scope is not enough', 403, () => signed({ scope: undefined })],
    ['with a scope that only begins like it is not enough', 403, () => signed({ scope: 'notes:reader' })],
    ['for another resource is refused', 401, () => signed({ aud: 'https://other.example' })],
    ['for a longer address is refused', 401, () => signed({ aud: `${RESOURCE}/notes` })],
    ['for nobody is refused', 401, () => signed({ aud: undefined })],
    ['of another issuer is refused', 401, () => signed({ iss: 'https://other.example' })],
    ['of no issuer is refused', 401, () => signed({ iss: undefined })],
    ['that has expired is refused', 401, () => signed({ exp: now - 10 })],
    ['that never expires is refused', 401, () => signed({ exp: undefined })],
    ['that does not hold yet is refused', 401, () => signed({ nbf: now + 60 })],
    ['of no subject is refused', 401, () => signed({ sub: undefined })],
    ['of no client is refused', 401, () => signed({ client_id: undefined })],
    ['whose scope is a list is refused', 401, () => signed({ scope: ['notes:read'] })],
    ['that is an ID token is refused', 401, () => signed({}, { typ: 'JWT' })],
    ['of no type is refused', 401, () => signed({}, { typ: undefined })],
    ['that was changed is refused', 401, async () => tampered(await signed({ scope: '' }), 1, { scope: 'notes:read' })],
    ['without its signature is refused', 401, async () => (await signed()).replace(/[^.]+$/, '')],
    ['of alg none is refused', 401, () => new UnsecuredJWT(claims()).encode()],
    ['of alg none with a signature is refused', 401, async () => tampered(await signed(), 0, { alg: 'none' })],
    ['of HS256 under the public key is refused', 401, () => confused(String(publicPem()))],
    ['of HS256 under the modulus is refused', 401, () => confused(provider.key.n!)],
    ['of an algorithm that is not listed is refused', 401, () => signed({}, { alg: 'PS256' })],
    ['of a key that nobody knows is refused', 401, () => foreign(() => ({ kid: 'unknown' }))],
    ['of a foreign key under a known name is refused', 401, () => foreign(() => ({ kid: provider.key.kid! }))],
    ['of a foreign key that it brings along is refused', 401, () => foreign((jwk) => ({ jwk }))],
    ['that is none is refused', 401, () => 'x.y.z'],
  ];
  for (const [what, status, make] of table) {
    it(what, async () => {
      const response = await app.request('/notes', bearing(await make()));
      assert.equal(response.status, status);
      if (status === 200) return;
      assert.deepEqual(challengesOf(response), [
        {
          scheme: 'Bearer',
          parameters: {
            realm: 'api',
            error: status === 403 ? 'insufficient_scope' : 'invalid_token',
            scope: 'notes:read',
            resource_metadata: `${RESOURCE}/.well-known/oauth-protected-resource`,
          },
        },
      ]);
    });
  }

  it('needs every scope that a route requires', async () => {
    @Controller('/all')
    class AllController {
      @Get()
      read(@Security(caller, { scopes: ['notes:read', 'notes:write'] }) { scopes }: AccessToken) {
        return [...scopes];
      }
    }
    const strict = appOf([AllController]);
    const ask = async (scope: string) => strict.request('/all', bearing(await signed({ scope })));
    assert.deepEqual(await (await ask('notes:write notes:read')).json(), ['notes:write', 'notes:read']);
    for (const scope of ['notes:read', 'notes:write', 'notes:read,notes:write']) {
      assert.equal((await ask(scope)).status, 403);
    }
  });

  it('is refused in the same words, whatever is wrong with it', async () => {
    const answers = [signed({ aud: 'x' }), signed({ exp: now - 10 }), 'x.y.z', foreign(() => ({ kid: 'unknown' }))];
    for (const token of answers) {
      const response = await app.request('/notes', bearing(await token));
      assert.deepEqual(await response.json(), { detail: 'The token is not valid here' });
    }
  });
});

describe('the keys of the provider', () => {
  const KEY_PATHS = ['/.well-known/openid-configuration', '/jwks'];
  const fetches = () => provider.asked.filter((path) => path === '/jwks').length;
  const good = () => provider.sign(claims());
  const unknown = () => provider.sign(claims(), { kid: crypto.randomUUID() });

  /** Keys of this test alone; the answers of the provider are counted from here. */
  function freshKeys(t: TestContext, options: KeySetOptions = {}, timeout?: number): void {
    provider.asked.length = 0;
    const override = app.override(keySet, () => new KeySet(() => fetchKeys(provider.issuer, timeout), options));
    t.after(() => {
      override[Symbol.dispose]();
      provider.isDown = false;
      provider.answers.clear();
    });
  }

  it('are asked for by the first token, once for all that come meanwhile', async (t) => {
    freshKeys(t, { cooldown: 0 });
    await app.start();
    assert.equal((await app.request('/notes')).status, 401);
    assert.deepEqual(provider.asked, []);
    const tokens = await Promise.all(Array.from({ length: 20 }, good));
    assert.deepEqual(new Set(await Promise.all(tokens.map((token) => statusOf(token)))), new Set([200]));
    assert.deepEqual(provider.asked, KEY_PATHS);
  });

  it('are not asked for by what is no token of a listed algorithm', async (t) => {
    freshKeys(t);
    for (const token of [
      'x',
      'x.y.z',
      new UnsecuredJWT(claims()).encode(),
      tampered(await good(), 0, { alg: 'ES384' }),
    ]) {
      assert.equal(await statusOf(token), 401);
    }
    assert.deepEqual(provider.asked, []);
  });

  it('are asked for again by an unknown key, then not during the cooldown', async (t) => {
    freshKeys(t, { cooldown: 0 });
    assert.equal(await statusOf(await good()), 200);
    assert.equal(await statusOf(await unknown()), 401);
    assert.equal(fetches(), 2);
    freshKeys(t, { cooldown: 3_600_000 });
    assert.equal(await statusOf(await good()), 200);
    for (let count = 0; count < 3; count += 1) assert.equal(await statusOf(await unknown()), 401);
    assert.equal(fetches(), 1);
  });

  it('may be changed: tokens of the new one are accepted at once, those of the old one no longer', async (t) => {
    freshKeys(t, { cooldown: 0 });
    const before = await good();
    assert.equal(await statusOf(before), 200);
    await provider.rotate();
    const after = await obtainToken(await discover(await fetch(`${RESOURCE}/notes`)));
    assert.equal(await statusOf(after), 200);
    assert.equal(await statusOf(before), 401);
  });

  it('are accepted no longer than their age, where they have been withdrawn', async (t) => {
    freshKeys(t, { cooldown: 0, maxAge: 0 });
    const before = await good();
    assert.equal(await statusOf(before), 200);
    await provider.rotate();
    assert.equal(await statusOf(before), 401);
  });

  it('go on being used when the provider cannot be reached, however old they are', async (t) => {
    const warnings = t.mock.method(console, 'warn', () => {});
    freshKeys(t, { cooldown: 0, maxAge: 0 });
    assert.equal(await statusOf(await good()), 200);
    provider.isDown = true;
    assert.equal(await statusOf(await good()), 200);
    assert.equal(await statusOf(await provider.sign(claims({ aud: 'https://other.example' }))), 401);
    assert.ok(warnings.mock.callCount() > 0);
  });

  it('that cannot be had leave the app running: 503 for every token until the provider is back', async (t) => {
    t.mock.method(console, 'warn', () => {});
    freshKeys(t, { cooldown: 0 });
    provider.isDown = true;
    await app.start();
    const anonymous = await app.request('/notes');
    assert.deepEqual([anonymous.status, challengesOf(anonymous).length], [401, 1]);
    for (const token of [await good(), await unknown()]) {
      const response = await app.request('/notes', bearing(token));
      assert.deepEqual([response.status, await response.json()], [503, { detail: 'Tokens cannot be verified' }]);
      assert.equal(response.headers.get('retry-after'), '30');
      assert.equal(response.headers.get('www-authenticate'), null);
    }
    assert.equal(await statusOf('x.y.z'), 401);
    provider.isDown = false;
    assert.equal(await statusOf(await good()), 200);
    assert.equal(await statusOf(await unknown()), 401);
  });

  it('that might be new are neither accepted nor called invalid while the provider cannot be asked', async (t) => {
    t.mock.method(console, 'warn', () => {});
    freshKeys(t, { cooldown: 0 });
    assert.equal(await statusOf(await good()), 200);
    provider.isDown = true;
    assert.equal(await statusOf(await unknown()), 503);
    assert.equal(await statusOf(await good()), 200);
  });

  it('that cannot be had are not asked for again during the cooldown', async (t) => {
    t.mock.method(console, 'warn', () => {});
    freshKeys(t, { cooldown: 3_600_000 });
    provider.isDown = true;
    for (let count = 0; count < 3; count += 1) assert.equal(await statusOf(await good()), 503);
    assert.deepEqual(provider.asked, KEY_PATHS.slice(0, 1));
  });

  const [DISCOVERY = '', JWKS = ''] = KEY_PATHS;
  const { issuer } = provider;
  const jwks_uri = `${issuer}${JWKS}`;
  const keys = () => ({ keys: [{ ...provider.key, d: undefined }] });
  const answering = (value: () => unknown, status = 200, headers = {}): RequestListener => {
    return (_request, response) => response.writeHead(status, headers).end(JSON.stringify(value()));
  };
  const unusable: readonly (readonly [what: string, path: string, answer: RequestListener])[] = [
    ['an error for discovery', DISCOVERY, answering(() => ({ issuer, jwks_uri }), 500)],
    ['an error for keys', JWKS, answering(keys, 500)],
    ['no JSON', JWKS, (_request, response) => response.end('<html>')],
    ['no key set', JWKS, answering(() => ({ keys: 'none' }))],
    ['a document that speaks for another issuer', DISCOVERY, answering(() => ({ issuer: `${issuer}/`, jwks_uri }))],
    ['a document without keys', DISCOVERY, answering(() => ({ issuer }))],
    [
      'keys in clear from elsewhere',
      DISCOVERY,
      answering(() => ({ issuer, jwks_uri: jwks_uri.replace('127.0.0.1', '0.0.0.0') })),
    ],
    ['a redirect', JWKS, answering(keys, 302, { Location: '/keys' })],
    ['nothing, for too long', JWKS, () => {}],
  ];
  for (const [what, path, answer] of unusable) {
    it(`cannot be had from a provider that answers ${what}`, async (t) => {
      const warnings = t.mock.method(console, 'warn', () => {});
      freshKeys(t, { cooldown: 3_600_000 }, 200);
      provider.answers.set(path, answer);
      provider.answers.set('/keys', answering(keys));
      assert.equal(await statusOf(await good()), 503);
      assert.equal(warnings.mock.callCount(), 1);
    });
  }

  it('come from an address that nobody on the way can change', () => {
    for (const address of ['https://id.example.com', 'http://127.0.0.1:9000', 'http://localhost/x', 'http://[::1]:1']) {
      assert.equal(secureUrl(address), address);
    }
    for (const address of [
      'http://id.example.com',
      'http://127.0.0.1.example.com',
      'ftp://localhost',
      'file:///keys',
    ]) {
      assert.throws(() => secureUrl(address), TypeError);
    }
  });
});

describe('an app as a protected resource (RFC 9728)', () => {
  const WELL_KNOWN = '/.well-known/oauth-protected-resource';
  const authorizationServers = ['https://id.example'];
  const oauth2 = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { read: 'Read.', write: 'Write.', admin: '' } });

  class TokenScheme extends SecurityScheme<string> {
    describe() {
      return { type: 'http', scheme: 'token' } as const;
    }
    read(context: Context) {
      return context.header('authorization')?.replace(/^token /i, '');
    }
  }

  function resourceApp(
    resource: string,
    controllers: readonly ControllerClass[],
    options: Partial<AppOptions> = {},
  ): App {
    return appOf(controllers, { protectedResource: { resource, authorizationServers }, ...options });
  }

  /** A controller of one route, which depends on something. */
  function guarded(dependable: Dependable): ControllerClass {
    @Controller('/guarded', { dependencies: [Depends(dependable)] })
    class GuardedController {
      @Get()
      read() {
        return 'read';
      }
    }
    return GuardedController;
  }

  const metadataOf = async (app: App, path = WELL_KNOWN): Promise<any> => {
    const response = await app.request(path);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/);
    return response.json();
  };

  /** What each challenge of an answer names as metadata, by its scheme. */
  const namedBy = (response: Response) => {
    return challengesOf(response).map(({ scheme, parameters }) => [scheme, parameters['resource_metadata']]);
  };

  it('serves its metadata to anybody, under guards of the whole app as well', async () => {
    const documentation = 'https://developer.example/notes';
    const resource = 'https://api.example';
    const app = appOf([guarded(oauth2)], {
      title: 'Notes',
      dependencies: [Depends(new HTTPBasic())],
      requireSecurity: true,
      protectedResource: {
        resource,
        authorizationServers: [...authorizationServers, 'https://id2.example'],
        documentation,
      },
    });
    assert.deepEqual(await metadataOf(app), {
      resource,
      authorization_servers: ['https://id.example', 'https://id2.example'],
      bearer_methods_supported: ['header'],
      resource_name: 'Notes',
      resource_documentation: documentation,
    });
    assert.equal((await app.request(WELL_KNOWN, { method: 'HEAD' })).status, 200);
    assert.equal((await app.request(WELL_KNOWN, { method: 'POST' })).status, 405);
  });

  it('has no metadata unless it is told of its servers', async () => {
    const app = appOf([guarded(oauth2)]);
    assert.equal((await app.request(WELL_KNOWN)).status, 404);
    assert.deepEqual(namedBy(await app.request('/guarded')), [['Bearer', undefined]]);
  });

  it('lists the scopes that its operations require, those of later includes too', async () => {
    const guard = dependency({ token: Depends(oauth2), required: Scopes() }, ({ required }) => required.scopeStr);
    @Controller('/first', { dependencies: [Security(guard, { scopes: ['write'] })] })
    class FirstController {
      @Get({ dependencies: [Security(guard, { scopes: ['read'] })] })
      one() {}
      @Post()
      two() {}
    }
    @Controller('/second')
    class SecondController {
      @Get()
      one(@Security(guard, { scopes: ['admin'] }) _scopes: string) {}
    }
    const app = resourceApp('https://api.example', [FirstController]);
    assert.deepEqual((await metadataOf(app)).scopes_supported, ['read', 'write']);
    app.include([SecondController]);
    assert.deepEqual((await metadataOf(app)).scopes_supported, ['admin', 'read', 'write']);
  });

  it('is described by its OpenAPI document as without', () => {
    const controllers = [guarded(oauth2)];
    assert.deepEqual(resourceApp('https://api.example/v1', controllers).openapi(), appOf(controllers).openapi());
  });

  // §3.1: between the host and the path; a slash that is the whole path goes.
  for (const [resource, url] of [
    ['https://api.example', 'https://api.example/.well-known/oauth-protected-resource'],
    ['https://api.example/', 'https://api.example/.well-known/oauth-protected-resource'],
    ['https://api.example:8443/v1', 'https://api.example:8443/.well-known/oauth-protected-resource/v1'],
    ['https://api.example/v1/', 'https://api.example/.well-known/oauth-protected-resource/v1/'],
    ['https://api.example/a/b%20c', 'https://api.example/.well-known/oauth-protected-resource/a/b%20c'],
    ['https://api.example/naïve', 'https://api.example/.well-known/oauth-protected-resource/na%C3%AFve'],
    ['https://api.example/a"b', 'https://api.example/.well-known/oauth-protected-resource/a%22b'],
    ['https://api.example/v1?tenant=a', 'https://api.example/.well-known/oauth-protected-resource/v1?tenant=a'],
    ['http://127.0.0.1:8000', 'http://127.0.0.1:8000/.well-known/oauth-protected-resource'],
  ] as const) {
    it(`${resource} is described where a challenge says, by the name it was given`, async () => {
      const app = resourceApp(resource, [guarded(oauth2)]);
      assert.deepEqual(namedBy(await app.request('/guarded')), [['Bearer', url]]);
      assert.equal((await metadataOf(app, url.slice(new URL(url).origin.length))).resource, resource);
    });
  }

  for (const resource of [
    '',
    'api.example',
    '/v1',
    'ftp://api.example',
    'urn:api',
    'https://api.example/#v1',
    'https://api.example/:tenant',
    'https://api.example/*',
    'https://api.example//v1',
  ]) {
    it(`does not start as '${resource}', and says why`, () => {
      const message = `protectedResource: '${resource}' is not the address of a protected resource (RFC 9728 §1.2)`;
      assert.throws(() => resourceApp(resource, []), { name: 'TypeError', message });
    });
  }

  for (const [name, scheme] of [
    ['OAuth2', oauth2],
    ['OpenIdConnect', new OpenIdConnect({ openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' })],
    ['HTTPBearer', new HTTPBearer({ realm: 'a "quoted" \\ realm' })],
  ] as const) {
    it(`names its metadata in challenges of ${name}, after whatever else they say`, async () => {
      const app = resourceApp('https://api.example', [guarded(scheme)]);
      const url = `https://api.example${WELL_KNOWN}`;
      const absent = await app.request('/guarded');
      assert.deepEqual(challengesOf(absent), [
        { scheme: 'Bearer', parameters: { realm: scheme.realm, resource_metadata: url } },
      ]);
      const malformed = await app.request('/guarded', bearing('a b'));
      assert.deepEqual(challengesOf(malformed), [
        { scheme: 'Bearer', parameters: { realm: scheme.realm, error: 'invalid_token', resource_metadata: url } },
      ]);
    });
  }

  for (const [name, scheme, word] of [
    ['HTTPBasic', new HTTPBasic(), 'Basic'],
    ['HTTPDigest', new HTTPDigest(), 'Digest'],
    ['an API key', new APIKeyHeader('X-API-Key'), 'APIKey'],
    ["a scheme of one's own", new TokenScheme(), 'Token'],
  ] as const) {
    it(`does not name its metadata in challenges of ${name}`, async () => {
      const alone = resourceApp('https://api.example', [guarded(scheme)]);
      assert.deepEqual(namedBy(await alone.request('/guarded')), [[word, undefined]]);
      const either = resourceApp('https://api.example', [guarded(anyOf(oauth2, scheme))]);
      assert.deepEqual(namedBy(await either.request('/guarded')), [
        ['Bearer', `https://api.example${WELL_KNOWN}`],
        [word, undefined],
      ]);
    });
  }

  it('names its metadata in a 403 for want of scopes, and in no other', async () => {
    const refuse = dependency({ token: Depends(oauth2), _: Scopes() }, () => {
      throw new HTTPException(403);
    });
    @Controller()
    class RefusingController {
      @Get('/scoped', { dependencies: [Security(refuse, { scopes: ['admin'] })] })
      scoped() {}
      @Get('/plain', { dependencies: [Depends(refuse)] })
      plain() {}
    }
    const app = resourceApp('https://api.example', [RefusingController]);
    assert.deepEqual(challengesOf(await app.request('/scoped', bearing('token'))), [
      {
        scheme: 'Bearer',
        parameters: {
          realm: 'api',
          error: 'insufficient_scope',
          scope: 'admin',
          resource_metadata: `https://api.example${WELL_KNOWN}`,
        },
      },
    ]);
    assert.deepEqual(challengesOf(await app.request('/plain', bearing('token'))), []);
  });

  it('leaves a challenge as it was set', async () => {
    const refuse = dependency({ token: Depends(oauth2) }, () => {
      throw new HTTPException(401, 'No', { headers: { 'WWW-Authenticate': 'Bearer realm="own"' } });
    });
    const app = resourceApp('https://api.example', [guarded(refuse)]);
    assert.deepEqual(namedBy(await app.request('/guarded', bearing('token'))), [['Bearer', undefined]]);
  });
});
