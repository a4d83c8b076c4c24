import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { App } from 'portico';
import { assertSecurityDocumented } from 'portico/testing';
import { type Answer, answer, assertValidDocument, listen, root, Run, turn } from './world.ts';

// Read by examples when they are loaded, which is why they are imported further down.
process.env['API_KEY'] = 'key-of-this-test';
process.env['API_TOKEN'] = 'token-of-this-test';
process.env['PASSWORD'] = 'password-of-this-test';

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts'))
    .toSorted();

/** These do something when they are imported. */
const PROGRAMS = [
  'app/main.ts',
  'bun/main.ts',
  'bundling/main.ts',
  'deno/main.ts',
  'guides/testing.ts',
  'lambda/streaming.ts',
  'node/main.ts',
];

const apps = new Map<string, App>();
for (const file of filesIn('examples')) {
  if (PROGRAMS.includes(file)) continue;
  const { app } = await import(join(root, 'examples', file));
  if (app instanceof App) apps.set(file, app);
}
const exampleApp = (file: string): App => {
  const app = apps.get(file);
  assert.ok(app, `${file} exports no app`);
  return app;
};

after(async () => {
  await Promise.all([...apps.values()].map((app) => app.close()));
});

const ask = async (app: App, path: string, init: RequestInit = {}): Promise<Answer> =>
  answer(await app.request(path, init));

const bearing = (token: string) => ({ Authorization: `Bearer ${token}` });
const form = (fields: Record<string, string>): RequestInit => ({ method: 'POST', body: new URLSearchParams(fields) });
const json = (value: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  body: JSON.stringify(value),
  headers: { 'Content-Type': 'application/json', ...headers },
});

const UNAUTHENTICATED = 'Bearer realm="api"';
const REFUSED = 'Bearer realm="api", error="invalid_token"';

describe('every example', () => {
  it('exports an app, or is a part of one', () => {
    assert.deepEqual(
      [...apps.keys()],
      [
        'app/app.ts',
        'bundling/app.ts',
        'chat/app.ts',
        'database/app.ts',
        'guides/coming-from-fastapi.ts',
        'guides/coming-from-nestjs.ts',
        'guides/controllers.ts',
        'guides/dependencies.ts',
        'guides/document.ts',
        'guides/errors.ts',
        'guides/files.ts',
        'guides/inheritance.ts',
        'guides/lifetimes.ts',
        'guides/middleware.ts',
        'guides/responses.ts',
        'guides/security.ts',
        'guides/serving.ts',
        'guides/sockets.ts',
        'guides/verified-tokens.ts',
        'hello.ts',
        'platforms/app.ts',
        'readme.ts',
        'resource-server/app.ts',
        'tutorial/step1.ts',
        'tutorial/step2-user.ts',
        'tutorial/step2.ts',
        'tutorial/step3.ts',
        'tutorial/step4.ts',
      ],
    );
  });

  for (const [file, app] of apps) {
    it(`${file} has a valid document`, async () => {
      await assertValidDocument(JSON.parse(JSON.stringify(app.openapi())));
    });

    it(`${file} protects what its document says is protected, and nothing else`, async () => {
      await assertSecurityDocumented(app);
    });
  }
});

describe('the guide to verified tokens', () => {
  it('tests its app with real tokens: a good one, one without the scope, one that does not fit', async () => {
    const { testMe } = await import('../examples/guides/verified-tokens.ts');
    assert.deepEqual(await testMe(), [200, 403, 401]);
  });

  it('issues tokens that its own routes accept, and no others', async () => {
    const app = exampleApp('guides/verified-tokens.ts');
    const fields = { username: 'ada', password: 'password-of-this-test' };
    const { body } = await ask(app, '/token', form(fields));
    assert.deepEqual([body.token_type, body.expires_in, body.scope], ['Bearer', 900, 'items']);
    assert.deepEqual((await ask(app, '/items', { headers: bearing(body.access_token) })).body, ['A lamp of ada']);
    assert.equal((await ask(app, '/token', form({ ...fields, password: 'wrong' }))).status, 400);
    assert.equal((await ask(app, '/items', { headers: bearing('x.y.z') })).status, 401);
  });
});

describe('the login of the README', () => {
  const app = exampleApp('readme.ts');

  it('has at most 27 lines, none of more than 120 columns', () => {
    const lines = read('examples/readme.ts').trimEnd().split('\n');
    assert.ok(lines.length <= 27, `${lines.length} lines`);
    assert.deepEqual(
      lines.filter((line) => line.length > 120),
      [],
    );
  });

  it('gives a token for the password, and the user for the token', async () => {
    const signedIn = await ask(app, '/token', form({ username: 'somebody', password: 'demo' }));
    assert.equal(signedIn.status, 200);
    assert.equal(signedIn.body.token_type, 'bearer');
    assert.equal(signedIn.headers.get('cache-control'), 'no-store');
    const me = await ask(app, '/users/me', { headers: bearing(signedIn.body.access_token) });
    assert.deepEqual([me.status, me.body], [200, { username: 'somebody' }]);
  });

  it('refuses a wrong password, a wrong token and a missing one', async () => {
    const refused = await ask(app, '/token', form({ username: 'somebody', password: 'wrong' }));
    assert.deepEqual([refused.status, refused.body], [400, { error: 'invalid_grant' }]);
    const wrong = await ask(app, '/users/me', { headers: bearing('wrong') });
    assert.deepEqual([wrong.status, wrong.body, wrong.challenge], [401, { detail: 'Invalid token' }, REFUSED]);
    const missing = await ask(app, '/users/me');
    assert.deepEqual(
      [missing.status, missing.body, missing.challenge],
      [401, { detail: 'Not authenticated' }, UNAUTHENTICATED],
    );
  });

  it('validates, and tells every mistake at once', async () => {
    assert.deepEqual((await ask(app, '/items/7?q=lamp')).body, { itemId: 7, q: 'lamp' });
    assert.deepEqual((await ask(app, '/items/7')).body, { itemId: 7 });
    const { status, body } = await ask(app, '/items/seven?q=a&q=b');
    assert.equal(status, 422);
    assert.deepEqual(
      body.detail.map(({ loc }: { loc: unknown }) => loc),
      [
        ['path', 'itemId'],
        ['query', 'q'],
      ],
    );
  });

  it('has a document with the password flow, on the protected operation alone, and a page', async () => {
    const { body: document } = await ask(app, '/openapi.json');
    assert.deepEqual(document.components.securitySchemes, {
      OAuth2PasswordBearer: { type: 'oauth2', flows: { password: { tokenUrl: 'token', scopes: {} } } },
    });
    const operations = Object.entries<Record<string, any>>(document.paths).flatMap(([path, item]) =>
      Object.values(item).map(({ security }) => [path, security]),
    );
    assert.deepEqual(operations, [
      ['/token', undefined],
      ['/users/me', [{ OAuth2PasswordBearer: [] }]],
      ['/items/{itemId}', undefined],
    ]);
    const { status, body: page } = await ask(app, '/docs');
    assert.equal(status, 200);
    assert.match(page, /<title>Items<\/title>/);
  });

  it('runs where only a fetch function is asked for', async () => {
    const { default: worker } = await import('../examples/guides/worker.ts');
    assert.equal((await worker.fetch(new Request('https://example.com/items/7'))).status, 200);
  });
});

