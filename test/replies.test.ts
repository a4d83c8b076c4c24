import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  answer,
  type App,
  Body,
  bytes,
  type Context,
  Controller,
  Ctx,
  dependency,
  Depends,
  events,
  Form,
  Get,
  HTTPException,
  lines,
  OnError,
  Path,
  Post,
  Put,
  Query,
  RequestValidationError,
  Route,
} from 'portico';
import { z } from 'zod';
import {
  appOf,
  type AppOptions,
  type Content,
  decorate,
  describeMatrix,
  eventually,
  expectJson,
  gate,
  issuesOf,
  listen,
  Log,
  pause,
  placesOf,
  raise,
} from './world.ts';

type Handler = (ctx: Context) => unknown;

/** An app of one route, `/`, whose handler gets the context. */
function answering(handler: Handler, route: object = {}, options: Partial<AppOptions> = {}, method = 'GET'): App {
  class SampleController {
    handle(ctx: Context): unknown {
      return handler(ctx);
    }
  }
  decorate(Ctx(), SampleController.prototype, 'handle', 0);
  decorate(
    Route(method, '/', route),
    SampleController.prototype,
    'handle',
    Object.getOwnPropertyDescriptor(SampleController.prototype, 'handle'),
  );
  decorate(Controller(), SampleController);
  return appOf([SampleController], options);
}

/** A handler that sets a status and returns a value. */
const setting =
  (status: unknown, value: unknown): Handler =>
  (ctx) => {
    ctx.response.status = status as number;
    return value;
  };

const constant = { detail: 'Internal Server Error' };

describeMatrix('plain values', (open) => {
  const shared = { a: 1 };
  const values: [string, unknown, string][] = [
    ['an object', { a: 1, b: [true, null], c: undefined }, '{"a":1,"b":[true,null]}'],
    ['an array', [1, 'a', undefined], '[1,"a",null]'],
    ['text', 'grüße 😀', '"grüße 😀"'],
    ['a number', 1.5, '1.5'],
    ['zero', 0, '0'],
    ['false', false, 'false'],
    ['empty text', '', '""'],
    ['null', null, 'null'],
    ['undefined', undefined, 'null'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['something with toJSON', { toJSON: () => ({ shown: true }) }, '{"shown":true}'],
    ['a shared object', [shared, shared], '[{"a":1},{"a":1}]'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['separators of lines', '\u2028</script>', '"\u2028</script>"'],
  ];
  for (const [what, value, text] of values) {
    test(`${what} is JSON of its length`, async () => {
      for (const handler of [() => value, async () => Promise.resolve(value)]) {
        const request = await open(answering(handler));
        const response = await request('/');
        assert.equal(response.status, 200);
        assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/);
        assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(text)));
        assert.equal(await response.text(), text);
      }
    });
  }

  test('have a length of their own, and a type of their own unless they are text', async () => {
    const handler =
      (value: unknown): Handler =>
      (ctx) => {
        ctx.response.headers.set('content-length', '1');
        ctx.response.headers.set('content-type', 'text/x-own');
        return value;
      };
    for (const [value, response, length, type] of [
      [{ a: 1 }, z.unknown(), '7', 'text/x-own'],
      [new Uint8Array(3), bytes('image/png'), '3', 'image/png'],
    ] as const) {
      const { headers } = await (await open(answering(handler(value), { response })))('/');
      assert.deepEqual([headers.get('content-length'), headers.get('content-type')], [length, type]);
    }
  });

  test('a status is of the route, or of ctx.response', async () => {
    const created = await open(answering(() => 'a', { status: 201 }, {}, 'POST'));
    await expectJson(await created('/', { method: 'POST' }), 201, 'a');
    const accepted = await open(answering(setting(202, 'a'), { status: 201 }));
    await expectJson(await accepted('/'), 202, 'a');
  });

  test('204 has no content, whatever is returned', async () => {
    for (const value of [undefined, null, { a: 1 }]) {
      const request = await open(answering(() => value, { status: 204 }));
      const response = await request('/');
      assert.equal(response.status, 204);
      assert.equal(await response.text(), '');
      assert.equal(response.headers.get('content-length'), null);
      assert.equal(response.headers.get('content-type'), null);
    }
    const set = await open(answering(setting(204, { a: 1 })));
    const response = await set('/');
    assert.deepEqual([response.status, await response.text()], [204, '']);
  });

  test('a value that is no JSON is a constant 500 with a log entry', async () => {
    const circular: Record<string, unknown> = {};
    circular['self'] = circular;
    for (const value of [circular, 10n, { toJSON: () => raise(new Error('secret')) }]) {
      const log = new Log();
      const request = await open(answering(() => value, {}, { logger: log }));
      await expectJson(await request('/'), 500, constant);
      assert.equal(log.errors.length, 1);
    }
  });

  test('a status that cannot be sent is a constant 500 with a log entry', async () => {
    for (const status of [0, 99, 100, 199, 600, 1_000, Number.NaN, 200.5, '200']) {
      const log = new Log();
      const handler: Handler = setting(status, 'a');
      const request = await open(answering(handler, {}, { logger: log }));
      await expectJson(await request('/'), 500, constant);
      assert.equal(log.errors.length, 1, String(status));
    }
  });

  test('a header that cannot be sent is a constant 500, and nothing is split', async () => {
    for (const value of ['a\r\nx-evil: 1', 'a\nx-evil: 1', 'a\0b', 'a\rb']) {
      for (const handler of [
        (ctx: Context) => ctx.response.headers.set('x-a', value),
        () => raise(new HTTPException(400, 'a', { headers: { 'x-a': value } })),
      ]) {
        const request = await open(answering(handler));
        const response = await request('/');
        await expectJson(response, 500, constant);
        assert.equal(response.headers.get('x-evil'), null);
      }
    }
  });

  test('no header names the framework', async () => {
    const request = await open(answering(() => 'a'));
    const { headers } = await request('/');
    assert.deepEqual([headers.get('server'), headers.get('x-powered-by')], [null, null]);
  });
});

