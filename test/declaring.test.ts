import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type App,
  Body,
  Controller,
  Cookie,
  Ctx,
  type Context,
  DeclarationError,
  Delete,
  dependency,
  Depends,
  File,
  Form,
  Get,
  Head,
  Header,
  OAuth2PasswordBearer,
  OnError,
  Path,
  Post,
  Put,
  Query,
  Route,
  Scopes,
  Security,
  SecurityScheme,
} from 'portico';
import { z } from 'zod';
import {
  type AppOptions,
  appOf,
  type Controllers,
  decorate,
  expectJson,
  type Mistake,
  mistakesOf,
  raise,
  tableController,
} from './world.ts';

/** The one mistake that these controllers are refused for. */
function mistakeOf(controllers: Controllers, options: Partial<AppOptions> = {}): Mistake {
  const mistakes = mistakesOf(() => appOf(controllers, options));
  assert.equal(mistakes.length, 1, mistakes.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  const [mistake] = mistakes;
  assert.ok(mistake !== undefined && mistake.message.length > 20, 'a mistake says what is wrong');
  return mistake;
}

/** A controller of one GET route at `path` whose parameters are these inputs. */
function getting(path: string, ...inputs: unknown[]) {
  return handling('GET', path, inputs);
}

function handling(method: string, path: string, inputs: unknown[], options: object = {}) {
  class SampleController {
    handle(..._values: unknown[]): void {}
  }
  for (const [index, input] of inputs.entries()) decorate(input, SampleController.prototype, 'handle', index);
  decorate(
    Route(method, path, options),
    SampleController.prototype,
    'handle',
    Object.getOwnPropertyDescriptor(SampleController.prototype, 'handle'),
  );
  decorate(Controller(), SampleController);
  return SampleController;
}

const paths = (app: App): string[] => Object.keys(app.openapi().paths ?? {});

describe('paths', () => {
  const joined: [prefix: string, controller: string | undefined, route: string | undefined, documented: string][] = [
    ['', undefined, undefined, '/'],
    ['', '', '/', '/'],
    ['', '/', '/', '/'],
    ['', '/items', undefined, '/items'],
    ['', '/items', '', '/items'],
    ['', '/items', '/', '/items/'],
    ['', 'items', 'all', '/items/all'],
    ['', '/items/', '/all', '/items/all'],
    ['/api', undefined, '/items', '/api/items'],
    ['/api/', '/items/', '/all/', '/api/items/all/'],
    ['api', 'items', 'all', '/api/items/all'],
  ];
  for (const [prefix, controller, route, documented] of joined) {
    test(`'${prefix}', '${controller}' and '${route}' join as ${documented}`, () => {
      @Controller(controller)
      class JoinedController {
        @Get(route)
        read(): void {}
      }
      const app = appOf([]);
      app.include([JoinedController], { prefix });
      assert.deepEqual(paths(app), [documented]);
    });
  }

  test('variables are written :name or {name}, in an include and a controller too, and documented as {name}', async () => {
    @Controller('/users/{user}')
    class FileController {
      @Get('/files/:kind/*rest')
      read(
        @Path('tenant') tenant: string,
        @Path('user') user: string,
        @Path('kind') kind: string,
        @Path('rest') rest: string,
      ): unknown {
        return [tenant, user, kind, rest];
      }
    }
    const app = appOf([]);
    app.include([FileController], { prefix: '/t/:tenant' });
    assert.deepEqual(paths(app), ['/t/{tenant}/users/{user}/files/{kind}/{rest}']);
    await expectJson(await app.request('/t/a/users/b/files/c/d/e'), 200, ['a', 'b', 'c', 'd/e']);
  });

  for (const path of ['/:', '/{}', '/{id', '/:id/x/:id', '/*rest/x', '/a//b', '/{name}.json', '/a*b']) {
    test(`${path} is no path`, () => {
      @Controller()
      class OddController {
        @Get(path)
        read(): void {}
      }
      const codes = mistakesOf(() => appOf([OddController])).map(({ code }) => code);
      assert.ok(codes.includes('INVALID_PATH'), String(codes));
    });
  }
});

describe('methods', () => {
  for (const method of ['', 'G ET', 'get', 'Query', 'CONNECT']) {
    test(`'${method}' is none that a request can have`, () => {
      const { code, method: handler } = mistakeOf([handling(method, '/odd', [])]);
      assert.deepEqual([code, handler], ['INVALID_METHOD', 'handle']);
    });
  }

  test('any other token is one', async () => {
    @Controller('/odd')
    class OddController {
      @Route('purge') purge(): string {
        return 'purged';
      }
    }
    await expectJson(await appOf([OddController]).request('/odd', { method: 'purge' }), 200, 'purged');
  });
});

describe('names that no request or response can have', () => {
  for (const [what, input] of [
    ['a header', Header('a b')],
    ['a field of headers', Header(z.object({ ä: z.string() }))],
    ['a cookie', Cookie('a=b')],
  ] as const) {
    test(`${what} of an input is named with its place`, () => {
      const { code, method, parameter } = mistakeOf([getting('/odd', input)]);
      assert.deepEqual([code, method, parameter], ['INVALID_NAME', 'handle', 0]);
    });
  }

  test('a header of a response is named with its route', () => {
    @Controller('/odd')
    class OddController {
      @Get({ responses: { 204: { description: 'None', headers: { 'X Y': z.string() } } } }) read(): void {}
    }
    const { code, method } = mistakeOf([OddController]);
    assert.deepEqual([code, method], ['INVALID_NAME', 'read']);
  });

  test('cookies and queries may have odd ones', async () => {
    @Controller('/odd')
    class OddController {
      @Get() read(@Cookie('a[b]') cookie: string, @Query('c d=') query: string): unknown {
        return [cookie, query];
      }
    }
    const response = await appOf([OddController]).request('/odd?c+d%3D=2', { headers: { cookie: 'a[b]=1' } });
    await expectJson(response, 200, ['1', '2']);
  });
});

describe('path variables', () => {
  test('a Path input that is not in the path is named with its place', () => {
    @Controller('/items')
    class ItemController {
      @Get('/:id')
      read(@Path('id') _id: string, @Path('other') _other: string): void {}
    }
    const { code, class: className, method, parameter, message } = mistakeOf([ItemController]);
    assert.deepEqual([code, className, method, parameter], ['PATH_VARIABLE_UNKNOWN', 'ItemController', 'read', 1]);
    assert.match(message, /other/);
  });

  test('a Path input of a dependency that is not in the path is named with the chain to it', () => {
    const inner = dependency({ id: Path(z.int()) }, ({ id }) => id, { name: 'inner' });
    const outer = dependency({ inner: Depends(inner) }, (values) => values.inner, { name: 'outer' });
    const mistake = mistakeOf([getting('/x', Depends(outer))]);
    assert.deepEqual(
      [mistake.code, mistake.class, mistake.method, mistake.chain],
      ['PATH_VARIABLE_UNKNOWN', 'SampleController', 'handle', ['outer', 'inner']],
    );
  });

  test('a path variable nobody reads is a mistake', () => {
    const { code, class: className, method, message } = mistakeOf([getting('/x/:id')]);
    assert.deepEqual([code, className, method], ['PATH_VARIABLE_UNREAD', 'SampleController', 'handle']);
    assert.match(message, /\bid\b/);
  });

  test('it may be read by a constructor, a listed dependency, or deep in the graph', () => {
    const deep = dependency({ c: Path() }, ({ c }) => c);
    const outer = dependency({ deep: Depends(deep) }, (values) => values.deep);
    const listed = dependency({ b: Path() }, ({ b }) => b);
    @Controller('/:a', { dependencies: [Depends(listed)] })
    class DeepController {
      constructor(@Path('a') readonly a: string) {}
      @Get('/:b/:c')
      read(@Depends(outer) _outer: string): void {}
    }
    assert.deepEqual(paths(appOf([DeepController])), ['/{a}/{b}/{c}']);
  });

  test('one without a value cannot be: optional is refused, a default is not', () => {
    const optional = mistakeOf([getting('/x/:id', Path('id', z.int().optional()))]);
    assert.deepEqual([optional.code, optional.method, optional.parameter], ['PATH_VARIABLE_OPTIONAL', 'handle', 0]);
    assert.doesNotThrow(() => appOf([getting('/x/:id', Path('id', z.int().default(1)))]));
  });

  test('one whose schema is asynchronous is believed to be optional; one whose schema throws has to be there', () => {
    const late = z
      .string()
      .optional()
      .refine(async () => true);
    assert.equal(mistakeOf([getting('/x/:id', Path('id', late))]).code, 'PATH_VARIABLE_OPTIONAL');
    const strict = z
      .string()
      .optional()
      .refine(() => assert.fail('not without a value'));
    assert.doesNotThrow(() => appOf([getting('/x/:id', Path('id', strict))]));
  });
});

describe('parameters without an input', () => {
  test('of a method and of a constructor, by index', () => {
    @Controller('/x')
    class BareController {
      constructor(
        _first: string,
        @Query('q') readonly q: string,
        _third: string,
      ) {}
      @Get('/')
      read(@Query('a') _a: string, _b: string): void {}
    }
    const mistakes = mistakesOf(() => appOf([BareController]));
    assert.deepEqual(
      mistakes
        .map((mistake) => [mistake.code, mistake.class, mistake.parameter])
        .toSorted((a, b) => Number(a[2]) - Number(b[2])),
      [
        ['PARAMETER_WITHOUT_INPUT', 'BareController', 0],
        ['PARAMETER_WITHOUT_INPUT', 'BareController', 1],
        ['PARAMETER_WITHOUT_INPUT', 'BareController', 2],
      ],
    );
    assert.equal(mistakes.find((mistake) => mistake.parameter === 1)?.method, 'read');
  });

  test('are a mistake like those that have two', () => {
    class Twice {
      handle(_value: unknown): void {}
    }
    decorate(Query('a'), Twice.prototype, 'handle', 0);
    decorate(Query('b'), Twice.prototype, 'handle', 0);
    decorate(Get('/x'), Twice.prototype, 'handle', Object.getOwnPropertyDescriptor(Twice.prototype, 'handle'));
    decorate(Controller(), Twice);
    const { code, method, parameter } = mistakeOf([Twice]);
    assert.deepEqual([code, method, parameter], ['PARAMETER_WITH_SEVERAL_INPUTS', 'handle', 0]);
  });

  test('of a method that the constructor assigns are not known', async () => {
    class Assigned {
      handle = () => 'assigned';
    }
    decorate(Get('/x'), Assigned.prototype, 'handle');
    decorate(Controller(), Assigned);
    await expectJson(await appOf([Assigned]).request('/x'), 200, 'assigned');
  });

  test('of a class that is a dependency', () => {
    class Paging {
      constructor(
        @Query('skip', z.int()) readonly skip: number,
        readonly limit: number,
      ) {}
    }
    const mistake = mistakeOf([getting('/x', Depends(Paging))]);
    assert.deepEqual([mistake.code, mistake.parameter], ['PARAMETER_WITHOUT_INPUT', 1]);
    assert.match(mistake.message, /Paging/);
  });

  test('of an error handler there are none to declare', () => {
    @Controller('/x')
    class HandlingController {
      @Get('/')
      read(): void {}
      @OnError(RangeError)
      onRange(error: RangeError, _ctx: Context): string {
        return error.message;
      }
    }
    assert.doesNotThrow(() => appOf([HandlingController]));
  });

  test('a default value of the language stands in for an absent optional input', async () => {
    @Controller('/x')
    class DefaultController {
      @Get('/')
      read(@Query('limit', z.int().optional()) limit = 20): number {
        return limit;
      }
    }
    const app = appOf([DefaultController]);
    await expectJson(await app.request('/x'), 200, 20);
    await expectJson(await app.request('/x?limit=3'), 200, 3);
  });
});

describe('standard-mode decorators', () => {
  const context = (kind: string, name: string) => ({
    kind,
    name,
    static: false,
    private: false,
    metadata: {},
    access: { has: () => true, get: () => undefined },
    addInitializer: () => {},
  });

  test('are refused with the line for tsconfig.json', () => {
    const mistakes = mistakesOf(() => {
      class StandardController {
        read(): void {}
      }
      decorate(Get('/'), StandardController.prototype.read, context('method', 'read'));
      decorate(OnError(Error), StandardController.prototype.read, context('method', 'read'));
      decorate(Controller('/x'), StandardController, context('class', 'StandardController'));
      appOf([StandardController]);
    });
    const mistake = mistakes.find(({ code }) => code === 'STANDARD_DECORATORS');
    assert.equal(mistake?.class, 'StandardController');
    assert.match(mistake.message, /"?experimentalDecorators"?: true/);
  });

  test('of a class without routes too', () => {
    class EmptyController {}
    decorate(Controller('/x'), EmptyController, context('class', 'EmptyController'));
    assert.equal(mistakeOf([EmptyController]).code, 'STANDARD_DECORATORS');
  });
});

describe('routes', () => {
  const twice: [string, string, string, string][] = [
    ['GET /x', 'GET /x', '', ''],
    ['GET /x', 'GET /x/', '', ''],
    ['GET /x/:a', 'GET /x/{b}', '', ''],
    ['GET /x/*a', 'GET /x/*b', '', ''],
    ['GET /b/c', 'GET /c', '', '/b'],
    ['PROPFIND /x', 'PROPFIND /x', '', ''],
  ];
  for (const [first, second, firstPath, secondPath] of twice) {
    test(`${first} and ${secondPath}${second} are one route twice`, () => {
      const controllers = [tableController([first], firstPath), tableController([second], secondPath)];
      assert.equal(mistakeOf(controllers).code, 'DUPLICATE_ROUTE');
    });
  }

  test('other methods, and a variable beside a static segment, are other routes', () => {
    assert.doesNotThrow(() =>
      appOf([tableController(['GET /x', 'POST /x', 'HEAD /x', 'OPTIONS /x', 'GET /:a', 'GET /*b', 'GET /x/:a'])]),
    );
  });

  test('an operationId that comes twice is a mistake, whether written, derived or made by a function', () => {
    @Controller('/a')
    class ItemController {
      @Get('/', { operationId: 'one' })
      read(): void {}
      @Post('/', { operationId: 'one' })
      write(): void {}
    }
    assert.equal(mistakeOf([ItemController]).code, 'DUPLICATE_OPERATION_ID');
    const { message } = mistakeOf([getting('/a'), getting('/b')]);
    assert.match(message, /sample_handle/);
    const two = tableController(['GET /a', 'GET /b']);
    assert.equal(mistakeOf([two], { operationId: () => 'same' }).code, 'DUPLICATE_OPERATION_ID');
  });

  test('what responses say of the usual status counts, and an undefined one says nothing', async () => {
    const responses = { 200: { description: 'Fine', content: z.int() }, 404: undefined };
    const app = appOf([handling('GET', '/x', [], { response: z.string(), responses })]);
    const { 200: usual, 404: none } = app.openapi().paths?.['/x']?.get?.responses ?? {};
    assert.deepEqual(
      [usual, none],
      [{ description: 'Fine', content: { 'application/json': { schema: { type: 'integer' } } } }, undefined],
    );
  });

  test('a response schema with a status that has no content is a mistake', () => {
    for (const status of [204, 304]) {
      const sample = handling('DELETE', '/x', [], { status, response: z.object({ a: z.int() }) });
      const { code, method } = mistakeOf([sample]);
      assert.deepEqual([code, method], ['RESPONSE_WITHOUT_BODY', 'handle']);
    }
  });

  test('what is no controller cannot be included', () => {
    class Plain {
      @Get('/')
      read(): void {}
    }
    assert.equal(mistakeOf([Plain]).code, 'NOT_A_CONTROLLER');
    assert.equal(mistakeOf([Plain]).class, 'Plain');
    for (const value of [undefined, {}, 'ItemController', () => {}]) {
      assert.equal(mistakeOf([value as never]).code, 'NOT_A_CONTROLLER');
    }
  });
});

describe('inheritance of controllers', () => {
  abstract class Crud {
    constructor(@Query('tenant', z.string().default('none')) readonly tenant: string) {}
    abstract readonly kind: string;
    @Get('/')
    list(@Query('q', z.string().optional()) q?: string): unknown {
      return [this.kind, this.tenant, q ?? null];
    }
    @Get('/:id')
    read(@Path('id', z.int()) id: number): unknown {
      return [this.kind, id];
    }
  }
  @Controller('/users')
  class UserController extends Crud {
    readonly kind = 'user';
    @Delete('/:id', { status: 204 })
    remove(@Path('id', z.int()) _id: number): void {}
  }
  @Controller('/items')
  class ItemController extends Crud {
    readonly kind = 'item';
    @Get('/:id')
    override read(@Path('id', z.int()) id: number): unknown {
      return ['own', this.kind, id];
    }
  }

  test('routes and constructor inputs come from the base; what one class adds or replaces is its own', async () => {
    const app = appOf([UserController, ItemController]);
    await expectJson(await app.request('/users/?tenant=a&q=b'), 200, ['user', 'a', 'b']);
    await expectJson(await app.request('/items'), 200, ['item', 'none', null]);
    await expectJson(await app.request('/users/7'), 200, ['user', 7]);
    await expectJson(await app.request('/items/7'), 200, ['own', 'item', 7]);
    assert.equal((await app.request('/users/7', { method: 'DELETE' })).status, 204);
    assert.equal((await app.request('/items/7', { method: 'DELETE' })).status, 405);
    assert.equal((await app.request('/users/x')).status, 422);
  });

  test('each class has its own operations', () => {
    const ids = Object.values(appOf([UserController, ItemController]).openapi().paths ?? {}).map(
      (item) => item.get?.operationId,
    );
    assert.deepEqual(new Set(ids), new Set(['item_list', 'item_read', 'user_list', 'user_read']));
  });

  test('a method that is overridden without decorators keeps its route and its inputs', async () => {
    @Controller('/plain')
    class PlainController extends Crud {
      readonly kind = 'plain';
      override read(id: number): unknown {
        return ['overridden', id];
      }
    }
    await expectJson(await appOf([PlainController]).request('/plain/7'), 200, ['overridden', 7]);
  });

  test('a constructor of its own declares inputs of its own', () => {
    @Controller('/wrong')
    class WrongController extends Crud {
      readonly kind: string;
      constructor(kind: string, tenant: string) {
        super(tenant);
        this.kind = kind;
      }
    }
    assert.ok(mistakesOf(() => appOf([WrongController])).every(({ code }) => code === 'PARAMETER_WITHOUT_INPUT'));
  });
});

describe('dependencies', () => {
  test('a cycle is reported with its chain', () => {
    class Chicken {
      constructor(readonly egg: unknown) {}
    }
    class Egg {
      constructor(readonly chicken: unknown) {}
    }
    decorate(Depends(Egg), Chicken, undefined, 0);
    decorate(Depends(Chicken), Egg, undefined, 0);
    const { code, chain } = mistakeOf([getting('/x', Depends(Chicken))]);
    assert.deepEqual([code, chain], ['DEPENDENCY_CYCLE', ['Chicken', 'Egg', 'Chicken']]);
  });

  test('one that depends on itself is a cycle', () => {
    class Own {
      constructor(readonly own: unknown) {}
    }
    decorate(Depends(Own), Own, undefined, 0);
    assert.equal(mistakeOf([getting('/x', Depends(Own))]).code, 'DEPENDENCY_CYCLE');
  });

  test('a cycle of classes without names is told like any other', () => {
    const [one, other] = [class {}, class {}];
    decorate(Depends(one), other, undefined, 0);
    decorate(Depends(other), one, undefined, 0);
    const { code, message } = mistakeOf([getting('/x', Depends(one))]);
    assert.equal(code, 'DEPENDENCY_CYCLE');
    assert.match(message, /it depends on itself: \(anonymous\) -> \(anonymous\) -> \(anonymous\)/);
  });

  test('undefined, as a circular import leaves it, is reported with its place', () => {
    const mistake = mistakeOf([getting('/x', Query('q'), Depends(undefined as never))]);
    assert.deepEqual(
      [mistake.code, mistake.class, mistake.method, mistake.parameter],
      ['DEPENDENCY_UNDEFINED', 'SampleController', 'handle', 1],
    );
    assert.match(mistake.message, /undefined.*import/);
    const outer = dependency({ inner: Depends(undefined as never) }, () => 1, { name: 'outer' });
    const nested = mistakeOf([getting('/x', Depends(outer))]);
    assert.deepEqual([nested.code, nested.chain?.[0]], ['DEPENDENCY_UNDEFINED', 'outer']);
    const lived = dependency({ inner: Depends(undefined as never) }, () => 1, { name: 'lived', lifetime: 'app' });
    assert.deepEqual(mistakeOf([getting('/x', Depends(lived))]).chain, ['lived', 'inner']);
  });

  for (const value of ['currentUser', 5, {}]) {
    test(`Depends(${JSON.stringify(value)}) is not dependable`, () => {
      assert.equal(mistakeOf([getting('/x', Depends(value as never))]).code, 'NOT_DEPENDABLE');
    });
  }

  const connection = function* connection(): Generator<string> {
    yield 'connection';
  };
  const conflicts: [string, unknown][] = [
    [
      'an app-lifetime one on a request generator',
      dependency({ c: Depends(dependency(connection)) }, () => 1, { lifetime: 'app' }),
    ],
    ['an app-lifetime one on a query value', dependency({ q: Query() }, () => 1, { lifetime: 'app' })],
    ['an app-lifetime one on the context', dependency({ ctx: Ctx() }, () => 1, { lifetime: 'app' })],
    ['an app-lifetime function of the context', dependency((ctx: Context) => ctx.method, { lifetime: 'app' })],
    ['an app-lifetime one on a body', dependency({ body: Body(z.int()) }, () => 1, { lifetime: 'app' })],
    ['an app-lifetime one on scopes', dependency({ scopes: Scopes() }, () => 1, { lifetime: 'app' })],
    [
      'an app-lifetime one on a query value further down',
      dependency({ inner: Depends(dependency({ q: Query() }, () => 1)) }, () => 1, { lifetime: 'app' }),
    ],
    [
      'a request-lifetime one on a handler generator',
      dependency({ c: Depends(dependency(connection, { lifetime: 'handler' })) }, connection),
    ],
  ];
  for (const [what, depended] of conflicts) {
    test(`${what} is a conflict of lifetimes`, () => {
      const mistake = mistakeOf([getting('/x', Depends(depended as never))]);
      assert.equal(mistake.code, 'LIFETIME_CONFLICT');
      assert.ok((mistake.chain?.length ?? 0) >= 1, 'the path to it is told');
    });
  }

  test('a shorter-lived one may depend on a longer-lived one', () => {
    const pool = dependency(connection, { lifetime: 'app', name: 'pool' });
    const session = dependency({ pool: Depends(pool) }, connection, { name: 'session' });
    const transaction = dependency({ session: Depends(session) }, connection, {
      lifetime: 'handler',
      name: 'transaction',
    });
    assert.doesNotThrow(() => appOf([getting('/x', Depends(transaction))]));
  });

  test('without names something that is in a list', () => {
    const guard = dependency(() => 1, { name: 'guard' });
    const other = dependency(() => 1, { name: 'other' });
    const sample = (without: unknown) => handling('GET', '/x', [], { without: [without] });
    assert.equal(mistakeOf([sample(other)], { dependencies: [Depends(guard)] }).code, 'UNKNOWN_WITHOUT');
    assert.doesNotThrow(() => appOf([sample(guard)], { dependencies: [Depends(guard)] }));
  });
});

describe('security', () => {
  const scheme = (options: object = {}) => new OAuth2PasswordBearer({ tokenUrl: 'token', ...options });

  test('two different schemes of one name are a mistake, one scheme twice is not', () => {
    const [a, b] = [scheme(), scheme({ tokenUrl: 'other' })];
    assert.equal(mistakeOf([getting('/x', Depends(a), Depends(b))]).code, 'DUPLICATE_SCHEME_NAME');
    assert.doesNotThrow(() => appOf([getting('/x', Depends(a), Depends(a))]));
    class Own extends SecurityScheme<string> {
      readonly #scheme: string;
      constructor(name: string) {
        super();
        this.#scheme = name;
      }
      describe() {
        return { type: 'http', scheme: this.#scheme } as const;
      }
      read(): undefined {}
    }
    const [one, alike, other] = [new Own('a'), new Own('a'), new Own('b')];
    assert.equal(mistakeOf([getting('/x', Depends(one), Depends(other))]).code, 'DUPLICATE_SCHEME_NAME');
    assert.doesNotThrow(() => appOf([getting('/x', Depends(one), Depends(alike))]));
    const named = scheme({ tokenUrl: 'other', schemeName: 'Other' });
    assert.doesNotThrow(() => appOf([getting('/x', Depends(a), Depends(named))]));
  });

  test('names and realms that cannot be sent are mistakes', () => {
    for (const options of [{ schemeName: 'my scheme' }, { schemeName: 'ünï' }, { realm: 'a\r\nX-Evil: 1' }]) {
      const mistakes = mistakesOf(() => appOf([getting('/x', Depends(scheme(options)))]));
      assert.deepEqual(
        mistakes.map(({ code }) => code),
        ['INVALID_SCHEME'],
      );
    }
  });

  test('a scope that the scheme does not declare is a mistake', () => {
    const oauth2 = scheme({ scopes: { items: 'Read items.' } });
    const user = dependency({ token: Depends(oauth2) }, ({ token }) => token, { name: 'user' });
    const mistake = mistakeOf([getting('/x', Security(user, { scopes: ['items', 'nope'] }))]);
    assert.deepEqual([mistake.code, mistake.method, mistake.parameter], ['UNDECLARED_SCOPE', 'handle', 0]);
    assert.match(mistake.message, /nope/);
    assert.doesNotThrow(() => appOf([getting('/x', Security(user, { scopes: ['items'] }))]));
  });

  test('with requireSecurity every operation has a scheme or says that it is public', () => {
    const options = { requireSecurity: true };
    const open = mistakeOf([handling('GET', '/x', [])], options);
    assert.deepEqual([open.code, open.class, open.method], ['UNSECURED_OPERATION', 'SampleController', 'handle']);
    assert.doesNotThrow(() => appOf([handling('GET', '/x', [], { public: true })], options));
    assert.doesNotThrow(() => appOf([handling('GET', '/x', [Depends(scheme())])], options));
    const optional = scheme({ autoError: false });
    assert.equal(mistakeOf([handling('GET', '/x', [Depends(optional)])], options).code, 'UNSECURED_OPERATION');
  });
});

describe('bodies', () => {
  test('a file needs a name, its own or that of its key', () => {
    assert.equal(mistakeOf([handling('POST', '/x', [File()])]).code, 'INPUT_WITHOUT_NAME');
    assert.doesNotThrow(() => appOf([handling('POST', '/x', [Depends(dependency({ photo: File() }, () => 1))])]));
  });

  const [item, other] = [z.object({ a: z.int() }), z.object({ b: z.int() })];

  for (const method of ['GET', 'HEAD']) {
    for (const [what, input] of [
      ['a body', Body(item)],
      ['a form', Form('a')],
      ['a form further down', Depends(dependency({ a: Form() }, ({ a }) => a))],
    ] as const) {
      test(`${method} has no place for ${what}`, () => {
        const { code, method: name } = mistakeOf([handling(method, '/x', [input])]);
        assert.deepEqual([code, name], ['BODY_NOT_ALLOWED', 'handle']);
      });
    }
  }

  test('one operation has one kind of body', () => {
    assert.equal(mistakeOf([handling('POST', '/x', [Body(item), Form('a')])]).code, 'BODY_CONFLICT');
    assert.equal(mistakeOf([handling('POST', '/x', [Body(item), Body(other)])]).code, 'BODY_CONFLICT');
    const inner = dependency({ body: Body(item) }, ({ body }) => body);
    assert.equal(mistakeOf([handling('POST', '/x', [Depends(inner), Form('a')])]).code, 'BODY_CONFLICT');
  });

  test('several readers of one body are no conflict', () => {
    const inner = dependency({ body: Body(item) }, ({ body }) => body);
    assert.doesNotThrow(() => appOf([handling('POST', '/x', [Body(item), Depends(inner)])]));
    assert.doesNotThrow(() => appOf([handling('POST', '/x', [Body('item', item), Body('other', other)])]));
  });
});

describe('schemas', () => {
  const inner = z.object({ a: z.int() });
  const objects: [string, unknown, string?][] = [
    ['a query value', Query('v', inner)],
    ['an optional query value', Query('v', inner.optional())],
    ['a query value with a default', Query('v', inner.nullable().default(null))],
    ['items of a query value', Query('v', z.array(inner))],
    ['a record in a query value', Query('v', z.record(z.string(), z.int()))],
    ['a field of the query', Query(z.object({ v: inner }))],
    ['a header', Header('v', inner)],
    ['a cookie', Cookie('v', inner)],
    ['a path variable', Path('v', inner), '/x/:v'],
  ];
  for (const [what, input, path = '/x'] of objects) {
    test(`${what} cannot be an object`, () => {
      const { code, method, parameter } = mistakeOf([getting(path, input)]);
      assert.deepEqual([code, method, parameter], ['OBJECT_IN_TEXT', 'handle', 0]);
    });
  }

  test('a schema that JSON Schema cannot express is reported with the path into it', () => {
    const sample = handling('POST', '/x', [Body(z.object({ outer: z.array(z.object({ big: z.bigint() })) }))]);
    const { code, method, parameter, message } = mistakeOf([sample]);
    assert.deepEqual([code, method, parameter], ['SCHEMA_NOT_EXPRESSIBLE', 'handle', 0]);
    assert.match(message, /at outer\[\]\.big\)/);
    const record = mistakeOf([handling('POST', '/x', [Body(z.object({ of: z.record(z.string(), z.bigint()) }))])]);
    assert.match(record.message, /at of\.\*\)/);
  });

  test('a schema with an example that JSON cannot express is reported', () => {
    const body = Body(z.object({ size: z.string().meta({ examples: [1n] }) }));
    const { code, message } = mistakeOf([handling('POST', '/x', [body])]);
    assert.equal(code, 'SCHEMA_NOT_EXPRESSIBLE');
    assert.match(message, /its schema cannot be documented: Error converting schema to JSON/);
  });

  test('a schema whose default throws is reported, whatever it throws', () => {
    const unreadable = new Proxy(new Error(), { getPrototypeOf: () => raise(new Error('trap')) });
    for (const thrown of [undefined, null, 'odd', new Error('odd'), { message: 1n }, Object.create(null), unreadable]) {
      const body = Body(z.object({ size: z.string().default(() => raise(thrown as Error)) }));
      const { code, message } = mistakeOf([handling('POST', '/x', [body])]);
      assert.equal(code, 'SCHEMA_NOT_EXPRESSIBLE');
      assert.match(message, /its schema cannot be documented: ./);
    }
  });

  test('a map, a set, a symbol and a transformed answer are not expressible', () => {
    for (const schema of [z.map(z.string(), z.int()), z.set(z.int()), z.symbol()]) {
      assert.equal(mistakeOf([handling('POST', '/x', [Body(schema)])]).code, 'SCHEMA_NOT_EXPRESSIBLE');
    }
    const response = z.object({ size: z.string().transform((text) => text.length) });
    assert.equal(mistakeOf([handling('GET', '/x', [], { response })]).code, 'SCHEMA_NOT_EXPRESSIBLE');
  });

  test('transforms and dates of inputs are expressible by what they take', () => {
    const inputs = [Query('a', z.string().transform(Number)), Query('b', z.coerce.date()), Query('c', z.iso.date())];
    assert.doesNotThrow(() => appOf([getting('/x', ...inputs)]));
  });

  test('two different schemas of one id are a mistake, one schema twice is not', () => {
    const [user, other] = [
      z.object({ a: z.int() }).meta({ id: 'Twin' }),
      z.object({ b: z.int() }).meta({ id: 'Twin' }),
    ];
    const { code, message } = mistakeOf([handling('POST', '/x', [Body(user)], { response: other })]);
    assert.equal(code, 'DUPLICATE_SCHEMA_ID');
    assert.match(message, /Twin/);
    const pair = mistakeOf([handling('POST', '/x', [Body(z.object({ user, other }))])]);
    assert.equal(pair.code, 'DUPLICATE_SCHEMA_ID');
    assert.match(pair.message, /'Twin'/);
    assert.doesNotThrow(() => appOf([handling('POST', '/x', [Body(user)], { response: z.array(user) })]));
  });
});