describe('the first program of the README', () => {
  const app = exampleApp('hello.ts');

  it('lets the token of the environment in, and no other', async () => {
    const allowed = await ask(app, '/items?limit=5', { headers: bearing('token-of-this-test') });
    assert.deepEqual([allowed.status, allowed.body], [200, { limit: 5 }]);
    const wrong = await ask(app, '/items', { headers: bearing('wrong') });
    assert.deepEqual([wrong.status, wrong.challenge], [401, REFUSED]);
  });

  it('lets nobody in where the environment has no token', async (t) => {
    const token = process.env['API_TOKEN'] ?? '';
    t.after(() => (process.env['API_TOKEN'] = token));
    for (const unset of [undefined, '']) {
      if (unset === undefined) delete process.env['API_TOKEN'];
      else process.env['API_TOKEN'] = unset;
      for (const value of [token, 'undefined', '""', '']) {
        assert.equal((await ask(app, '/items', { headers: bearing(value) })).status, 401, value);
      }
    }
  });
});

describe('the tutorial', () => {
  const answers = async (step: number | string, path: string, token?: string) => {
    const headers = token === undefined ? {} : bearing(token);
    const { status, body, challenge } = await ask(exampleApp(`tutorial/step${step}.ts`), path, { headers });
    return [status, body, challenge];
  };
  const missing = [401, { detail: 'Not authenticated' }, UNAUTHENTICATED];
  const malformed = [401, { detail: 'Invalid authentication credentials' }, REFUSED];

  it('step 1 echoes the token', async () => {
    assert.deepEqual(await answers(1, '/items/', 'any'), [200, { token: 'any' }, null]);
    assert.deepEqual(await answers(1, '/items/'), missing);
    assert.deepEqual(await answers(1, '/items/', 'not a token'), malformed);
  });

  it('step 2 gives the token that was received, and then the user that it stands for', async () => {
    assert.deepEqual(await answers(2, '/users/me', 'any'), [200, { token_received: 'any' }, null]);
    const user = { username: 'anyfakedecoded', email: 'john@example.com', full_name: 'John Doe' };
    assert.deepEqual(await answers('2-user', '/users/me', 'any'), [200, user, null]);
    for (const step of [2, '2-user']) {
      assert.deepEqual(await answers(step, '/users/me'), missing);
      assert.deepEqual(await answers(step, '/users/me', 'not a token'), malformed);
    }
  });

  it('step 3 compares the token, and refuses with a challenge of its own', async () => {
    const refused = [401, { detail: 'Invalid authentication credentials' }, 'Bearer'];
    assert.deepEqual(await answers(3, '/secure-data', 'expected_token'), [200, { data: 'This is protected' }, null]);
    assert.deepEqual(await answers(3, '/secure-data', 'expected_tokem'), refused);
    assert.deepEqual(await answers(3, '/secure-data', 'not a token'), malformed);
    assert.deepEqual(await answers(3, '/secure-data'), missing);
  });

  it('step 4 answers a wrong and a missing token alike', async () => {
    const granted = { message: 'Access granted with token: mysecrettoken' };
    const detail = 'Invalid or missing token';
    assert.deepEqual(await answers(4, '/protected', 'mysecrettoken'), [200, granted, null]);
    assert.deepEqual(await answers(4, '/protected', 'wrong'), [401, { detail }, REFUSED]);
    assert.deepEqual(await answers(4, '/protected', 'not a token'), [401, { detail }, REFUSED]);
    assert.deepEqual(await answers(4, '/protected'), [401, { detail }, UNAUTHENTICATED]);
  });
});

