import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, test } from 'node:test';
import { runInThisContext } from 'node:vm';
import {
  APIKeyHeader,
  App,
  Body,
  type Context,
  Controller,
  DeclarationError,
  dependency,
  Depends,
  Form,
  Get,
  Header,
  HTTPBearer,
  type HTTPException,
  type Input,
  OAuth2PasswordBearer,
  OnError,
  Path,
  Post,
  Query,
  Security,
  SecurityScheme,
  Socket,
  type ValueOf,
} from 'portico';
import { z } from 'zod';
import { appOf, type AppOptions, type Controllers, decorate, expectJson, type Mistake, mistakesOf } from './world.ts';

const mistakesIn = (controllers: Controllers, options: Partial<AppOptions> = {}): readonly Mistake[] =>
  mistakesOf(() => appOf(controllers, options));

const codesOf = (controllers: Controllers, options: Partial<AppOptions> = {}): string[] =>
  mistakesIn(controllers, options).map(({ code }) => code);

/** A guard that lets nobody pass who does not send its header. */
function guardOf(name: string, seen: string[] = []) {
  const key = new APIKeyHeader(`X-${name}`, { schemeName: name });
  return dependency({ key: Depends(key) }, (values) => void seen.push(`${name} ${values.key}`), { name });
}

const decorateMethod = (decorator: unknown, target: object, name: string): void =>
  decorate(decorator, target, name, Object.getOwnPropertyDescriptor(target, name));

describe('a controller that extends others', () => {
  const seen: string[] = [];
  const [first, second, third] = [guardOf('First', seen), guardOf('Second', seen), guardOf('Third', seen)];
  const keys = { 'X-First': 'a', 'X-Second': 'b', 'X-Third': 'c' };

  @Controller('/first', { dependencies: [Depends(first)], tags: ['one'], responses: { 409: { description: 'Busy' } } })
  abstract class First {
    @Get('/report')
    report(): unknown {
      return 'report';
    }
  }
  @Controller('/second', {
    dependencies: [Depends(second)],
    tags: ['two', 'one'],
    responses: { 409: { description: 'Taken' }, 410: { description: 'Gone' } },
  })
  class Second extends First {}
  @Controller('/third', { dependencies: [Depends(third)] })
  class Third extends Second {
    @Get('/own')
    own(): unknown {
      return 'own';
    }
  }

  test('has the dependencies of all of them, the base first, on what it inherits and on its own', async () => {
    const app = appOf([Third]);
    for (const path of ['/third/report', '/third/own']) {
      seen.length = 0;
      assert.equal((await app.request(path, { headers: keys })).status, 200);
      assert.deepEqual(seen, ['First a', 'Second b', 'Third c']);
      for (const missing of Object.keys(keys)) {
        const headers = Object.fromEntries(Object.entries(keys).filter(([name]) => name !== missing));
        assert.equal((await app.request(path, { headers })).status, 401, `${path} without ${missing}`);
      }
    }
  });

  test('is documented so, with the nearest answer of a status, tags without repeats, and its own path alone', () => {
    const { paths = {} } = appOf([Third]).openapi();
    assert.deepEqual(Object.keys(paths), ['/third/report', '/third/own']);
    const operation = paths['/third/report']?.get;
    assert.deepEqual(operation?.security, [{ First: [], Second: [], Third: [] }]);
    assert.deepEqual(operation?.tags, ['one', 'two']);
    assert.equal(operation?.responses?.['409'].description, 'Taken');
    assert.equal(operation?.responses?.['410'].description, 'Gone');
  });

  test('without a path has none of the base', () => {
    @Controller()
    class Pathless extends First {}
    assert.deepEqual(Object.keys(appOf([Pathless]).openapi().paths ?? {}), ['/report']);
  });

  test('leaves out by `without` what a base lists, for itself alone', async () => {
    @Controller('/open', { without: [first, second] })
    class Open extends Second {}
    @Controller('/closed')
    class Closed extends Open {}
    const app = appOf([Open, Closed]);
    assert.equal((await app.request('/open/report')).status, 200);
    assert.equal((await app.request('/closed/report')).status, 401);
    assert.equal(app.openapi().paths?.['/open/report']?.get?.security, undefined);
    @Controller('/route')
    class OnRoute extends Second {
      @Get('/free', { without: [first, second] })
      free(): number {
        return 1;
      }
    }
    assert.equal((await appOf([OnRoute]).request('/route/free')).status, 200);
    assert.equal((await appOf([OnRoute]).request('/route/report')).status, 401);
    @Controller('/odd', { without: [third] })
    class Odd extends Second {}
    assert.ok(codesOf([Odd]).every((code) => code === 'UNKNOWN_WITHOUT'));
  });

  test('does not inherit a `without` of the app’s list: who extends an open controller is guarded', async () => {
    @Controller('/open', { without: [first] })
    class Open {
      @Get()
      read(): number {
        return 1;
      }
    }
    @Controller('/guarded')
    class Guarded extends Open {}
    const app = appOf([Open, Guarded], { dependencies: [Depends(first)] });
    assert.equal((await app.request('/open')).status, 200);
    assert.equal((await app.request('/guarded')).status, 401);
  });

  test('has the guards of an abstract base that has no routes, of a mixin, and of a factory', async () => {
    @Controller({ dependencies: [Depends(first)] })
    abstract class Guarded {}
    type Constructor = abstract new (...inputs: any[]) => object;
    function Audited<B extends Constructor>(Base: B) {
      @Controller({ dependencies: [Depends(second)] })
      abstract class WithAudit extends Base {
        audited(): boolean {
          return true;
        }
      }
      return WithAudit;
    }
    function crudOf<S extends z.ZodType>(path: string, schema: S) {
      @Controller(path, { dependencies: [Depends(third)] })
      abstract class Crud extends Guarded {
        @Post()
        create(@Body(schema) value: z.output<S>): unknown {
          return value;
        }
      }
      return Crud;
    }
    @Controller('/mixed')
    class Mixed extends Audited(Guarded) {
      @Get()
      read(): boolean {
        return this.audited();
      }
    }
    @Controller('/made')
    class Made extends crudOf('/base', z.object({ a: z.int() })) {}
    const app = appOf([Mixed, Made]);
    assert.deepEqual(Object.keys(app.openapi().paths ?? {}), ['/mixed', '/made']);
    assert.equal((await app.request('/mixed', { headers: { 'X-First': 'a' } })).status, 401);
    assert.equal((await app.request('/mixed', { headers: { 'X-Second': 'a' } })).status, 401);
    await expectJson(await app.request('/mixed', { headers: keys }), 200, true);
    const post = { method: 'POST', body: '{"a":1}' };
    const json = { 'Content-Type': 'application/json' };
    assert.equal((await app.request('/made', { ...post, headers: { ...json, 'X-Third': 'a' } })).status, 401);
    await expectJson(await app.request('/made', { ...post, headers: { ...json, ...keys } }), 200, { a: 1 });
  });

  test('has the error handlers of all of them, the nearest first; one decorated again is replaced', async () => {
    class Fault extends Error {}
    class Other extends Error {}
    abstract class Base {
      @Get('/fault')
      fault(): never {
        throw new Fault();
      }
      @Get('/other')
      other(): never {
        throw new Other();
      }
      @OnError(Fault)
      onFault(): unknown {
        return 'base';
      }
      @OnError(Other)
      onOther(): unknown {
        return 'base';
      }
    }
    @Controller('/sub')
    class Sub extends Base {
      @OnError(Fault)
      nearer(): unknown {
        return 'sub';
      }
      // overridden without a decorator: it stays the handler
      override onOther(): unknown {
        return 'overridden';
      }
    }
    @Controller('/again')
    class Again extends Base {
      @OnError(RangeError)
      override onFault(): unknown {
        return 'for another error';
      }
    }
    const app = appOf([Sub, Again]);
    await expectJson(await app.request('/sub/fault'), 500, 'sub');
    await expectJson(await app.request('/sub/other'), 500, 'overridden');
    await expectJson(await app.request('/again/fault'), 500, { detail: 'Internal Server Error' });
  });

  test('with two @Controller is a mistake, for the guards of one of them would be lost', () => {
    @Controller('/x')
    @Controller('/y', { dependencies: [Depends(first)] })
    class Twice {
      @Get()
      read(): number {
        return 1;
      }
    }
    @Controller('/z')
    class Sub extends Twice {}
    for (const controller of [Twice, Sub]) assert.deepEqual(codesOf([controller]), ['CONTROLLER_TWICE']);
  });

  test('a base that was compiled in standard mode is a mistake of all that extend it', () => {
    class Standard {}
    decorate(Controller('/x'), Standard, { kind: 'class', name: 'Standard' });
    @Controller('/y')
    class Legacy extends Standard {
      @Get()
      read(): number {
        return 1;
      }
    }
    assert.deepEqual(codesOf([Legacy]), ['STANDARD_DECORATORS']);
  });
});