describeMatrix('Web responses', (open) => {
  test('are sent as they are', async () => {
    const handler = (): Response =>
      new Response('<p>', {
        status: 418,
        headers: [
          ['content-type', 'text/html'],
          ['x-a', 'b'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
        ],
      });
    const request = await open(answering(handler, { status: 201 }));
    const response = await request('/');
    assert.deepEqual([response.status, await response.text()], [418, '<p>']);
    assert.deepEqual([response.headers.get('content-type'), response.headers.get('x-a')], ['text/html', 'b']);
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
  });

  test('with streams, without a body, and redirects', async () => {
    const stream = (): Response => new Response(new Blob(['a'.repeat(200_000), 'b']).stream());
    assert.equal((await (await (await open(answering(stream)))('/')).text()).length, 200_001);
    const empty = await (
      await open(answering(() => new Response(null, { status: 304, headers: { etag: '"a"' } })))
    )('/');
    assert.deepEqual([empty.status, empty.headers.get('etag'), await empty.text()], [304, '"a"', '']);
    const found = () => new Response(null, { status: 302, headers: { location: '/elsewhere' } });
    const redirect = await (await open(answering(found)))('/', { redirect: 'manual' });
    assert.deepEqual([redirect.status, redirect.headers.get('location')], [302, '/elsewhere']);
  });

  test('keep their own status, and get the headers of ctx.response', async () => {
    const handler: Handler = (ctx) => {
      ctx.response.status = 202;
      ctx.response.headers.set('x-b', 'c');
      return new Response('a', { headers: { 'x-a': 'b' } });
    };
    const response = await (await open(answering(handler)))('/');
    assert.deepEqual([response.status, response.headers.get('x-a'), response.headers.get('x-b')], [200, 'b', 'c']);
  });

  test('that were read already, or that are an error of the network, are a constant 500 that is logged', async () => {
    const used = async (): Promise<Response> => {
      const response = new Response('a');
      await response.text();
      return response;
    };
    for (const [handler, said] of [
      [used, /was already read/],
      [() => Response.error(), /status 0 cannot be sent/],
    ] as const) {
      const log = new Log();
      const request = await open(answering(handler, {}, { logger: log }));
      await expectJson(await request('/'), 500, constant);
      assert.match(log.errors.join(), said);
    }
  });

  test('that were fetched are sent as they were decoded', async (t) => {
    const upstream = createServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'x-a': 'b' }).end(gzipSync('plain'));
    });
    t.after(() => upstream.close().closeAllConnections());
    const url = await listen(upstream);
    const response = await (await open(answering(() => fetch(url))))('/');
    assert.deepEqual([response.headers.get('content-encoding'), response.headers.get('x-a')], [null, 'b']);
    assert.equal(await response.text(), 'plain');
  });

  test('are not filtered', async () => {
    const handler = () => Response.json({ a: 1, b: 2 });
    const response = await (await open(answering(handler, { response: z.object({ a: z.int() }) })))('/');
    await expectJson(response, 200, { a: 1, b: 2 });
  });
});

describeMatrix('HTTPException', (open) => {
  const shapes: [string, HTTPException, number, unknown][] = [
    ['a status alone has its phrase', new HTTPException(404), 404, 'Not Found'],
    ['401', new HTTPException(401), 401, 'Unauthorized'],
    ['403', new HTTPException(403), 403, 'Forbidden'],
    ['409', new HTTPException(409), 409, 'Conflict'],
    ['503', new HTTPException(503), 503, 'Service Unavailable'],
    ['text', new HTTPException(404, 'Item not found'), 404, 'Item not found'],
    ['an object', new HTTPException(400, { code: 7, fields: ['a'] }), 400, { code: 7, fields: ['a'] }],
    ['an array', new HTTPException(409, [1]), 409, [1]],
    ['a server error', new HTTPException(503, 'Back at noon'), 503, 'Back at noon'],
    ['a cause stays inside', new HTTPException(400, 'a', { cause: new Error('secret') }), 400, 'a'],
  ];
  for (const [what, exception, status, detail] of shapes) {
    test(`${what}: ${status} ${JSON.stringify(detail)}`, async () => {
      for (const handler of [() => raise(exception), async () => Promise.reject(exception)]) {
        await expectJson(await (await open(answering(handler)))('/'), status, { detail });
      }
    });
  }

  test('has headers of its own, and those of ctx.response, but not its status', async () => {
    const handler: Handler = (ctx) => {
      ctx.response.status = 202;
      ctx.response.headers.set('x-b', 'c');
      ctx.response.headers.append('set-cookie', 'a=1');
      ctx.response.headers.append('set-cookie', 'b=2');
      throw new HTTPException(429, undefined, { headers: { 'Retry-After': '5' } });
    };
    const response = await (await open(answering(handler)))('/');
    await expectJson(response, 429, { detail: 'Too Many Requests' });
    assert.deepEqual([response.headers.get('retry-after'), response.headers.get('x-b')], ['5', 'c']);
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
  });

  test('of a dependency ends the request', async () => {
    let called = false;
    const guard = dependency(() => raise(new HTTPException(403, 'No')));
    const route = { dependencies: [Depends(guard)] };
    const request = await open(answering(() => (called = true), route));
    await expectJson(await request('/'), 403, { detail: 'No' });
    assert.equal(called, false);
  });

  test('of a dependency wins over issues that were collected before', async () => {
    const limit = dependency({ limit: Query(z.int()) }, ({ limit: value }) => value);
    const guard = dependency(() => raise(new HTTPException(403)));
    const request = await open(answering(() => 1, { dependencies: [Depends(limit), Depends(guard)] }));
    await expectJson(await request('/?limit=x'), 403, { detail: 'Forbidden' });
  });
});

test('a class that extends HTTPException is told from it', () => {
  class Own extends HTTPException {}
  const [own, plain] = [new Own(404), new HTTPException(404)];
  assert.deepEqual([own instanceof Own, own instanceof HTTPException, plain instanceof Own], [true, true, false]);
});