describe('the application', async () => {
  const app = exampleApp('app/app.ts');
  const { DEMO, store } = await import('../examples/app/store.ts');

  const signIn = async (fields: Record<string, string> = {}) => {
    const { status, body } = await ask(app, '/token', form({ ...DEMO, ...fields }));
    assert.equal(status, 200);
    return bearing(body.access_token);
  };

  it('gives a token of the asked-for scopes, by default of all', async () => {
    const all = await ask(app, '/token', form(DEMO));
    assert.equal(all.body.scope, 'items:read items:write');
    const one = await ask(app, '/token', form({ ...DEMO, scope: 'items:read' }));
    assert.equal(one.body.scope, 'items:read');
    const foreign = await ask(app, '/token', form({ ...DEMO, scope: 'everything' }));
    assert.deepEqual([foreign.status, foreign.body], [400, { error: 'invalid_scope' }]);
  });

  it('answers a wrong password and an unknown user alike', async () => {
    const wrong = await ask(app, '/token', form({ ...DEMO, password: 'wrong' }));
    const unknown = await ask(app, '/token', form({ username: 'unknown', password: 'wrong' }));
    assert.deepEqual([wrong.status, wrong.body], [unknown.status, unknown.body]);
    assert.equal(wrong.body.error, 'invalid_grant');
  });

  it('gives the user of a right token without the password hash; a wrong and a missing one are refused', async () => {
    const me = await ask(app, '/users/me', { headers: await signIn() });
    assert.deepEqual([me.status, me.body], [200, { username: DEMO.username, active: true }]);
    const wrong = await ask(app, '/users/me', { headers: bearing('wrong') });
    assert.deepEqual([wrong.status, wrong.challenge], [401, REFUSED]);
    const missing = await ask(app, '/users/me');
    assert.deepEqual([missing.status, missing.challenge], [401, UNAUTHENTICATED]);
  });

  it('registers a user, and no second one of that name', async () => {
    const user = { username: 'registered', password: 'long enough' };
    const { status, body } = await ask(app, '/users', json(user));
    assert.deepEqual([status, body], [201, { username: 'registered', active: true }]);
    assert.equal((await ask(app, '/users/me', { headers: await signIn(user) })).body.username, 'registered');
    assert.equal((await ask(app, '/users', json({ ...user, password: 'another one' }))).status, 409);
    await signIn(user);
    const short = await ask(app, '/users', json({ username: 'x', password: 'short' }));
    assert.equal(short.status, 422);
    assert.doesNotMatch(JSON.stringify(short.body), /"short"/);
  });

  it('lets two registrations of one name race, and one win', async () => {
    const user = { username: 'raced', password: 'long enough' };
    const answers = await Promise.all([ask(app, '/users', json(user)), ask(app, '/users', json(user))]);
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((one, other) => one - other),
      [201, 409],
    );
  });

  it('refuses a user whose account has been closed since', async () => {
    const user = { username: 'closed', password: 'long enough' };
    await ask(app, '/users', json(user));
    const headers = await signIn(user);
    await using scope = app.scope();
    const { users } = await scope.get(store);
    const record = users.get('closed');
    assert.ok(record);
    users.set('closed', { ...record, active: false });
    assert.equal((await ask(app, '/users/me', { headers })).status, 401);
    assert.equal((await ask(app, '/token', form(user))).status, 400);
  });

  it('refuses a token that has expired', async (t) => {
    const headers = await signIn();
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
    t.mock.timers.tick(901_000);
    assert.equal((await ask(app, '/users/me', { headers })).status, 401);
  });

  it('adds items, lists them in pages, and lets their owners remove them', async () => {
    const headers = await signIn();
    const added: number[] = [];
    for (const title of ['Lamp', 'Table', 'Chair']) {
      const { status, body } = await ask(app, '/items', json({ title, price: 20 }, headers));
      assert.equal(status, 201);
      assert.equal(body.owner, DEMO.username);
      added.push(body.id);
    }
    const page = await ask(app, `/items?owner=${DEMO.username}&skip=1&limit=1`, { headers });
    assert.deepEqual(page.body, { items: [{ title: 'Table', price: 20, id: added[1], owner: 'demo' }], total: 3 });
    assert.equal((await ask(app, '/items?limit=1000', { headers })).status, 422);
    assert.equal((await ask(app, `/items/${added[0]}`)).body.title, 'Lamp');

    const stranger = { username: 'stranger', password: 'long enough' };
    await ask(app, '/users', json(stranger));
    const foreign = await ask(app, `/items/${added[0]}`, { method: 'DELETE', headers: await signIn(stranger) });
    assert.equal(foreign.status, 404);
    assert.equal((await ask(app, `/items/${added[0]}`, { method: 'DELETE', headers })).status, 204);
    assert.equal((await ask(app, `/items/${added[0]}`)).status, 404);
  });

  it('refuses a token without the scope, and says which is missing', async () => {
    const headers = await signIn({ scope: 'items:read' });
    assert.equal((await ask(app, '/items', { headers })).status, 200);
    const { status, challenge } = await ask(app, '/items', json({ title: 'Lamp', price: 20 }, headers));
    assert.equal(status, 403);
    assert.equal(challenge, 'Bearer realm="api", error="insufficient_scope", scope="items:write"');
  });

  it('documents the scopes, and the schemas without the hash', () => {
    const { paths, components } = app.openapi() as any;
    assert.deepEqual(paths['/items'].post.security, [{ OAuth2PasswordBearer: ['items:write'] }]);
    assert.deepEqual(
      paths['/items'].get.parameters.map(({ name }: { name: string }) => name),
      ['skip', 'limit', 'owner'],
    );
    assert.deepEqual(Object.keys(components.schemas.User.properties), ['username', 'active']);
  });

  it('is served by the start script, on the port of the environment', async (t) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const [, ...parameters] = (scripts['start'] ?? '').split(' ');
    const run = new Run(parameters, { PORT: '0' });
    t.after(() => run.end('SIGKILL'));
    const url = await run.heard(/Serving on (\S+), documented at \S+\/docs\n/);
    const refused = await fetch(`${url}/users/me`);
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, UNAUTHENTICATED]);
    const signIn = /Sign in as '(.*)' with the password '(.*)'/;
    await run.heard(signIn);
    const [, username = '', password = ''] = signIn.exec(run.stdout) ?? [];
    const signedIn = (await (await fetch(`${url}/token`, form({ username, password }))).json()) as any;
    assert.equal((await fetch(`${url}/users/me`, { headers: bearing(signedIn.access_token) })).status, 200);
    assert.equal((await fetch(`${url}/docs`)).status, 200);
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as any;
    await assertValidDocument(document);
    assert.equal(await run.end('SIGTERM'), 0);
  });
});

