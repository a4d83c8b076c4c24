import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  App,
  type Context,
  Controller,
  Ctx,
  dependency,
  Depends,
  Get,
  Header,
  HTTPException,
  OAuth2PasswordBearer,
  Query,
  Scopes,
  Security,
} from 'portico';
import { z } from 'zod';
import {
  answer,
  controllerOf,
  decorate,
  gate,
  mistakesOf,
  OneRoute,
  Recorder,
  settled,
  turn,
  within,
} from './world.ts';

const refuses = (declare: () => unknown, code: string): void => assert.equal(mistakesOf(declare)[0]?.code, code);

describe('an override', () => {
  it('replaces a dependency wherever it is used, until it is disposed', async () => {
    const recorder = new Recorder();
    const user = recorder.fn('user');
    const above = recorder.fn('above', { user: Depends(user) }, ({ user }) => `above ${user}`);
    const route = new OneRoute({
      app: [Depends(user)],
      construct: [Depends(user)],
      inputs: [Depends(user), Depends(above), Depends(user, { cache: false })],
    });
    const original = ['user', 'above user', 'user'];
    assert.deepEqual((await route.ask()).body, original);
    recorder.take();
    {
      using _ = route.app.override(user, recorder.fn('fake'));
      assert.deepEqual((await route.ask()).body, ['fake', 'above fake', 'fake']);
      assert.deepEqual(recorder.take(), ['call fake', 'call above', 'call fake']);
    }
    assert.deepEqual((await route.ask()).body, original);
  });

  it('may be any dependable: function, async function, generator, class, security scheme', async () => {
    class Clock {
      now(): number {
        return 1;
      }
    }
    class FixedClock extends Clock {
      override now(): number {
        return 2;
      }
    }
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });
    const user = dependency({ token: Depends(scheme) }, ({ token }) => `user of ${token}`);
    const route = new OneRoute({
      inputs: [Depends(user), Depends(Clock)],
      handle: (user, clock: Clock) => [user, clock.now()],
    });
    assert.equal((await route.ask()).status, 401);
    using _scheme = route.app.override(scheme, () => 'test');
    assert.deepEqual((await route.ask()).body, ['user of test', 1]);
    using _class = route.app.override(Clock, FixedClock);
    assert.deepEqual((await route.ask()).body, ['user of test', 2]);
    for (const replacement of [
      () => 'function',
      dependency(async () => 'function'),
      dependency(function* () {
        yield 'function';
      }),
      dependency(
        async function* () {
          yield 'function';
        },
        { lifetime: 'handler' },
      ),
    ]) {
      using _user = route.app.override(user, replacement);
      assert.deepEqual((await route.ask()).body, ['function', 2]);
    }
    assert.deepEqual((await route.ask()).body, ['user of test', 2]);
  });

  it('has inputs of its own, and those of the original are not asked for', async () => {
    const recorder = new Recorder();
    const below = recorder.fn('below', { key: Header('x-key') });
    const user = recorder.fn('user', { below: Depends(below) });
    const tenant = recorder.fn('tenant', { q: Query('tenant', z.int()) }, ({ q }) => q);
    const fake = recorder.fn('fake', { tenant: Depends(tenant), name: Header('x-name') }, ({ tenant, name }) => [
      tenant,
      name,
    ]);
    const route = new OneRoute({ inputs: [Depends(user)] });
    assert.equal((await route.ask()).status, 422);
    using _ = route.app.override(user, fake);
    const { status, body } = await route.ask('/?tenant=3', { headers: { 'x-name': 'ada' } });
    assert.equal(status, 200);
    assert.deepEqual(body, [[3, 'ada']]);
    assert.deepEqual(recorder.take(), ['call tenant', 'call fake']);
    const failing = await route.ask('/?tenant=x');
    assert.equal(failing.status, 422);
    assert.deepEqual(
      failing.body.detail.map(({ loc }: any) => loc),
      [
        ['query', 'tenant'],
        ['header', 'x-name'],
      ],
    );
  });

  it('has a lifetime of its own, and is cleaned up like any other', async () => {
    const recorder = new Recorder();
    const session = recorder.fn('session');
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('outer')), Depends(session)],
      handle: () => recorder.note('handler'),
    });
    using _ = route.app.override(session, recorder.generator('fake', { lifetime: 'handler' }));
    await route.ask();
    assert.deepEqual(recorder.take(), ['enter outer', 'enter fake', 'handler', 'exit fake', 'exit outer']);
  });

  it('of a guard in a list lets a test in', async () => {
    const guard = dependency(() => {
      throw new HTTPException(403);
    });
    const route = new OneRoute({ app: [Depends(guard)], handle: () => 'in' });
    assert.equal((await route.ask()).status, 403);
    {
      using _ = route.app.override(guard as any, () => undefined);
      assert.equal((await route.ask()).body, 'in');
    }
    assert.equal((await route.ask()).status, 403);
  });

  it('sees the scopes required at the place of use', async () => {
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { a: 'A', b: 'B', c: 'C' } });
    const user = dependency({ token: Depends(scheme) }, ({ token }): unknown => token);
    const outer = dependency({ user: Security(user, { scopes: ['b'] }) }, ({ user }) => user);
    const route = new OneRoute({
      inputs: [Security(user, { scopes: ['a'] }), Security(outer, { scopes: ['c'] }), Depends(user)],
    });
    const fake = dependency({ scopes: Scopes() }, ({ scopes }): unknown => scopes.scopes);
    using _ = route.app.override(user, fake);
    assert.deepEqual((await route.ask()).body, [['a'], ['c', 'b'], []]);
  });

  it('leaves requests alone that came before it', async () => {
    const recorder = new Recorder();
    const door = gate();
    const user = recorder.fn('user');
    const waits = dependency(() => door.opened);
    const route = new OneRoute({ inputs: [Depends(waits), Depends(user)], handle: (_, user) => user });
    const before = route.ask();
    await settled();
    using _ = route.app.override(user, recorder.fn('fake'));
    door.open();
    assert.equal((await before).body, 'user');
    assert.equal((await route.ask()).body, 'fake');
  });

  it('leaves the document alone', async () => {
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });
    const user = dependency({ token: Depends(scheme), q: Query('q', z.int()) }, ({ token }) => token);
    const route = new OneRoute({ inputs: [Depends(user)] });
    const before = structuredClone(route.app.openapi());
    assert.ok(before.paths!['/']!.get!.security);
    {
      using _ = route.app.override(
        user,
        dependency({ other: Query('other') }, ({ other }) => other),
      );
      assert.deepEqual(route.app.openapi(), before);
      assert.deepEqual((await route.ask('/openapi.json', { method: 'GET' })).body, JSON.parse(JSON.stringify(before)));
    }
    const fresh = new OneRoute({ inputs: [Depends(user)] });
    using _ = fresh.app.override(user, () => 'fake');
    assert.deepEqual(fresh.app.openapi(), before);
  });

  it('holds in app.scope() too', async () => {
    const recorder = new Recorder();
    const user = recorder.fn('user');
    const above = recorder.fn('above', { user: Depends(user) }, ({ user }) => `above ${user}`);
    const route = new OneRoute({});
    {
      using _ = route.app.override(user, recorder.generator('fake'));
      await using scope = route.app.scope();
      assert.equal(await scope.get(user), 'fake');
      assert.equal(await scope.get(above), 'above fake');
    }
    await using scope = route.app.scope();
    assert.equal(await scope.get(above), 'above user');
    assert.deepEqual(recorder.take(), ['enter fake', 'call above', 'exit fake', 'call user', 'call above']);
  });

  it('reaches controllers that are included after it', async () => {
    const recorder = new Recorder();
    const user = recorder.fn('user');
    const app = new App({ title: 'T', version: '1' });
    using _ = app.override(user, recorder.fn('fake'));
    app.include([controllerOf({ inputs: [Depends(user)] })]);
    assert.deepEqual((await answer(await app.request('/'))).body, ['fake']);
  });

  it('is checked by the compiler', () => {
    const count = dependency(() => 1);
    const name = dependency(async () => 'name');
    class Shape {
      readonly sides: number = 4;
    }
    const check = (app: App): void => {
      app.override(count, () => 2);
      app.override(count, async () => 2);
      app.override(
        count,
        dependency({ ctx: Ctx() }, () => 2),
      );
      app.override(Shape, () => ({ sides: 3 }));
      // @ts-expect-error: a text is not a number
      app.override(count, () => 'two');
      // @ts-expect-error: the value of the dependency is a text
      app.override(count, name);
      // @ts-expect-error: what the class gives is missing
      app.override(Shape, () => ({}));
    };
    assert.equal(typeof check, 'function');
  });
});