describeMatrix('unhandled errors', (open) => {
  test('are a constant 500, logged with stack and route', async () => {
    const log = new Log();
    const explode = (): never => raise(new TypeError('the secret is 42'));
    @Controller('/items')
    class ExplodingController {
      @Put('/:itemId')
      update(@Path('itemId') _id: string): unknown {
        return explode();
      }
    }
    const request = await open(appOf([ExplodingController], { logger: log }));
    const response = await request('/items/5?token=abc', { method: 'PUT' });
    const text = await response.clone().text();
    await expectJson(response, 500, constant);
    assert.doesNotMatch(text + JSON.stringify([...response.headers]), /secret|TypeError|explode/);
    assert.equal(log.errors.length, 1);
    const [entry = ''] = log.errors;
    assert.match(entry, /TypeError: the secret is 42\n\s+at explode .*replies\.test\.ts/);
    assert.match(entry, /PUT/);
    assert.match(entry, /\/items\/(?::itemId|\{itemId\})/);
  });

  for (const [what, thrown] of [
    ['text', 'secret'],
    ['undefined', undefined],
    ['null', null],
    ['an object', { status: 401, detail: 'secret' }],
    [
      'an error with a hostile message',
      Object.defineProperty(new Error(), 'message', { get: () => raise(new Error('x')) }),
    ],
    ['an object without a prototype', Object.create(null)],
    ['a symbol', Symbol('secret')],
    [
      'an error whose class cannot be read',
      Object.defineProperty(new Error('secret'), 'constructor', { get: () => raise(new Error('x')) }),
    ],
  ] as const) {
    test(`${what} may be thrown`, async () => {
      for (const handler of [() => raise(thrown), async () => raise(thrown), () => new Promise(() => raise(thrown))]) {
        const log = new Log();
        const request = await open(answering(handler, {}, { logger: log }));
        await expectJson(await request('/'), 500, constant);
        assert.equal(log.errors.length, 1);
      }
    });
  }

  test('without a stack are logged by their name and message', async () => {
    const log = new Log();
    const bare = Object.assign(new RangeError('bare'), { stack: undefined });
    await expectJson(await (await open(answering(() => raise(bare), {}, { logger: log })))('/'), 500, constant);
    assert.match(log.errors[0] ?? '', /RangeError: bare$/);
  });

  test('keep the headers of ctx.response, not its status', async () => {
    const handler: Handler = (ctx) => {
      ctx.response.status = 202;
      ctx.response.headers.set('x-b', 'c');
      throw new Error('a');
    };
    const response = await (await open(answering(handler)))('/');
    await expectJson(response, 500, constant);
    assert.equal(response.headers.get('x-b'), 'c');
  });

  test('of a dependency and of a constructor do not reach the handler', async () => {
    let called = false;
    const broken = dependency(() => raise(new Error('secret')));
    const request = await open(answering(() => (called = true), { dependencies: [Depends(broken)] }));
    await expectJson(await request('/'), 500, constant);
    @Controller()
    class BrokenController {
      constructor(@Query('q') readonly q: string) {
        throw new Error('secret');
      }
      @Get('/')
      read(): void {
        called = true;
      }
    }
    await expectJson(await (await open(appOf([BrokenController])))('/?q=a'), 500, constant);
    assert.equal(called, false);
  });

  test('do not let a request forge a line of the log', async () => {
    const log = new Log();
    const handler: Handler = (ctx) => raise(new Error(`no ${decodeURIComponent(ctx.path)}`));
    @Controller()
    class ForgedController {
      @Get('/:v')
      read(@Ctx() ctx: Context, @Path('v') _v: string): unknown {
        return handler(ctx);
      }
    }
    const request = await open(appOf([ForgedController], { logger: log }));
    await expectJson(await request('/a%0D%0AGET%20forged%1B%5B31m'), 500);
    const [first = ''] = (log.errors[0] ?? '').split('Error: no');
    assert.doesNotMatch(first, /\r|\n.*forged|\p{Cc}\[31m/u);
  });

  test('a logger that throws does not change the answer', async () => {
    const logger = { info: () => {}, warn: () => {}, error: () => raise(new Error('disk full')) };
    await expectJson(await (await open(answering(() => raise(new Error('a')), {}, { logger })))('/'), 500, constant);
  });
});

describeMatrix('response schemas', (open) => {
  const User = z.object({ name: z.string(), role: z.string().default('user') });
  const Item = z.object({ id: z.int(), owner: User, tags: z.array(z.object({ label: z.string() })) });
  const item = {
    id: 1,
    owner: { name: 'a', passwordHash: 'secret' },
    tags: [{ label: 'x', secret: 1 }],
    secret: 'secret',
  };
  const filtered = { id: 1, owner: { name: 'a', role: 'user' }, tags: [{ label: 'x' }] };

  test('filter what is returned, nested too, and fill in defaults', async () => {
    for (const [schema, value, expected] of [
      [Item, item, filtered],
      [z.array(Item), [item, item], [filtered, filtered]],
      [z.union([Item, z.null()]), item, filtered],
      [z.record(z.string(), User), { a: { name: 'a', secret: 1 } }, { a: { name: 'a', role: 'user' } }],
      [Item.nullable(), null, null],
      [User.optional(), undefined, null],
    ] as const) {
      for (const handler of [() => value, async () => Promise.resolve(value)]) {
        await expectJson(await (await open(answering(handler, { response: schema })))('/'), 200, expected);
      }
    }
  });

  test('take instances of classes', async () => {
    class Account {
      readonly #secret = 1;
      readonly name = 'a';
      readonly passwordHash = 'secret';
      get role(): string {
        return `role ${this.#secret}`;
      }
    }
    await expectJson(await (await open(answering(() => new Account(), { response: User })))('/'), 200, {
      name: 'a',
      role: 'role 1',
    });
  });

  test('make a value that does not fit a constant 500 with a log entry that says where', async () => {
    for (const value of [{ ...item, id: 'x' }, { ...item, owner: {} }, null, undefined, [], 'secret']) {
      const log = new Log();
      const request = await open(answering(() => value, { response: Item }, { logger: log }));
      const response = await request('/');
      await expectJson(response, 500, constant);
      assert.equal(log.errors.length, 1);
      assert.match(log.errors[0] ?? '', /GET.*\//);
    }
    const log = new Log();
    const request = await open(answering(() => ({ ...item, owner: { name: 5 } }), { response: Item }, { logger: log }));
    await request('/');
    assert.match(log.errors[0] ?? '', /owner.*name/s);
  });

  test('keep a status that was set', async () => {
    const handler: Handler = setting(202, { name: 'a' });
    await expectJson(await (await open(answering(handler, { response: User })))('/'), 202, { name: 'a', role: 'user' });
  });
});

describeMatrix('the context', (open) => {
  test('tells of the request', async () => {
    @Controller('/items')
    class ContextController {
      @Post('/:itemId/:kind')
      async read(@Ctx() ctx: Context, @Path('itemId') _id: string, @Path('kind') _kind: string): Promise<unknown> {
        return {
          method: ctx.method,
          path: ctx.path,
          params: { ...ctx.params },
          route: ctx.route?.replaceAll(/:(\w+)/g, '{$1}'),
          headers: [
            ctx.header('x-a'),
            ctx.header('X-A'),
            ctx.header('x-none') ?? null,
            ctx.header('constructor') ?? null,
          ],
          aborted: ctx.signal.aborted,
          url: new URL(ctx.request.url).pathname + new URL(ctx.request.url).search,
          web: [ctx.request.method, ctx.request.headers.get('x-a'), await ctx.request.text()],
          same: ctx.request === ctx.request && ctx.response === ctx.response && ctx.signal === ctx.signal,
          state: 'constructor' in ctx.state,
        };
      }
    }
    const request = await open(appOf([ContextController]));
    const init = { method: 'POST', headers: { 'X-A': 'b', 'content-type': 'text/plain' }, body: 'grüße' };
    await expectJson(await request('/items/a%20b/c?q=1', init), 200, {
      method: 'POST',
      path: '/items/a%20b/c',
      params: { itemId: 'a b', kind: 'c' },
      route: '/items/{itemId}/{kind}',
      headers: ['b', 'b', null, null],
      aborted: false,
      url: '/items/a%20b/c?q=1',
      web: ['POST', 'b', 'grüße'],
      same: true,
      state: false,
    });
  });

  test('is one for middleware, dependencies and handler, and never of two requests', async () => {
    const stamp = dependency(async (ctx) => {
      await pause(Number(ctx.header('x-wait')));
      return [ctx.state['id'], ctx.header('x-id')];
    });
    const seen: unknown[] = [];
    const list = {
      dependencies: [
        Depends(
          dependency({ stamp: Depends(stamp), ctx: Ctx() }, (values) => (values.ctx.state['stamp'] = values.stamp)),
        ),
      ],
    };
    const handler: Handler = async (ctx) => {
      await pause(Number(ctx.header('x-wait')));
      ctx.response.headers.set('x-id', String(ctx.state['id']));
      return [ctx.state['stamp'], ctx.state['id']];
    };
    const middleware = async (ctx: Context, next: () => Promise<unknown>): Promise<void> => {
      seen.push(Object.keys(ctx.state).length);
      ctx.state['id'] = ctx.header('x-id');
      await next();
    };
    const request = await open(answering(handler, list, { middleware: [middleware] as never }));
    const ids = Array.from({ length: 100 }, (_, index) => `id-${index}`);
    await Promise.all(
      ids.map(async (id, index) => {
        const response = await request('/', { headers: { 'x-id': id, 'x-wait': String((index * 7) % 13) } });
        await expectJson(response, 200, [[id, id], id]);
        assert.equal(response.headers.get('x-id'), id);
      }),
    );
    assert.ok(seen.every((keys) => keys === 0));
  });
});

describe('background tasks', () => {
  const record = (): { events: string[]; app: App; log: Log } => {
    const [events, log]: [string[], Log] = [[], new Log()];
    const resource = dependency(function* () {
      yield 1;
      events.push('cleanup');
    });
    @Controller()
    class BackgroundController {
      @Get('/:how')
      run(@Ctx() ctx: Context, @Path('how') how: string, @Depends(resource) _resource: number): unknown {
        ctx.background(async () => {
          await pause(5);
          events.push('first');
        });
        ctx.background(() => raise(new Error('task failed')));
        ctx.background(() => events.push('third'));
        events.push('handler');
        if (how === 'refused') throw new HTTPException(403);
        if (how === 'broken') throw new Error('broken');
        return how === 'web' ? new Response('a') : 'a';
      }
    }
    return { events, log, app: appOf([BackgroundController], { logger: log }) };
  };

  for (const how of ['plain', 'web']) {
    test(`run in order after a ${how} answer was read and before cleanup; failures are logged`, async () => {
      const { events, app, log } = record();
      const response = await app.request(`/${how}`);
      await pause(20);
      assert.deepEqual(events, ['handler']);
      await response.text();
      await app.close();
      assert.deepEqual(events, ['handler', 'first', 'third', 'cleanup']);
      assert.equal(log.errors.length, 1);
      assert.match(log.errors[0] ?? '', /task failed/);
    });
  }

  test('run when the answer is cancelled', async () => {
    const { events, app } = record();
    await (await app.request('/plain')).body?.cancel();
    await app.close();
    assert.deepEqual(events, ['handler', 'first', 'third', 'cleanup']);
  });

  test('run whatever the answer was', async () => {
    for (const [how, status] of [
      ['refused', 403],
      ['broken', 500],
    ] as const) {
      const { events, app } = record();
      await expectJson(await app.request(`/${how}`), status);
      await app.close();
      assert.deepEqual(
        events.filter((event) => event !== 'cleanup'),
        ['handler', 'first', 'third'],
      );
    }
  });

  test('may add tasks', async () => {
    const events: string[] = [];
    const app = answering((ctx) => ctx.background(() => ctx.background(() => events.push('added'))));
    await (await app.request('/')).text();
    await app.close();
    assert.deepEqual(events, ['added']);
  });
});

describeMatrix('error handlers', (open) => {
  class BaseFault extends Error {}
  class NearFault extends BaseFault {}
  class Refusal extends HTTPException {}
  const thrown: Record<string, () => unknown> = {
    base: () => raise(new BaseFault('base')),
    near: () => raise(new NearFault('near')),
    other: () => raise(new RangeError('other')),
    http: () => raise(new HTTPException(409, 'conflict')),
    refusal: () => raise(new Refusal(410, 'refusal')),
    async: async () => Promise.reject(new NearFault('async')),
    text: () => raise('text'),
  };
  const throwing = dependency((ctx) => (ctx.header('x-in') === 'dependency' ? raise(new NearFault('dependency')) : 1));

  @Controller('/own')
  class OwnController {
    readonly name = 'own';
    @Get('/:kind')
    read(@Path('kind') kind: string, @Depends(throwing) _throwing: number): unknown {
      return thrown[kind]?.();
    }
    @OnError(NearFault)
    onNear(error: NearFault, ctx: Context): unknown {
      return [this.name, error.message, ctx.response.status];
    }
  }
  @Controller('/plain')
  class PlainController {
    @Get('/:kind')
    read(@Path('kind') kind: string): unknown {
      return thrown[kind]?.();
    }
    @Post('/')
    create(@Body(z.object({ a: z.int() })) _body: unknown, @Query('q', z.int()) _q: number): void {}
  }
  const world = (): App => appOf([OwnController, PlainController]);

  test('the nearest class wins, the innermost handler first', async () => {
    const app = world();
    app.onError(Error, (error) => `error ${error.message}`);
    app.onError(BaseFault, (error, ctx) => {
      ctx.response.status = 418;
      return `base ${error.message}`;
    });
    const request = await open(app);
    await expectJson(await request('/own/near'), 500, ['own', 'near', 500]);
    await expectJson(await request('/own/async'), 500, ['own', 'async', 500]);
    await expectJson(await request('/own/5', { headers: { 'x-in': 'dependency' } }), 500, ['own', 'dependency', 500]);
    await expectJson(await request('/own/base'), 418, 'base base');
    await expectJson(await request('/plain/near'), 418, 'base near');
    await expectJson(await request('/plain/other'), 500, 'error other');
    await expectJson(await request('/plain/http'), 409, { detail: 'conflict' });
    await expectJson(await request('/plain/text'), 500, constant);
  });

  test('the order in which they are given does not matter', async () => {
    const app = world();
    app.onError(BaseFault, () => 'base');
    app.onError(Error, () => 'error');
    app.onError(NearFault, () => 'near');
    const request = await open(app);
    for (const [kind, expected] of [
      ['near', 'near'],
      ['base', 'base'],
      ['other', 'error'],
    ] as const) {
      await expectJson(await request(`/plain/${kind}`), 500, expected);
    }
  });

  test('a handler may return a Response, a promise, or nothing, and set headers', async () => {
    const app = world();
    app.onError(NearFault, () => new Response('web', { status: 503 }));
    app.onError(BaseFault, async (_error, ctx) => {
      ctx.response.headers.set('x-handled', 'yes');
      return Promise.resolve('later');
    });
    app.onError(RangeError, () => {});
    const request = await open(app);
    const near = await request('/plain/near');
    assert.deepEqual([near.status, await near.text()], [503, 'web']);
    const base = await request('/plain/base');
    assert.equal(base.headers.get('x-handled'), 'yes');
    await expectJson(base, 500, 'later');
    await expectJson(await request('/plain/other'), 500, null);
  });

  test('HTTPException and RequestValidationError may be handled too, with their status preset', async () => {
    const app = world();
    app.onError(HTTPException, (error, ctx) => ({ error: error.detail, status: ctx.response.status }));
    app.onError(RequestValidationError, (error, ctx) => ({
      places: error.issues.map(({ loc }) => loc.join('.')),
      body: error.body,
      status: ctx.response.status,
    }));
    const request = await open(app);
    await expectJson(await request('/plain/http'), 409, { error: 'conflict', status: 409 });
    await expectJson(await request('/plain/refusal'), 410, { error: 'refusal', status: 410 });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":"x"}' };
    await expectJson(await request('/plain?q=y', init), 422, {
      places: ['body.a', 'query.q'],
      body: { a: 'x' },
      status: 422,
    });
  });

  test('a handler for Error catches neither', async () => {
    const app = world();
    app.onError(Error, () => 'caught');
    const request = await open(app);
    await expectJson(await request('/plain/http'), 409, { detail: 'conflict' });
    await expectJson(await request('/plain/refusal'), 410, { detail: 'refusal' });
    assert.deepEqual(await placesOf(await request('/plain', { method: 'POST' })), ['body missing', 'query.q missing']);
    await expectJson(await request('/plain/base'), 500, 'caught');
  });

  test('a handler that throws an HTTPException answers with it, one that fails is a constant 500', async () => {
    const app = world();
    app.onError(NearFault, () => raise(new HTTPException(404, 'translated')));
    app.onError(BaseFault, () => raise(new Error('secret')));
    const request = await open(app);
    await expectJson(await request('/plain/near'), 404, { detail: 'translated' });
    await expectJson(await request('/plain/base'), 500, constant);
  });

  test('one controller does not handle the errors of another', async () => {
    const request = await open(world());
    await expectJson(await request('/plain/near'), 500, constant);
  });
});

describeMatrix('middleware', (open) => {
  type Middleware = (ctx: Context, next: () => Promise<void>) => unknown;
  const through = (middleware: Middleware[], handler: Handler = () => 'handled', options: Partial<AppOptions> = {}) =>
    open(answering(handler, {}, { middleware, ...options }));

  test('stands around everything, in the order given', async () => {
    const events: string[] = [];
    const named =
      (name: string): Middleware =>
      async (_ctx, next) => {
        events.push(`${name} in`);
        await next();
        events.push(`${name} out`);
      };
    const request = await through([named('a'), named('b')], () => events.push('handler'));
    await request('/');
    assert.deepEqual(events, ['a in', 'b in', 'handler', 'b out', 'a out']);
  });

  test('sees and may change what will be sent, for plain values, refusals, 404s, 405s, 422s and 500s', async () => {
    const seen: unknown[] = [];
    const middleware: Middleware = async (ctx, next) => {
      await next();
      seen.push(ctx.response.status);
      ctx.response.headers.set('x-seen', String(ctx.response.status));
    };
    @Controller()
    class StatusController {
      @Get('/ok', { status: 201 })
      ok(): string {
        return 'ok';
      }
      @Get('/web')
      web(): Response {
        return new Response('web', { status: 203 });
      }
      @Get('/refused')
      refused(): never {
        throw new HTTPException(403);
      }
      @Get('/invalid')
      invalid(@Query('q') _q: string): void {}
      @Get('/broken')
      broken(): never {
        throw new Error('a');
      }
    }
    const request = await open(appOf([StatusController], { middleware: [middleware] }));
    for (const [path, status, method = 'GET'] of [
      ['/ok', 201],
      ['/web', 203],
      ['/refused', 403],
      ['/invalid', 422],
      ['/broken', 500],
      ['/nowhere', 404],
      ['/%zz', 400],
      ['/ok', 405, 'POST'],
      ['/ok', 204, 'OPTIONS'],
      ['/openapi.json', 200],
    ] as const) {
      const response = await request(path, { method });
      await response.arrayBuffer();
      assert.deepEqual([path, response.status, response.headers.get('x-seen')], [path, status, String(status)]);
      assert.equal(seen.pop(), status);
    }
  });

  test('may change the status, and remove or replace headers', async () => {
    const middleware: Middleware = async (ctx, next) => {
      await next();
      ctx.response.status = 202;
      ctx.response.headers.delete('x-gone');
      ctx.response.headers.set('x-kept', 'replaced');
    };
    const request = await through([middleware], (ctx) => {
      ctx.response.headers.set('x-gone', '1');
      ctx.response.headers.set('x-kept', '1');
      return 'a';
    });
    const response = await request('/');
    assert.deepEqual([response.headers.get('x-gone'), response.headers.get('x-kept')], [null, 'replaced']);
    await expectJson(response, 202, 'a');
  });

  test('may change the headers of a returned Response', async () => {
    const middleware: Middleware = async (ctx, next) => {
      await next();
      ctx.response.headers.delete('x-gone');
      ctx.response.headers.set('x-kept', 'replaced');
    };
    const web = () => new Response('a', { headers: { 'x-gone': '1', 'x-kept': '1' } });
    const response = await (await through([middleware], web))('/');
    assert.deepEqual([response.headers.get('x-gone'), response.headers.get('x-kept')], [null, 'replaced']);
  });

  test('answers when it returns without calling next', async () => {
    let called = false;
    for (const [value, status, text] of [
      [{ a: 1 }, 200, '{"a":1}'],
      [new Response('web', { status: 503 }), 503, 'web'],
    ] as const) {
      const response = await (await through([() => value], () => (called = true)))('/');
      assert.deepEqual([response.status, await response.text()], [status, text]);
    }
    assert.equal(called, false);
  });

  test('may answer for paths that nothing else has', async () => {
    const middleware: Middleware = async (ctx, next) => (ctx.path === '/health' ? { up: true } : next());
    const request = await through([middleware]);
    await expectJson(await request('/health'), 200, { up: true });
    await expectJson(await request('/'), 200, 'handled');
  });

  test('may refuse, and what it throws by mistake is a constant 500', async () => {
    const refusing = await through([() => raise(new HTTPException(403, 'No'))]);
    await expectJson(await refusing('/'), 403, { detail: 'No' });
    const log = new Log();
    const broken = await through([async () => raise(new Error('secret'))], undefined, { logger: log });
    await expectJson(await broken('/'), 500, constant);
    assert.match(log.errors[0] ?? '', /secret/);
    const late: Middleware = async (_ctx, next) => {
      await next();
      throw new Error('secret');
    };
    await expectJson(await (await through([late]))('/'), 500, constant);
  });

  test('is a constant 500 where it calls next() twice, or neither calls it nor answers, and the log says so', async () => {
    const twice: Middleware = async (_ctx, next) => {
      await next();
      await next();
    };
    for (const [middleware, said, handled] of [
      [twice, /called next\(\) twice/, 1],
      [() => {}, /neither called next\(\) nor returned/, 0],
      [async () => {}, /neither called next\(\) nor returned/, 0],
    ] as const) {
      const log = new Log();
      let calls = 0;
      const request = await through([middleware], () => ++calls, { logger: log });
      await expectJson(await request('/'), 500, constant);
      assert.match(log.errors.join(), said);
      assert.equal(calls, handled);
    }
  });

  test('reads the body that it has set, and a stream that it replaces unread is ended', async () => {
    const events: unknown[] = [];
    const middleware: Middleware = async (ctx, next) => {
      await next();
      assert.ok(ctx.response.body instanceof ReadableStream);
      ctx.response.body = 'text';
      events.push(ctx.response.body);
      ctx.response.body = new Blob(['stream']).stream();
      ctx.response.body = (await new Response(ctx.response.body as ReadableStream).text()).toUpperCase();
    };
    const handler = async function* (): AsyncGenerator<number> {
      try {
        yield* [1, 2];
      } finally {
        events.push('left');
      }
    };
    const app = answering(handler, { response: lines(z.int()) }, { middleware: [middleware] });
    assert.equal(await (await (await open(app))('/')).text(), 'STREAM');
    await app.idle();
    assert.deepEqual(events, ['text', 'left']);
  });

  test('has no path variables where no route was found', async () => {
    const seen: unknown[] = [];
    const middleware: Middleware = async (ctx, next) => {
      await next();
      seen.push([ctx.route, { ...ctx.params }]);
    };
    const request = await through([middleware]);
    await expectJson(await request('/nowhere'), 404);
    assert.deepEqual(seen, [[undefined, {}]]);
  });

  test('an outer one sees what an inner one answered', async () => {
    const seen: unknown[] = [];
    const outer: Middleware = async (ctx, next) => {
      await next();
      seen.push(ctx.response.status);
    };
    await expectJson(await (await through([outer, () => raise(new HTTPException(418, 'short'))]))('/'), 418);
    await expectJson(await (await through([outer, () => raise(new Error('a'))]))('/'), 500);
    assert.deepEqual(seen, [418, 500]);
  });
});

describeMatrix('streams', (open) => {
  const ITEMS = lines(z.unknown());

  async function* counting(last: number): AsyncGenerator {
    for (let n = 1; n <= last; n++) yield await Promise.resolve({ n });
  }

  test('items of lines() are JSON lines', async () => {
    for (const handler of [() => counting(3), async () => Promise.resolve(counting(3))]) {
      const response = await (await open(answering(handler, { status: 201, response: ITEMS })))('/');
      assert.equal(response.status, 201);
      assert.match(response.headers.get('content-type') ?? '', /^application\/jsonl\b/);
      assert.equal(await response.text(), '{"n":1}\n{"n":2}\n{"n":3}\n');
    }
  });

  test('an empty one has no lines', async () => {
    const response = await (await open(answering(() => counting(0), { response: ITEMS })))('/');
    assert.deepEqual([response.status, await response.text()], [200, '']);
  });

  test('lines arrive as they are made', async () => {
    const second = gate();
    const handler = async function* (): AsyncGenerator {
      yield 1;
      await second.opened;
      yield 2;
    };
    const response = await (await open(answering(() => handler(), { response: ITEMS })))('/');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await reader?.read())?.value, '1\n');
    second.open();
    assert.equal((await reader?.read())?.value, '2\n');
    assert.equal((await reader?.read())?.done, true);
  });

  test('one that fails midway never looks complete', async () => {
    const log = new Log();
    const failing = async function* (): AsyncGenerator {
      yield 1;
      await pause(5);
      throw new Error('secret');
    };
    const response = await (await open(answering(() => failing(), { response: ITEMS }, { logger: log })))('/');
    assert.equal(response.status, 200);
    await assert.rejects(response.text());
    await eventually('the failure is logged', () => log.errors.length === 1);
    assert.match(log.errors[0] ?? '', /secret/);
  });

  test('request-lifetime resources stay open until it ends', async () => {
    const events: string[] = [];
    const resource = dependency(async function* () {
      yield { read: () => events.push('read') };
      events.push('cleanup');
    });
    @Controller()
    class StreamController {
      @Get('/', { response: lines(z.int()) })
      async *stream(@Depends(resource) { read }: { read: () => number }): AsyncGenerator<number> {
        for (let count = 0; count < 3; count++) {
          await pause(1);
          yield read();
        }
      }
    }
    const response = await (await open(appOf([StreamController])))('/');
    assert.equal(await response.text(), '1\n2\n3\n');
    await eventually('cleanup', () => events.length === 4);
    assert.deepEqual(events, ['read', 'read', 'read', 'cleanup']);
  });

  test('the iterable is returned when the reader leaves', async () => {
    let returned = false;
    const endless = async function* (): AsyncGenerator {
      try {
        for (;;) {
          await pause(1);
          yield 'x'.repeat(1_000);
        }
      } finally {
        returned = true;
      }
    };
    const response = await (await open(answering(() => endless(), { response: ITEMS })))('/');
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    await eventually('the generator is returned', () => returned);
  });

  test('server-sent events have data, event, id and retry', async () => {
    const feed = async function* () {
      yield { data: { n: 1 } };
      yield { data: 'two', event: 'named', id: '7', retry: 500 };
      yield await Promise.resolve({ data: [3] });
    };
    const response = await (await open(answering(() => feed(), { response: events(z.unknown()) })))('/');
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream\b/);
    const parsed = eventsOf(await response.text());
    assert.deepEqual(
      parsed.map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) })),
      [{ data: { n: 1 } }, { data: 'two', event: 'named', id: '7', retry: '500' }, { data: [3] }],
    );
  });

  test('text in an event cannot make another one', async () => {
    const feed = [{ data: 'a\n\ndata: forged\r\revent: forged' }];
    const response = await (await open(answering(() => feed, { response: events(z.string()) })))('/');
    const parsed = eventsOf(await response.text());
    assert.equal(parsed.length, 1);
    assert.equal(parsed[0]?.['event'], undefined);
  });

  for (const field of [{ event: 'a\ndata: forged' }, { id: '1\n\ndata: forged' }]) {
    test(`a line break in ${Object.keys(field).join()} cannot make another event`, async () => {
      const feed = async function* () {
        yield { data: 'first' };
        await pause(1);
        yield { data: 'second', ...field };
      };
      const response = await (await open(answering(() => feed(), { response: events(z.unknown()) })))('/');
      const text = await response.text().catch(() => '');
      assert.ok(!eventsOf(text).some(({ data }) => data.includes('forged')));
    });
  }

  /** Reads an event stream as HTML §9.2.6 says. */
  function eventsOf(text: string): { data: string; [field: string]: string }[] {
    return text
      .split(/(?:\r\n|\r|\n){2}/)
      .filter((block) => block !== '')
      .map((block) => {
        const fields: { data: string; [field: string]: string } = { data: '' };
        const data: string[] = [];
        for (const line of block.split(/\r\n|\r|\n/)) {
          const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
          if (name === 'data') data.push(value);
          else if (name !== '') fields[name] = value;
        }
        fields.data = data.join('\n');
        return fields;
      });
  }
});

