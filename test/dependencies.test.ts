import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import {
  App,
  Body,
  Controller,
  type Context,
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
  type AnyInput,
  appOf,
  controllerOf,
  gate,
  mistakesOf,
  OneRoute,
  Recorder,
  settled,
  turn,
  within,
} from './world.ts';

const uncached = { cache: false };

describe('what can be depended on', () => {
  class Paging {
    constructor(
      @Query('skip', z.int().default(0)) readonly skip: number,
      @Query('limit', z.int().default(20)) readonly limit: number,
    ) {}
  }
  const sync = dependency(() => 1);
  const asynchronous = dependency(async () => 2);
  const generator = dependency(function* () {
    yield 3;
  });
  const asyncGenerator = dependency(async function* () {
    await turn();
    yield 4;
  });
  const thenable = dependency(() => ({
    // oxlint-disable-next-line no-thenable
    then(resolve: (value: number) => void) {
      resolve(5);
    },
  }));
  const path = (ctx: Context): string => ctx.path;
  const sum = dependency(
    { a: Depends(sync), b: Depends(asynchronous), c: Depends(generator), d: Depends(asyncGenerator) },
    ({ a, b, c, d }) => a + b + c + d,
  );
  const asyncSum = dependency({ sum: Depends(sum), paging: Depends(Paging) }, async ({ sum, paging }) => {
    await turn();
    return sum + paging.skip;
  });

  @Controller('/kinds')
  class KindController {
    @Get('/')
    read(
      @Depends(sync) a: number,
      @Depends(asynchronous) b: number,
      @Depends(generator) c: number,
      @Depends(asyncGenerator) d: number,
      @Depends(thenable) e: unknown,
      @Depends(path) f: string,
      @Depends(Paging) paging: Paging,
      @Depends(asyncSum) total: number,
    ) {
      return { values: [a, b, c, d, e, f], paging: paging instanceof Paging && [paging.skip, paging.limit], total };
    }
  }

  it('functions, async functions, generators of both kinds, thenables, plain functions, classes, and what they depend on', async () => {
    const app = new App({ title: 'T', version: '1', controllers: [KindController] });
    const { status, body } = await answer(await app.request('/kinds/?skip=7'));
    assert.equal(status, 200);
    assert.deepEqual(body, { values: [1, 2, 3, 4, 5, '/kinds/'], paging: [7, 20], total: 17 });
  });

  it('a class gives one instance per request, and another one to the next', async () => {
    class Thing {}
    const seen: unknown[] = [];
    const holder = dependency({ thing: Depends(Thing) }, ({ thing }) => thing);
    const route = new OneRoute({
      inputs: [Depends(Thing), Depends(holder)],
      handle: (...values) => void seen.push(...values),
    });
    await route.ask();
    await route.ask();
    assert.equal(seen.length, 4);
    assert.ok(seen[0] instanceof Thing);
    assert.equal(seen[0], seen[1]);
    assert.equal(seen[2], seen[3]);
    assert.notEqual(seen[0], seen[2]);
  });

  it('undefined, null, false, 0 and "" are values like others: handed on, and not made again', async () => {
    for (const value of [undefined, null, false, 0, '']) {
      const recorder = new Recorder();
      const odd = recorder.fn('odd', {}, () => value);
      const oddGenerator = recorder.generator('oddGenerator', { value });
      const user = recorder.fn('user', { odd: Depends(odd), again: Depends(oddGenerator) }, (values) => values);
      let got: any[] = [];
      const route = new OneRoute({
        inputs: [Depends(odd), Depends(odd), Depends(oddGenerator), Depends(user)],
        handle: (...values) => {
          got = values;
        },
      });
      assert.equal((await route.ask()).status, 200);
      assert.deepEqual(got, [value, value, value, { odd: value, again: value }]);
      assert.deepEqual(recorder.take(), ['call odd', 'enter oddGenerator', 'call user', 'exit oddGenerator']);
    }
  });

  it('a function that returns something iterable has that as its value', async () => {
    const list = [1, 2];
    const map = new Map([['a', 1]]);
    let got: unknown[] = [];
    const route = new OneRoute({
      inputs: [Depends(dependency(() => list)), Depends(dependency(async () => map))],
      handle: (...values) => {
        got = values;
      },
    });
    assert.equal((await route.ask()).status, 200);
    assert.equal(got[0], list);
    assert.equal(got[1], map);
  });

  it('a value is the same object for everybody who shares it', async () => {
    const made = dependency(async () => ({ id: Math.random() }));
    const user = dependency({ made: Depends(made) }, ({ made }) => made);
    const route = new OneRoute({
      inputs: [Depends(user), Depends(made)],
      handle: (first, second) => first === second,
    });
    assert.equal((await route.ask()).body, true);
  });
});

