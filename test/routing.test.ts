import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Controller, Ctx, type Context, dependency, Depends, Get, Head, Options, Path, Route } from 'portico';
import { z } from 'zod';
import { allowed, appOf, describeMatrix, expectJson, type Send, tableController } from './world.ts';

interface Found {
  route: string;
  params: Record<string, string>;
}

const routeOf = async (response: Response): Promise<Found> => (await expectJson(response, 200)) as Found;

/** Every order of a list. */
function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe('specificity', () => {
  const declared = ['GET /items/special', 'GET /items/:id', 'GET /:kind/:id', 'GET /items/*rest', 'GET /*rest'];
  const cases: [string, string, Record<string, string>][] = [
    ['/items/special', 'GET /items/special', {}],
    ['/items/5', 'GET /items/:id', { id: '5' }],
    ['/other/5', 'GET /:kind/:id', { kind: 'other', id: '5' }],
    ['/items/5/6', 'GET /items/*rest', { rest: '5/6' }],
    ['/items/special/6', 'GET /items/*rest', { rest: 'special/6' }],
    ['/items', 'GET /items/*rest', { rest: '' }],
    ['/other', 'GET /*rest', { rest: 'other' }],
    ['/other/5/6', 'GET /*rest', { rest: 'other/5/6' }],
    ['/', 'GET /*rest', { rest: '' }],
  ];

  test('a static segment beats a variable beats a wildcard, in whatever order they are declared', async () => {
    for (const order of permutations(declared)) {
      const app = appOf([tableController(order)]);
      for (const [path, route, params] of cases) {
        assert.deepEqual(await routeOf(await app.request(path)), { route, params }, `${path} of ${order.join(', ')}`);
      }
    }
  });

  test('and in whatever controllers they are', async () => {
    const app = appOf(declared.toReversed().map((route) => tableController([route])));
    for (const [path, route] of cases) assert.equal((await routeOf(await app.request(path))).route, route);
  });

  test('the first segment that differs decides', async () => {
    const app = appOf([tableController(['GET /:a/static', 'GET /fixed/:b'])]);
    assert.equal((await routeOf(await app.request('/fixed/static'))).route, 'GET /fixed/:b');
  });

  const backtracking: [string[], [string, string, string | number][]][] = [
    [
      ['GET /a/:x/c', 'GET /a/b/d', 'GET /:y/b/e', 'GET /*rest'],
      [
        ['GET', '/a/b/d', 'GET /a/b/d'],
        ['GET', '/a/b/c', 'GET /a/:x/c'],
        ['GET', '/a/b/e', 'GET /:y/b/e'],
        ['GET', '/a/b/f', 'GET /*rest'],
        ['GET', '/a/b', 'GET /*rest'],
      ],
    ],
    [
      ['GET /a/b/c/d', 'GET /a/:x/*rest', 'GET /:y/b/c/e'],
      [
        ['GET', '/a/b/c/e', 'GET /a/:x/*rest'],
        ['GET', '/z/b/c/e', 'GET /:y/b/c/e'],
        ['GET', '/z/b/c/d', 404],
      ],
    ],
    [
      ['GET /items/special', 'DELETE /items/:id', 'PATCH /items/*rest'],
      [
        ['GET', '/items/special', 'GET /items/special'],
        ['DELETE', '/items/special', 'DELETE /items/:id'],
        ['PATCH', '/items/special', 'PATCH /items/*rest'],
        ['DELETE', '/items/a/b', 405],
        ['GET', '/items/5', 405],
        ['PUT', '/items/special', 405],
      ],
    ],
  ];
  for (const [routes, requests] of backtracking) {
    for (const [method, path, expected] of requests) {
      test(`${method} ${path} of ${routes.join(', ')} is ${expected}`, async () => {
        const response = await appOf([tableController(routes)]).request(path, { method });
        if (typeof expected === 'number') await expectJson(response, expected);
        else assert.equal((await routeOf(response)).route, expected);
      });
    }
  }

  test('a request that backtracked has the variables of the route that it found', async () => {
    const app = appOf([tableController(['GET /a/:x/:y/end', 'GET /:first/b/:third/*rest'])]);
    assert.deepEqual((await routeOf(await app.request('/a/b/c/d'))).params, { first: 'a', third: 'c', rest: 'd' });
  });
});