describeMatrix('content types', (open) => {
  @Controller()
  class TypedController {
    @Post('/json')
    json(@Body(z.unknown()) body: unknown): unknown {
      return { body };
    }
    @Post('/object')
    object(@Body(z.object({})) body: object): unknown {
      return { body };
    }
    @Post('/form')
    form(@Form('a', z.string().optional()) a?: string): unknown {
      return { a };
    }
  }
  const bytes = new TextEncoder().encode('{"a":1}');
  const send = async (path: string, headers: Record<string, string>, body: Content = bytes): Promise<Response> =>
    (await open(appOf([TypedController])))(path, { method: 'POST', headers, body });

  for (const type of [
    'application/json',
    'APPLICATION/JSON',
    'application/json;charset=UTF-8',
    'application/json; charset=utf-8',
    'application/json; charset="utf-8"',
    'application/json ; x="a;b"',
    'application/json;x="a\\"b"',
    'application/problem+json',
    'application/vnd.api+json; version=1',
  ]) {
    test(`${type} is JSON`, async () => {
      await expectJson(await send('/json', { 'content-type': type }), 200, { body: { a: 1 } });
    });
  }

  for (const type of [
    '',
    'text/plain',
    'application/json garbage',
    'application/json\tx',
    'application/jsonx',
    'xapplication/json',
    'application/json,text/plain',
    'text/plain, application/json',
    'application/json, application/json',
    '/json',
    'json',
    'application/',
    'application',
    'application/json/x',
    'application /json',
    'application/json;=x',
    'application/json; charset="utf-8',
    'application/json; charset=utf-8; Charset=utf-8',
    'application/json; charset=utf-16',
    'application/json; charset=latin1',
    'application/json+x',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=a',
  ]) {
    test(`'${type}' is not JSON: 415`, async () => {
      await expectJson(await send('/json', { 'content-type': type }), 415);
    });
  }

  test('content without a type is 415, no content without a type is a missing body', async () => {
    await expectJson(await send('/json', {}), 415);
    assert.deepEqual(await placesOf(await (await open(appOf([TypedController])))('/object', { method: 'POST' })), [
      'body missing',
    ]);
  });

  for (const [type, status] of [
    ['application/x-www-form-urlencoded', 200],
    ['Application/X-WWW-Form-Urlencoded; charset=UTF-8', 200],
    ['application/json', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencodedx', 415],
    ['multipart/mixed; boundary=a', 415],
  ] as const) {
    test(`a form of type ${type} is ${status}`, async () => {
      await expectJson(await send('/form', { 'content-type': type }, 'a=1'), status);
    });
  }

  test('a form without a type is 415', async () => {
    await expectJson(await send('/form', {}, new TextEncoder().encode('a=1')), 415);
  });

  test('compressed content is 415, or inflated', async () => {
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const response = await send('/json', headers, gzipSync('{"a":1}'));
    if (response.status === 415) assert.equal(response.headers.get('accept-encoding'), 'identity');
    else await expectJson(response, 200, { body: { a: 1 } });
    await expectJson(await send('/json', { ...headers, 'content-encoding': 'identity' }), 200, { body: { a: 1 } });
  });

  test('whatever is accepted in return, the answer is JSON', async () => {
    for (const accept of ['image/png', 'garbage;;;q=x', '*/*', '']) {
      const response = await send('/json', { 'content-type': 'application/json', accept });
      assert.ok([200, 406].includes(response.status), `${accept} ${response.status}`);
    }
  });
});

describeMatrix('body limits', (open) => {
  const read: string[] = [];
  @Controller()
  class LimitedController {
    @Post('/json')
    json(@Body(z.string()) body: string): number {
      read.push('json');
      return body.length;
    }
    @Post('/small', { limits: { body: 10 } })
    small(@Body(z.string()) body: string): number {
      read.push('small');
      return body.length;
    }
    @Post('/large', { limits: { body: 3_000_000 } })
    large(@Body(z.string()) body: string): number {
      return body.length;
    }
    @Post('/form', { limits: { body: 10 } })
    form(@Form('a') a: string): number {
      read.push('form');
      return a.length;
    }
  }
  const json = (size: number): RequestInit & { body: string } => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify('x'.repeat(size - 2)),
  });
  const streamed = (size: number): RequestInit => {
    const bytes = new TextEncoder().encode(JSON.stringify('x'.repeat(size - 2)));
    const chunks = Array.from({ length: Math.ceil(size / 65_536) }, (_, at) =>
      bytes.subarray(at * 65_536, (at + 1) * 65_536),
    );
    return { ...json(2), body: ReadableStream.from(chunks), duplex: 'half' };
  };
  // A client that is still sending may see the connection end before it sees the answer.
  const statusOf = async (answer: Promise<Response>): Promise<number> =>
    answer.then(
      ({ status }) => status,
      () => 413,
    );

  test('a mebibyte unless set, of the app or the route', async () => {
    const request = await open(appOf([LimitedController]));
    read.length = 0;
    for (const init of [json, streamed]) {
      await expectJson(await request('/json', init(1_048_576)), 200, 1_048_574);
      assert.equal(await statusOf(request('/json', init(1_048_577))), 413);
      await expectJson(await request('/small', init(10)), 200, 8);
      assert.equal(await statusOf(request('/small', init(11))), 413);
      await expectJson(await request('/large', init(2_000_000)), 200, 1_999_998);
    }
    assert.deepEqual(read, ['json', 'small', 'json', 'small']);
    const small = await open(appOf([LimitedController], { limits: { body: 100 } }));
    await expectJson(await small('/json', json(100)), 200, 98);
    await expectJson(await small('/json', json(101)), 413);
    await expectJson(await small('/large', json(2_000_000)), 200, 1_999_998);
  });

  test('hold for forms', async () => {
    const request = await open(appOf([LimitedController]));
    const form = (body: Content) => request('/form', { method: 'POST', body });
    await expectJson(await form(new URLSearchParams({ a: 'x'.repeat(8) })), 200, 8);
    await expectJson(await form(new URLSearchParams({ a: 'x'.repeat(9) })), 413);
    const multipart = new FormData();
    multipart.append('a', 'x');
    await expectJson(await form(multipart), 413);
  });
});

