import assert from 'node:assert/strict';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign,
  type webcrypto,
} from 'node:crypto';
import { describe, it } from 'node:test';
import {
  CompactEncrypt,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
  SignJWT,
} from 'jose';
import {
  Controller,
  DeclarationError,
  Depends,
  Get,
  HTTPBearer,
  type Input,
  OAuth2PasswordBearer,
  Post,
  Security,
} from 'portico';
import { type AccessToken, jwtBearer, type JwtBearerOptions, jwtIssuer, type JwtIssuerOptions } from 'portico/jwt';
import { assertSecurityDocumented, testTokens } from 'portico/testing';
import { z } from 'zod';
import { CERTIFICATE, CERTIFIED_KEY } from './fixtures/certificate.ts';
import { appOf, challengesOf, type ControllerClass, expectJson, Log, raise } from './world.ts';

const ISSUER = 'https://id.example';
const AUDIENCE = 'https://api.example';

/** Read from PEM: Node 20 may hang for ever where a generated key becomes a JWK while its generator is collected. */
function rsaPair(modulusLength = 2_048): { publicKey: KeyObject; privateKey: KeyObject } {
  const pem = generateKeyPairSync('rsa', {
    modulusLength,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKey: createPublicKey(pem.publicKey), privateKey: createPrivateKey(pem.privateKey) };
}

const rsa = rsaPair();
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = rsaPair();
const jwkOf = (key: typeof rsa.publicKey, rest: JsonWebKey = {}): JsonWebKey => ({
  ...key.export({ format: 'jwk' }),
  ...rest,
});
const jwks = { keys: [jwkOf(rsa.publicKey, { kid: 'rsa' }), jwkOf(ec.publicKey, { kid: 'ec', alg: 'ES256' })] };

const now = Math.floor(Date.now() / 1_000);
const encode = (value: string | Buffer): string => Buffer.from(value).toString('base64url');

/** The claims of a token that is valid for reading. */
function claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'ada',
    client_id: 'client',
    scope: 'notes:read',
    iat: now,
    exp: now + 600,
    email: 'ada@example.com',
    ...changes,
  };
}

const HEADER = { alg: 'RS256', typ: 'at+jwt', kid: 'rsa' };

/** Signs whatever text is to be header and claims, by a key that is `rsa` unless said. */
function signText(header: string | Buffer, payload: string | Buffer, key = rsa.privateKey): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${encode(sign('sha256', Buffer.from(input), key))}`;
}

function signed(
  changes: Record<string, unknown> = {},
  header: Record<string, unknown> = {},
  key = rsa.privateKey,
): string {
  return signText(JSON.stringify({ ...HEADER, ...header }), JSON.stringify(claims(changes)), key);
}

/** What is valid, with one part of its JSON text replaced before it is signed. */
function written(from: string, to: string): string {
  return signText(JSON.stringify(HEADER), JSON.stringify(claims()).replace(from, to));
}

function hmac(secret: string | Buffer, header: Record<string, unknown> = {}): string {
  const input = `${encode(JSON.stringify({ ...HEADER, alg: 'HS256', ...header }))}.${encode(JSON.stringify(claims()))}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const ecSigned = (header: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'ec', ...header }).sign(ec.privateKey);

const Email = z.object({ email: z.email() });
type Email = z.output<typeof Email>;

/** A route that asks for a token, and what reached it. */
function guarded(options: Partial<JwtBearerOptions<typeof Email>> = {}): {
  app: ReturnType<typeof appOf>;
  reached: string[];
  log: Log;
} {
  const reached: string[] = [];
  const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, claims: Email, ...options });
  @Controller('/notes')
  class NoteController {
    @Get()
    read(@Security(accessToken, { scopes: ['notes:read'] }) token: AccessToken<Email>) {
      reached.push(token.subject);
      return token;
    }
  }
  const log = new Log();
  return { app: appOf([NoteController], { logger: log }), reached, log };
}

const bearing = (token: string): RequestInit => ({ headers: { Authorization: `Bearer ${token}` } });

describe('a token that is good', () => {
  const { app } = guarded({ jwks });
  const table: readonly (readonly [what: string, make: () => string | Promise<string>])[] = [
    ['of RS256', () => signed()],
    ['of ES256', () => ecSigned()],
    ['of the full media type, in any case', () => signed({}, { typ: 'Application/AT+JWT' })],
    ['for several audiences', () => signed({ aud: ['https://other.example', AUDIENCE] })],
    ['that has expired within the tolerance', () => signed({ exp: now - 2 })],
    ['that holds from now on within the tolerance', () => signed({ nbf: now + 3, iat: now + 3 })],
    ['whose scope is a list', () => signed({ scope: ['notes:read', 'other'] })],
    ['whose scopes are called scp', () => signed({ scope: undefined, scp: 'notes:read' })],
    ['whose scp is a list', () => signed({ scope: undefined, scp: ['notes:read'] })],
    ['without iat', () => signed({ iat: undefined })],
    ['without a client', () => signed({ client_id: undefined })],
    ['without a kid, which may be of several keys', () => signed({}, { kid: undefined })],
    ['with header parameters that say nothing', () => signed({}, { x5t: 'abc', 'x-own': 1 })],
    [
      'that names a claim like one inside another',
      () => signed({ act: { sub: 'other' }, text: 'sub": "x\\', more: 'a: b' }),
    ],
  ];
  for (const [what, make] of table) {
    it(`is accepted: ${what}`, async () => {
      await expectJson(await app.request('/notes', bearing(await make())), 200);
    });
  }

  it('says whose it is, for which client, what for, until when, and its claims', async () => {
    const token = signed({ scope: 'notes:read notes:write notes:read' });
    await expectJson(await app.request('/notes', bearing(token)), 200, {
      token,
      subject: 'ada',
      clientId: 'client',
      scopes: ['notes:read', 'notes:write'],
      expiresAt: (now + 600) * 1_000,
      claims: { email: 'ada@example.com' },
    });
  });

  it('has the party it was issued to for a client where it names no client_id', async () => {
    const answer = await app.request('/notes', bearing(signed({ client_id: undefined, azp: 'party' })));
    assert.equal(((await answer.json()) as AccessToken).clientId, 'party');
  });

  for (const scope of [undefined, '', 'notes:write', 'notes:reader', 'notes:read,notes:write', []]) {
    it(`is not enough with the scope ${JSON.stringify(scope)}`, async () => {
      const response = await app.request('/notes', bearing(signed({ scope })));
      assert.equal(response.status, 403);
      assert.deepEqual(challengesOf(response), [
        { scheme: 'Bearer', parameters: { realm: 'api', error: 'insufficient_scope', scope: 'notes:read' } },
      ]);
    });
  }
});