describeMatrix('paths of requests', (open) => {
  const app = () =>
    appOf([
      tableController(['GET /', 'GET /items', 'GET /items/:id', 'GET /files/*rest', 'GET /café', 'GET /with-slash/']),
      tableController(['GET /constructor', 'GET /two/:a/:b']),
    ]);

  const found: [string, string, Record<string, string>][] = [
    ['/', 'GET /', {}],
    ['/?a=b', 'GET /', {}],
    ['/items', 'GET /items', {}],
    ['/items/', 'GET /items', {}],
    ['/items?x=/items/5', 'GET /items', {}],
    ['/with-slash', 'GET /with-slash/', {}],
    ['/with-slash/', 'GET /with-slash/', {}],
    ['/items/5', 'GET /items/:id', { id: '5' }],
    ['/items/5/', 'GET /items/:id', { id: '5' }],
    ['/items/5?id=6', 'GET /items/:id', { id: '5' }],
    ['/items/a%20b', 'GET /items/:id', { id: 'a b' }],
    ['/items/a+b', 'GET /items/:id', { id: 'a+b' }],
    ['/items/%C3%A4', 'GET /items/:id', { id: 'ä' }],
    ['/items/%c3%a4', 'GET /items/:id', { id: 'ä' }],
    ['/items/%252e', 'GET /items/:id', { id: '%2e' }],
    ['/items/%2541', 'GET /items/:id', { id: '%41' }],
    ['/items/%2F', 'GET /items/:id', { id: '/' }],
    ['/items/a%2Fb', 'GET /items/:id', { id: 'a/b' }],
    ['/items/..%2Fsecret', 'GET /items/:id', { id: '../secret' }],
    ['/items/%5C', 'GET /items/:id', { id: '\\' }],
    ['/items/%3Fa%3Db', 'GET /items/:id', { id: '?a=b' }],
    ['/items/%23', 'GET /items/:id', { id: '#' }],
    ['/items/%00', 'GET /items/:id', { id: '\0' }],
    ['/items/a;b=c', 'GET /items/:id', { id: 'a;b=c' }],
    ['/items/a:b@c,d&e', 'GET /items/:id', { id: 'a:b@c,d&e' }],
    ['/items/...', 'GET /items/:id', { id: '...' }],
    ['/two/a%2Fb/c', 'GET /two/:a/:b', { a: 'a/b', b: 'c' }],
    ['/caf%C3%A9', 'GET /café', {}],
    ['/it%65ms/5', 'GET /items/:id', { id: '5' }],
    ['/files', 'GET /files/*rest', { rest: '' }],
    ['/files/', 'GET /files/*rest', { rest: '' }],
    ['/files/a/b/c', 'GET /files/*rest', { rest: 'a/b/c' }],
    ['/files/a%20b/c', 'GET /files/*rest', { rest: 'a b/c' }],
    ['/files/a//b', 'GET /files/*rest', { rest: 'a//b' }],
    ['/constructor', 'GET /constructor', {}],
    ['/items/__proto__', 'GET /items/:id', { id: '__proto__' }],
    ['/items/constructor', 'GET /items/:id', { id: 'constructor' }],
    ['/two/__proto__/toString', 'GET /two/:a/:b', { a: '__proto__', b: 'toString' }],
  ];
  test('are split before they are decoded, decoded once, and never normalised', async () => {
    const request = await open(app());
    for (const [path, route, params] of found) {
      assert.deepEqual(await routeOf(await request(path)), { route, params }, path);
    }
  });

  test('with an invalid escape are 400, whether something is there or not', async () => {
    const request = await open(app());
    for (const path of ['%', '%z', '%zz', '%2', '%ff', '%C0%AE', '%E4%BD', '%ED%A0%80', 'a%', '%C3%28', '%252e%']) {
      for (const before of ['/items/', '/files/a/', '/nowhere/', '/']) {
        const { status } = await request(`${before}${path}`);
        assert.equal(status, 400, `${before}${path}`);
      }
    }
    await expectJson(await request('/items/%zz'), 400);
  });

  const nowhere = [
    ...[
      '/nowhere',
      '/Items',
      '/ITEMS/5',
      '/items//',
      '/items/5//',
      '/items//5',
      '/items/5/6',
      '/two/a',
      '/two//b',
      '/two/a/',
    ],
    ...[
      '/__proto__',
      '/toString',
      '/hasOwnProperty',
      '/valueOf',
      '/__proto__/items',
      '/prototype',
      '/items%2F5',
      '/items%5C5',
    ],
    ...['/items%00', '/%69tems%2f5', '/items;v=1', '/.items'],
  ];

  test('that no route has are 404 for every method', async () => {
    const request = await open(app());
    for (const path of nowhere) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        const response = await request(path, { method });
        await expectJson(response, 404, { detail: 'Not Found' });
        assert.equal(response.headers.get('allow'), null);
      }
      const head = await request(path, { method: 'HEAD' });
      assert.deepEqual([head.status, await head.text()], [404, ''], path);
    }
  });

  test('one trailing slash more or less is no redirect', async () => {
    const request = await open(app());
    for (const path of ['/items/', '/with-slash', '/items/5/']) {
      const response = await request(path);
      assert.deepEqual([response.status, response.headers.get('location')], [200, null]);
    }
  });
});