describe('a declared length over the limit', () => {
  test('is 413 even if the route reads no body, and before the handler is called', async () => {
    let called = false;
    const app = answering(() => (called = true), {}, {}, 'POST');
    const init = { method: 'POST', headers: { 'content-length': '1048577' }, body: 'x' };
    await expectJson(await app.request('/', init), 413);
    assert.equal(called, false);
  });

  test('is 413 for a GET too', async () => {
    const app = answering(() => null);
    await expectJson(await app.request('/', { headers: { 'content-length': '1048577' } }), 413);
  });

  test('is found where less was declared', async () => {
    @Controller()
    class BodyController {
      @Post('/')
      read(@Body(z.unknown()) _body: unknown): void {}
    }
    const headers = { 'content-type': 'application/json', 'content-length': '10' };
    const body = JSON.stringify('x'.repeat(1_048_577));
    await expectJson(await appOf([BodyController]).request('/', { method: 'POST', headers, body }), 413);
  });

  test('is no hindrance where it is true', async () => {
    @Controller()
    class BodyController {
      @Post('/')
      read(@Body(z.unknown()) body: unknown): unknown {
        return body;
      }
    }
    const headers = { 'content-type': 'application/json', 'content-length': '7' };
    const init = { method: 'POST', headers, body: '{"a":1}' };
    await expectJson(await appOf([BodyController]).request('/', init), 200, { a: 1 });
  });

  test('is decided before a byte is read', async () => {
    let pulled = false;
    const body = new ReadableStream(
      {
        pull: (controller) => {
          pulled = true;
          controller.enqueue(new Uint8Array(1));
        },
      },
      { highWaterMark: 0 },
    );
    @Controller()
    class BodyController {
      @Post('/')
      read(@Body(z.unknown()) _body: unknown): void {}
    }
    const headers = { 'content-type': 'application/json', 'content-length': '2000000' };
    await expectJson(
      await appOf([BodyController]).request('/', { method: 'POST', headers, body, duplex: 'half' }),
      413,
    );
    assert.equal(pulled, false);
  });
});

