import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { decodeJwt, decodeProtectedHeader, SignJWT, UnsecuredJWT } from 'jose';
import pg from 'pg';
import type { App } from 'portico';
import { toNodeListener } from 'portico/node';
import { assertSecurityDocumented } from 'portico/testing';
import type { Database } from '../examples/login/database.ts';
import type { Settings } from '../examples/login/settings.ts';
import { type Answer, answer, assertValidDocument, listen, pause, Run } from './world.ts';

const ISSUER = 'https://login.example';
const AUDIENCE = 'https://login.example/users';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SIGNING_KEY = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

// Read by the example when it is loaded, which is why it is imported further down.
Object.assign(process.env, { ISSUER, AUDIENCE, SIGNING_KEY });
const { createApp } = await import('../examples/login/app.ts');
const { audit } = await import('../examples/login/audit.ts');
const { database } = await import('../examples/login/database.ts');
const { PasswordVerifier, passwordVerifier } = await import('../examples/login/passwords.ts');
const { settings } = await import('../examples/login/settings.ts');
const { addUser } = await import('../examples/login/users.ts');

const SERVER = process.env['DATABASE_URL'];
const PASSWORD = 'correct horse battery staple';
const WRONG = 'wrong horse battery staple';
const REFUSED = 'Bearer realm="api", error="invalid_token"';

/** A database of its own on the server, so that nothing that is there already is touched. */
async function createDatabase(server: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `login_test_${randomBytes(6).toString('hex')}`;
  const run = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      await client.query(text);
    } finally {
      await client.end();
    }
  };
  await run(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(`drop database ${name}`) };
}

const SETTINGS: Settings = {
  databaseUrl: undefined,
  refreshTokenSeconds: 3_600,
  sessionSeconds: 7_200,
  attempts: { windowSeconds: 900, perAccount: 3, perAddress: 1_000 },
};

/** An app on a database of its own, what it logs, and how it is asked. */
class World {
  readonly app: App;
  readonly logs: string[] = [];
  readonly events: unknown[][] = [];
  /** Every password and token that was sent or answered. */
  readonly secrets = new Set<string>([PASSWORD, WRONG]);
  readonly #changes: Partial<Settings>;