describe('methods that are overridden', () => {
  const guard = guardOf('Guard');
  class Base {
    @Get('/:id')
    read(@Path('id', z.int()) id: number, @Depends(guard) _guard: unknown): unknown {
      return ['base', id];
    }
  }

  test('without a decorator keep route and inputs, with fewer parameters too', async () => {
    @Controller('/kept')
    class Kept extends Base {
      override read(): unknown {
        return 'kept';
      }
    }
    const app = appOf([Kept]);
    assert.equal((await app.request('/kept/1')).status, 401);
    await expectJson(await app.request('/kept/1', { headers: { 'X-Guard': 'a' } }), 200, 'kept');
    assert.equal((await app.request('/kept/x', { headers: { 'X-Guard': 'a' } })).status, 422);
  });

  test('and decorated again declare their inputs anew', async () => {
    @Controller('/anew')
    class Anew extends Base {
      @Get('/anew')
      override read(@Query('id', z.int().default(7)) id: number): unknown {
        return ['anew', id];
      }
    }
    await expectJson(await appOf([Anew]).request('/anew/anew'), 200, ['anew', 7]);
    @Controller('/bare')
    class Bare extends Base {
      override read(id: number): unknown {
        return id;
      }
    }
    decorateMethod(Get('/:id'), Bare.prototype, 'read');
    assert.ok(codesOf([Bare]).includes('PARAMETER_WITHOUT_INPUT'));
  });

  test('with a decorated parameter alone keep the route', async () => {
    @Controller('/renamed/:key')
    class Renamed extends Base {
      override read(@Path('key', z.int()) key: number, @Path('id') _id: unknown): unknown {
        return ['renamed', key];
      }
    }
    await expectJson(await appOf([Renamed]).request('/renamed/3/4'), 200, ['renamed', 3]);
  });
});