describe('copies of the package', () => {
  test('of another version are a mistake that tells where they are, if that is known', () => {
    const copies = (globalThis as Record<symbol, unknown>)[Symbol.for('portico.copies')] as object[];
    copies.push({ version: '9.8.7', file: undefined });
    try {
      const { code, message } = mistakeOf([]);
      assert.equal(code, 'SEVERAL_COPIES');
      assert.match(message, /\d \([^()]*call-site\.ts\), 9\.8\.7 \(unknown location\)/);
    } finally {
      copies.pop();
    }
    assert.doesNotThrow(() => appOf([]));
  });
});

describe('all mistakes at once', () => {
  @Controller('/bad/:unread')
  class BadController {
    readonly bare: string;
    constructor(bare: string) {
      this.bare = bare;
    }
    @Get('/', { operationId: 'same' })
    read(@Path('nowhere') _nowhere: string, @Query('o', z.object({})) _o: object): void {}
    @Put('/', { operationId: 'same', status: 204, response: z.null() })
    write(@Depends(undefined as never) _undefined: unknown): null {
      return null;
    }
    @Head('/:id')
    head(@Path('unread') _unread: string, @Path('id', z.int().optional()) _id?: number): void {}
  }
  class Plain {}

  test('are reported in one error, each with its code, and all in its message', () => {
    const mistakes = mistakesOf(() => appOf([BadController, Plain, getting('/y', Body(z.bigint()))]));
    const codes = new Set(mistakes.map(({ code }) => code));
    for (const code of [
      'PATH_VARIABLE_UNREAD',
      'PARAMETER_WITHOUT_INPUT',
      'PATH_VARIABLE_UNKNOWN',
      'OBJECT_IN_TEXT',
      'DUPLICATE_OPERATION_ID',
      'RESPONSE_WITHOUT_BODY',
      'DEPENDENCY_UNDEFINED',
      'PATH_VARIABLE_OPTIONAL',
      'NOT_A_CONTROLLER',
      'BODY_NOT_ALLOWED',
      'SCHEMA_NOT_EXPRESSIBLE',
    ]) {
      assert.ok(codes.has(code as Mistake['code']), `${code} is missing in ${[...codes].join(', ')}`);
    }
    assert.throws(
      () => appOf([BadController, Plain]),
      (error) =>
        error instanceof DeclarationError &&
        error.name === 'DeclarationError' &&
        error.mistakes.every(({ code, message }) => error.message.includes(message) && error.message.includes(code)),
    );
  });

  test('a constructor parameter without an input is reported once, whatever the number of routes', () => {
    const bare = mistakesOf(() => appOf([BadController])).filter(({ code }) => code === 'PARAMETER_WITHOUT_INPUT');
    assert.equal(bare.length, 1);
  });

  test('a refused include changes nothing', async () => {
    const good = tableController(['GET /good']);
    const app = appOf([tableController(['GET /first'])]);
    const before = JSON.stringify(app.openapi());
    assert.throws(() => app.include([good, BadController]), DeclarationError);
    assert.throws(() => app.include([tableController(['GET /first'])]), DeclarationError);
    assert.equal(JSON.stringify(app.openapi()), before);
    await expectJson(await app.request('/good'), 404);
    await expectJson(await app.request('/first'), 200);
    app.include([good]);
    await expectJson(await app.request('/good'), 200);
    assert.deepEqual(paths(app), ['/first', '/good']);
  });
});