describe('several overrides', () => {
  it('of one dependency: the inner one counts, and disposing it restores the outer one', async () => {
    const recorder = new Recorder();
    const user = recorder.fn('user');
    const route = new OneRoute({ inputs: [Depends(user)], handle: (user) => user });
    const body = async (): Promise<unknown> => (await route.ask()).body;
    {
      using _outer = route.app.override(user, recorder.fn('outer'));
      assert.equal(await body(), 'outer');
      {
        using _inner = route.app.override(user, recorder.fn('inner'));
        assert.equal(await body(), 'inner');
      }
      assert.equal(await body(), 'outer');
    }
    assert.equal(await body(), 'user');
  });

  it('disposed out of order, or twice, take only themselves back', async () => {
    const recorder = new Recorder();
    const user = recorder.fn('user');
    const route = new OneRoute({ inputs: [Depends(user)], handle: (user) => user });
    const body = async (): Promise<unknown> => (await route.ask()).body;
    const outer = route.app.override(user, recorder.fn('outer'));
    const inner = route.app.override(user, recorder.fn('inner'));
    outer[Symbol.dispose]();
    assert.equal(await body(), 'inner');
    outer[Symbol.dispose]();
    assert.equal(await body(), 'inner');
    inner[Symbol.dispose]();
    assert.equal(await body(), 'user');
    inner[Symbol.dispose]();
    assert.equal(await body(), 'user');
  });

  it('a replacement is not looked up again, its own dependencies are', async () => {
    const recorder = new Recorder();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => recorder.fn(name)) as [any, any, any];
    const route = new OneRoute({ inputs: [Depends(a), Depends(b), Depends(c)] });
    using _a = route.app.override(a, b);
    using _b = route.app.override(b, c);
    assert.deepEqual((await route.ask()).body, ['b', 'c', 'c']);
    const rests = recorder.fn('rests', { b: Depends(b) }, ({ b }) => `rests on ${b}`);
    using _rests = route.app.override(a, rests);
    assert.deepEqual((await route.ask()).body, ['rests on c', 'c', 'c']);
  });

  it('that swap two dependencies are no cycle', async () => {
    const recorder = new Recorder();
    const [a, b] = [recorder.fn('a'), recorder.fn('b')];
    const route = new OneRoute({ inputs: [Depends(a), Depends(b)] });
    using _a = route.app.override(a, b);
    using _b = route.app.override(b, a);
    assert.deepEqual((await within(route.ask())).body, ['b', 'a']);
  });

  it('that make a cycle are refused, and change nothing', async () => {
    const recorder = new Recorder();
    const a = recorder.fn('a');
    const b = recorder.fn('b', { a: Depends(a) }, ({ a }) => `b on ${a}`);
    const route = new OneRoute({ inputs: [Depends(a), Depends(b)] });
    refuses(() => route.app.override(a, recorder.fn('wraps', { a: Depends(a) })), 'DEPENDENCY_CYCLE');
    refuses(() => route.app.override(a, recorder.fn('onB', { b: Depends(b) })), 'DEPENDENCY_CYCLE');
    assert.deepEqual((await within(route.ask())).body, ['a', 'b on a']);

    const c = recorder.fn('c');
    using _a = route.app.override(
      a,
      recorder.fn('onC', { c: Depends(c) }, ({ c }) => `on ${c}`),
    );
    assert.deepEqual((await route.ask()).body, ['on c', 'b on on c']);
    refuses(() => route.app.override(c, recorder.fn('onA', { b: Depends(b) })), 'DEPENDENCY_CYCLE');
    const unused = recorder.fn('unused');
    refuses(() => route.app.override(unused, recorder.fn('itself', { unused: Depends(unused) })), 'DEPENDENCY_CYCLE');
    assert.deepEqual((await within(route.ask())).body, ['on c', 'b on on c']);
  });

  it('that shorten a life on which a longer one rests are refused, and change nothing', async () => {
    const recorder = new Recorder();
    const below = recorder.fn('below');
    const session = recorder.generator('session', { inputs: { below: Depends(below) } });
    const route = new OneRoute({ inputs: [Depends(session)] });
    const short = recorder.generator('short', { lifetime: 'handler' });
    refuses(() => route.app.override(below, short), 'LIFETIME_CONFLICT');
    assert.deepEqual((await route.ask()).body, ['session']);
  });
});