describe('constructors that are inherited', () => {
  class Reader {
    readonly name = 'reader';
  }
  class Writer {
    readonly name = 'writer';
  }
  class Base {
    constructor(
      @Depends(Reader) readonly reader: Reader,
      @Depends(Writer) readonly writer: Writer,
    ) {}
    @Get()
    get(): unknown {
      return [this.reader.name, this.writer.name];
    }
  }

  test('parameters of one’s own without inputs are not filled with those of the base', () => {
    @Controller('/x')
    class Swapped extends Base {
      constructor(writer: Writer, reader: Reader) {
        super(reader, writer);
      }
    }
    const mistakes = mistakesIn([Swapped]);
    assert.deepEqual(
      mistakes.map(({ code, class: name, parameter }) => [code, name, parameter]),
      [
        ['PARAMETER_WITHOUT_INPUT', 'Swapped', 0],
        ['PARAMETER_WITHOUT_INPUT', 'Swapped', 1],
      ],
    );
    assert.match(mistakes[0]?.message ?? '', /its own constructor/);
  });

  test('parameters without inputs are not filled either where a class in between has the constructor', () => {
    class Between extends Base {
      constructor(writer: Writer, reader: Reader) {
        super(reader, writer);
      }
    }
    @Controller('/x')
    class Last extends Between {}
    assert.deepEqual(codesOf([Last]), ['PARAMETER_WITHOUT_INPUT', 'PARAMETER_WITHOUT_INPUT']);
  });

  test('nor are parameters with default values, which Function.length does not count', async () => {
    @Controller('/x')
    class Hidden extends Base {
      constructor(limit = 20) {
        super(new Reader(), new Writer());
        void limit;
      }
    }
    @Controller('/below')
    class Below extends Hidden {}
    for (const controller of [Hidden, Below]) {
      const [mistake, ...others] = mistakesIn([controller]);
      assert.deepEqual([mistake?.code, mistake?.parameter, others], ['PARAMETER_WITHOUT_INPUT', 0, []]);
      assert.match(mistake?.message ?? '', /Hidden has its own constructor/);
    }
  });

  test('default values alone stay where no base has inputs: nobody fills them', async () => {
    @Controller('/x')
    class Limited {
      constructor(readonly limit = 20) {}
      @Get()
      get(): number {
        return this.limit;
      }
    }
    await expectJson(await appOf([Limited]).request('/x'), 200, 20);
  });

  test('what only looks like a constructor is none', async () => {
    // As Node runs it, comments included.
    const make = runInThisContext(
      `(Base) => class Looks extends Base {
        // "constructor(limit = 20)
        /* constructor(limit = 20) */
        text = 'it\\'s constructor(limit = 20)' + \`constructor(limit = 20)\`;
        copy() { return new this.constructor(this.reader, this.writer); }
        superconstructor (limit = 20) {}
        inner() { return class { constructor(limit) { this.limit = limit; } }; }
      }`,
    ) as (base: typeof Base) => typeof Base;
    const Looks = make(Base);
    decorate(Controller('/x'), Looks);
    await expectJson(await appOf([Looks]).request('/x'), 200, ['reader', 'writer']);
  });

  test('the base’s inputs are kept by classes that were compiled to functions, in between or last', async () => {
    const compile = runInThisContext(`(Base) => {
      function Compiled() {
        return Reflect.construct(Base, arguments, new.target);
      }
      Object.setPrototypeOf(Compiled, Base);
      Object.setPrototypeOf(Compiled.prototype, Base.prototype);
      return Compiled;
    }`) as (base: typeof Base) => typeof Base;
    const Compiled = compile(Base);
    class Last extends Compiled {}
    for (const controller of [Compiled, Last]) {
      decorate(Controller('/x'), controller);
      await expectJson(await appOf([controller]).request('/x'), 200, ['reader', 'writer']);
    }
  });

  test('a decorator that the base has lost is found in a class that has no constructor', () => {
    class Lost {
      constructor(
        readonly reader: Reader,
        readonly writer: Writer,
      ) {}
      @Get()
      get(): unknown {
        return [this.reader, this.writer];
      }
    }
    @Controller('/all')
    class LostAll extends Lost {}
    @Controller('/fields')
    class WithFields extends Lost {
      readonly own = 1;
    }
    for (const controller of [LostAll, WithFields]) {
      assert.deepEqual(codesOf([controller]), ['PARAMETER_WITHOUT_INPUT', 'PARAMETER_WITHOUT_INPUT']);
    }
    decorate(Depends(Writer), Lost, undefined, 1);
    assert.deepEqual(codesOf([LostAll]), ['PARAMETER_WITHOUT_INPUT']);
  });

  test('what classes of the platform take needs no input, and a class of a library is named', async () => {
    class Bus extends EventEmitter {}
    class Names extends Array<string> {}
    class Pool {
      constructor(readonly options: object) {}
    }
    class AppPool extends Pool {}
    @Controller('/x')
    class Using {
      @Get()
      get(@Depends(Bus) bus: Bus, @Depends(Names) names: Names): unknown {
        return [bus.listenerCount('a'), names.length];
      }
    }
    await expectJson(await appOf([Using]).request('/x'), 200, [0, 0]);
    const [mistake] = mistakesIn([taking(Depends(AppPool))]);
    assert.equal(mistake?.code, 'PARAMETER_WITHOUT_INPUT');
    assert.match(mistake.message, /the constructor is that of Pool: .*give AppPool its own/);
  });

  test('one that takes nothing and calls the base by itself is left alone, and so is one that hands on everything', async () => {
    class Named {
      constructor(readonly name: string) {}
      @Get()
      get(): unknown {
        return this.name;
      }
    }
    @Controller('/named')
    class Fixed extends Named {
      constructor() {
        super('fixed');
      }
    }
    @Controller('/handed')
    class Handing extends Base {
      readonly handed: number;
      constructor(...parameters: ConstructorParameters<typeof Base>) {
        super(...parameters);
        this.handed = parameters.length;
      }
    }
    const app = appOf([Fixed, Handing]);
    await expectJson(await app.request('/named'), 200, 'fixed');
    await expectJson(await app.request('/handed'), 200, ['reader', 'writer']);
  });

  test('guards of a base constructor stay where a constructor takes nothing', async () => {
    class Guarded {
      constructor(@Depends(guardOf('Base')) readonly guard: unknown) {}
      @Get()
      get(): unknown {
        return 'in';
      }
    }
    @Controller('/x')
    class Bare extends Guarded {
      constructor() {
        super(undefined);
      }
    }
    assert.equal((await appOf([Bare]).request('/x')).status, 401);
  });
});