describe('parameters with a default value of the language', () => {
  it('may go without an input, wherever they stand', async () => {
    class Greeting {
      readonly text: string;
      constructor(word = 'Hello', @Query('name') name: string) {
        this.text = `${word} ${name}`;
      }
    }
    @Controller()
    class GreetingController {
      @Get('/')
      greet(mark = '!', @Depends(Greeting) greeting: Greeting): string {
        return `${greeting.text}${mark}`;
      }
    }
    const app = appOf([GreetingController]);
    assert.equal((await answer(await app.request('/?name=Ada'))).body, 'Hello Ada!');
  });
});

describe('once per request', () => {
  it('a dependency is shared at whatever depth it is used, and made again for the next request', async () => {
    const recorder = new Recorder();
    const base = recorder.fn('base');
    const middle = recorder.fn('middle', { base: Depends(base) });
    const top = recorder.fn('top', { middle: Depends(middle), base: Depends(base) });
    const route = new OneRoute({
      app: [Depends(middle)],
      route: [Depends(base)],
      inputs: [Depends(top), Depends(base), Depends(middle)],
    });
    assert.deepEqual((await route.ask()).body, ['top', 'base', 'middle']);
    assert.deepEqual(recorder.take(), ['call base', 'call middle', 'call top']);
    await route.ask();
    assert.deepEqual(recorder.take(), ['call base', 'call middle', 'call top']);
  });

  it('two requests at the same time do not share', async () => {
    const door = gate();
    let made = 0;
    const slow = dependency(async () => {
      const mine = ++made;
      await door.opened;
      return mine;
    });
    const route = new OneRoute({ inputs: [Depends(slow), Depends(slow)] });
    const both = [route.ask(), route.ask()];
    await settled();
    door.open();
    assert.deepEqual(new Set((await Promise.all(both)).map(({ body }) => body.join())), new Set(['1,1', '2,2']));
  });

  it('a subtree that is reached over 2^40 ways is resolved once', async () => {
    const recorder = new Recorder();
    let left = recorder.fn('left 0');
    let right = recorder.fn('right 0');
    for (let layer = 1; layer <= 40; layer++) {
      const inputs = { left: Depends(left), right: Depends(right) };
      [left, right] = [recorder.fn(`left ${layer}`, inputs), recorder.fn(`right ${layer}`, inputs)];
    }
    const route = new OneRoute({ inputs: [Depends(left), Depends(right)] });
    assert.equal((await within(route.ask())).status, 200);
    const events = recorder.take();
    assert.equal(events.length, 82);
    assert.equal(new Set(events).size, 82);
    assert.ok(route.app.openapi().paths!['/']);
    await using scope = route.app.scope();
    assert.equal(await scope.get(left), 'left 40');
    assert.equal(recorder.take().length, 81);
  });

  it('so is one of app-lifetime dependencies, and one under scopes that are read at its bottom', async () => {
    for (const lifetime of ['app', 'request'] as const) {
      let calls = 0;
      const layer = (inputs: Record<string, AnyInput>) => dependency(inputs, () => ++calls, { lifetime });
      let left = layer(lifetime === 'app' ? {} : { scopes: Scopes() });
      let right = layer({});
      for (let depth = 1; depth <= 40; depth++) {
        const inputs = { left: Security(left, { scopes: ['a'] }), right: Security(right, { scopes: ['b'] }) };
        [left, right] = [layer(inputs), layer(inputs)];
      }
      const route = new OneRoute({ inputs: [Depends(left), Depends(right)] });
      assert.equal((await within(route.ask())).status, 200);
      assert.ok(calls < 300, String(calls));
    }
  });

  it('cache: false calls again for that place, and what is below stays shared', async () => {
    const recorder = new Recorder();
    let calls = 0;
    const base = recorder.fn('base');
    const fresh = recorder.fn('fresh', { base: Depends(base) }, () => ++calls);
    const user = recorder.fn('user', { fresh: Depends(fresh, uncached) }, ({ fresh }) => `user of ${fresh}`);
    const route = new OneRoute({
      inputs: [Depends(fresh), Depends(fresh), Depends(fresh, uncached), Depends(user), Depends(fresh)],
    });
    assert.deepEqual((await route.ask()).body, [1, 1, 2, 'user of 3', 1]);
    assert.deepEqual(recorder.take(), ['call base', 'call fresh', 'call fresh', 'call fresh', 'call user']);
  });

  it('cache: false below a shared dependency is called once, with it; below one that is called again, again', async () => {
    const recorder = new Recorder();
    const fresh = recorder.fn('fresh');
    const user = recorder.fn('user', { fresh: Depends(fresh, uncached) });
    const route = new OneRoute({ inputs: [Depends(user), Depends(user), Depends(user, uncached)] });
    await route.ask();
    assert.deepEqual(recorder.take(), ['call fresh', 'call user', 'call fresh', 'call user']);
  });

  it('cache: false holds in lists of every kind', async () => {
    const recorder = new Recorder();
    const fresh = recorder.fn('fresh');
    const again = [Depends(fresh, uncached)];
    const route = new OneRoute({
      app: again,
      include: again,
      controller: again,
      route: again,
      construct: again,
      inputs: [Depends(fresh)],
    });
    assert.equal((await route.ask()).status, 200);
    assert.equal(recorder.count('call fresh'), 6);
  });

  it('a generator is entered once however often it is used, and once more for every cache: false', async () => {
    const recorder = new Recorder();
    const shared = recorder.generator('shared');
    const user = recorder.fn('user', { shared: Depends(shared) });
    const route = new OneRoute({
      app: [Depends(shared)],
      inputs: [Depends(shared), Depends(user), Depends(shared, uncached)],
      handle: () => recorder.note('handler'),
    });
    await route.ask();
    assert.deepEqual(recorder.take(), [
      'enter shared',
      'call user',
      'enter shared',
      'handler',
      'exit shared',
      'exit shared',
    ]);
  });
});