  constructor(changes: Partial<Settings> = {}) {
    const log = (line: string) => void this.logs.push(line);
    this.app = createApp({ info: log, warn: log, error: log });
    this.#changes = changes;
    this.app.override(settings, () => ({ ...SETTINGS, ...this.#changes }));
    this.app.override(audit, () => (event, details) => void this.events.push([event, details.username]));
  }

  async database<T>(use: (database: Database) => Promise<T>): Promise<T> {
    await using scope = this.app.scope();
    return await use(await scope.get(database));
  }

  async add(username: string, ...scopes: ('profile:read' | 'users:write')[]): Promise<void> {
    await this.database((database) => addUser(database, { username, password: PASSWORD, scopes }));
  }

  async post(path: string, fields: Record<string, string>): Promise<Answer> {
    const answered = await answer(await this.app.request(path, { method: 'POST', body: new URLSearchParams(fields) }));
    for (const name of ['access_token', 'refresh_token'])
      if (answered.body?.[name]) this.secrets.add(answered.body[name]);
    return answered;
  }

  logIn(username: string, password = PASSWORD, fields: Record<string, string> = {}): Promise<Answer> {
    return this.post('/token', { grant_type: 'password', username, password, ...fields });
  }

  async signedIn(username: string, fields: Record<string, string> = {}): Promise<{ access: string; refresh: string }> {
    const { status, body } = await this.logIn(username, PASSWORD, fields);
    assert.equal(status, 200, JSON.stringify(body));
    return { access: body.access_token, refresh: body.refresh_token };
  }

  refresh(token: string, fields: Record<string, string> = {}): Promise<Answer> {
    return this.post('/token/refresh', { grant_type: 'refresh_token', refresh_token: token, ...fields });
  }

  async as(token: string, path = '/users/me', init: RequestInit = {}): Promise<Answer> {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    return answer(await this.app.request(path, { ...init, headers }));
  }
}

const assertGrantRefused = ({ status, body }: Answer): void =>
  assert.deepEqual([status, body.error], [400, 'invalid_grant']);

const statusesOf = (answers: readonly Answer[]): number[] =>
  answers.map(({ status }) => status).toSorted((one, other) => one - other);

const skip = SERVER === undefined ? 'DATABASE_URL is not set: name a PostgreSQL server to run these' : false;

for (const [where, server] of [
  ['the embedded database', undefined],
  ['PostgreSQL', SERVER],
] as const) {
  describe(`login on ${where}`, { skip: where === 'PostgreSQL' && skip }, () => {
    let world: World;
    let made: Awaited<ReturnType<typeof createDatabase>> | undefined;

    before(async () => {
      made = server === undefined ? undefined : await createDatabase(server);
      world = new World({ databaseUrl: made?.url });
      await world.add('user', 'profile:read');
      await world.add('admin', 'profile:read', 'users:write');
    });

    after(async () => {
      await world.app.close();
      await made?.drop();
    });

    it('gives tokens that nobody stores, and with them the user without the hash', async () => {
      const { status, headers, body } = await world.logIn('admin');
      assert.equal(status, 200);
      assert.deepEqual([headers.get('cache-control'), headers.get('pragma')], ['no-store', 'no-cache']);
      const { access_token, refresh_token, ...rest } = body;
      assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 300, scope: 'profile:read users:write' });
      assert.match(refresh_token, /^[\w-]{43}$/);
      const { status: found, body: me } = await world.as(access_token);
      const scopes = ['profile:read', 'users:write'];
      assert.deepEqual([found, me], [200, { username: 'admin', active: true, scopes }]);
    });

    it('keeps argon2id hashes of passwords, and of refresh tokens only digests', async () => {
      const { refresh } = await world.signedIn('user');
      await world.database(async (database) => {
        const { rows: users } = await database.query<{ password_hash: string }>('select * from users');
        assert.equal(users.length, 2);
        for (const { password_hash } of users) assert.match(password_hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
        const { rows: tokens } = await database.query('select * from refresh_tokens');
        assert.ok(tokens.length > 0 && !JSON.stringify(tokens).includes(refresh));
      });
    });

    it('answers a wrong password and every kind of unknown user alike', async () => {
      const wrong = await world.logIn('user', WRONG);
      assertGrantRefused(wrong);
      for (const username of ['unknown', 'Not A Name', 'nul\0', 'x'.repeat(2_000)]) {
        const unknown = await world.logIn(username, WRONG);
        assert.deepEqual([unknown.status, unknown.body], [wrong.status, wrong.body]);
        assert.deepEqual([...unknown.headers], [...wrong.headers]);
      }
    });

    it('compares the password for an unknown user with a hash as well', async () => {
      using _ = world.app.override(passwordVerifier, () => new PasswordVerifier('no hash that could be compared with'));
      assertGrantRefused(await world.logIn('user', WRONG));
      assert.equal((await world.logIn('another-unknown', WRONG)).status, 500);
      assert.equal(world.logs.splice(0).length, 1);
    });

    it('answers invalid forms in the shape of RFC 6749 on all three routes', async () => {
      const answers = [
        await world.post('/token', { username: 'user' }),
        await world.post('/token/refresh', { grant_type: 'password', refresh_token: 'x' }),
        await world.post('/token/refresh', { grant_type: 'refresh_token' }),
        await world.post('/token/revoke', {}),
      ];
      for (const { status, headers, body } of answers) {
        assert.deepEqual([status, body.error, headers.get('cache-control')], [400, 'invalid_request', 'no-store']);
        assert.equal(typeof body.error_description, 'string');
      }
      const foreign = await world.post('/token', { grant_type: 'other', username: 'user', password: WRONG });
      assert.deepEqual([foreign.status, foreign.body.error], [400, 'unsupported_grant_type']);
    });

    it('issues access tokens in the profile of RFC 9068', async () => {
      const { access } = await world.signedIn('user');
      const { kid, ...header } = decodeProtectedHeader(access);
      assert.deepEqual([header, typeof kid], [{ alg: 'ES256', typ: 'at+jwt' }, 'string']);
      const { iat = 0, exp, jti, ...claims } = decodeJwt(access);
      assert.deepEqual(claims, {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'user',
        scope: 'profile:read',
        client_id: 'first-party',
      });
      assert.equal(exp, iat + 300);
      assert.equal(typeof jti, 'string');
    });

    it('refuses an access token that has expired', async (t) => {
      const { access } = await world.signedIn('user');
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
      t.mock.timers.tick(298_000);
      assert.equal((await world.as(access)).status, 200);
      // Two clocks may differ by five seconds.
      t.mock.timers.tick(8_000);
      const { status, challenge } = await world.as(access);
      assert.deepEqual([status, challenge], [401, `${REFUSED}, scope="profile:read"`]);
    });

    it('refuses tokens of another key, algorithm, issuer, audience or type, and ones without an end', async () => {
      const { access } = await world.signedIn('user');
      const payload = decodeJwt(access);
      const sign = (changes: object = {}, header: object = {}, key: Parameters<SignJWT['sign']>[0] = privateKey) =>
        new SignJWT({ ...payload, ...changes })
          .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header })
          .sign(key);
      const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
      const publicText = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
      const forged = [
        await sign({}, {}, stranger),
        await sign({}, { alg: 'HS256' }, publicText),
        new UnsecuredJWT({ ...payload }).encode(),
        await sign({ iss: 'https://other.example' }),
        await sign({ aud: 'https://other.example' }),
        await sign({ exp: undefined }),
        await sign({}, { typ: 'JWT' }),
        `${access.slice(0, access.lastIndexOf('.'))}.${'A'.repeat(86)}`,
        'no-token-at-all',
      ];
      assert.equal((await world.as(await sign())).status, 200);
      for (const token of forged) {
        const { status, challenge } = await world.as(token);
        assert.deepEqual([status, challenge], [401, `${REFUSED}, scope="profile:read"`], token);
      }
    });

    it('grants the scopes that were asked for, and none that the user does not have', async () => {
      const { body } = await world.logIn('admin', PASSWORD, { scope: 'profile:read' });
      assert.equal(body.scope, 'profile:read');
      const refused = await world.logIn('user', PASSWORD, { scope: 'users:write' });
      assert.deepEqual([refused.status, refused.body], [400, { error: 'invalid_scope' }]);
    });

    it('refuses a token without the scope by 403 insufficient_scope, and adds a user with it', async () => {
      const body = JSON.stringify({ username: 'added', password: PASSWORD, scopes: ['profile:read'] });
      const { access: reader } = await world.signedIn('admin', { scope: 'profile:read' });
      const refused = await world.as(reader, '/users', { method: 'POST', body });
      const challenge = 'Bearer realm="api", error="insufficient_scope", scope="users:write"';
      assert.deepEqual([refused.status, refused.challenge], [403, challenge]);

      const { access } = await world.signedIn('admin');
      const added = await world.as(access, '/users', { method: 'POST', body });
      const user = { username: 'added', active: true, scopes: ['profile:read'] };
      assert.deepEqual([added.status, added.body], [201, user]);
      assert.equal((await world.as(access, '/users', { method: 'POST', body })).status, 409);
      assert.equal((await world.as((await world.signedIn('added')).access)).status, 200);

      const short = JSON.stringify({ username: 'short', password: 'tooshort', scopes: [] });
      const invalid = await world.as(access, '/users', { method: 'POST', body: short });
      assert.equal(invalid.status, 422);
      assert.doesNotMatch(JSON.stringify(invalid.body), /tooshort/);
    });

    it('rotates refresh tokens, whose access tokens have the same scopes or fewer', async () => {
      const first = await world.signedIn('admin');
      const second = await world.refresh(first.refresh);
      assert.equal(second.status, 200);
      assert.notEqual(second.body.refresh_token, first.refresh);
      assert.equal(second.body.scope, 'profile:read users:write');
      const third = await world.refresh(second.body.refresh_token, { scope: 'profile:read' });
      assert.equal(third.body.scope, 'profile:read');
      const fourth = await world.refresh(third.body.refresh_token);
      assert.equal(fourth.body.scope, 'profile:read users:write');
      assert.equal((await world.as(fourth.body.access_token)).status, 200);
    });

    it('does not use up a refresh token whose request is refused', async () => {
      const { refresh } = await world.signedIn('admin', { scope: 'profile:read' });
      const wider = await world.refresh(refresh, { scope: 'users:write' });
      assert.deepEqual([wider.status, wider.body.error], [400, 'invalid_scope']);
      assert.equal((await world.refresh(refresh)).status, 200);
    });

    it('ends the session of a refresh token that is used twice', async () => {
      const stolen = await world.signedIn('user');
      const other = await world.signedIn('user');
      const { body } = await world.refresh(stolen.refresh);
      world.events.length = 0;
      assertGrantRefused(await world.refresh(stolen.refresh));
      assert.deepEqual(world.events, [['refresh token used twice', 'user']]);
      assertGrantRefused(await world.refresh(body.refresh_token));
      assert.equal((await world.refresh(other.refresh)).status, 200);
    });

    it('lets one of two requests with one refresh token win, and then ends the session', async () => {
      const { refresh } = await world.signedIn('user');
      // Each is to find a connection that is open already, or they would come one after the other.
      await world.database((database) => Promise.all([1, 2, 3].map(() => database.query('select 1'))));
      const answers = await Promise.all([world.refresh(refresh), world.refresh(refresh)]);
      assert.deepEqual(statusesOf(answers), [200, 400]);
      const won = answers.find(({ status }) => status === 200);
      assertGrantRefused(await world.refresh(won?.body.refresh_token));
    });

    it('refuses refresh tokens that are unknown, that nobody has used for long, or whose session is over', async (t) => {
      assertGrantRefused(await world.refresh('unknown'));
      const idle = await world.signedIn('user');
      let { refresh } = await world.signedIn('user');
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
      for (const seconds of [3_000, 3_000]) {
        t.mock.timers.tick(seconds * 1_000);
        const { status, body } = await world.refresh(refresh);
        assert.equal(status, 200);
        refresh = body.refresh_token;
      }
      assertGrantRefused(await world.refresh(idle.refresh));
      t.mock.timers.tick(1_500_000);
      assertGrantRefused(await world.refresh(refresh));
    });

    it('revokes a session by any of its tokens, and answers the same where there is nothing to revoke', async () => {
      const { refresh } = await world.signedIn('user');
      const { body } = await world.refresh(refresh);
      const revoked = await world.post('/token/revoke', { token: refresh, token_type_hint: 'refresh_token' });
      const unknown = await world.post('/token/revoke', { token: refresh });
      assert.deepEqual([revoked.status, unknown.status, unknown.body], [200, 200, revoked.body]);
      assertGrantRefused(await world.refresh(body.refresh_token));
    });

    it('ends all sessions of a user, and those of nobody else', async () => {
      const one = await world.signedIn('user');
      const two = await world.signedIn('user');
      const other = await world.signedIn('admin');
      assert.equal((await answer(await world.app.request('/users/me/sessions', { method: 'DELETE' }))).status, 401);
      const { access } = one;
      const ended = await world.app.request('/users/me/sessions', {
        method: 'DELETE',
        headers: { Authorization: `Bearer ${access}` },
      });
      assert.equal(ended.status, 204);
      for (const { refresh } of [one, two]) assertGrantRefused(await world.refresh(refresh));
      assert.equal((await world.refresh(other.refresh)).status, 200);
    });

    it('shuts out an account that has been closed, whatever it still holds', async () => {
      await world.add('closed', 'profile:read');
      const { access, refresh } = await world.signedIn('closed');
      await world.database((database) => database.query(`update users set active = false where username = 'closed'`));
      assert.equal((await world.as(access)).status, 401);
      assertGrantRefused(await world.refresh(refresh));
      assert.deepEqual((await world.logIn('closed')).body, (await world.logIn('unknown', WRONG)).body);
    });

    it('takes a scope away with the next refresh, where the user has lost it', async () => {
      await world.add('demoted', 'profile:read', 'users:write');
      const { refresh } = await world.signedIn('demoted');
      const text = `update users set scopes = '{profile:read}' where username = 'demoted'`;
      await world.database((database) => database.query(text));
      assert.equal((await world.refresh(refresh)).body.scope, 'profile:read');
    });

    it('refuses an account after three failures, known or not, until the window has passed', async (t) => {
      await world.add('guessed', 'profile:read');
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
      for (const username of ['guessed', 'unknown-and-guessed']) {
        const parallel = await Promise.all(Array.from({ length: 6 }, () => world.logIn(username, WRONG)));
        assert.deepEqual(statusesOf(parallel), [400, 400, 400, 429, 429, 429]);
      }
      const known = await world.logIn('guessed');
      const unknown = await world.logIn('unknown-and-guessed');
      assert.deepEqual([known.status, known.headers.get('retry-after')], [429, '900']);
      assert.equal(known.headers.get('cache-control'), 'no-store');
      assert.deepEqual(known.body, { error: 'temporarily_unavailable', error_description: 'Too many attempts' });
      assert.deepEqual([unknown.body, [...unknown.headers]], [known.body, [...known.headers]]);
      assert.equal((await world.logIn('user')).status, 200);

      t.mock.timers.tick(899_000);
      assert.equal((await world.logIn('guessed')).headers.get('retry-after'), '1');
      t.mock.timers.tick(1_000);
      assert.equal((await world.logIn('guessed')).status, 200);
    });

    it('counts failures alone: any number of logins succeeds, and does not undo what has failed', async () => {
      await world.add('busy', 'profile:read');
      assert.equal((await world.logIn('busy', WRONG)).status, 400);
      assert.equal((await world.logIn('busy', WRONG)).status, 400);
      for (let login = 0; login < 5; login += 1) assert.equal((await world.logIn('busy')).status, 200);
      assert.equal((await world.logIn('busy', WRONG)).status, 400);
      assert.equal((await world.logIn('busy')).status, 429);
    });

    it('refuses an address that fails for many accounts, an IPv6 one with its whole network', async (t) => {
      const app = createApp();
      const attempts = { ...SETTINGS.attempts, perAddress: 2 };
      app.override(settings, () => ({ ...SETTINGS, databaseUrl: made?.url, attempts }));
      app.override(audit, () => () => {});
      const listening = createServer(toNodeListener(app, { trustProxy: 1 }));
      const url = await listen(listening);
      t.after(async () => {
        listening.close();
        listening.closeAllConnections();
        await app.close();
      });
      const from = async (address: string): Promise<number> => {
        const body = new URLSearchParams({ username: randomBytes(8).toString('hex'), password: WRONG });
        const headers = { 'X-Forwarded-For': address };
        const { status } = await fetch(`${url}/token`, { method: 'POST', headers, body });
        return status;
      };
      const statuses = async (...addresses: string[]): Promise<number[]> => {
        const all: number[] = [];
        for (const address of addresses) all.push(await from(address));
        return all;
      };
      assert.deepEqual(await statuses('192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'), [400, 400, 429, 400]);
      const network = ['2001:db8::1', '2001:db8:0:0:ffff::', '2001:db8::2:3:4:5', '2001:db8:0:1::1'];
      assert.deepEqual(await statuses(...network), [400, 400, 429, 400]);
      assert.deepEqual(await statuses('::ffff:192.0.2.9', '::ffff:192.0.2.9', '::ffff:192.0.2.9'), [400, 400, 429]);
    });

    it('documents its operations, in a valid document', async () => {
      await assertSecurityDocumented(world.app);
      const document = JSON.parse(JSON.stringify(world.app.openapi()));
      await assertValidDocument(document);
      const { tokenUrl, refreshUrl, scopes } = document.components.securitySchemes.OAuth2PasswordBearer.flows.password;
      assert.deepEqual([tokenUrl, refreshUrl], ['token', 'token/refresh']);
      assert.deepEqual(Object.keys(scopes), ['profile:read', 'users:write']);
      assert.deepEqual(document.paths['/users'].post.security, [{ OAuth2PasswordBearer: ['users:write'] }]);
      assert.deepEqual(Object.keys(document.components.schemas.User.properties), ['username', 'active', 'scopes']);
      assert.ok('429' in document.paths['/token'].post.responses);
    });

    it('logs its faults, and no password, hash or token', async () => {
      const { access, refresh } = await world.signedIn('user');
      await world.database((database) => database.query('alter table sessions rename to elsewhere'));
      assert.equal((await world.logIn('user')).status, 500);
      assert.equal((await world.refresh(refresh)).status, 500);
      await world.database((database) => database.query('alter table users rename to nobody'));
      assert.deepEqual((await world.as(access)).body, { detail: 'Internal Server Error' });
      const faults = world.logs.filter((line) => !line.includes('a token is refused'));
      assert.equal(faults.length, 3);
      const told = [...world.logs, JSON.stringify(world.events)].join('\n');
      assert.ok(world.secrets.size > 20);
      for (const secret of world.secrets) assert.ok(!told.includes(secret), `${secret} is told in ${told}`);
      assert.doesNotMatch(told, /\$argon2id/);
      assert.ok(!told.includes('unknown'), 'what was typed in as a name is told');
    });
  });
}