/** Every guard of a tree of three levels, by its name; `leaveOut` takes one away. */
function treeWithout(leaveOut: string | undefined) {
  const guard = (name: string): Input<unknown> => Depends(guardOf(name));
  const list = (name: string) => (name === leaveOut ? [] : [guard(name)]);
  class Base {
    constructor(readonly built: unknown) {}
    inherited(_value: unknown): unknown {
      return 'inherited';
    }
  }
  class Middle extends Base {}
  class Leaf extends Middle {
    own(_value: unknown): unknown {
      return 'own';
    }
  }
  if (leaveOut !== 'construct') decorate(guard('construct'), Base, undefined, 0);
  if (leaveOut !== 'parameter') decorate(guard('parameter'), Base.prototype, 'inherited', 0);
  if (leaveOut !== 'ownParameter') decorate(guard('ownParameter'), Leaf.prototype, 'own', 0);
  decorateMethod(Get('/inherited', { dependencies: list('route') }), Base.prototype, 'inherited');
  decorateMethod(Get('/own', { dependencies: list('ownRoute') }), Leaf.prototype, 'own');
  decorate(Controller('/base', { dependencies: list('base') }), Base);
  decorate(Controller('/middle', { dependencies: list('middle') }), Middle);
  decorate(Controller('/leaf', { dependencies: list('leaf') }), Leaf);
  const app = appOf([], { dependencies: list('app') });
  return app.include([Leaf], { dependencies: list('include') });
}

describe('of a tree of three levels', () => {
  const shared = ['app', 'include', 'base', 'middle', 'leaf', 'construct'];
  const required: [string, string[]][] = [
    ['/leaf/inherited', [...shared, 'route', 'parameter']],
    ['/leaf/own', [...shared, 'ownRoute', 'ownParameter']],
  ];
  const documented = (app: App<any>, path: string): string[] =>
    (app.openapi().paths?.[path]?.get?.security ?? []).flatMap((requirement) => Object.keys(requirement));

  for (const [path, guards] of required) {
    test(`every guard of ${path} is required, and documented`, async () => {
      const app = treeWithout(undefined);
      assert.deepEqual(documented(app, path).toSorted(), guards.toSorted());
      const headers = Object.fromEntries(guards.map((name) => [`X-${name}`, 'key']));
      assert.equal((await app.request(path, { headers })).status, 200);
      for (const name of guards) {
        const { [`X-${name}`]: _left, ...others } = headers;
        assert.equal((await app.request(path, { headers: others })).status, 401, `without ${name}`);
      }
    });

    for (const name of guards) {
      test(`${path} without its guard ${name} does not start, or the document no longer has it`, () => {
        let app: App<any>;
        try {
          app = treeWithout(name);
        } catch (error) {
          assert.ok(error instanceof DeclarationError);
          assert.ok(error.mistakes.every(({ code }) => code === 'PARAMETER_WITHOUT_INPUT'));
          return;
        }
        assert.ok(!['construct', 'parameter', 'ownParameter'].includes(name), 'a lost decorator is a mistake');
        assert.ok(!documented(app, path).includes(name));
      });
    }
  }
});

describe('static methods', () => {
  test('that are decorated are a mistake, whatever with, and in a base class too', () => {
    for (const apply of [
      (target: object) => decorateMethod(Get('/s'), target, 'get'),
      (target: object) => decorateMethod(OnError(Error), target, 'get'),
      (target: object) => decorate(Query('q'), target, 'get', 0),
    ]) {
      class Base {
        static get(): string {
          return 'static';
        }
        @Get()
        read(): number {
          return 1;
        }
      }
      apply(Base);
      @Controller('/x')
      class Sub extends Base {}
      const [mistake, ...others] = mistakesIn([Sub]);
      assert.deepEqual([mistake?.code, mistake?.class, mistake?.method, others], ['STATIC_METHOD', 'Sub', 'get', []]);
      assert.deepEqual(codesOf([taking(Depends(Base))]), ['STATIC_METHOD'], 'a dependency');
    }
  });

  test('of the same name as a route do not change it', async () => {
    @Controller('/x')
    class Both {
      static read(): string {
        return 'static';
      }
      @Get()
      read(@Query('q') q: string): string {
        return q;
      }
    }
    await expectJson(await appOf([Both]).request('/x?q=a'), 200, 'a');
  });
});

/** A controller of one route at `/x` with these inputs. */
function taking(...inputs: unknown[]) {
  class TakingController {
    handle(..._values: unknown[]): void {}
  }
  for (const [index, input] of inputs.entries()) decorate(input, TakingController.prototype, 'handle', index);
  decorateMethod(Get('/x'), TakingController.prototype, 'handle');
  decorate(Controller(), TakingController);
  return TakingController;
}