describe('the database recipe', () => {
  const app = exampleApp('database/app.ts');
  const balance = async (headers: Record<string, string>) =>
    (await ask(app, '/accounts/me', { headers })).body.balance as number;

  it('commits before the answer, and rolls back on any error', async () => {
    const payer = bearing((await ask(app, '/accounts', json({ name: 'payer' }))).body.token);
    const payee = bearing((await ask(app, '/accounts', json({ name: 'payee' }))).body.token);
    const pay = (amount: number, to = 'payee') => ask(app, '/transfers', json({ payee: to, amount }, payer));
    const balances = async () => [await balance(payer), await balance(payee)];

    const paid = await pay(30);
    assert.deepEqual([paid.status, paid.body], [201, { name: 'payer', balance: 70 }]);
    assert.deepEqual(await balances(), [70, 130]);

    // The handler throws when both balances have been changed already.
    const overdrawn = await pay(71);
    assert.deepEqual([overdrawn.status, overdrawn.body], [409, { detail: 'The balance is below 71' }]);
    assert.deepEqual(await balances(), [70, 130]);

    // Only the commit finds out that there is no such account.
    const nobody = await pay(10, 'nobody');
    assert.deepEqual([nobody.status, nobody.body], [409, { detail: 'There is no such account' }]);
    assert.deepEqual(await balances(), [70, 130]);

    const taken = await ask(app, '/accounts', json({ name: 'payer' }));
    assert.deepEqual([taken.status, taken.body], [409, { detail: 'The name is taken' }]);
  });

  it('refuses a wrong and a missing token', async () => {
    const transfer = { payee: 'payee', amount: 1 };
    assert.equal((await ask(app, '/transfers', json(transfer, bearing('wrong')))).challenge, REFUSED);
    assert.equal((await ask(app, '/transfers', json(transfer))).challenge, UNAUTHENTICATED);
  });

  it('lets overlapping requests take turns', async () => {
    const owner = bearing((await ask(app, '/accounts', json({ name: 'busy' }))).body.token);
    await ask(app, '/accounts', json({ name: 'idle' }));
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => ask(app, '/transfers', json({ payee: 'idle', amount: 10 }, owner))),
    );
    const statuses = answers.map(({ status }) => status);
    assert.equal(statuses.filter((status) => status === 201).length, 10);
    assert.equal(statuses.filter((status) => status === 409).length, 2);
    assert.equal(await balance(owner), 0);
  });
});

