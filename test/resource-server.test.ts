import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { createServer } from 'node:http';
import { after, describe, it } from 'node:test';
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
import type { AccessToken } from 'portico/jwt';
import { toNodeListener } from 'portico/node';
import { IdentityProvider } from './fixtures/identity-provider.ts';
import { discover, obtainToken } from './fixtures/oauth-client.ts';
import { appOf, type AppOptions, challengesOf, type ControllerClass, listen } from './world.ts';

const provider = await IdentityProvider.start();
const server = createServer();
const RESOURCE = await listen(server);

// Read by the example when it is loaded, which is why it is imported further down.
process.env['ISSUER'] = provider.issuer;
process.env['RESOURCE'] = RESOURCE;
const { accessToken, app } = await import('../examples/resource-server/app.ts');
server.on('request', toNodeListener(app));

after(async () => {
  provider.close();
  server.close();
  server.closeAllConnections();
  await app.close();
});

const bearing = (token: string): RequestInit => ({ headers: { Authorization: `Bearer ${token}` } });

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
    const note = { id: 1, text: 'Buy a lamp', author: 'somebody' };
    assert.deepEqual([added.status, await added.json()], [201, note]);
    const listed = await fetch(url, bearing(token));
    assert.deepEqual(await listed.json(), [note]);
  });

  it('removes what is its own, and nothing else', async () => {
    const now = Math.floor(Date.now() / 1_000);
    const as = async (sub: string, path = '', method = 'DELETE', body?: string) => {
      const token = await provider.sign(claims({ sub, name: 'Ada', scope: 'notes:write', iat: now }));
      const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
      return fetch(url + path, { method, headers, ...(body && { body }) });
    };
    const { id, author }: any = await (await as('ada', '', 'POST', '{"text":"Mine"}')).json();
    assert.equal(author, 'Ada');
    assert.deepEqual([(await as('eve', `/${id}`)).status, (await as('ada', `/${id}`)).status], [404, 204]);
    assert.equal((await as('ada', `/${id}`)).status, 404);
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
    ['whose scope is a list is accepted', 200, () => signed({ scope: ['notes:read'] })],
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
      const [challenge, other] = challengesOf(response);
      assert.equal(other?.scheme, 'DPoP');
      assert.deepEqual(
        [challenge],
        [
          {
            scheme: 'Bearer',
            parameters: {
              realm: 'api',
              error: status === 403 ? 'insufficient_scope' : 'invalid_token',
              scope: 'notes:read',
              resource_metadata: `${RESOURCE}/.well-known/oauth-protected-resource`,
            },
          },
        ],
      );
    });
  }

  it('needs every scope that a route requires', async () => {
    @Controller('/all')
    class AllController {
      @Get()
      read(@Security(accessToken, { scopes: ['notes:read', 'notes:write'] }) { scopes }: AccessToken<unknown>) {
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
      assert.deepEqual(await response.json(), { detail: 'Invalid authentication credentials' });
    }
  });
});

describe('the provider', () => {
  const freshApp = () => {
    @Controller('/fresh')
    class FreshController {
      @Get()
      read(@Security(accessToken, { scopes: ['notes:read'] }) { subject }: AccessToken<unknown>) {
        return subject;
      }
    }
    return appOf([FreshController]);
  };

  it('is asked for its keys by the first token, and again when it signs with another one', async () => {
    const fresh = freshApp();
    const ask = async (token: string) => (await fresh.request('/fresh', bearing(token))).status;
    provider.asked.length = 0;
    const before = await provider.sign(claims());
    assert.deepEqual([await ask(before), await ask(before)], [200, 200]);
    assert.deepEqual(provider.asked, ['/.well-known/openid-configuration', '/jwks']);
    await provider.rotate();
    const after = await obtainToken(await discover(await fetch(`${RESOURCE}/notes`)));
    assert.equal(await ask(after), 200);
    assert.equal(await ask(before), 401);
  });

  it('that cannot be reached leaves the app running: 503 for every token, until it can', async (t) => {
    const fresh = freshApp();
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    provider.isDown = true;
    t.after(() => (provider.isDown = false));
    await fresh.start();
    assert.equal((await fresh.request('/fresh')).status, 401);
    const refused = await fresh.request('/fresh', bearing(await provider.sign(claims())));
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [503, null]);
    provider.isDown = false;
    t.mock.timers.tick(Number(refused.headers.get('retry-after')) * 1_000);
    assert.equal((await fresh.request('/fresh', bearing(await provider.sign(claims())))).status, 200);
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