describe('names', () => {
  const idsOf = (app: App<any>): unknown[] =>
    Object.values(app.openapi().paths ?? {}).map(({ get }) => [get?.operationId, get?.tags]);

  test('of a controller are for its ids and its tag, and are not inherited', () => {
    @Controller('/a', { name: 'Flight plans' })
    class A {
      @Get()
      list(): void {}
    }
    @Controller('/b')
    class BController extends A {}
    @Controller('/c', { name: 'C', tags: ['given'] })
    class C extends A {}
    assert.deepEqual(idsOf(appOf([A, BController, C])), [
      ['flightPlans_list', ['Flight plans']],
      ['b_list', ['B']],
      ['c_list', ['given']],
    ]);
  });

  test('are needed: a class without a name is a mistake', () => {
    const unnamed = (() => class {})();
    Object.defineProperty(unnamed, 'name', { value: '' });
    Object.defineProperty(unnamed.prototype, 'read', { value() {}, configurable: true });
    decorateMethod(Get('/x'), unnamed.prototype, 'read');
    decorate(Controller(), unnamed);
    const [mistake] = mistakesIn([unnamed]);
    assert.equal(mistake?.code, 'CONTROLLER_WITHOUT_NAME');
    assert.match(mistake.message, /@Controller\(\{ name: '…' \}\)/);
  });

  test('that clash, as those of a minifier do, are told with the way out', () => {
    const named = (name: string) => {
      const controller = taking();
      Object.defineProperty(controller, 'name', { value: name });
      return controller;
    };
    const app = appOf([]);
    app.include([named('Ab')], { prefix: '/1' });
    assert.throws(() => app.include([named('ab')], { prefix: '/2' }), /'ab_handle'.*@Controller\(\{ name: '…' \}\)/);
  });

  test('one controller under two prefixes has the prefix in its ids, whichever comes first', () => {
    const controller = taking();
    const app = appOf([controller]);
    assert.deepEqual(idsOf(app), [['taking_handle', ['Taking']]]);
    app.include([controller], {
      prefix: '/v2/:tenant/',
      dependencies: [Depends(dependency({ t: Path('tenant') }, () => 1))],
    });
    assert.deepEqual(idsOf(app), [
      ['taking_handle', ['Taking']],
      ['v2TenantTaking_handle', ['Taking']],
    ]);
    const twice = appOf([]).include([controller], { prefix: '/v1' }).include([controller], { prefix: '/v2' });
    assert.deepEqual(
      idsOf(twice).map((each) => (each as string[])[0]),
      ['v1Taking_handle', 'v2Taking_handle'],
    );
    const once = appOf([]).include([controller], { prefix: '/v1' });
    assert.equal((idsOf(once)[0] as string[])[0], 'taking_handle');
  });

  test('of the package’s schemes are theirs; a class that extends one has its own', () => {
    class Mine extends HTTPBearer {}
    class R$ extends HTTPBearer {}
    Object.defineProperty(HTTPBearer, 'name', { value: 'q' });
    try {
      assert.equal(new HTTPBearer().schemeName, 'HTTPBearer');
    } finally {
      Object.defineProperty(HTTPBearer, 'name', { value: 'HTTPBearer' });
    }
    assert.equal(new Mine().schemeName, 'Mine');
    assert.equal(new Mine({ schemeName: 'Given' }).schemeName, 'Given');
    const [mistake] = mistakesIn([taking(Depends(new R$()))]);
    assert.match(mistake?.message ?? '', /'R\$'.*give it a schemeName/);
    const nameless = new (class extends HTTPBearer {})();
    assert.match(mistakesIn([taking(Depends(nameless))])[0]?.message ?? '', /no name.*schemeName/);
  });
});