describe('order', () => {
  it('is depth first, in declaration order', async () => {
    const recorder = new Recorder();
    const [a1, a2, b1, c] = ['a1', 'a2', 'b1', 'c'].map((name) => recorder.fn(name)) as any[];
    const a = recorder.generator('a', { inputs: { one: Depends(a1), two: Depends(a2) } });
    const b = recorder.fn('b', { c: Depends(c), one: Depends(b1), a: Depends(a) });
    const route = new OneRoute({
      inputs: [Depends(a), Depends(b), Depends(c)],
      handle: () => recorder.note('handler'),
    });
    await route.ask();
    assert.deepEqual(recorder.take(), [
      'call a1',
      'call a2',
      'enter a',
      'call c',
      'call b1',
      'call b',
      'handler',
      'exit a',
    ]);
  });

  it('is one after the other: nothing begins before the one before it has ended', async () => {
    const recorder = new Recorder();
    const slow = (name: string, inputs: Record<string, AnyInput> = {}) =>
      recorder.fn(name, inputs, async () => {
        await turn();
        recorder.note(`done ${name}`);
      });
    const first = slow('first');
    const second = slow('second', { first: Depends(first) });
    const third = slow('third');
    await new OneRoute({ route: [Depends(third)], inputs: [Depends(second), Depends(slow('fourth'))] }).ask();
    assert.deepEqual(
      recorder.take(),
      ['third', 'first', 'second', 'fourth'].flatMap((name) => [`call ${name}`, `done ${name}`]),
    );
  });

  it('is app list, include list, controller list, route list, constructor, parameters', async () => {
    const recorder = new Recorder();
    const place = (name: string) => [Depends(recorder.fn(`${name} 1`)), Depends(recorder.fn(`${name} 2`))];
    await new OneRoute({
      inputs: place('parameter'),
      construct: place('constructor'),
      route: place('route'),
      controller: place('controller'),
      include: place('include'),
      app: place('app'),
    }).ask();
    assert.deepEqual(
      recorder.take(),
      ['app', 'include', 'controller', 'route', 'constructor', 'parameter'].flatMap((name) => [
        `call ${name} 1`,
        `call ${name} 2`,
      ]),
    );
  });

  it('lists drop the values, and share them', async () => {
    const recorder = new Recorder();
    const user = recorder.fn('user', {}, async () => ({ name: 'ada' }));
    const list = [Depends(user)];
    const route = new OneRoute({ app: list, controller: list, route: list, inputs: [Depends(user)] });
    assert.deepEqual((await route.ask()).body, [{ name: 'ada' }]);
    assert.deepEqual(recorder.take(), ['call user']);
  });

  it('HEAD runs what GET runs', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({ app: [Depends(recorder.fn('guard'))], inputs: [Depends(recorder.fn('value'))] });
    assert.equal((await route.ask('/', { method: 'HEAD' })).status, 200);
    assert.deepEqual(recorder.take(), ['call guard', 'call value']);
  });
});