test('a path that begins with two slashes is not the one with one', async () => {
  const app = appOf([tableController(['GET /', 'GET /items', 'GET /:a'])]);
  for (const path of ['//', '//items', '//items/', '///']) {
    const response = await app.fetch(new Request(`http://localhost${path}`));
    await expectJson(response, 404, { detail: 'Not Found' });
  }
});

describeMatrix('methods', (open) => {
  @Controller('/things')
  class ThingController {
    static calls: string[] = [];
    @Get('/:id')
    read(
      @Depends(dependency(() => ThingController.calls.push('dependency'))) _called: number,
      @Path('id') id: string,
    ): unknown {
      ThingController.calls.push('read');
      return { id, text: 'äöü' };
    }
    @Route('DELETE', '/:id', { status: 204 })
    remove(@Path('id') _id: string): void {}
    @Get('/own')
    own(): string {
      return 'get';
    }
    @Head('/own')
    ownHead(@Ctx() ctx: Context): void {
      ctx.response.headers.set('x-own', 'head');
    }
    @Options('/own')
    ownOptions(@Ctx() ctx: Context): string {
      ctx.response.headers.set('x-own', 'options');
      return 'options';
    }
    @Route('PROPFIND', '/found')
    propfind(): string {
      return 'propfind';
    }
  }
  const world = (): Promise<Send> => {
    ThingController.calls = [];
    return open(
      appOf([
        ThingController,
        tableController(['POST /things/special', 'PUT /things/*rest', 'PATCH /:kind/special', 'POST /only']),
      ]),
    );
  };

  test('HEAD follows from GET, with its status, headers and dependencies, without content', async () => {
    const request = await world();
    const get = await request('/things/5');
    const calls = ThingController.calls;
    ThingController.calls = [];
    const head = await request('/things/5', { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.deepEqual(ThingController.calls, calls);
    const headers = (response: Response): unknown =>
      [...response.headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name));
    assert.deepEqual(headers(head), headers(get));
    assert.equal(head.headers.get('content-length'), String((await get.arrayBuffer()).byteLength));
    assert.equal(await head.text(), '');
  });

  test('HEAD and OPTIONS of its own come before those that follow', async () => {
    const request = await world();
    assert.equal((await request('/things/own', { method: 'HEAD' })).headers.get('x-own'), 'head');
    assert.equal((await request('/things/own')).headers.get('x-own'), null);
    await expectJson(await request('/things/own', { method: 'OPTIONS' }), 200, 'options');
  });

  test('OPTIONS is 204 with all methods of the path, and runs nothing', async () => {
    const request = await world();
    const response = await request('/things/5', { method: 'OPTIONS' });
    assert.deepEqual([response.status, await response.text()], [204, '']);
    assert.deepEqual(allowed(response), ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT']);
    assert.deepEqual(ThingController.calls, []);
  });

  test('a method that no route of the path has is 405 with all that have one', async () => {
    const request = await world();
    for (const [method, path, methods] of [
      ['POST', '/things/5', ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PUT']],
      ['PROPFIND', '/things/special', ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT']],
      ['GET', '/only', ['OPTIONS', 'POST']],
      ['PUT', '/only/', ['OPTIONS', 'POST']],
      ['POST', '/things/found', ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'PUT']],
    ] as const) {
      const response = await request(path, { method });
      await expectJson(response, 405, { detail: 'Method Not Allowed' });
      assert.deepEqual(allowed(response), methods, `${method} ${path}`);
    }
    const head = await request('/only', { method: 'HEAD' });
    assert.deepEqual([head.status, allowed(head), await head.text()], [405, ['OPTIONS', 'POST'], '']);
  });

  test('a less specific route serves the methods that only it has', async () => {
    const request = await world();
    for (const [method, route] of [
      ['POST', 'POST /things/special'],
      ['PATCH', 'PATCH /:kind/special'],
      ['PUT', 'PUT /things/*rest'],
    ] as const) {
      assert.equal((await routeOf(await request('/things/special', { method }))).route, route);
    }
    await expectJson(await request('/things/special'), 200, { id: 'special', text: 'äöü' });
    assert.equal((await request('/things/special', { method: 'DELETE' })).status, 204);
  });

  test('@Route takes any method', async () => {
    const request = await world();
    await expectJson(await request('/things/found', { method: 'PROPFIND' }), 200, 'propfind');
  });
});

describe('includes', () => {
  test('a prefix with variables is read by whoever asks', async () => {
    const tenant = dependency({ tenant: Path(z.int()) }, (values) => values.tenant);
    @Controller('/users')
    class UserController {
      @Get('/:id')
      read(@Depends(tenant) tenantId: number, @Path('id') id: string, @Ctx() ctx: Context): unknown {
        return { tenantId, id, params: { ...ctx.params } };
      }
    }
    const app = appOf([]);
    app.include([UserController], { prefix: '/tenants/:tenant' });
    await expectJson(await app.request('/tenants/7/users/a'), 200, {
      tenantId: 7,
      id: 'a',
      params: { tenant: '7', id: 'a' },
    });
    assert.equal((await app.request('/tenants/x/users/a')).status, 422);
    await expectJson(await app.request('/users/a'), 404);
  });

  test('the same routes may stand under several prefixes', async () => {
    const app = appOf([]);
    app.include([tableController(['GET /x'])], { prefix: '/v1' });
    app.include([tableController(['GET /x'])], { prefix: '/v2' });
    for (const path of ['/v1/x', '/v2/x']) await expectJson(await app.request(path), 200);
    await expectJson(await app.request('/x'), 404);
  });

  test('may come after the first request', async () => {
    const app = appOf([tableController(['GET /a'])]);
    await expectJson(await app.request('/b'), 404);
    app.include([tableController(['GET /b', 'POST /a'])]);
    await expectJson(await app.request('/b'), 200);
    assert.deepEqual(allowed(await app.request('/a', { method: 'PUT' })), ['GET', 'HEAD', 'OPTIONS', 'POST']);
  });
});

test('many routes are found alike', async () => {
  const routes = Array.from({ length: 300 }, (_, index) => [
    `GET /s${index}`,
    `GET /s${index}/:id`,
    `POST /s${index}/:id/x`,
  ]);
  const app = appOf([tableController(routes.flat())]);
  for (const index of [0, 1, 150, 299]) {
    assert.equal((await routeOf(await app.request(`/s${index}`))).route, `GET /s${index}`);
    assert.deepEqual(await routeOf(await app.request(`/s${index}/7`)), {
      route: `GET /s${index}/:id`,
      params: { id: '7' },
    });
    assert.equal((await app.request(`/s${index}/7/x`)).status, 405);
  }
});