describe('a token that is bad', () => {
  const publicPem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const rsaPem = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const own = signed().split('.');
  const parts = (...list: (string | undefined)[]): string => list.join('.');
  const unsigned = (alg: unknown, end = '.'): string =>
    `${encode(JSON.stringify({ ...HEADER, alg }))}.${encode(JSON.stringify(claims()))}${end}`;
  const encrypted = async (): Promise<string> => {
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', typ: 'at+jwt', cty: 'JWT', kid: 'rsa' };
    return new CompactEncrypt(Buffer.from(signed())).setProtectedHeader(header).encrypt(rsa.publicKey);
  };
  const deep = `${'['.repeat(2_000)}${']'.repeat(2_000)}`;

  const table: readonly (readonly [what: string, make: () => string | Promise<string>])[] = [
    // Algorithms.
    ['alg none', () => unsigned('none')],
    ['alg NONE', () => unsigned('NONE')],
    ['alg none under a signature', () => unsigned('none', `.${own[2]}`)],
    ['no alg', () => unsigned(undefined, `.${own[2]}`)],
    ['an alg that is a list', () => unsigned(['RS256'], `.${own[2]}`)],
    ['an alg that is a number', () => unsigned(1, `.${own[2]}`)],
    ['an alg of a prototype', () => unsigned('constructor', `.${own[2]}`)],
    ['an empty alg', () => unsigned('', `.${own[2]}`)],
    ['HS256 under the public key of RSA', () => hmac(rsaPem)],
    ['HS256 under the public key of EC', () => hmac(publicPem, { kid: 'ec' })],
    ['HS256 under the modulus', () => hmac(String(jwks.keys[0]?.n))],
    ['HS256 under the modulus as bytes', () => hmac(Buffer.from(String(jwks.keys[0]?.n), 'base64url'))],
    ['HS256 under no key at all', () => hmac('')],
    ['HS384', () => hmac('x'.repeat(48), { alg: 'HS384' })],
    ['ES256 with a key of RSA', () => signed({}, { alg: 'ES256' })],
    [
      'RS256 with a key of EC',
      () => ecSigned().then((token) => token.replace(/^[^.]+/, encode(JSON.stringify({ ...HEADER, kid: 'ec' })))),
    ],
    ['PS256 over a signature of RS256', () => signed({}, { alg: 'PS256' })],
    ['RS512 over a signature of RS256', () => signed({}, { alg: 'RS512' })],
    ['ES256K', () => signed({}, { alg: 'ES256K' })],
    ['an all-zero signature of EC', async () => (await ecSigned()).replace(/[^.]+$/, encode(Buffer.alloc(64)))],
    // Signatures.
    ['a changed claim', () => parts(own[0], encode(JSON.stringify(claims({ sub: 'eve' }))), own[2])],
    ['a changed header', () => parts(encode(JSON.stringify({ ...HEADER, more: 1 })), own[1], own[2])],
    ['the signature of another token', () => parts(own[0], own[1], signed({ sub: 'eve' }).split('.')[2])],
    ['an empty signature', () => parts(own[0], own[1], '')],
    ['half a signature', () => parts(own[0], own[1], own[2]?.slice(0, 100))],
    ['a foreign key under a known name', () => signed({}, {}, foreign.privateKey)],
    ['a foreign key under no name', () => signed({}, { kid: undefined }, foreign.privateKey)],
    // Keys that it brings along or names.
    ['an unknown kid', () => signed({}, { kid: 'unknown' }, foreign.privateKey)],
    ['a kid that is a path', () => signed({}, { kid: '../../../../dev/null' }, foreign.privateKey)],
    ['a kid that is a query', () => signed({}, { kid: "' or '1'='1" }, foreign.privateKey)],
    ['a kid that is a number', () => signed({}, { kid: 0 })],
    ['a kid that is a list', () => signed({}, { kid: ['rsa'] })],
    ['a kid that is null', () => signed({}, { kid: null })],
    ['a kid of a prototype', () => signed({}, { kid: '__proto__' })],
    ['a key in its header', () => signed({}, { jwk: jwkOf(foreign.publicKey) }, foreign.privateKey)],
    ['our own key in its header', () => signed({}, { jwk: jwkOf(rsa.publicKey) })],
    ['the address of a key set', () => signed({}, { jku: 'https://evil.example/jwks' })],
    ['the address of a certificate', () => signed({}, { x5u: 'https://evil.example/x5u' })],
    ['a certificate', () => signed({}, { x5c: ['MIIB'] })],
    // What its header wants to have understood.
    ['an unknown critical extension', () => signed({}, { crit: ['x-own'], 'x-own': 1 })],
    ['an empty list of critical extensions', () => signed({}, { crit: [] })],
    ['critical extensions that are no list', () => signed({}, { crit: 'exp' })],
    ['a critical extension that jose knows', () => signed({}, { crit: ['b64'], b64: true })],
    ['an unencoded payload', () => signed({}, { crit: ['b64'], b64: false })],
    // Types.
    ['the type of an ID token', () => signed({}, { typ: 'JWT' })],
    ['no type', () => signed({}, { typ: undefined })],
    ['a type that is a list', () => signed({}, { typ: ['at+jwt'] })],
    ['the type of a proof', () => signed({}, { typ: 'dpop+jwt' })],
    ['a content type', () => signed({}, { cty: 'JWT' })],
    // Forms.
    ['no token', () => 'x'],
    ['three parts that are none', () => 'x.y.z'],
    ['two parts', () => parts(own[0], own[1])],
    ['four parts', () => parts(...own, 'x')],
    ['an encrypted one', encrypted],
    ['one inside another', () => signText(JSON.stringify({ ...HEADER, cty: 'JWT' }), signed())],
    ['claims that are a token', () => signText(JSON.stringify(HEADER), JSON.stringify(signed()))],
    ['claims that are a list', () => signText(JSON.stringify(HEADER), JSON.stringify([claims()]))],
    ['claims that are null', () => signText(JSON.stringify(HEADER), 'null')],
    ['claims that are no JSON', () => signText(JSON.stringify(HEADER), '{"sub":')],
    ['no claims', () => signText(JSON.stringify(HEADER), '')],
    ['claims that are not UTF-8', () => signText(JSON.stringify(HEADER), Buffer.from([0x7b, 0xff, 0x7d]))],
    ['a header that is a list', () => signText(JSON.stringify([HEADER]), JSON.stringify(claims()))],
    ['a header that is no JSON', () => signText('{', JSON.stringify(claims()))],
    ['claims of endless depth', () => written('"ada"', `"ada","deep":${deep}`)],
    ['claims of greater depth', () => written('"ada"', `"ada","deep":${'['.repeat(5_000)}${']'.repeat(5_000)}`)],
    ['a header of endless depth', () => signed({}, { deep: JSON.parse(deep) })],
    ['more than a header may have', () => signed({ more: 'x'.repeat(20_000) })],
    ['a megabyte', () => 'x'.repeat(1_000_000)],
    // What is there twice.
    ['two subjects', () => written('"sub":"ada"', '"sub":"eve","sub":"ada"')],
    [
      'two subjects, one of them spelled otherwise',
      () => written('"sub":"ada"', String.raw`"s\u0075b":"eve","sub":"ada"`),
    ],
    ['two scopes', () => written('"scope":', '"scope":"","scope":')],
    ['a claim twice within another', () => written('"sub":"ada"', '"sub":"ada","act":{"a":1,"a":2}')],
    ['two kids', () => signText(JSON.stringify(HEADER).replace('"kid"', '"kid":"ec","kid"'), JSON.stringify(claims()))],
    [
      'two algs',
      () => signText(JSON.stringify(HEADER).replace('"alg"', '"alg":"none","alg"'), JSON.stringify(claims())),
    ],
    // Issuer and audience.
    ['another issuer', () => signed({ iss: 'https://other.example' })],
    ['an issuer with a slash more', () => signed({ iss: `${ISSUER}/` })],
    ['an issuer in capitals', () => signed({ iss: ISSUER.toUpperCase() })],
    ['a list of issuers', () => signed({ iss: [ISSUER] })],
    ['no issuer', () => signed({ iss: undefined })],
    ['another audience', () => signed({ aud: 'https://other.example' })],
    ['a longer audience', () => signed({ aud: `${AUDIENCE}/notes` })],
    ['an audience that is an object', () => signed({ aud: { [AUDIENCE]: true } })],
    ['an empty list of audiences', () => signed({ aud: [] })],
    ['a list in a list of audiences', () => signed({ aud: [[AUDIENCE]] })],
    ['no audience', () => signed({ aud: undefined })],
    // Times.
    ['an end that has been', () => signed({ exp: now - 10 })],
    ['no end', () => signed({ exp: undefined })],
    ['an end that is text', () => signed({ exp: String(now + 600) })],
    ['an end that is null', () => signed({ exp: null })],
    ['an end that is true', () => signed({ exp: true })],
    ['an end that is a list', () => signed({ exp: [now + 600] })],
    ['an end that is a date', () => signed({ exp: new Date(Date.now() + 600_000) })],
    ['an end beyond all numbers', () => written(`"exp":${now + 600}`, '"exp":1e999')],
    ['an end before all time', () => signed({ exp: -1 })],
    ['a beginning to come', () => signed({ nbf: now + 60 })],
    ['a beginning that is text', () => signed({ nbf: String(now) })],
    ['a beginning that is null', () => signed({ nbf: null })],
    ['an issue to come', () => signed({ iat: now + 60 })],
    ['an issue that is text', () => signed({ iat: 'yesterday' })],
    ['an issue that is an object', () => signed({ iat: {} })],
    // What else it says.
    ['no subject', () => signed({ sub: undefined })],
    ['an empty subject', () => signed({ sub: '' })],
    ['a subject that is a number', () => signed({ sub: 1 })],
    ['a subject that is a list', () => signed({ sub: ['ada'] })],
    ['a client that is a number', () => signed({ client_id: 1 })],
    ['a scope that is a number', () => signed({ scope: 1 })],
    ['a scope that is an object', () => signed({ scope: { 'notes:read': true } })],
    ['a scope that is a list of numbers', () => signed({ scope: [1] })],
    ['claims that do not fit the schema', () => signed({ email: 'no address' })],
    ['a claim of the schema that is missing', () => signed({ email: undefined })],
    ['a key it is bound to', () => signed({ cnf: { jkt: 'x'.repeat(43) } })],
  ];

  const { app, reached, log } = guarded({ jwks });
  let alike: [string, string][] | undefined;

  it('comes in at least sixty kinds here', () => assert.ok(table.length >= 60));

  for (const [what, make] of table) {
    it(`is refused: ${what}`, async () => {
      log.entries.length = 0;
      reached.length = 0;
      const token = await make();
      const response = await app.request('/notes', bearing(token));
      assert.deepEqual(
        [response.status, await response.text()],
        [401, '{"detail":"Invalid authentication credentials"}'],
      );
      assert.equal(
        response.headers.get('www-authenticate'),
        'Bearer realm="api", error="invalid_token", scope="notes:read"',
      );
      alike ??= [...response.headers];
      assert.deepEqual([...response.headers], alike);
      assert.deepEqual(reached, []);
      assert.equal(log.entries.length, 1);
      const { text, level } = log.entries[0] ?? assert.fail();
      assert.equal(level, 'info');
      assert.match(text, /^GET \/notes: a token is refused: [a-z]/);
      for (const secret of [token, ...token.split('.'), 'eve', 'evil', 'no address', 'yesterday']) {
        if (secret.length > 1) assert.ok(!text.includes(secret), text);
      }
    });
  }

  it('is refused whichever schemes the route has', async () => {
    for (const secret of ['x'.repeat(32), randomBytes(32)]) {
      const { app, reached } = guarded({ secret });
      assert.equal((await app.request('/notes', bearing(hmac(secret)))).status, 200);
      reached.length = 0;
      for (const token of [signed(), hmac('y'.repeat(32)), unsigned('none'), hmac(secret, { alg: 'HS512' })]) {
        assert.equal((await app.request('/notes', bearing(token))).status, 401);
      }
      assert.deepEqual(reached, []);
    }
  });

  it('has its reason and its kid in the log, and no more of it', async () => {
    log.entries.length = 0;
    for (const token of [
      signed({ aud: 'https://other.example' }),
      signed({ email: 'no address' }),
      signed({}, { kid: 'a\nb\u001b[31m', typ: 'JWT' }),
      signed({}, { kid: 'k'.repeat(500) }),
      'opaque',
    ]) {
      await app.request('/notes', bearing(token));
    }
    assert.deepEqual(
      log.entries.map(({ text }) => text.replace('GET /notes: a token is refused: ', '')),
      [
        "its aud is not accepted, kid 'rsa'",
        "its claims do not fit their schema (email), kid 'rsa'",
        String.raw`no key of the issuer fits it, kid 'a\u000ab\u001b[31m'`,
        `no key of the issuer fits it, kid '${'k'.repeat(64)}'`,
        'it is not a JWT',
      ],
    );
  });

  it('is refused where the log fails', async () => {
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks });
    const fail = (): never => raise(new Proxy({}, { get: () => raise(1) }));
    const app = appOf([controllerOf(accessToken)], { logger: { info: fail, warn: fail, error: fail } });
    assert.equal((await app.request('/guarded', bearing('x'))).status, 401);
  });
});