describe('mistakes', () => {
  const here = /inheritance\.test\.ts:\d+:\d+\)/;

  test('name file and line of the decorator', () => {
    @Controller('/x')
    class Wrong {
      @Get('/:id')
      read(@Path('other') _other: string): void {}
    }
    const mistakes = mistakesIn([Wrong]);
    const [unknown, unread] = ['PATH_VARIABLE_UNKNOWN', 'PATH_VARIABLE_UNREAD'].map((code) =>
      mistakes.find((mistake) => mistake.code === code),
    );
    for (const mistake of [unknown, unread]) {
      assert.match(mistake?.file ?? '', /inheritance\.test\.ts$/);
      assert.match(mistake?.message ?? '', here);
      assert.ok(mistake?.message.includes(`:${mistake.line}:`));
    }
    assert.equal(
      (unknown?.line ?? 0) - (unread?.line ?? 0),
      1,
      'a parameter’s decorator is one line below the route’s',
    );
  });

  test('name the nearest decorator where there is none, or it stands at a static method or a socket', () => {
    class Injected {
      constructor(
        @Query('a') readonly a: string,
        readonly dropped: string,
      ) {}
    }
    @Controller('/x')
    class Wrong {
      constructor(readonly dropped: string) {}
      @Get() read(_dropped: string, @Depends(Injected) _injected: Injected): void {}
      @Get() static route(): void {}
      static input(@Query('q') _q: string): void {}
      @OnError(Error) static handler(): void {}
      @Socket('/s', { receive: 5 as never }) open(): void {}
    }
    const mistakes = mistakesIn([Wrong]);
    assert.equal(mistakes.length, 7);
    for (const { message } of mistakes) assert.match(message, here);
  });

  test('name file and line of inputs of a dependency too', () => {
    const inner = dependency({ missing: Path(z.int()) }, () => 1, { name: 'inner' });
    const [mistake] = mistakesIn([taking(Depends(inner))]);
    assert.deepEqual(mistake?.chain, ['inner']);
    assert.match(mistake.message, here);
  });

  test('leave the stack of the program as it is', () => {
    const limit = Error.stackTraceLimit;
    Query('q');
    assert.equal(Error.stackTraceLimit, limit);
    Error.stackTraceLimit = 0;
    try {
      Query('q');
      assert.equal(Error.stackTraceLimit, 0);
    } finally {
      Error.stackTraceLimit = limit;
    }
  });

  test('leave it where it cannot be set, too', () => {
    const platform = Error as { stackTraceLimit?: number };
    const limit = Error.stackTraceLimit;
    try {
      Object.defineProperty(platform, 'stackTraceLimit', { writable: false });
      assert.doesNotThrow(() => Query('q'));
      assert.equal(Error.stackTraceLimit, limit);
      delete platform.stackTraceLimit;
      assert.doesNotThrow(() => Query('q'));
      assert.equal('stackTraceLimit' in platform, false);
    } finally {
      Object.defineProperty(platform, 'stackTraceLimit', {
        value: limit,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  });

  test('name a file by its path, and as it is where that is none', () => {
    const { prepareStackTrace } = Error;
    for (const [url, file] of [
      ['file:///a%20b/c.ts', '/a b/c.ts'],
      ['file:///C:/c.ts', 'C:/c.ts'],
      ['file:///%zz/c.ts', 'file:///%zz/c.ts'],
    ] as const) {
      Error.prepareStackTrace = () => `Error\n    at read (${url}:3:7)`;
      try {
        const [mistake] = mistakesIn([taking(Path('nowhere'))]);
        assert.deepEqual([mistake?.file, mistake?.line], [file, 3]);
      } finally {
        if (prepareStackTrace === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
        else Error.prepareStackTrace = prepareStackTrace;
      }
    }
  });

  test('are told without a place where the program’s own stacks are none', () => {
    const { prepareStackTrace } = Error;
    for (const prepare of [() => [], () => assert.fail('a stack that cannot be made')]) {
      Error.prepareStackTrace = prepare;
      try {
        const [mistake] = mistakesIn([taking(Path('nowhere'))]);
        assert.deepEqual([mistake?.code, mistake?.file], ['PATH_VARIABLE_UNKNOWN', undefined]);
      } finally {
        if (prepareStackTrace === undefined) delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
        else Error.prepareStackTrace = prepareStackTrace;
      }
    }
  });

  function twoRoutes(options: Parameters<typeof Controller>[0] = {}): Controllers {
    @Controller(options)
    class Two {
      @Get('/a')
      a(): void {}
      @Get('/b')
      b(): void {}
    }
    return [Two];
  }

  test('in a list of the app or an include are told once, however many routes there are', () => {
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: {} });
    const reader = dependency({ body: Body(z.object({ a: z.int() })) }, ({ body }) => body, { name: 'reader' });
    const wanderer = dependency({ at: Path('nowhere') }, ({ at }) => at, { name: 'wanderer' });
    const map = dependency({ map: Query('map', z.map(z.string(), z.string())) }, ({ map }) => map, { name: 'map' });
    const twins = [new HTTPBearer({ schemeName: 'Twin' }), new APIKeyHeader('X', { schemeName: 'Twin' })];
    const lists: [string, unknown[]][] = [
      ['DEPENDENCY_UNDEFINED', [Depends(undefined as never)]],
      ['NOT_DEPENDABLE', ['no dependency']],
      ['UNDECLARED_SCOPE', [Security(scheme, { scopes: ['none'] })]],
      ['BODY_NOT_ALLOWED', [Depends(reader)]],
      ['PATH_VARIABLE_UNKNOWN', [Depends(wanderer)]],
      ['SCHEMA_NOT_EXPRESSIBLE', [Depends(map)]],
      ['DUPLICATE_SCHEME_NAME', twins.map((twin) => Depends(twin))],
    ];
    for (const [code, list] of lists) {
      const dependencies = list as NonNullable<AppOptions['dependencies']>;
      assert.deepEqual(codesOf(twoRoutes(), { dependencies }), [code], 'of the app');
      const included = (): unknown => appOf([]).include(twoRoutes(), { dependencies });
      assert.throws(
        included,
        (error: DeclarationError) => error.mistakes.length === 1 && error.mistakes[0]?.code === code,
      );
      const [mistake] = mistakesIn(twoRoutes(), { dependencies });
      assert.match(mistake?.message ?? '', /dependencies of the app/);
      assert.equal(mistake?.method, undefined);
    }
  });

  const wrongResponses: [code: string, text: RegExp, responses: unknown][] = [
    ['INVALID_RESPONSE', /'99' in its responses is neither a status/, { 99: { description: 'No status' } }],
    ['INVALID_RESPONSE', /response '404' is neither a schema/, { 404: 'Not found' }],
    ['INVALID_RESPONSE', /content of its response '404'/, { 404: { content: 'text' } }],
    [
      'INVALID_RESPONSE',
      /header 'X-Total' of its response '404' is not a schema/,
      { 404: { headers: { 'X-Total': 1 } } },
    ],
    ['SCHEMA_NOT_EXPRESSIBLE', /cannot be documented/, { 404: z.map(z.string(), z.string()) }],
    ['SCHEMA_NOT_EXPRESSIBLE', /cannot be documented/, { 404: { headers: { 'X-Total': z.symbol() } } }],
    ['RESPONSE_WITHOUT_BODY', /for status 304/, { 304: z.string() }],
  ];
  for (const [expected, text, wrong] of wrongResponses) {
    test(`in responses are reported once, where they are declared: ${expected} ${String(text)}`, () => {
      const responses = wrong as NonNullable<AppOptions['responses']>;
      const guard = dependency(() => 1, { name: 'guard', responses });
      class Base {}
      decorate(Controller('', { responses }), Base);
      class Sub extends Base {
        a(): void {}
        b(): void {}
      }
      for (const name of ['a', 'b']) decorateMethod(Get(`/${name}`), Sub.prototype, name);
      decorate(Controller('', { tags: ['sub'] }), Sub);
      const places: [start: string, declare: () => unknown][] = [
        ['responses of the app: ', () => appOf(twoRoutes(), { responses })],
        ['responses of the include: ', () => appOf([]).include(twoRoutes(), { responses })],
        ['Two: ', () => appOf(twoRoutes({ responses }))],
        ['Base: ', () => appOf([Sub])],
        ['dependency guard: ', () => appOf(twoRoutes(), { dependencies: [Depends(guard)] })],
      ];
      for (const [start, declare] of places) {
        assert.throws(declare, ({ mistakes }: DeclarationError) => {
          const [{ code, message, method } = assert.fail('no mistake'), ...others] = mistakes;
          assert.deepEqual([code, method, others], [expected, undefined, []], start);
          assert.ok(message.startsWith(start), message);
          assert.match(message, text);
          return true;
        });
      }
    });
  }

  test('in what classes inherit are reported once, except where each of them may be wrong by itself', () => {
    const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });
    class Base {
      constructor(readonly map: unknown) {}
      text(map: unknown): unknown {
        return map;
      }
      scoped(token: string): string {
        return token;
      }
      undecorated(value: unknown): unknown {
        return value;
      }
      body(): void {}
      static decorated(): void {}
    }
    const map = z.map(z.string(), z.string());
    decorate(Query('inner', map), Base, undefined, 0);
    decorate(Query('map', map), Base.prototype, 'text', 0);
    decorate(Security(scheme, { scopes: ['none'] }), Base.prototype, 'scoped', 0);
    for (const name of ['text', 'scoped', 'undecorated']) decorateMethod(Get(`/${name}`), Base.prototype, name);
    decorateMethod(Get('/body', { response: map }), Base.prototype, 'body');
    decorate(Get('/decorated'), Base, 'decorated', Object.getOwnPropertyDescriptor(Base, 'decorated'));
    const subs = ['a', 'b', 'c'].map((name) => {
      const Sub = { [name]: class extends Base {} }[name] as typeof Base;
      decorate(Controller(`/${name}`), Sub);
      return Sub;
    });
    assert.deepEqual(codesOf(subs).toSorted(), [
      'PARAMETER_WITHOUT_INPUT',
      'SCHEMA_NOT_EXPRESSIBLE',
      'SCHEMA_NOT_EXPRESSIBLE',
      'SCHEMA_NOT_EXPRESSIBLE',
      'STATIC_METHOD',
      'UNDECLARED_SCOPE',
    ]);

    class Open {
      read(): void {}
    }
    decorateMethod(Get('/read'), Open.prototype, 'read');
    const opens = ['a', 'b'].map((name) => {
      const Sub = { [name]: class extends Open {} }[name] as typeof Open;
      decorate(Controller(`/${name}`, { without: [scheme] }), Sub);
      return Sub;
    });
    assert.deepEqual(codesOf(opens, { requireSecurity: true }).toSorted(), [
      'UNKNOWN_WITHOUT',
      'UNKNOWN_WITHOUT',
      'UNSECURED_OPERATION',
      'UNSECURED_OPERATION',
    ]);
  });

  test('in what a dependency reads are reported once, however many routes use it', () => {
    class Paging {
      constructor(@Query('map', z.map(z.string(), z.string())) readonly map: unknown) {}
    }
    const map = dependency({ map: Query(z.map(z.string(), z.string())) }, ({ map }) => map, { name: 'map' });
    const header = dependency({ authorization: Header() }, (values) => values.authorization, { name: 'header' });
    const outer = dependency({ header: Depends(header) }, (values) => values.header, { name: 'outer' });
    for (const [dependable, code, start] of [
      [map, 'SCHEMA_NOT_EXPRESSIBLE', 'dependency map: '],
      [outer, 'RESERVED_HEADER', 'dependency outer -> header: '],
      [Paging, 'SCHEMA_NOT_EXPRESSIBLE', 'Paging constructor parameter 0, dependency Paging: '],
    ] as const) {
      const [mistake, ...others] = mistakesIn(twoRoutes({ dependencies: [Depends(dependable)] }));
      assert.deepEqual([mistake?.code, others], [code, []]);
      assert.ok(mistake?.message.startsWith(start), mistake?.message);
      assert.match(mistake?.file ?? '', /inheritance\.test\.ts$/);
    }
  });

  test('in the shape of errors, and two schemas of one id, are reported once', () => {
    const schema = z.map(z.string(), z.string());
    const [mistake, ...others] = mistakesIn(twoRoutes(), { errors: { schema, body: () => new Map() } });
    assert.deepEqual([mistake?.code, others], ['SCHEMA_NOT_EXPRESSIBLE', []]);
    assert.match(mistake?.message ?? '', /^errors of the app: /);
    const [one, other] = ['a', 'b'].map((name) => z.object({ [name]: z.int() }).meta({ id: 'Twin' }));
    assert.deepEqual(codesOf(twoRoutes(), { responses: { 404: one, 409: other } }), ['DUPLICATE_SCHEMA_ID']);
  });

  test('about a body that a dependency reads have the chain that leads to it', () => {
    const form = dependency({ name: Form(), age: Form(z.int()) }, ({ name }) => name, { name: 'form' });
    const outer = dependency({ form: Depends(form) }, (values) => values.form, { name: 'outer' });
    const [mistake, ...others] = mistakesIn([taking(Depends(outer))]);
    assert.deepEqual([mistake?.code, mistake?.chain, others], ['BODY_NOT_ALLOWED', ['outer', 'form'], []]);
    assert.deepEqual([mistake?.class, mistake?.method], ['TakingController', 'handle']);
    assert.match(mistake?.message ?? '', /TakingController\.handle is a GET/);
  });
});