describe('the examples of the guides', () => {
  it('controllers: paths, values, bodies, forms and answers', async () => {
    const app = exampleApp('guides/controllers.ts');
    assert.deepEqual((await ask(app, '/reports/2024')).body, { year: 2024 });
    assert.equal((await ask(app, '/reports/1999')).status, 422);
    assert.deepEqual((await ask(app, '/reports/files/a/b%20c')).body, { path: 'a/b c' });
    assert.equal((await ask(app, '/reports/2024', { method: 'DELETE' })).status, 204);
    const put = { ...json({ title: 'Annual', pages: 3 }), method: 'PUT' };
    assert.deepEqual((await ask(app, '/reports/2024', put)).body, { title: 'Annual', pages: 3 });
    assert.deepEqual((await ask(app, '/reports/cache', { method: 'PURGE' })).body, { purged: true });

    const found = await ask(app, '/search?q=x&tag=a&tag=b', { headers: { Cookie: 'theme=dark' } });
    assert.deepEqual(found.body, { filter: { q: 'x', tag: ['a', 'b'], page: 1 }, language: 'en', theme: 'dark' });
    assert.equal((await ask(app, '/search?unknown=1')).status, 422);

    const stops = '/trips/1,2/stops?fields=name,time&day=2024-02-29&day=2024-03-01';
    assert.deepEqual((await ask(app, stops, { headers: { 'X-Tags': 'a ,"b, c"' } })).body, {
      ids: [1, 2],
      fields: ['name', 'time'],
      days: ['2024-02-29', '2024-03-01'],
      tags: ['a', '"b, c"'],
    });
    assert.deepEqual((await ask(app, '/trips/near?bbox=1,2,3.5,4')).body, { bbox: [1, 2, 3.5, 4] });
    const period = '/charts?from=2024-01-01&to=2024-02-01';
    assert.deepEqual((await ask(app, `${period}&kind=bar&width=5`, { headers: { 'Client-Version': '2' } })).body, {
      period: { from: '2024-01-01', to: '2024-02-01' },
      chart: { kind: 'bar', width: 5 },
      client: { clientVersion: '2' },
    });
    assert.equal((await ask(app, `${period}&kind=bar&smooth=on`)).status, 422);
    assert.equal((await ask(app, '/charts?from=2024-02-01&to=2024-01-01&kind=line')).status, 422);

    const both = json({ report: { title: 'Annual', pages: 3 }, rating: { stars: 5 } });
    assert.deepEqual((await ask(app, '/reviews', both)).body, { title: 'Annual', stars: 5 });

    assert.deepEqual((await ask(app, '/profile/name', form({ name: 'n', nickname: '' }))).body, { name: 'n' });
    const upload = new FormData();
    upload.set('picture', new File([new Uint8Array([137, 80, 78, 71, 13])], 'p.png', { type: 'image/png' }));
    const picture = await ask(app, '/profile/picture', { method: 'POST', body: upload });
    assert.deepEqual(picture.body, { caption: '', firstBytes: [137, 80, 78, 71] });
    upload.set('picture', new File(['text'], 'p.txt', { type: 'text/plain' }));
    assert.equal((await ask(app, '/profile/picture', { method: 'POST', body: upload })).status, 422);
    const background = new FormData();
    background.set('image', new File(['gif'], 'g.gif', { type: 'image/gif' }));
    background.set('crop', JSON.stringify({ left: 0, top: 0, size: 9 }));
    const cropped = await ask(app, '/profile/background', { method: 'POST', body: background });
    assert.deepEqual(cropped.body, { size: 3, crop: { left: 0, top: 0, size: 9 } });

    assert.deepEqual((await ask(app, '/answers/json')).body, { title: 'Annual', pages: 3 });
    assert.equal((await ask(app, '/answers/text')).body, 'plain text');
    const queued = await ask(app, '/answers/headers');
    assert.deepEqual([queued.status, queued.headers.get('retry-after')], [202, '120']);

    assert.deepEqual((await ask(app, '/tenants/acme/settings')).body, { tenant: 'acme' });
    assert.equal((await ask(app, '/tenants/ACME/settings')).status, 422);
  });

  it('dependencies: their forms, what is shared, and lists', async () => {
    const app = exampleApp('guides/dependencies.ts');
    const found = await ask(app, '/search?q=lamp&limit=5', { headers: { 'User-Agent': 'test' } });
    assert.deepEqual(found.body, { q: 'lamp', userAgent: 'test', language: 'en', skip: 0, limit: 5 });
    assert.match(found.headers.get('server-timing') ?? '', /^handler;dur=[\d.]+$/);
    assert.deepEqual(
      (await ask(app, '/search?q=a&limit=101')).body.detail.map(({ loc }: { loc: string[] }) => loc.join('.')),
      ['query.q', 'header.user-agent', 'query.limit'],
    );

    const { body } = await ask(app, '/shared');
    assert.deepEqual(body.lines, [`${body.requestId} began`]);
    assert.equal(body.nonce, body.same);
    assert.notEqual(body.nonce, body.another);
  });

  it('dependencies: a guarded app lets the right key in, and everybody to what is left out', async () => {
    const { guarded } = await import('../examples/guides/dependencies.ts');
    assert.equal((await ask(guarded, '/status', { headers: { 'X-API-Key': 'key-of-this-test' } })).status, 200);
    assert.equal((await ask(guarded, '/status', { headers: { 'X-API-Key': 'wrong' } })).status, 401);
    assert.equal((await ask(guarded, '/status')).status, 401);
    assert.equal((await ask(guarded, '/status/health')).status, 200);
    await assertSecurityDocumented(guarded);
    assert.ok('429' in ((guarded.openapi() as any).paths['/status'].get.responses as object));
  });

  it('lifetimes: in the order that the page tells', async () => {
    const { happened } = await import('../examples/guides/lifetimes.ts');
    const app = exampleApp('guides/lifetimes.ts');
    happened.length = 0;
    assert.equal((await ask(app, '/orders', { method: 'POST' })).status, 201);
    await turn();
    // What the pool was opened for came earlier.
    assert.deepEqual(happened, ['file opened', 'begin', 'handler', 'commit', 'background task', 'file closed']);
    const page = read('docs/lifetimes.md');
    const told = /```text\n([\s\S]*?)```/.exec(page)?.[1]?.trimEnd().split('\n');
    assert.deepEqual(told, ['pool opened', ...happened, 'pool closed']);

    happened.length = 0;
    assert.equal((await ask(app, '/orders/refused', { method: 'POST' })).status, 500);
    assert.deepEqual(happened, ['begin', 'rollback', 'error logged']);
  });

  it('lifetimes: a stream keeps open what it is read from', async () => {
    const { happened } = await import('../examples/guides/lifetimes.ts');
    const app = exampleApp('guides/lifetimes.ts');
    happened.length = 0;
    const response = await app.request('/streams/lines');
    assert.equal(response.headers.get('content-type'), 'application/jsonl');
    assert.deepEqual(happened, ['file opened']);
    assert.equal(await response.text(), '{"line":"one"}\n{"line":"two"}\n');
    await turn();
    assert.deepEqual(happened, ['file opened', 'file closed']);
    const sent = await ask(app, '/streams/events');
    assert.equal(sent.body, 'event: tick\ndata: {"count":1}\n\ndata: {"count":2}\n\n');
  });

  it('security: a scheme of its own, and alternatives', async () => {
    const app = exampleApp('guides/security.ts');
    const get = (headers: Record<string, string>) => ask(app, '/alternatives', { headers });
    assert.equal((await get({ Authorization: 'Token token-of-this-test' })).status, 200);
    assert.equal((await get({ 'X-API-Key': 'token-of-this-test' })).status, 200);
    assert.equal((await get({ Authorization: 'Token wrong' })).status, 401);
    const missing = await get({});
    assert.deepEqual([missing.status, missing.challenge], [401, 'Token realm="api", APIKey realm="api"']);
    assert.deepEqual((await ask(app, '/alternatives/optional')).body, { anonymous: true });
    assert.deepEqual((await ask(app, '/alternatives/optional', { headers: bearing('any') })).body, {
      anonymous: false,
    });
    assert.deepEqual((app.openapi() as any).paths['/alternatives'].get.security, [
      { TokenScheme: [] },
      { APIKeyHeader: [] },
    ]);
  });

  it('security: a session in a cookie, closed to other origins', async () => {
    const app = exampleApp('guides/security.ts');
    const own = { 'Sec-Fetch-Site': 'same-origin' };
    const signIn = (password: string, headers: Record<string, string>) =>
      ask(app, '/session', { ...form({ username: 'somebody', password }), headers });
    assert.equal((await signIn('password-of-this-test', { 'Sec-Fetch-Site': 'cross-site' })).status, 400);
    assert.equal((await signIn('wrong', own)).status, 400);
    const opened = await signIn('password-of-this-test', own);
    assert.equal(opened.status, 204);
    const cookie = opened.headers.get('set-cookie') ?? '';
    assert.match(cookie, /^__Host-session=[\w-]{43}; Path=\/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax$/);
    const Cookie = cookie.slice(0, cookie.indexOf(';'));

    const read = (headers: Record<string, string>) => ask(app, '/session', { headers });
    assert.deepEqual((await read({ Cookie, ...own })).body, { username: 'somebody' });
    assert.equal((await read({ Cookie: '__Host-session=wrong', ...own })).status, 401);
    assert.equal((await read(own)).status, 401);
    assert.equal((await read({ Cookie })).status, 422);
    const close = (headers: Record<string, string>) => ask(app, '/session', { method: 'DELETE', headers });
    assert.equal((await close({ Cookie })).status, 422);
    assert.equal((await close(own)).status, 401);
    assert.equal((await close({ Cookie, ...own })).status, 204);
    assert.equal((await read({ Cookie, ...own })).status, 401);
  });

  it('errors: answered by the nearest handler, constant where there is none', async (t) => {
    const app = exampleApp('guides/errors.ts');
    const missing = await ask(app, '/orders/7');
    assert.deepEqual([missing.status, missing.body], [404, { detail: { message: 'No such order', orderId: 7 } }]);
    assert.equal(missing.headers.get('retry-after'), '60');
    const sold = await ask(app, '/orders', json({ item: 'lamp', count: 11 }));
    assert.deepEqual([sold.status, sold.body], [409, { detail: 'Out of stock', item: 'lamp' }]);
    const invalid = await ask(app, '/orders', json({ item: 'lamp', count: 0 }));
    assert.equal(invalid.status, 422);
    assert.match(invalid.body.errors[0], /^body\.count: /);
    const log = t.mock.method(console, 'error', () => {});
    const { withHints, withProblems, withOwnShape } = await import('../examples/guides/errors.ts');
    const unmatched = await ask(withHints, '/order');
    assert.deepEqual([unmatched.status, unmatched.body], [404, { detail: 'Not Found: GET /order' }]);
    const refused = await ask(withHints, '/orders', { method: 'DELETE' });
    assert.deepEqual([refused.status, refused.body], [405, { detail: 'Method Not Allowed: DELETE /orders' }]);
    assert.equal(refused.headers.get('allow'), 'POST, OPTIONS');
    const thrown = await ask(withHints, '/orders/7');
    assert.deepEqual(thrown.body, { detail: { message: 'No such order', orderId: 7 } });
    const problem = await withProblems.request('/nowhere');
    assert.equal(problem.headers.get('content-type'), 'application/problem+json');
    assert.equal(((await problem.json()) as any).type, 'https://example.com/problems/HTTPException');
    assert.deepEqual((await ask(withOwnShape, '/nowhere')).body, { code: 404, reasons: ['Not Found'] });
    assert.equal((await ask(withOwnShape, '/orders/x')).status, 400);
    const fault = await ask(app, '/orders', json({ item: 'fault', count: 1 }));
    assert.deepEqual([fault.status, fault.body], [500, { detail: 'Internal Server Error' }]);
    assert.match(String(log.mock.calls[0]?.arguments[0]), /POST \/orders\b[\s\S]*that are only logged/);
  });

  it('answers: each kind, by status, by preference, and what fails', async (t) => {
    const app = exampleApp('guides/responses.ts');
    const rows = '{"sensor":"roof","celsius":21.5}\n{"sensor":"cellar, north","celsius":12}\n';
    for (const [path, type, body] of [
      ['/readings/first', 'application/json', { sensor: 'roof', celsius: 21.5 }],
      ['/readings/summary', 'text/plain; charset=utf-8', '2 sensors'],
      ['/readings/page', 'text/html; charset=utf-8', '<!doctype html><p>2 sensors</p>'],
      ['/readings/rows', 'application/jsonl', rows],
      ['/exports/csv', 'text/csv; charset=utf-8', '"sensor","celsius"\r\n"roof","21.5"\r\n"cellar, north","12"\r\n'],
    ] as const) {
      const answered = await ask(app, path);
      assert.deepEqual([answered.headers.get('content-type'), answered.body], [type, body]);
    }
    assert.equal((await ask(app, '/readings/pixel')).headers.get('content-length'), '42');
    assert.match((await ask(app, '/readings/feed')).body, /^event: reading\nid: 0\ndata: \{"sensor":"roof"/);
    assert.equal((await ask(app, '/readings/newest')).headers.get('location'), '/readings/first');
    const preferred = await ask(app, '/exports', { headers: { Accept: 'text/csv' } });
    assert.deepEqual(
      ['content-type', 'vary', 'x-total-count'].map((name) => preferred.headers.get(name)),
      ['text/csv; charset=utf-8', 'Accept', '2'],
    );
    assert.equal((await ask(app, '/exports')).body.length, 2);
    const queued = await ask(app, '/jobs', json({ name: 'nightly', size: 101 }));
    assert.deepEqual([queued.status, queued.body, queued.headers.get('retry-after')], [202, { position: 3 }, '5']);
    assert.equal((await ask(app, '/jobs', json({ name: 'nightly', size: 1 }))).status, 201);
    assert.equal((await ask(app, '/jobs', json({ name: 'taken', size: 1 }))).status, 409);
    const meeting = json({ topic: 'budget', begins: '2026-01-02T03:04:05Z' });
    assert.equal((await ask(app, '/meetings/postpone', meeting)).body.begins, '2026-01-02T04:04:05.000Z');
    assert.equal((await ask(app, '/streams/other')).status, 404);
    t.mock.method(console, 'error', () => {});
    await assert.rejects(ask(app, '/streams/known'), /cuts the stream/);
  });

  it('files: ranges, a folder, a download behind a scheme, and cookies', async () => {
    const app = exampleApp('guides/files.ts');
    const part = await ask(app, '/reports/responses.md', { headers: { Range: 'bytes=0-10' } });
    assert.deepEqual([part.status, part.body], [206, '# Responses']);
    assert.match((await ask(app, '/guides/')).body, /^# Guides/);
    assert.equal((await ask(app, '/guides/..%2fpackage.json')).status, 404);
    assert.equal((await ask(app, '/sources/files.ts')).status, 401);
    const headers = { Authorization: `Basic ${btoa('staff:any')}` };
    const source = await ask(app, '/sources/files.ts', { headers });
    assert.match(source.headers.get('content-disposition') ?? '', /^attachment; filename="files\.ts"/);
    const begun = await ask(app, '/session', { method: 'POST' });
    const [cookie = ''] = begun.headers.getSetCookie();
    const session = await ask(app, '/session', { headers: { Cookie: cookie.slice(0, cookie.indexOf(';')) } });
    assert.equal(cookie.includes(session.body.session), true);
    assert.equal((await ask(app, '/session/end', { method: 'POST' })).headers.getSetCookie().length, 1);
  });

  it('document: names, ids, servers and paths as they were given', async () => {
    const app = exampleApp('guides/document.ts');
    const { body: document } = await ask(app, '/reference/openapi.json');
    assert.equal(document.info.version, '2.1.0');
    assert.deepEqual(
      document.servers.map(({ url }: { url: string }) => url),
      ['/api/v2', 'https://staging.example.com/api/v2'],
    );
    assert.deepEqual(Object.keys(document.components.schemas), ['Address', 'Customer', 'CustomerInput']);
    const { get, post } = document.paths['/customers'];
    assert.deepEqual(
      [post.operationId, get.operationId, get.summary, get.deprecated, get['x-internal']],
      ['addCustomer', 'readAllCustomer', 'Everybody', true, true],
    );
    assert.equal((await ask(app, '/reference')).status, 200);
    assert.equal((await ask(app, '/docs')).status, 404);
    const headers = bearing('any');
    assert.equal((await ask(app, '/customers/x?at=2024-02-29', { headers })).status, 200);
    assert.equal((await ask(app, '/customers/x?at=2023-02-29', { headers })).status, 422);
  });

  it('serving: behind one proxy, and as a listener of a server of its own', async (t) => {
    const { app, listener, start } = await import('../examples/guides/serving.ts');
    assert.match((await ask(app, '/nothing')).headers.get('server-timing') ?? '', /^total;dur=/);
    t.mock.method(console, 'info', () => {});
    const server = listener();
    const direct = await fetch(`${await listen(server)}/address`, { headers: { 'X-Forwarded-For': '203.0.113.7' } });
    assert.deepEqual(await direct.json(), { clientAddress: '127.0.0.1' });
    server.close();
    server.closeAllConnections();
    const served = await start(0);
    const proxied = await fetch(`http://127.0.0.1:${served.port}/address`, {
      headers: { 'X-Forwarded-For': '198.51.100.9, 203.0.113.7' },
    });
    assert.deepEqual(await proxied.json(), { clientAddress: '203.0.113.7' });
    await served.close();
  });

  it('middleware: preflights, request ids, headers and a log for programs', async (t) => {
    const info = t.mock.method(console, 'info', () => {});
    const { app, customersOnly } = await import('../examples/guides/middleware.ts');
    const origin = 'https://pr-7.preview.example.com';
    const asked = { Origin: origin, 'Access-Control-Request-Method': 'POST' };
    const allowed = await ask(app, '/notes', { method: 'OPTIONS', headers: asked });
    assert.deepEqual([allowed.status, allowed.headers.get('access-control-allow-origin')], [204, origin]);
    const missing = await ask(app, '/notes/missing', { headers: { Origin: 'https://elsewhere.test' } });
    assert.deepEqual([missing.status, missing.headers.get('access-control-allow-origin')], [404, null]);
    assert.equal(missing.body.detail.requestId, missing.headers.get('x-request-id'));
    assert.equal(missing.headers.get('strict-transport-security'), 'max-age=31536000');
    const { path, status, requestId } = JSON.parse(String(info.mock.calls.at(-1)?.arguments[0]));
    assert.deepEqual([path, status, requestId], ['/notes/missing', 404, missing.body.detail.requestId]);
    const page = await ask(app, '/page');
    const write = (headers: Record<string, string>) =>
      ask(app, '/page', {
        method: 'PUT',
        body: '{"text":"Bye"}',
        headers: { 'content-type': 'application/json', ...headers },
      });
    const match = { 'If-Match': page.headers.get('etag') ?? '' };
    assert.deepEqual([(await write(match)).status, (await write(match)).status], [204, 412]);
    assert.deepEqual([(await write({})).status, (await ask(app, '/page')).body.text], [204, 'Bye']);
    const guarded = new App({ title: 'Customers', version: '1.0.0', middleware: [customersOnly] });
    const answers = ['https://customer.example', 'https://elsewhere.test'].map(async (Origin) => {
      return (await ask(guarded, '/nothing', { headers: { Origin } })).headers.get('access-control-allow-origin');
    });
    assert.deepEqual(await Promise.all(answers), ['https://customer.example', null]);
  });

  it('testing: its own tests pass', async () => {
    // The runner's own children report to it in another form.
    const run = new Run(['--import', 'tsx', 'examples/guides/testing.ts'], { NODE_TEST_CONTEXT: undefined });
    assert.equal(await run.end(), 0, run.said);
    assert.match(run.stdout, /pass 7/);
  });
});

describe('the examples for those who come from elsewhere', () => {
  const token = bearing('token-of-this-test');
  const item = { name: 'Lamp', price: 20 };
  const upload = (size: number) => {
    const body = new FormData();
    body.set('caption', 'A lamp');
    body.set('picture', new File([new Uint8Array(size)], 'lamp.png', { type: 'image/png' }));
    return { method: 'POST', body };
  };

  it('FastAPI: values of every kind', async (t) => {
    const app = exampleApp('guides/coming-from-fastapi.ts');
    const info = t.mock.method(console, 'info', () => {});
    assert.equal((await ask(app, '/items/1')).status, 404);
    const created = await ask(app, '/items/', json(item));
    assert.deepEqual([created.status, created.body, created.headers.get('x-total')], [201, item, '1']);
    await turn();
    assert.deepEqual(
      info.mock.calls.map(({ arguments: [line] }) => String(line)),
      ['Lamp was added'],
    );
    assert.deepEqual((await ask(app, '/items/1')).body, item);
    assert.equal((await ask(app, '/items/', json({ ...item, price: 0 }))).status, 422);

    const listed = await ask(app, '/items/?limit=5&tag=a&tag=b&q=x');
    assert.deepEqual(listed.body, { limit: 5, tags: ['a', 'b'], q: 'x' });
    assert.deepEqual((await ask(app, '/items/')).body, { limit: 20, tags: [] });
    assert.equal((await ask(app, '/items/?limit=101')).status, 422);
    assert.deepEqual((await ask(app, '/items/offers', json({ item, days: 2 }))).body, { ...item, days: 2 });
    const sold = await ask(app, '/items/offers', json({ item, days: 31 }));
    assert.deepEqual([sold.status, sold.body], [409, { detail: 'Lamp is sold out by then' }]);
    assert.ok(!('/items/offers' in ((app.openapi() as any).paths as object)));
    assert.deepEqual((await ask(app, '/items/pictures', upload(3))).body, { caption: 'A lamp', size: 3 });
    const visits = await ask(app, '/items/visits', { headers: { Cookie: 'visits=7', 'User-Agent': 'test' } });
    assert.deepEqual(visits.body, { visits: 7, userAgent: 'test' });
    assert.match(visits.headers.get('x-process-time') ?? '', /^[\d.]+$/);
  });

  it('FastAPI: dependencies and security', async () => {
    const app = exampleApp('guides/coming-from-fastapi.ts');
    assert.deepEqual((await ask(app, '/orders/?skip=3')).body, {
      skip: 3,
      limit: 20,
      owner: 'anyone',
      statements: [],
      differ: true,
    });
    assert.deepEqual((await ask(app, '/v1/users/me', { headers: token })).body, { username: 'ada', required: [] });
    assert.equal((await ask(app, '/v1/users/me', { headers: bearing('wrong') })).challenge, REFUSED);
    assert.equal((await ask(app, '/v1/users/me')).status, 401);
    assert.equal((await ask(app, '/v1/users/ada', { method: 'DELETE', headers: token })).status, 204);
    assert.deepEqual((await ask(app, '/v1/users/anyone')).body, { anonymous: true });
    assert.deepEqual((await ask(app, '/v1/users/anyone', { headers: token })).body, { anonymous: false });
    const signedIn = await ask(app, '/v1/users/token', form({ username: 'ada', password: 'token-of-this-test' }));
    assert.deepEqual(signedIn.body, { access_token: 'token-of-this-test', token_type: 'bearer' });
    assert.equal((await ask(app, '/v1/users/token', form({ username: 'ada', password: 'wrong' }))).status, 400);
    const { paths } = app.openapi() as any;
    assert.deepEqual(paths['/v1/users/{name}'].delete.security, [{ OAuth2PasswordBearer: ['admin'] }]);
    const { readAsGrace } = await import('../examples/guides/coming-from-fastapi.ts');
    assert.deepEqual(await readAsGrace(), { username: 'grace', required: [] });
    assert.equal((await ask(app, '/v1/users/me')).status, 401);
  });

  it('NestJS: providers, guards and filters', async (t) => {
    const app = exampleApp('guides/coming-from-nestjs.ts');
    t.mock.method(console, 'info', () => {});
    t.mock.method(console, 'error', () => {});
    const cat = { name: 'Tom', age: 3 };
    assert.equal((await ask(app, '/api/cats', json(cat))).challenge, UNAUTHENTICATED);
    assert.deepEqual((await ask(app, '/api/cats', json(cat, token))).body, { id: 1, name: 'Tom' });
    assert.equal((await ask(app, '/api/cats', json({ ...cat, tail: true }, token))).status, 422);
    assert.deepEqual((await ask(app, '/api/cats/1')).body, { id: 1, name: 'Tom' });
    const mine = await ask(app, '/api/cats/mine', { headers: { ...token, 'User-Agent': 'test' } });
    assert.deepEqual(mine.body, { owner: 'ada', limit: 20, userAgent: 'test' });
    assert.equal(mine.headers.get('cache-control'), 'private');
    assert.deepEqual((await ask(app, '/api/cats/1/picture', { ...upload(3), headers: token })).body, {
      id: 1,
      size: 3,
    });
    const large = await ask(app, '/api/cats/1/picture', { ...upload(1_000_001), headers: token });
    assert.deepEqual([large.status, large.body], [503, { detail: 'Come back tomorrow' }]);
    assert.equal((await ask(app, '/api/cats/1', { method: 'DELETE', headers: token })).status, 204);
    assert.equal((await ask(app, '/api/cats/1')).status, 404);
  });

  it('NestJS: an override, and a port of its own', async (t) => {
    t.mock.method(console, 'info', () => {});
    const { app, bootstrap, mineAsGrace } = await import('../examples/guides/coming-from-nestjs.ts');
    assert.deepEqual(await mineAsGrace(), { owner: 'grace', limit: 20, userAgent: 'test' });
    assert.deepEqual((app.openapi() as any).paths['/api/cats/{id}'].delete.security, [{ HTTPBearer: [] }]);
    const served = await bootstrap(0);
    assert.equal((await fetch(`${served.url}/docs`)).status, 200);
    await served.close();
  });
});

describe('what pages list', () => {
  it('docs/errors.md has a heading for every code of a declaration mistake, and no other', () => {
    const [, union = ''] = /export type MistakeCode =([^;]*);/.exec(read('src/model/mistakes.ts')) ?? [];
    const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
    const headings = [...read('docs/errors.md').matchAll(/^### `([A-Z_]+)`$/gm)].map(([, code = '']) => code);
    assert.ok(codes.length > 20, 'the union was not found');
    assert.deepEqual(headings.toSorted(), codes.toSorted());
  });

  it('ARCHITECTURE.md has a line for every file of src, and no other', () => {
    const [, tree = ''] = /```text\nsrc\/\n([\s\S]*?)```/.exec(read('ARCHITECTURE.md')) ?? [];
    const files: string[] = [];
    let folder = '';
    for (const line of tree.trimEnd().split('\n')) {
      const [, indent = '', name = '', what = ''] = /^( *)(\S+)(?: +(\S.*))?$/.exec(line) ?? [];
      assert.notEqual(what, '', `${name} is not explained`);
      if (indent.length === 2) folder = name.endsWith('/') ? name : '';
      if (!name.endsWith('/')) files.push(folder + name);
    }
    assert.deepEqual(files.toSorted(), filesIn('src'));
  });
});