async function start(environment: Record<string, string>): Promise<{ run: Run; url: string }> {
  const env = { DATABASE_URL: undefined, PORT: '0', ...environment };
  const run = new Run(['--import', 'tsx', 'examples/login/main.ts'], env);
  return { run, url: await run.address() };
}

const ask = async (url: string, fields: Record<string, string>): Promise<Answer> =>
  answer(await fetch(url, { method: 'POST', body: new URLSearchParams(fields) }));

describe('the program', () => {
  it('runs without a service, and prints a password that lets one in', async (t) => {
    const program = await start({});
    t.after(() => program.run.end('SIGTERM'));
    const [, password = ''] = /Sign in as 'admin' with the password '(\S+)'/.exec(program.run.said) ?? [];
    assert.equal((await ask(`${program.url}/token`, { username: 'admin', password })).status, 200);
    assert.equal(await program.run.end('SIGTERM'), 0);
    assert.equal(program.run.said.split(password).length, 2, 'the password is printed once');
  });

  it('refuses to start with a signing key that cannot sign', async () => {
    const { privateKey: weak } = generateKeyPairSync('rsa', { modulusLength: 1_024 });
    const form = { type: 'pkcs8', format: 'pem' } as const;
    const half = publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await assert.rejects(start({ SIGNING_KEY: half }), /key is PEM of a PUBLIC KEY, not of a PRIVATE KEY/);
    await assert.rejects(start({ SIGNING_KEY: weak.export(form).toString() }), /modulus of 1024 bits/);
  });

  it('keeps users, sessions and access tokens over a restart on PostgreSQL', { skip }, async (t) => {
    const { url: DATABASE_URL, drop } = await createDatabase(SERVER ?? '');
    const environment = { DATABASE_URL, ADMIN_PASSWORD: PASSWORD, SIGNING_KEY };
    t.after(drop);
    const first = await start(environment);
    const { body } = await ask(`${first.url}/token`, { username: 'admin', password: PASSWORD });
    assert.equal(await first.run.end('SIGTERM'), 0);
    assert.ok(!first.run.said.includes(PASSWORD));

    const second = await start({ ...environment, ADMIN_PASSWORD: WRONG });
    const headers = { Authorization: `Bearer ${body.access_token}` };
    assert.equal((await fetch(`${second.url}/users/me`, { headers })).status, 200);
    assert.equal((await ask(`${second.url}/token`, { username: 'admin', password: WRONG })).status, 400);
    const refreshed = { grant_type: 'refresh_token', refresh_token: body.refresh_token };
    assert.equal((await ask(`${second.url}/token/refresh`, refreshed)).status, 200);
    assert.equal(await second.run.end('SIGTERM'), 0);
  });

  it('does not start as several processes that would share nothing', async () => {
    const program = ['--import', 'tsx', 'src/cli/main.ts', 'start', 'examples/login/workers.ts', '--workers', '2'];
    for (const missing of ['DATABASE_URL', 'SIGNING_KEY']) {
      const started = new Run(program, {
        DATABASE_URL: 'postgres://127.0.0.1/none',
        SIGNING_KEY,
        [missing]: undefined,
      });
      assert.equal(await started.end(), 1, started.said);
      assert.match(started.stderr, new RegExp(`Several processes need ${missing}`));
    }
  });
});