describe('overrides and app-lifetime dependencies', () => {
  const build = (recorder: Recorder) => {
    const database = recorder.generator('database', { lifetime: 'app' });
    const repository = dependency({ database: Depends(database) }, ({ database }) => `repository of ${database}`, {
      lifetime: 'app',
    });
    @Controller('/')
    class HeldController {
      constructor(
        @Depends(database) private readonly database: string,
        @Depends(repository) private readonly repository: string,
      ) {
        recorder.note('made');
      }
      @Get('/')
      read() {
        return [this.database, this.repository];
      }
    }
    const app = new App({ title: 'T', version: '1', docs: false, controllers: [HeldController] });
    return { app, database, read: async () => (await answer(await app.request('/'))).body };
  };
  const original = ['database', 'repository of database'];
  const replaced = ['fake', 'repository of fake'];

  it('reach controllers made once and what rests on them, which are made again while it holds', async () => {
    const recorder = new Recorder();
    const { app, database, read } = build(recorder);
    assert.deepEqual(await read(), original);
    assert.deepEqual(recorder.take(), ['enter database', 'made']);
    {
      using _ = app.override(database, recorder.generator('fake', { lifetime: 'app' }));
      assert.deepEqual(await read(), replaced);
      assert.deepEqual(await read(), replaced);
      assert.deepEqual(recorder.take(), ['enter fake', 'made']);
    }
    assert.deepEqual(await read(), original);
    assert.equal(recorder.count('enter database'), 0);
    await app.close();
    assert.equal(recorder.count('exit database'), 1);
    assert.equal(recorder.count('exit fake'), 1);
  });

  it('also with a plain function', async () => {
    const { app, database, read } = build(new Recorder());
    assert.deepEqual(await read(), original);
    {
      using _ = app.override(database, () => 'fake');
      assert.deepEqual(await read(), replaced);
    }
    assert.deepEqual(await read(), original);
  });

  it('also with a class that takes what lives as long, and has defaults for the rest', async () => {
    const { app, database, read } = build(new Recorder());
    const place = dependency(() => 'place', { lifetime: 'app' });
    class Fake {
      constructor(
        readonly port = 5432,
        readonly place = 'nowhere',
      ) {}
      toJSON() {
        return `${this.place}:${this.port}`;
      }
      toString() {
        return this.toJSON();
      }
    }
    decorate(Depends(place), Fake, undefined, 1);
    using _ = app.override(database, Fake as never);
    assert.deepEqual(await read(), ['place:5432', 'repository of place:5432']);
  });

  it('with a function of the context live as long as a request', async () => {
    const lived = dependency(() => 'lived', { lifetime: 'app' });
    const route = new OneRoute({ inputs: [Depends(lived)] });
    using _ = route.app.override(lived, (context: Context) => context.header('x-a') ?? '');
    assert.deepEqual((await route.ask('/', { headers: { 'X-A': 'a' } })).body, ['a']);
    assert.deepEqual((await route.ask('/', { headers: { 'X-A': 'b' } })).body, ['b']);
  });

  it('made before the first request keep the original from being made at all', async () => {
    const recorder = new Recorder();
    const { app, database, read } = build(recorder);
    using _ = app.override(database, recorder.generator('fake', { lifetime: 'app' }));
    await app.start();
    assert.deepEqual(await read(), replaced);
    await app.close();
    assert.deepEqual(recorder.take(), ['enter fake', 'made', 'exit fake']);
  });
});

describe('two apps in parallel', () => {
  it('do not see each other’s overrides, though they share controllers and dependencies', async () => {
    const user = dependency({ id: Header('x-id') }, async ({ id }) => {
      await turn();
      return `user ${id}`;
    });
    const controller = controllerOf({ inputs: [Depends(user)], handle: (user) => user });
    const apps = Array.from(
      { length: 4 },
      () => new App({ title: 'T', version: '1', docs: false, controllers: [controller] }),
    );
    const body = async (app: App): Promise<unknown> =>
      (await answer(await app.request('/', { headers: { 'x-id': '1' } }))).body;
    await Promise.all(
      apps.map(async (app, index) => {
        if (index === 0) return assert.equal(await body(app), 'user 1');
        using _ = app.override(user, async () => `fake ${index}`);
        await turn();
        for (let round = 0; round < 5; round++) assert.equal(await body(app), `fake ${index}`);
      }),
    );
    for (const app of apps) assert.equal(await body(app), 'user 1');
  });
});