/** A controller of one route that depends on something. */
function controllerOf(dependable: Parameters<typeof Depends>[0]): ControllerClass {
  @Controller('/guarded')
  class GuardedController {
    @Get()
    read(@(Depends(dependable) as Input<any>) value: unknown) {
      return value;
    }
  }
  return GuardedController;
}

describe('keys that are given', () => {
  const pem = { type: 'spki', format: 'pem' } as const;
  const weak = rsaPair(1_024);
  const ask = async (options: Partial<JwtBearerOptions<typeof Email>>, token: string | Promise<string>) => {
    const response = await guarded(options).app.request('/notes', bearing(await token));
    return response.status;
  };

  it('may be a KeyObject, a JWK, PEM text or a CryptoKey, and any kid is theirs', async () => {
    const native = await generateKeyPair('ES256');
    const sealed = await crypto.subtle.importKey(
      'jwk',
      await exportJWK(native.publicKey),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['verify'],
    );
    const token = new SignJWT(claims())
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'any' })
      .sign(native.privateKey);
    assert.equal(await ask({ publicKey: rsa.publicKey }, signed()), 200);
    assert.equal(await ask({ publicKey: jwkOf(rsa.publicKey, { kid: 'other' }) }, signed()), 200);
    assert.equal(await ask({ publicKey: rsa.publicKey.export(pem).toString() }, signed()), 200);
    assert.equal(await ask({ publicKey: `\n${ec.publicKey.export(pem).toString()}` }, ecSigned({ kid: 'x' })), 200);
    for (const publicKey of [native.publicKey, sealed, await exportSPKI(native.publicKey)]) {
      assert.equal(await ask({ publicKey }, token), 200);
      assert.equal(await ask({ publicKey }, ecSigned()), 401);
      assert.equal(await ask({ publicKey }, signed()), 401);
    }
  });

  it('may be PEM text of a certificate', async () => {
    const token = new SignJWT(claims())
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
      .sign(createPrivateKey(CERTIFIED_KEY));
    assert.equal(await ask({ publicKey: CERTIFICATE }, token), 200);
    assert.equal(await ask({ publicKey: CERTIFICATE }, ecSigned()), 401);
  });

  it('of Ed25519 verify that algorithm by each of its names', async () => {
    const { publicKey, privateKey } = await generateKeyPair('Ed25519');
    const sealed = await crypto.subtle.importKey('jwk', await exportJWK(publicKey), { name: 'Ed25519' }, false, [
      'verify',
    ]);
    for (const alg of ['EdDSA', 'Ed25519']) {
      const token = new SignJWT(claims()).setProtectedHeader({ alg, typ: 'at+jwt' }).sign(privateKey);
      for (const given of [publicKey, sealed]) assert.equal(await ask({ publicKey: given }, token), 200, alg);
    }
    assert.equal(await ask({ publicKey: sealed }, ecSigned()), 401);
  });

  it('may be several for a token without a kid: the one that made the signature counts, among the first eight', async () => {
    const others = (count: number): JsonWebKey[] =>
      Array.from({ length: count }, (_, index) => jwkOf(foreign.publicKey, { kid: `other-${index}` }));
    const unnamed = (changes = {}, key = rsa.privateKey): string => signed(changes, { kid: undefined }, key);
    const among = (count: number) => ({ jwks: { keys: [...others(count), jwkOf(rsa.publicKey, { kid: 'rsa' })] } });
    assert.equal(await ask(among(7), unnamed()), 200);
    assert.equal(await ask(among(8), unnamed()), 401);
    assert.equal(await ask(among(8), signed()), 200);
    const { app, log } = guarded(among(1));
    for (const token of [unnamed({ exp: now - 60 }), unnamed({}, weak.privateKey)]) {
      assert.equal((await app.request('/notes', bearing(token))).status, 401);
    }
    assert.deepEqual(
      log.entries.map(({ text }) => text.replace('GET /notes: a token is refused: ', '')),
      ['it has expired (exp)', 'its signature is wrong'],
    );
  });

  it('may come when the app starts', async () => {
    assert.equal(await ask({ jwks: Promise.resolve(jwks) }, signed()), 200);
    assert.equal(await ask({ jwks: async () => jwks }, signed()), 200);
  });

  it('that come late and are unfit fail the start, and no request passes', async () => {
    const cases = [
      async () => ({ keys: [] }),
      async () => ({ keys: [{ kty: 'oct', k: 'eHh4' }] }),
      async () => ({ keys: [jwkOf(rsa.privateKey)] }),
      async () => ({ keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }),
      async () => ({ keys: [{ kty: 'EC', crv: 'secp256k1', x: 'x', y: 'y' }] }),
      async () => ({ keys: [{ kty: 'OKP', x: 'x' }] }),
      async () => raise(new Error('no keys')),
    ];
    for (const keys of cases) {
      const { app, reached } = guarded({ jwks: keys });
      await assert.rejects(app.start());
      assert.equal((await app.request('/notes', bearing(signed()))).status, 500);
      assert.deepEqual(reached, []);
    }
    const rejected = Promise.reject(new Error('never asked for'));
    guarded({ jwks: rejected });
    await assert.rejects(
      guarded({ publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' }).app.start(),
    );
  });

  const weakToken = signed({}, {}, weak.privateKey);
  const mistakes: readonly (readonly [what: string, options: object, message: RegExp])[] = [
    ['neither issuer nor key', { issuer: undefined }, /there is no issuer/],
    ['an empty issuer', { issuer: '', jwks }, /there is no issuer/],
    ['an issuer over http', { issuer: 'http://id.example' }, /neither an https URL nor one of this machine/],
    ['an issuer over http beside its keys', { issuer: 'http://id.example', jwks }, /neither an https URL/],
    ['an issuer that only begins like this machine', { issuer: 'http://127.0.0.1.example' }, /neither an https/],
    ['an issuer that is no address and has to be asked', { issuer: 'somebody' }, /is not a URL/],
    ['an issuer with a query', { issuer: `${ISSUER}?a=b` }, /has a query or a fragment/],
    ['no audience', { audience: undefined, jwks }, /there is no audience/],
    ['an empty audience', { audience: '', jwks }, /there is no audience/],
    ['an empty list of audiences', { audience: [], jwks }, /there is no audience/],
    ['a weak secret', { secret: 'x'.repeat(31) }, /has 31 bytes; at least 32 are required/],
    ['a weak secret in bytes', { secret: new Uint8Array(16) }, /has 16 bytes/],
    ['a secret that is none', { secret: 1 }, /secret is neither a string nor bytes/],
    ['a symmetric key beside an asymmetric one', { secret: 'x'.repeat(32), jwks }, /jwks and secret are given/],
    [
      'a symmetric key among others',
      { jwks: { keys: [...jwks.keys, { kty: 'oct', k: 'x' }] } },
      /jwks\.keys\[2] is symmetric/,
    ],
    ['two sources of keys', { jwks, jwksUri: `${ISSUER}/jwks` }, /jwksUri and jwks are given/],
    ['the algorithm none', { jwks, algorithms: ['RS256', 'none'] }, /'none' accepts unsigned tokens/],
    ['the algorithm NONE', { jwks, algorithms: ['NONE'] }, /'NONE'|'none' accepts/],
    [
      'a symmetric algorithm for public keys',
      { jwks, algorithms: ['HS256'] },
      /'HS256' cannot be used with public keys/,
    ],
    [
      'an asymmetric algorithm for a secret',
      { secret: 'x'.repeat(32), algorithms: ['RS256'] },
      /cannot be used with a secret/,
    ],
    ['HS512 for a secret', { secret: 'x'.repeat(64), algorithms: ['HS512'] }, /cannot be used with a secret/],
    ['no algorithms', { jwks, algorithms: [] }, /empty list/],
    ['keys over http', { jwksUri: 'http://id.example/jwks' }, /jwksUri is neither/],
    ['no keys', { jwks: { keys: [] } }, /jwks has no keys/],
    ['a key set that is none', { jwks: {} }, /jwks has no keys/],
    ['a private key', { publicKey: rsa.privateKey }, /publicKey is a private key/],
    ['a private JWK', { publicKey: jwkOf(rsa.privateKey) }, /publicKey is a private key/],
    ['a private JWK in a set', { jwks: { keys: [jwkOf(ec.privateKey)] } }, /jwks\.keys\[0] is a private key/],
    ['private PEM', { publicKey: ec.privateKey.export({ type: 'pkcs8', format: 'pem' }) }, /PEM of a PRIVATE KEY/],
    ['text that is no key', { publicKey: 'secret' }, /not PEM; a shared secret is given as `secret`/],
    ['a key that is none', { publicKey: {} }, /publicKey is not a key/],
    ['a key that is null', { publicKey: null }, /publicKey is not a key/],
    ['a key of a set that is a number', { jwks: { keys: [1] } }, /jwks\.keys\[0] is not a key/],
    ['a short key', { publicKey: weak.publicKey }, /modulus of 1024 bits/],
    ['a short JWK', { publicKey: jwkOf(weak.publicKey) }, /modulus of 1024 bits/],
    ['an age that is none', { jwks, maxAge: Number.NaN }, /maxAge is not a number/],
    ['a negative cooldown', { jwks, cooldown: -1 }, /cooldown is not a number/],
    ['a tolerance without end', { jwks, clockTolerance: Infinity }, /clockTolerance is not a number/],
    ['a type that is none', { jwks, typ: '' }, /typ is neither/],
    ['a word for dpop that is none', { jwks, dpop: true }, /dpop is 'true'/],
    ['a replay store without dpop', { jwks, replayStore: { add: () => true } }, /replayStore is for proofs/],
    ['a base address without dpop', { jwks, baseUrl: AUDIENCE }, /baseUrl is for proofs/],
    ['a base address that is none', { jwks, dpop: 'required', baseUrl: 'api' }, /baseUrl is 'api'/],
    ['a scheme that is none', { jwks, scheme: {} }, /scheme is not a security scheme/],
    [
      'introspection over http',
      { introspection: { endpoint: 'http://id.example', clientId: 'a', clientSecret: 'b' } },
      /introspection\.endpoint is neither/,
    ],
    ['introspection by nobody', { introspection: { endpoint: ISSUER } }, /no clientId and clientSecret/],
    [
      'introspection beside keys',
      { jwks, introspection: { clientId: 'a', clientSecret: 'b' } },
      /jwks and introspection are given/,
    ],
  ];
  for (const [what, options, message] of mistakes) {
    it(`are refused at startup: ${what}`, () => {
      assert.throws(
        () => jwtBearer({ issuer: ISSUER, audience: AUDIENCE, ...options }),
        (error: unknown) => {
          assert.ok(error instanceof DeclarationError, String(error));
          assert.match(error.message, message);
          assert.ok(error.mistakes.every(({ code }) => code === 'INVALID_TOKEN_OPTIONS'));
          assert.ok(!error.message.includes('x'.repeat(31)));
          return true;
        },
      );
    });
  }

  it('are refused with all that is wrong at once', () => {
    const options = { issuer: 'http://id.example', audience: '', secret: 'x', algorithms: ['none'] };
    assert.throws(
      () => jwtBearer(options),
      (error: unknown) => error instanceof DeclarationError && error.mistakes.length === 4,
    );
  });

  it('that are too weak verify nothing, wherever they come from', async () => {
    const weakKeys = { keys: [jwkOf(weak.publicKey, { kid: 'rsa' })] };
    await assert.rejects(guarded({ jwks: async () => weakKeys }).app.start());
    assert.equal(await ask({ jwks }, weakToken), 401);
  });
});