describe('a body stream that fails', () => {
  test('never reaches the handler as complete', async () => {
    let called = false;
    @Controller()
    class BodyController {
      @Post('/')
      read(@Body(z.unknown()) _body: unknown): void {
        called = true;
      }
    }
    const body = new ReadableStream({
      pull: (controller) => {
        controller.enqueue(new TextEncoder().encode('{}'));
        controller.error(new Error('gone'));
      },
    });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' } as const;
    const response = await appOf([BodyController]).request('/', init);
    assert.ok(response.status >= 400, String(response.status));
    assert.equal(called, false);
  });
});

describeMatrix('time limits', (open) => {
  test('a handler that takes too long is 503, and its signal is aborted', async () => {
    const events: unknown[] = [];
    const handler: Handler = async (ctx) => {
      ctx.signal.addEventListener('abort', () => events.push('aborted'));
      await new Promise((resolve) => {
        ctx.signal.addEventListener('abort', resolve);
      });
      return 'late';
    };
    for (const [route, options] of [
      [{ timeout: 30 }, {}],
      [{}, { timeout: 30 }],
    ] as const) {
      events.length = 0;
      await expectJson(await (await open(answering(handler, route, options)))('/'), 503);
      await eventually('the signal is aborted', () => events.length === 1);
    }
  });

  test('a dependency that takes too long keeps the handler from being called', async () => {
    let called = false;
    const slow = dependency(async (ctx) => {
      await new Promise((resolve) => {
        ctx.signal.addEventListener('abort', resolve);
      });
    });
    const route = { timeout: 30, dependencies: [Depends(slow)] };
    await expectJson(await (await open(answering(() => (called = true), route)))('/'), 503);
    await pause(30);
    assert.equal(called, false);
  });

  test('a handler in time is not disturbed', async () => {
    await expectJson(await (await open(answering(() => 'a', { timeout: 5_000 })))('/'), 200, 'a');
  });
});