describe('overrides of an app', () => {
  abstract class Repository {
    constructor(readonly table: string) {}
    abstract find(): string;
  }
  class PgRepository extends Repository {
    constructor(@Query('id', z.string().default('none')) readonly id: string) {
      super('items');
    }
    find(): string {
      return `pg ${this.id}`;
    }
  }
  @Controller('/x')
  class RepositoryController {
    @Get()
    read(@Depends(Repository) repository: Repository): string {
      return repository.find();
    }
  }
  const options = { title: 'Test', version: '1', controllers: [RepositoryController] };

  test('say what stands for an abstract class, are documented as they run, and give way to an override of a test', async () => {
    const app = new App({ ...options, overrides: [[Repository, PgRepository]] });
    await expectJson(await app.request('/x?id=7'), 200, 'pg 7');
    assert.deepEqual(
      app.openapi().paths?.['/x']?.get?.parameters?.map((parameter) => 'name' in parameter && parameter.name),
      ['id'],
    );
    {
      using _ = app.override(
        Repository,
        dependency(() => ({ table: 't', find: () => 'fake' })),
      );
      await expectJson(await app.request('/x'), 200, 'fake');
    }
    await expectJson(await app.request('/x'), 200, 'pg none');
    await using scope = new App({
      ...options,
      controllers: [],
      overrides: [[Repository, dependency(() => ({ table: 't', find: () => 'scoped' }))]],
    }).scope();
    assert.equal((await scope.get(Repository)).find(), 'scoped');
  });

  test('the last one for a dependency counts', async () => {
    const other = dependency(() => ({ table: 't', find: () => 'last' }));
    const app = new App({
      ...options,
      overrides: [
        [Repository, PgRepository],
        [Repository, other],
      ],
    });
    await expectJson(await app.request('/x'), 200, 'last');
  });

  test('replace a guard with another, and the document has the other', async () => {
    const guard = guardOf('Declared');
    const app = appOf([taking(Depends(guard))], { overrides: [[guard, guardOf('Standing')]] });
    assert.deepEqual(app.openapi().paths?.['/x']?.get?.security, [{ Standing: [] }]);
    assert.equal((await app.request('/x', { headers: { 'X-Declared': 'a' } })).status, 401);
  });

  test('that cannot be are mistakes at start, used or not', () => {
    const one = dependency(() => 1, { name: 'one' });
    const itself = dependency({ one: Depends(one) }, (values) => values.one, { name: 'itself' });
    const forRequest = dependency({ q: Query('q', z.int()) }, ({ q }) => q, { name: 'forRequest' });
    const lived = dependency(() => 1, { name: 'lived', lifetime: 'app' });
    const above = dependency({ lived: Depends(lived) }, (values) => values.lived, { name: 'above', lifetime: 'app' });
    const cases: [unknown[][], Controllers, string][] = [
      [[[one, undefined]], [], 'INVALID_OVERRIDE'],
      [[[undefined, one]], [], 'INVALID_OVERRIDE'],
      [[[one, 5]], [taking(Depends(one))], 'INVALID_OVERRIDE'],
      [[[one, null]], [], 'INVALID_OVERRIDE'],
      [[[null, one]], [], 'INVALID_OVERRIDE'],
      [[[one, itself]], [], 'DEPENDENCY_CYCLE'],
      [[[lived, forRequest]], [taking(Depends(above))], 'LIFETIME_CONFLICT'],
    ];
    for (const [overrides, controllers, code] of cases) {
      assert.ok(codesOf(controllers, { overrides: overrides as never }).includes(code), code);
    }
  });
});