describe('what is said of tokens', () => {
  it('may have another type, or any', async () => {
    const id = signed({}, { typ: 'JWT' });
    const none = signed({}, { typ: undefined });
    const ask = async (typ: string | false, token: string) =>
      (await guarded({ jwks, typ }).app.request('/notes', bearing(token))).status;
    assert.deepEqual([await ask('JWT', id), await ask('JWT', none), await ask('JWT', signed())], [200, 401, 401]);
    assert.deepEqual([await ask(false, id), await ask(false, none), await ask(false, signed())], [200, 200, 200]);
  });

  it('may find scopes in claims, which have their types', async () => {
    const accessToken = jwtBearer({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks,
      claims: z.object({ permissions: z.array(z.string()) }),
      scopes: ({ permissions }) => permissions.map((name) => name.toLowerCase()),
    });
    @Controller('/scoped')
    class ScopedController {
      @Get()
      read(@Security(accessToken, { scopes: ['read'] }) { scopes }: AccessToken<{ permissions: string[] }>) {
        return scopes;
      }
    }
    const app = appOf([ScopedController]);
    const ask = (permissions: unknown) => app.request('/scoped', bearing(signed({ permissions })));
    await expectJson(await ask(['READ', 'READ', 'WRITE']), 200, ['read', 'write']);
    assert.equal((await ask(['WRITE'])).status, 403);
    assert.equal((await ask('READ')).status, 401);
  });

  it('that throws is a fault of the program, and no answer of the provider', async () => {
    const log = new Log();
    const throwing = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, scopes: () => raise(new Error('own')) });
    const refining = jwtBearer({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks,
      claims: z.looseObject({}).refine(async () => raise(new Error('own'))),
    });
    for (const accessToken of [throwing, refining]) {
      const app = appOf([controllerOf(accessToken)], { logger: log });
      await expectJson(await app.request('/guarded', bearing(signed())), 500, { detail: 'Internal Server Error' });
      assert.match(log.errors.at(-1) ?? '', /Error: own/);
    }
  });

  it('is asked of the schema alone: it sees every claim, may wait, and strips what it does not name', async () => {
    const accessToken = jwtBearer({
      issuer: ISSUER,
      audience: AUDIENCE,
      jwks,
      claims: z.object({ sub: z.string(), email: z.string() }).refine(async ({ email }) => email.endsWith('.com')),
    });
    const app = appOf([controllerOf(accessToken)]);
    const answer = await app.request('/guarded', bearing(signed()));
    assert.deepEqual(((await answer.json()) as AccessToken).claims, { sub: 'ada', email: 'ada@example.com' });
    assert.equal((await app.request('/guarded', bearing(signed({ email: 'a@b.org' })))).status, 401);
  });

  it('may be said of no token: without credentials an optional scheme gives none', async () => {
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { read: '' }, autoError: false });
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, scheme });
    @Controller('/optional')
    class OptionalController {
      @Get()
      read(@Depends(accessToken) token: AccessToken | undefined) {
        return token?.subject ?? 'anybody';
      }
      @Get('/scoped')
      scoped(@Security(accessToken, { scopes: ['read'] }) token: AccessToken | undefined) {
        return token?.subject ?? 'anybody';
      }
    }
    const app = appOf([OptionalController]);
    await expectJson(await app.request('/optional'), 200, 'anybody');
    await expectJson(await app.request('/optional', bearing(signed())), 200, 'ada');
    assert.equal((await app.request('/optional', bearing(signed({ exp: 1 })))).status, 401);
    assert.equal((await app.request('/optional/scoped')).status, 401);
    assert.equal((await app.request('/optional/scoped', bearing(signed({ scope: 'read' })))).status, 200);
  });

  it('is documented by the issuer, or by the scheme that is given, and the document tells the truth', async () => {
    const { app } = guarded({ jwks });
    assert.deepEqual(app.openapi().components?.securitySchemes, {
      OpenIdConnect: { type: 'openIdConnect', openIdConnectUrl: `${ISSUER}/.well-known/openid-configuration` },
    });
    assert.deepEqual(app.openapi().paths?.['/notes']?.get?.security, [{ OpenIdConnect: ['notes:read'] }]);
    await assertSecurityDocumented(app);
    const scheme = new HTTPBearer({ bearerFormat: 'JWT', schemeName: 'own', realm: 'notes' });
    const own = guarded({ jwks, scheme: scheme as never }).app;
    assert.deepEqual(Object.keys(own.openapi().components?.securitySchemes ?? {}), ['own']);
    const refused = await own.request('/notes', bearing('x'));
    assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer realm="notes", error="invalid_token"/);
  });

  it('names the issuer in the metadata of a protected resource', async () => {
    const resource = AUDIENCE;
    const path = '/.well-known/oauth-protected-resource';
    const serversOf = async (options: object, ...controllers: ControllerClass[]): Promise<unknown> => {
      const app = appOf(controllers, { protectedResource: { resource, ...options } });
      return ((await (await app.request(path)).json()) as { authorization_servers?: unknown }).authorization_servers;
    };
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks });
    assert.deepEqual(await serversOf({}, controllerOf(accessToken)), [ISSUER]);
    assert.deepEqual(await serversOf({ authorizationServers: ['https://b.example'] }, controllerOf(accessToken)), [
      'https://b.example',
    ]);
    assert.equal(await serversOf({}, controllerOf(new HTTPBearer())), undefined);
  });
});