describe('answers that the framework makes', () => {
  test('are not to be sniffed', async () => {
    const app = answering(() => raise(new HTTPException(418, '<script>')), {}, {});
    for (const path of ['/', '/nowhere', '/%zz']) {
      const response = await app.request(path);
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', path);
    }
  });

  test('nor are those of error handlers, unless these say otherwise', async () => {
    const own = { headers: { 'X-Content-Type-Options': 'own' } };
    for (const [handler, expected] of [
      [() => 'value', 'nosniff'],
      [() => answer(418, 'value'), 'nosniff'],
      [() => answer(418, 'value', own), 'own'],
      [(_: Error, { response }: Context) => response.headers.set('X-Content-Type-Options', 'own'), 'own'],
      [() => new Response('as it is', own), 'own'],
      [() => new Response('as it is'), null],
    ] as const) {
      const app = answering(() => raise(new HTTPException(418)), {}, {}).onError(HTTPException, handler);
      assert.equal((await app.request('/')).headers.get('x-content-type-options'), expected, String(handler));
    }
  });
});

describe('closing', () => {
  test('waits for tasks and cleanups, may be called twice, and refuses what comes after', async () => {
    const events: string[] = [];
    const pool = dependency(
      async function* () {
        events.push('open');
        yield 1;
        events.push('close');
      },
      { lifetime: 'app' },
    );
    const app = answering(
      (ctx) =>
        ctx.background(async () => {
          await pause(10);
          events.push('task');
        }),
      { dependencies: [Depends(pool)] },
    );
    await (await app.request('/')).text();
    await Promise.all([app.close(), app.close()]);
    assert.deepEqual(events, ['open', 'task', 'close']);
    await app.close();
    assert.deepEqual(events, ['open', 'task', 'close']);
    await expectJson(await app.request('/'), 503, { detail: 'Service Unavailable' });
  });
});

describeMatrix('issues', (open) => {
  test('are one answer over a socket as in memory', async () => {
    const app = answering(() => 1, { dependencies: [Depends(dependency({ q: Query(z.int()) }, () => 1))] });
    const request = await open(app);
    const [issue] = await issuesOf(await request('/?q=x'));
    assert.deepEqual([issue?.type, issue?.loc, issue?.input], ['invalid_type', ['query', 'q'], 'x']);
  });
});