// What follows is checked by the compiler; it is never called.

export function overridesAreTyped(): void {
  abstract class Clock {
    abstract now(): number;
  }
  class SystemClock extends Clock {
    now(): number {
      return 1;
    }
  }
  class Words {
    words(): string {
      return '';
    }
  }
  const text = dependency(() => 'text');
  const options = { title: 't', version: '1' };
  const app: App = new App({
    ...options,
    overrides: [
      [Clock, SystemClock],
      [text, () => 'other'],
    ],
  });
  class Special extends App {}
  const special: App = new Special(options);
  // @ts-expect-error: words are no clock
  const wrong = new App({ ...options, overrides: [[Clock, Words]] });
  const pairs = [
    [Clock, SystemClock],
    [text, () => 5],
  ] as const;
  // @ts-expect-error: the second of two is checked as the first is
  const second = new App({ ...options, overrides: pairs });
  void [app, special, wrong, second];
}

export function schemesAreTyped(): void {
  class Token extends SecurityScheme<string> {
    describe() {
      return { type: 'http', scheme: 'token' } as const;
    }
    read({ method }: Context): string | HTTPException {
      return method;
    }
  }
  class Either<const A extends boolean | undefined = true> extends SecurityScheme<string, A> {
    describe() {
      return { type: 'http', scheme: 'either' } as const;
    }
    read(): string | undefined {
      return undefined;
    }
  }
  // @ts-expect-error: its value is a string, always
  const refused = new Token({ autoError: false });
  const required: ValueOf<Token> = 'a string';
  const either = new Either({ autoError: false });
  const optional: ValueOf<typeof either> = undefined;
  class C {
    @Get() accepted(@Depends(new Token()) _token: string, @Depends(new Either()) _either: string): void {}
    // @ts-expect-error: with autoError: false it may be absent
    @Get() refused(@Depends(either) _either: string): void {}
  }
  void [refused, required, optional, C];
}