describe('a verified token', () => {
  it('is verified once for a request, whatever requires scopes of it', async () => {
    let parsed = 0;
    const counting = z.looseObject({}).refine(() => (parsed += 1) > 0);
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, claims: counting });
    @Controller('/once', { dependencies: [Depends(accessToken), Security(accessToken, { scopes: ['notes:read'] })] })
    class OnceController {
      @Get({ dependencies: [Security(accessToken, { scopes: ['b'] })] })
      read(@Security(accessToken, { scopes: ['a'] }) { scopes }: AccessToken) {
        return scopes;
      }
    }
    const app = appOf([OnceController]);
    const scope = 'a b notes:read';
    await expectJson(await app.request('/once', bearing(signed({ scope }))), 200, scope.split(' '));
    assert.equal(parsed, 1);
    for (const one of scope.split(' ')) {
      const others = scope.split(' ').filter((name) => name !== one);
      assert.equal((await app.request('/once', bearing(signed({ scope: others.join(' ') })))).status, 403, one);
    }
  });

  it('is looked at before the body is', async () => {
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks });
    @Controller('/bodies')
    class BodyController {
      @Post()
      add(@Depends(accessToken) { subject }: AccessToken) {
        return subject;
      }
    }
    const body = new ReadableStream({ pull: () => raise(new Error('read')) }, { highWaterMark: 0 });
    const init = { method: 'POST', body, duplex: 'half', ...bearing('x') } as RequestInit;
    assert.equal((await appOf([BodyController]).request('/bodies', init)).status, 401);
  });

  it('is replaced in a test without a key', async () => {
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, claims: Email });
    const app = appOf([controllerOf(accessToken)]);
    const claims = { email: 'a@b.co' };
    using _ = app.override(accessToken, () => ({ token: '', subject: 'eve', scopes: [], expiresAt: 0, claims }));
    const answer = await app.request('/guarded');
    assert.deepEqual(((await answer.json()) as AccessToken).subject, 'eve');
    const wrong = (): unknown =>
      // @ts-expect-error: the replacement has no claims
      app.override(accessToken, () => ({ token: '', subject: '', scopes: [], expiresAt: 0 }));
    assert.equal(typeof wrong, 'function');
  });

  it('is kept where that is asked for, no longer than it holds, and nothing is shared', async (t) => {
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, keep: 2, clockTolerance: 0 });
    const verify = t.mock.method(crypto.subtle, 'verify');
    @Controller('/kept')
    class KeptController {
      @Get()
      read(@Depends(accessToken) { claims }: AccessToken) {
        (claims['list'] as unknown[]).push('mine');
        return claims['list'];
      }
    }
    const app = appOf([KeptController]);
    const token = signed({ list: [] });
    for (let count = 0; count < 3; count++) await expectJson(await app.request('/kept', bearing(token)), 200, ['mine']);
    assert.equal(verify.mock.callCount(), 1);
    for (const sub of ['b', 'c']) await app.request('/kept', bearing(signed({ list: [], sub })));
    assert.equal(verify.mock.callCount(), 3);
    await app.request('/kept', bearing(token));
    assert.equal(verify.mock.callCount(), 4, 'only two are kept');
    t.mock.timers.enable({ apis: ['Date'], now: (now + 601) * 1_000 });
    assert.equal((await app.request('/kept', bearing(token))).status, 401);
  });

  it('has the types of its claims', () => {
    const accessToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, claims: Email });
    const anyToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks });
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', autoError: false });
    const maybeToken = jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, scheme });
    class Types {
      fits(@Depends(accessToken) _token: AccessToken<{ email: string }>) {}
      // @ts-expect-error: the schema has no name
      foreign(@Depends(accessToken) _token: AccessToken<{ name: string }>) {}
      any(@Depends(anyToken) _token: AccessToken) {}
      // @ts-expect-error: without a schema nothing is known of a claim
      none(@Depends(anyToken) _token: AccessToken<{ email: string }>) {}
      maybe(@Depends(maybeToken) _token: AccessToken | undefined) {}
      // @ts-expect-error: with an optional scheme there may be no token
      certain(@Depends(maybeToken) _token: AccessToken) {}
    }
    assert.equal(typeof Types, 'function');
    const wrong = (): unknown[] => [
      // @ts-expect-error: whom tokens are for has to be said
      jwtBearer({ issuer: ISSUER, jwks }),
      // @ts-expect-error: there is no such word
      jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, dpop: 'maybe' }),
      // @ts-expect-error: the claims have no permissions
      jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, claims: Email, scopes: ({ permissions }) => permissions }),
      // @ts-expect-error: a scheme that gives no token
      jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks, scheme: Email }),
    ];
    assert.equal(typeof wrong, 'function');
  });
});