describe('two processes behind one address', { skip }, () => {
  let processes: Run;
  let drop: () => Promise<void>;
  let first: Connection;
  let second: Connection;

  before(async () => {
    const made = await createDatabase(SERVER ?? '');
    ({ drop } = made);
    const program = ['--import', 'tsx', 'src/cli/main.ts', 'start', 'test/fixtures/login-workers.ts'];
    processes = new Run([...program, '--port', '0', '--workers', '2'], {
      DATABASE_URL: made.url,
      ADMIN_PASSWORD: PASSWORD,
      SIGNING_KEY,
    });
    const url = await processes.address();
    first = await Connection.to(url, () => true);
    second = await Connection.to(url, (id) => id !== first.process);
  });

  after(async () => {
    for (const connection of [first, second]) connection?.end();
    await processes?.end('SIGKILL');
    await drop?.();
  });

  const credentials = { username: 'admin', password: PASSWORD };
  const refreshing = (refresh_token: string) => ({ grant_type: 'refresh_token', refresh_token });

  it('share sessions: what one has issued the other takes, once, and what one has ended is over for both', async () => {
    const { status, body } = await first.send('/token', credentials);
    assert.equal(status, 200);
    for (const connection of [first, second]) {
      assert.equal((await connection.send('/users/me', undefined, body.access_token)).body.username, 'admin');
    }
    const next = await second.send('/token/refresh', refreshing(body.refresh_token));
    assert.equal(next.status, 200);
    assertGrantRefused(await first.send('/token/refresh', refreshing(body.refresh_token)));
    for (const connection of [first, second]) {
      assertGrantRefused(await connection.send('/token/refresh', refreshing(next.body.refresh_token)));
    }
  });

  it('share the use of a refresh token at the same moment', async () => {
    const { body } = await first.send('/token', credentials);
    const both = [first, second].map((connection) => connection.send('/token/refresh', refreshing(body.refresh_token)));
    assert.deepEqual(statusesOf(await Promise.all(both)), [200, 400]);
  });

  it('share limits: attempts at either count for both, and a process that dies takes none with it', async () => {
    const attempt = { username: 'nobody', password: WRONG };
    const answers: Answer[] = [];
    for (let count = 0; count < 11; count += 1) answers.push(await [first, second][count % 2]!.send('/token', attempt));
    assert.deepEqual(statusesOf(answers), [...Array<number>(10).fill(400), 429]);
    process.kill(first.process, 'SIGKILL');
    await processes.until(() => processes.stderr.includes(`Worker ${first.process} ended with SIGKILL`));
    const known = new Set([first.process, second.process]);
    first.end();
    first = await Connection.to(second.url, (id) => !known.has(id));
    for (const connection of [first, second]) assert.equal((await connection.send('/token', attempt)).status, 429);
    assert.equal((await first.send('/token', credentials)).status, 200);
    assert.equal(await processes.end('SIGTERM'), 0, processes.said);
  });
});