describe('without', () => {
  const recorder = new Recorder();
  const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });
  const guard = recorder.fn('guard', { token: Depends(scheme) });
  const audit = recorder.fn('audit');

  @Controller('/partly', { dependencies: [Depends(audit)] })
  class PartlyController {
    @Get('/guarded')
    guarded() {
      return 'guarded';
    }
    @Get('/open', { without: [guard] })
    open() {
      return 'open';
    }
    @Get('/quiet', { without: [audit] })
    quiet() {
      return 'quiet';
    }
    @Get('/parameter', { without: [guard] })
    parameter(@Depends(guard) _guard: unknown) {
      return 'parameter';
    }
  }

  @Controller('/open', { without: [guard] })
  class OpenController {
    @Get('/')
    read() {
      return 'open';
    }
  }

  const app = new App({
    title: 'T',
    version: '1',
    dependencies: [Depends(guard)],
    controllers: [PartlyController, OpenController],
  });
  const signedIn = { headers: { authorization: 'Bearer abc' } };

  it('leaves one dependency of the lists out, on a route or a controller', async () => {
    assert.equal((await app.request('/partly/guarded')).status, 401);
    assert.deepEqual(recorder.take(), []);
    assert.equal((await app.request('/partly/open')).status, 200);
    assert.deepEqual(recorder.take(), ['call audit']);
    assert.equal((await app.request('/open/')).status, 200);
    assert.deepEqual(recorder.take(), []);
    assert.equal((await app.request('/partly/quiet', signedIn)).status, 200);
    assert.deepEqual(recorder.take(), ['call guard']);
  });

  it('leaves it alone where a parameter asks for it', async () => {
    assert.equal((await app.request('/partly/parameter')).status, 401);
    assert.deepEqual(recorder.take(), ['call audit']);
    assert.equal((await app.request('/partly/parameter', signedIn)).status, 200);
    assert.deepEqual(recorder.take(), ['call audit', 'call guard']);
  });

  it('leaves it out of the document as well', () => {
    const paths = app.openapi().paths!;
    const secured = (path: string): boolean => (paths[path]?.get?.security ?? []).length > 0;
    assert.deepEqual(['/partly/guarded', '/partly/open', '/partly/quiet', '/partly/parameter', '/open/'].map(secured), [
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('failing inputs', () => {
  const int = (name: string) => Query(name, z.int());
  const locations = (body: any): string[] => body.detail.map(({ loc }: any) => loc.join('.'));

  it('are collected over the whole graph, in the order lists, constructor, parameters', async () => {
    const recorder = new Recorder();
    const place = (name: string) => [Depends(recorder.fn(name, { value: int(name) }))];
    const nested = recorder.fn('outer', { inner: Depends(recorder.fn('inner', { i: int('inner') })), o: int('outer') });
    const route = new OneRoute({
      inputs: [int('first'), Depends(nested), int('last')],
      construct: place('constructor'),
      route: place('route'),
      controller: place('controller'),
      include: place('include'),
      app: place('app'),
      handle: () => recorder.note('handler'),
    });
    const { status, body } = await route.ask();
    assert.equal(status, 422);
    assert.deepEqual(
      locations(body),
      ['app', 'include', 'controller', 'route', 'constructor', 'first', 'inner', 'outer', 'last'].map(
        (name) => `query.${name}`,
      ),
    );
    assert.deepEqual(recorder.take(), []);
  });

  it('keep the declared order also where the body is read later', async () => {
    const route = new OneRoute({
      method: 'POST',
      inputs: [Body(z.object({ a: z.int() })), int('q')],
    });
    const { status, body } = await route.ask('/', {
      body: '{"a":"x"}',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(status, 422);
    assert.deepEqual(locations(body), ['body.a', 'query.q']);
  });

  it('skip the dependency and those that need it, and nothing else', async () => {
    const recorder = new Recorder();
    const broken = recorder.fn('broken', { value: int('n') });
    const needs = recorder.fn('needs', { broken: Depends(broken), side: Depends(recorder.fn('side')) });
    const needsThat = recorder.fn('needsThat', { needs: Depends(needs) });
    const route = new OneRoute({
      inputs: [Depends(needsThat), Depends(recorder.fn('independent'))],
      handle: () => recorder.note('handler'),
    });
    const { status, body } = await route.ask('/?n=x');
    assert.equal(status, 422);
    assert.deepEqual(locations(body), ['query.n']);
    assert.deepEqual(recorder.take(), ['call side', 'call independent']);
  });

  it('are reported once when shared', async () => {
    const recorder = new Recorder();
    const page = recorder.fn('page', { page: int('page') });
    const a = recorder.fn('a', { page: Depends(page) });
    const b = recorder.fn('b', { page: Depends(page), a: Depends(a) });
    const route = new OneRoute({
      app: [Depends(page)],
      construct: [Depends(b)],
      inputs: [Depends(a), Depends(b), Depends(page)],
    });
    const { status, body } = await route.ask('/?page=x');
    assert.equal(status, 422);
    assert.equal(body.detail.length, 1);
    assert.deepEqual(recorder.take(), []);
  });

  it('a class whose constructor inputs fail is not made', async () => {
    let made = 0;
    class Filter {
      constructor(@Query('n', z.int()) readonly n: number) {
        made++;
      }
    }
    const route = new OneRoute({ inputs: [Depends(Filter)] });
    assert.equal((await route.ask('/?n=x')).status, 422);
    assert.equal(made, 0);
    assert.equal((await route.ask('/?n=1')).status, 200);
    assert.equal(made, 1);
  });

  it('let no generator be entered any more, wherever it is', async () => {
    const recorder = new Recorder();
    const early = recorder.generator('early');
    const late = recorder.generator('late', { lifetime: 'handler', inputs: { m: int('m') } });
    const needsLate = recorder.fn('needsLate', { late: Depends(late), after: int('o') });
    const route = new OneRoute({
      route: [Depends(early)],
      inputs: [int('n'), Depends(late), Depends(needsLate), Depends(recorder.fn('plain')), Depends(early)],
    });
    const { status, body } = await route.ask('/?n=x&m=1');
    assert.equal(status, 422);
    assert.deepEqual(locations(body), ['query.n', 'query.o']);
    assert.deepEqual(recorder.take(), ['enter early', 'call plain', 'throw early: validation']);
  });
});

describe('errors of dependencies', () => {
  it('an HTTPException ends the request at once', async () => {
    const recorder = new Recorder();
    const refuse = recorder.fn('refuse', {}, async () => {
      throw new HTTPException(409, 'no');
    });
    const needs = recorder.fn('needs', { refuse: Depends(refuse) });
    const route = new OneRoute({
      inputs: [Depends(needs), Depends(recorder.fn('later')), Query('n', z.int())],
      handle: () => recorder.note('handler'),
    });
    const { status, body } = await route.ask();
    assert.equal(status, 409);
    assert.deepEqual(body, { detail: 'no' });
    assert.deepEqual(recorder.take(), ['call refuse']);
  });

  it('so it does after issues have been collected, and so does any other error', async () => {
    for (const [error, expected] of [
      [new HTTPException(403), 403],
      [new Error('boom'), 500],
    ] as const) {
      const recorder = new Recorder();
      const refuse = recorder.fn('refuse', {}, () => {
        throw error;
      });
      const route = new OneRoute({ inputs: [Query('n', z.int()), Depends(refuse), Depends(recorder.fn('later'))] });
      const { status, body } = await route.ask('/?n=x');
      assert.equal(status, expected);
      assert.equal(typeof body.detail, 'string');
      assert.deepEqual(recorder.take(), ['call refuse']);
    }
  });

  it('a rejected thenable is an error like a rejected promise', async () => {
    const recorder = new Recorder();
    const rejected = recorder.fn('rejected', {}, () => ({
      // oxlint-disable-next-line no-thenable
      then(_resolve: unknown, reject: (error: unknown) => void) {
        reject(new HTTPException(404));
      },
    }));
    const route = new OneRoute({ inputs: [Depends(rejected)], handle: () => recorder.note('handler') });
    assert.equal((await route.ask()).status, 404);
    assert.deepEqual(recorder.take(), ['call rejected']);
  });

  it('what is thrown need not be an Error: 500, nothing of it in the answer, and generators get it as it is', async () => {
    for (const thrown of [
      undefined,
      null,
      false,
      0,
      'secret text',
      { status: 404, detail: 'secret text' },
      Symbol('s'),
    ]) {
      for (const where of ['sync', 'async', 'handler', 'generator'] as const) {
        const what = inspect(thrown);
        const recorder = new Recorder();
        const caught: unknown[] = [];
        const outer = recorder.generator('outer', {
          caught: (error) => {
            caught.push(error);
            throw error;
          },
        });
        const fail = (): never => {
          throw thrown;
        };
        const failing: Record<string, AnyInput[]> = {
          sync: [Depends(dependency(fail))],
          async: [Depends(dependency(async () => fail()))],
          generator: [Depends(recorder.generator('inner', { setup: fail }))],
          handler: [],
        };
        const route = new OneRoute({
          inputs: [Depends(outer), ...failing[where]!],
          handle: () => (where === 'handler' ? fail() : recorder.note('handler')),
        });
        const { status, body } = await route.ask();
        assert.equal(status, 500, `${what} in ${where}`);
        assert.deepEqual(body, { detail: 'Internal Server Error' });
        assert.equal(caught.length, 1, `${what} in ${where}`);
        assert.equal(caught[0], thrown);
        assert.equal(recorder.count('handler'), 0);
        assert.equal(route.log.entries.length > 0, true);
      }
    }
  });
});

describe('before the body', () => {
  const Item = z.object({ name: z.string() });

  /** A JSON body that counts how often it was asked for a piece. */
  const watched = (text = '{"name":"x"}', headers: Record<string, string> = {}) => {
    const body = { pulls: 0 };
    const stream = new ReadableStream(
      {
        pull(controller) {
          body.pulls++;
          controller.enqueue(new TextEncoder().encode(text));
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const init = {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { 'content-type': 'application/json', ...headers },
    };
    return { body, request: new Request('http://test/', init as RequestInit) };
  };
  const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });

  it('credentials are looked at, wherever they are declared', async () => {
    const recorder = new Recorder();
    const user = recorder.fn('user', { item: Body(Item), token: Depends(scheme) });
    for (const inputs of [
      [Body(Item), Depends(scheme)],
      [Depends(user)],
      [Body(Item), Security(recorder.fn('inner', { token: Depends(scheme) }), { scopes: [] })],
    ]) {
      const route = new OneRoute({ method: 'POST', inputs, handle: () => recorder.note('handler') });
      const refused = watched();
      assert.equal((await route.app.fetch(refused.request)).status, 401);
      assert.equal(refused.body.pulls, 0);
      assert.deepEqual(recorder.take(), []);
      const accepted = watched(undefined, { authorization: 'Bearer abc' });
      assert.equal((await route.app.fetch(accepted.request)).status, 200);
      assert.equal(accepted.body.pulls, 1);
      assert.equal(recorder.take().at(-1), 'handler');
    }
  });

  it('whatever else does not need it goes first, and what needs it keeps its order', async () => {
    const recorder = new Recorder();
    const needsBody = recorder.fn('needsBody', { item: Body(Item), plain: Depends(recorder.fn('below')) });
    const needsItBelow = recorder.fn('needsItBelow', { it: Depends(needsBody) });
    const guard = recorder.fn('guard', { ctx: Ctx() }, ({ ctx }) => {
      if (ctx.header('x-refuse')) throw new HTTPException(403);
    });
    const route = new OneRoute({
      method: 'POST',
      inputs: [Depends(needsItBelow), Body(Item), Depends(guard), Depends(recorder.generator('generator'))],
      handle: () => recorder.note('handler'),
    });
    const refused = watched(undefined, { 'x-refuse': '1' });
    assert.equal((await route.app.fetch(refused.request)).status, 403);
    assert.equal(refused.body.pulls, 0);
    assert.deepEqual(recorder.take(), ['call below', 'call guard']);
    assert.equal((await answer(await route.app.fetch(watched().request))).status, 200);
    assert.deepEqual(recorder.take(), [
      'call below',
      'call guard',
      'enter generator',
      'call needsBody',
      'call needsItBelow',
      'handler',
      'exit generator',
    ]);
  });

  it('a generator that was entered before a bad body gets the validation error thrown in', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({
      method: 'POST',
      inputs: [Body(Item), Depends(recorder.generator('generator'))],
      handle: () => recorder.note('handler'),
    });
    assert.equal((await answer(await route.app.fetch(watched('{"name":1}').request))).status, 422);
    assert.deepEqual(recorder.take(), ['enter generator', 'throw generator: validation']);
  });

  it('a route that needs no body never asks for it', async () => {
    const route = new OneRoute({ method: 'POST', inputs: [Header('x-client')] });
    const unread = watched(undefined, { 'x-client': 'test' });
    assert.equal((await route.app.fetch(unread.request)).status, 200);
    assert.equal(unread.body.pulls, 0);
  });
});

describe('scopes', () => {
  it('are those of the ancestors and of the place of use, outermost first, without repeats', async () => {
    const read = dependency({ scopes: Scopes() }, ({ scopes }) => [scopes.scopes, scopes.scopeStr]);
    const inner = dependency({ read: Security(read, { scopes: ['c', 'a'] }), own: Scopes() }, ({ read, own }) => ({
      below: read,
      own: own.scopes,
    }));
    const outer = dependency({ inner: Security(inner, { scopes: ['b'] }) }, ({ inner }) => inner);
    const route = new OneRoute({
      app: [Security(outer, { scopes: ['elsewhere'] })],
      inputs: [Security(outer, { scopes: ['a', 'z'] }), Depends(read)],
    });
    assert.deepEqual((await route.ask()).body, [
      { below: [['a', 'z', 'b', 'c'], 'a z b c'], own: ['a', 'z', 'b'] },
      [[], ''],
    ]);
  });

  it('are part of what is shared only where something below reads them, as a set', async () => {
    const recorder = new Recorder();
    const blind = recorder.fn('blind');
    const reader = recorder.fn('reader', { scopes: Scopes(), blind: Depends(blind) }, ({ scopes }) => scopes.scopes);
    const above = recorder.fn('above', { reader: Depends(reader) }, ({ reader }) => reader);
    const route = new OneRoute({
      inputs: [
        Security(above, { scopes: ['a', 'b'] }),
        Security(above, { scopes: ['b', 'a', 'b'] }),
        Security(reader, { scopes: ['a', 'b'] }),
        Security(above, { scopes: ['c'] }),
        Security(blind, { scopes: ['c'] }),
        Depends(above),
      ],
    });
    const { body } = await route.ask();
    assert.deepEqual(body, [['a', 'b'], ['a', 'b'], ['a', 'b'], ['c'], 'blind', []]);
    assert.deepEqual(recorder.take(), [
      'call blind',
      'call reader',
      'call above',
      'call reader',
      'call above',
      'call reader',
      'call above',
    ]);
  });
});

describe('controllers', () => {
  const make = (inputs: AnyInput[]) => {
    const instances: unknown[] = [];
    class Counted {
      handle(): number {
        if (!instances.includes(this)) instances.push(this);
        return instances.length;
      }
    }
    inputs.forEach((input, index) => (input as any)(Counted, undefined, index));
    (Get('/') as any)(Counted.prototype, 'handle', Object.getOwnPropertyDescriptor(Counted.prototype, 'handle'));
    Controller('/')(Counted);
    const app = new App({ title: 'T', version: '1', docs: false, controllers: [Counted] });
    return { instances, get: async () => (await answer(await app.request('/'))).body };
  };
  const forApp = dependency(() => 'for the app', { lifetime: 'app' });
  const appGenerator = dependency(
    async function* () {
      await turn();
      yield 'for the app';
    },
    { lifetime: 'app' },
  );

  it('are made once when the constructor asks for nothing or for app-lifetime dependencies only', async () => {
    for (const inputs of [[], [Depends(forApp)], [Depends(forApp), Depends(appGenerator)]]) {
      const { instances, get } = make(inputs);
      await Promise.all([get(), get()]);
      await get();
      assert.equal(instances.length, 1);
    }
  });

  it('are made per request when it asks for anything else', async () => {
    class Thing {
      constructor(@Header('x-thing', z.string().optional()) readonly thing: string | undefined) {}
    }
    for (const inputs of [
      [Depends(dependency(() => 1))],
      [Depends(forApp), Query('q', z.string().optional())],
      [Depends(Thing)],
      [Ctx()],
    ]) {
      const { instances, get } = make(inputs);
      await get();
      await get();
      assert.equal(instances.length, 2);
    }
  });

  it('give their constructor the values of its inputs', async () => {
    const user = dependency({ name: Header('x-user') }, async ({ name }) => ({ name }));
    @Controller('/me')
    class MeController {
      constructor(
        @Depends(user) private readonly user: { name: string },
        @Depends(forApp) private readonly source: string,
      ) {}
      @Get('/')
      read(@Depends(user) again: { name: string }) {
        return [this.user.name, this.source, again === this.user];
      }
    }
    const app = new App({ title: 'T', version: '1', controllers: [MeController] });
    assert.equal((await app.request('/me/')).status, 422);
    const read = async (name: string) => (await app.request('/me/', { headers: { 'x-user': name } })).json();
    assert.deepEqual(await Promise.all([read('ada'), read('bob')]), [
      ['ada', 'for the app', true],
      ['bob', 'for the app', true],
    ]);
  });

  it('a guard in the constructor guards every method', async () => {
    const recorder = new Recorder();
    const guard = recorder.fn('guard', {}, () => {
      throw new HTTPException(403);
    });
    const route = new OneRoute({ construct: [Depends(guard)], handle: () => recorder.note('handler') });
    assert.equal((await route.ask()).status, 403);
    assert.deepEqual(recorder.take(), ['call guard']);
  });
});

describe('refused at start', () => {
  const mistakes = (declare: () => unknown): any[] => [...mistakesOf(declare)];
  const only = (inputs: AnyInput[]): any => {
    const found = mistakes(() => new OneRoute({ inputs }));
    assert.equal(found.length, 1, JSON.stringify(found));
    return found[0];
  };

  it('a cycle, with the chain of names', () => {
    class First {
      constructor(readonly second: unknown) {}
    }
    class Second {
      constructor(@Depends(First) readonly first: First) {}
    }
    (Depends(Second) as any)(First, undefined, 0);
    const entry = dependency({ second: Depends(Second) }, function entry() {});
    const { code, message, chain } = only([Depends(entry)]);
    assert.equal(code, 'DEPENDENCY_CYCLE');
    assert.match(message, /Second.*First.*Second|First.*Second.*First/s);
    assert.ok(chain.includes('First') && chain.includes('Second'), String(chain));
  });

  it('undefined, explained as what a circular import leaves behind', () => {
    const user = dependency({ missing: Depends(undefined as any) }, function user() {});
    const { code, message } = only([Depends(user)]);
    assert.equal(code, 'DEPENDENCY_UNDEFINED');
    assert.match(message, /circular|import each other/i);
    assert.match(message, /user/);
  });

  it('what cannot be depended on', () => {
    for (const thing of [42, 'text', {}, null]) {
      assert.equal(mistakes(() => new OneRoute({ inputs: [Depends(thing as any)] })).length, 1);
    }
    assert.equal(only([Depends({ a: 1 } as any)]).code, 'NOT_DEPENDABLE');
  });

  it('a longer life that rests on a shorter one, with the path', () => {
    const recorder = new Recorder();
    const short = recorder.generator('short', { lifetime: 'handler' });
    const request = recorder.generator('request');
    const between = recorder.fn('between', { short: Depends(short) });
    const app = (name: string, inputs: Record<string, AnyInput>) =>
      recorder.generator(name, { lifetime: 'app', inputs });
    const conflicts: Record<string, [Recorder['generator'] extends (...a: any[]) => infer D ? D : never, string[]]> = {
      'request on handler': [recorder.generator('long', { inputs: { short: Depends(short) } }), ['long', 'short']],
      'request on handler, through a function': [
        recorder.generator('long', { inputs: { between: Depends(between) } }),
        ['long', 'between', 'short'],
      ],
      'app on request': [app('pool', { request: Depends(request) }), ['pool', 'request']],
      'app on handler': [app('pool', { short: Depends(short) }), ['pool', 'short']],
      'app on a query value': [app('pool', { q: Query('q') }), ['pool']],
      'app on the context': [app('pool', { ctx: Ctx() }), ['pool']],
      'app on a function of a header': [
        app('pool', { tenant: Depends(recorder.fn('tenant', { name: Header('x-tenant') })) }),
        ['pool', 'tenant'],
      ],
    };
    for (const [name, [conflicting, path]] of Object.entries(conflicts)) {
      const { code, message, chain } = only([Depends(conflicting)]);
      assert.equal(code, 'LIFETIME_CONFLICT', name);
      const text = `${message} ${chain.join(' ')}`;
      for (const step of path) assert.ok(text.includes(step), `${name}: ${step} in ${text}`);
    }
  });

  it('but a function or class may rest on a handler-lifetime generator, and everything on app-lifetime ones', async () => {
    const recorder = new Recorder();
    const pool = recorder.generator('pool', { lifetime: 'app' });
    const transaction = recorder.generator('transaction', { lifetime: 'handler', inputs: { pool: Depends(pool) } });
    class Repository {
      constructor(@Depends(transaction) readonly transaction: unknown) {}
    }
    const service = recorder.fn('service', { repository: Depends(Repository), pool: Depends(pool) });
    const route = new OneRoute({
      construct: [Depends(Repository)],
      inputs: [Depends(service), Depends(recorder.generator('session', { inputs: { pool: Depends(pool) } }))],
    });
    assert.equal((await route.ask()).status, 200);
  });

  it('all of them at once', () => {
    const controllers = [
      controllerOf({ inputs: [Depends(undefined as any)] }),
      controllerOf({ inputs: [Depends(7 as any)], routeOptions: { operationId: 'other' } }),
    ];
    const codes = mistakes(() => new App({ title: 'T', version: '1', controllers })).map(({ code }) => code);
    assert.ok(codes.includes('DEPENDENCY_UNDEFINED') && codes.includes('NOT_DEPENDABLE'), String(codes));
  });
});