describe('an issuer of tokens', () => {
  const options: JwtIssuerOptions = { key: ec.privateKey, issuer: ISSUER, audience: AUDIENCE, expiresIn: 60 };

  it('answers as a token endpoint does, with a token of RFC 9068', async () => {
    const tokens = jwtIssuer(options);
    const issued = await tokens.issue('ada', { scopes: ['a', 'b'], claims: { email: 'a@b.co' }, clientId: 'client' });
    const { access_token, ...rest } = issued;
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 60, scope: 'a b' });
    const { keys } = await tokens.jwks;
    assert.deepEqual(decodeProtectedHeader(access_token), { alg: 'ES256', typ: 'at+jwt', kid: keys[0]?.kid });
    const { iat = 0, exp, jti, ...claims } = decodeJwt(access_token);
    assert.deepEqual([exp, typeof jti], [iat + 60, 'string']);
    assert.deepEqual(claims, {
      iss: ISSUER,
      aud: AUDIENCE,
      sub: 'ada',
      client_id: 'client',
      scope: 'a b',
      email: 'a@b.co',
    });
    assert.notEqual((await tokens.issue('ada')).access_token, (await tokens.issue('ada')).access_token);
  });

  it('verifies what it has issued, and nothing else', async () => {
    const tokens = jwtIssuer(options);
    const app = appOf([controllerOf(tokens.bearer({ claims: Email }))]);
    const ask = async (token: string) => (await app.request('/guarded', bearing(token))).status;
    const issue = async (rest: object = {}) =>
      (await tokens.issue('ada', { claims: { email: 'a@b.co' }, ...rest })).access_token;
    assert.equal(await ask(await issue()), 200);
    assert.equal(await ask(await issue({ audience: ['x', AUDIENCE] })), 200);
    assert.equal(await ask(await issue({ audience: 'x' })), 401);
    assert.equal(await ask(await issue({ expiresIn: -10 })), 401);
    assert.equal(await ask(await issue({ claims: {} })), 401);
    assert.equal(await ask(signed()), 401);
    const others = testTokens({ issuer: ISSUER, audience: AUDIENCE });
    assert.equal(await ask((await others.issue('ada', { claims: { email: 'a@b.co' } })).access_token), 401);
  });

  it('signs with whatever form of key there is', async () => {
    const native = await generateKeyPair('ES384', { extractable: true });
    const sealed = await generateKeyPair('EdDSA');
    const pss = await generateKeyPair('PS256', { extractable: true });
    const keys: readonly (readonly [alg: string, key: NonNullable<JwtIssuerOptions['key']>])[] = [
      ['ES256', ec.privateKey],
      ['RS256', rsa.privateKey],
      ['RS256', jwkOf(rsa.privateKey)],
      ['PS256', jwkOf(rsa.privateKey, { alg: 'PS256' })],
      ['PS256', pss.privateKey],
      ['ES384', native.privateKey],
      ['ES384', await exportPKCS8(native.privateKey)],
      ['ES256', ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()],
      ['EdDSA', generateKeyPairSync('ed25519').privateKey],
      ['EdDSA', sealed],
    ];
    for (const [alg, key] of keys) {
      const tokens = jwtIssuer({ ...options, key });
      const { access_token } = await tokens.issue('ada');
      assert.equal(decodeProtectedHeader(access_token).alg, alg);
      const own = appOf([controllerOf(tokens.bearer())]);
      assert.equal((await own.request('/guarded', bearing(access_token))).status, 200, alg);
      const served = JSON.parse(JSON.stringify(await tokens.jwks)) as { keys: JsonWebKey[] };
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
        assert.ok(!(secret in (served.keys[0] ?? {})), secret);
      const elsewhere = appOf([controllerOf(jwtBearer({ issuer: ISSUER, audience: AUDIENCE, jwks: served }))]);
      assert.equal((await elsewhere.request('/guarded', bearing(access_token))).status, 200, alg);
    }
  });

  it('shares a secret where it is given one, and serves no keys then', async () => {
    const secret = 'x'.repeat(32);
    const tokens = jwtIssuer({ secret, issuer: ISSUER, audience: AUDIENCE });
    const { access_token } = await tokens.issue('ada');
    assert.equal(decodeProtectedHeader(access_token).alg, 'HS256');
    for (const bearer of [tokens.bearer(), jwtBearer({ issuer: ISSUER, audience: AUDIENCE, secret })]) {
      assert.equal((await appOf([controllerOf(bearer)]).request('/guarded', bearing(access_token))).status, 200);
    }
    assert.deepEqual(await tokens.jwks, { keys: [] });
  });

  it('accepts tokens of keys that it does not sign with any more', async () => {
    const before = await jwtIssuer(options).issue('ada');
    const retiring = jwtIssuer({ ...options, key: rsa.privateKey, retiredKeys: [ec.publicKey] });
    const app = appOf([controllerOf(retiring.bearer())]);
    for (const { access_token } of [before, await retiring.issue('ada')]) {
      assert.equal((await app.request('/guarded', bearing(access_token))).status, 200);
    }
    assert.equal((await retiring.jwks).keys.length, 2);
    const without = appOf([controllerOf(jwtIssuer({ ...options, key: rsa.privateKey }).bearer())]);
    assert.equal((await without.request('/guarded', bearing(before.access_token))).status, 401);
  });

  it('is documented as a bearer token unless a scheme is given', () => {
    const tokens = jwtIssuer(options);
    const schemesOf = (bearer: ReturnType<typeof tokens.bearer>) =>
      appOf([controllerOf(bearer)]).openapi().components?.securitySchemes;
    assert.deepEqual(schemesOf(tokens.bearer()), {
      HTTPBearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    });
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });
    assert.deepEqual(Object.keys(schemesOf(tokens.bearer({ scheme })) ?? {}), ['OAuth2PasswordBearer']);
  });

  it('refuses what a token cannot say', async () => {
    const tokens = jwtIssuer(options);
    await assert.rejects(tokens.issue(''), /needs a subject/);
    for (const name of ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'scope', 'client_id']) {
      await assert.rejects(
        tokens.issue('ada', { claims: { [name]: 'x' } }),
        new RegExp(`'${name}' is not a claim of your own`),
      );
    }
    for (const scope of ['a b', '', 'a"b', 'é'])
      await assert.rejects(tokens.issue('ada', { scopes: [scope] }), /is not a scope/);
  });

  const nativeKey = async (name: string, usage: 'sign' | 'decrypt', modulusLength: number) => {
    const kind = { name, modulusLength, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-384' };
    const usages: webcrypto.KeyUsage[] = usage === 'sign' ? ['sign', 'verify'] : ['encrypt', 'decrypt'];
    const { privateKey } = await crypto.subtle.generateKey(kind, true, usages);
    return privateKey;
  };

  it('has the algorithm of a CryptoKey from it, and none from one that does not sign', async () => {
    const signing = jwtIssuer({ ...options, key: await nativeKey('RSASSA-PKCS1-v1_5', 'sign', 2_048) });
    assert.equal(decodeProtectedHeader((await signing.issue('ada')).access_token).alg, 'RS384');
    const decrypting = jwtIssuer({ ...options, key: await nativeKey('RSA-OAEP', 'decrypt', 2_048) });
    await assert.rejects(decrypting.issue('ada'), { message: "No signatures are made with a key for 'RSA-OAEP'" });
  });

  const sealed = generateKeyPair('ES256');
  const mistakes: readonly (readonly [what: string, change: () => object | Promise<object>, message: RegExp])[] = [
    ['no key', () => ({ key: undefined }), /either a key or a secret is required/],
    ['a key and a secret', () => ({ secret: 'x'.repeat(32) }), /either a key or a secret is required/],
    ['a weak secret', () => ({ key: undefined, secret: 'x' }), /secret has 1 bytes/],
    ['a public key', () => ({ key: ec.publicKey }), /key is a public key/],
    ['a public JWK', () => ({ key: jwkOf(ec.publicKey) }), /key is a public key/],
    ['a short CryptoKey', async () => ({ key: await nativeKey('RSASSA-PKCS1-v1_5', 'sign', 1_024) }), /of 1024 bits/],
    ['public PEM', () => ({ key: ec.publicKey.export({ type: 'spki', format: 'pem' }) }), /not of a PRIVATE KEY/],
    [
      'PEM of another form',
      () => ({ key: ec.privateKey.export({ type: 'sec1', format: 'pem' }) }),
      /EC PRIVATE KEY, not of a PRIVATE KEY \(PKCS #8\)/,
    ],
    ['a short key', () => ({ key: rsaPair(1_024).privateKey }), /modulus of 1024 bits/],
    ['a key that shows no public half', async () => ({ key: (await sealed).privateKey }), /cannot be exported/],
    ['a retired key that is private', () => ({ retiredKeys: [ec.privateKey] }), /retiredKeys\[0] is a private key/],
    ['no issuer', () => ({ issuer: '' }), /there is no issuer/],
    ['an issuer over http', () => ({ issuer: 'http://id.example' }), /neither an https/],
    ['no audience', () => ({ audience: '' }), /there is no audience/],
    ['no time to live', () => ({ expiresIn: 0 }), /not a positive number of seconds/],
  ];
  for (const [what, change, message] of mistakes) {
    it(`is refused at startup with ${what}`, async () => {
      const changes = await change();
      assert.throws(() => jwtIssuer({ ...options, ...changes }), { name: 'DeclarationError', message });
    });
  }
});

describe('tokens of a test', () => {
  it('are real ones, and verified by whoever has their keys', async () => {
    const tokens = testTokens({ issuer: ISSUER, audience: AUDIENCE });
    const { access_token, expires_in } = await tokens.issue('ada', {
      scopes: ['notes:read'],
      claims: { email: 'a@b.co' },
    });
    assert.equal(expires_in, 900);
    const { app } = guarded({ jwks: tokens.jwks });
    assert.equal((await app.request('/notes', bearing(access_token))).status, 200);
    assert.equal((await app.request('/notes', bearing((await tokens.issue('ada')).access_token))).status, 401);
  });
});