/** One connection, and so one process, of several that share an address. */
class Connection {
  readonly url: string;
  process = 0;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(url: string) {
    this.url = url;
  }

  /** Connects until it meets a process that will do. */
  static async to(url: string, accepts: (process: number) => boolean): Promise<Connection> {
    for (const start = Date.now(); Date.now() - start < 10_000; await pause(20)) {
      const connection = new Connection(url);
      try {
        connection.process = (await connection.send('/process')).body;
        if (accepts(connection.process)) return connection;
      } catch {
        // The one that has died is not replaced yet.
      }
      connection.end();
    }
    return assert.fail('no process answers');
  }

  async send(path: string, fields?: Record<string, string>, token?: string): Promise<Answer> {
    const method = fields === undefined ? 'GET' : 'POST';
    const headers = {
      ...(fields !== undefined && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    };
    const sent = request(`${this.url}${path}`, { method, headers, agent: this.#agent });
    sent.end(fields && new URLSearchParams(fields).toString());
    const [incoming] = (await once(sent, 'response')) as [IncomingMessage];
    const body = Buffer.concat(await incoming.toArray()).toString();
    const type = incoming.headers['content-type'] ?? '';
    return answer(new Response(body, { status: incoming.statusCode ?? 0, headers: { 'Content-Type': type } }));
  }

  end(): void {
    this.#agent.destroy();
  }
}
