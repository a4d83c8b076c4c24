import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  answer,
  type App,
  Body,
  type Context,
  Controller,
  Cookie,
  Ctx,
  dependency,
  Depends,
  events,
  File,
  Form,
  Get,
  Header,
  HTTPException,
  OAuth2PasswordBearer,
  OAuth2PasswordRequestForm,
  OnError,
  Path,
  Post,
  Put,
  Query,
  Route,
  Scopes,
  Security,
  type SecurityScopes,
} from 'portico';
import { z } from 'zod';
import type * as mini from 'zod/mini';

interface User {
  username: string;
}
interface Item {
  price: number;
}

const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { items: 'Read items.' } });
const optionalScheme = new OAuth2PasswordBearer({ tokenUrl: 'token', autoError: false, schemeName: 'Optional' });
const currentUser = dependency({ token: Depends(scheme) }, async ({ token }): Promise<User> => ({ username: token }));
const ItemSchema = z.object({ price: z.number(), tags: z.array(z.string()).default([]) });

class Paging {
  constructor(@Query('skip', z.int().default(0)) readonly skip: number) {}
}

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only where the type is exactly the one that is expected. */
function exactly<A, B>(_same: Equal<A, B>): void {}

// What follows is checked by the compiler; the functions that hold it are never called.

export function methodParameters(): void {
  @Controller()
  class Accepted {
    @Get('/a')
    values(
      @Path('id', z.int()) _id: number,
      @Query('q') _q: string,
      @Query('limit', z.int().default(5)) _limit: number,
      @Query('tags', z.array(z.string())) _tags: string[],
      @Query('sort', z.enum(['up', 'down'])) _sort: 'up' | 'down',
      @Header('x-at', z.coerce.date()) _at: Date,
      @Cookie('session', z.string().optional()) _session: string | undefined,
      @Query('p', z.string().optional()) _p?: string,
    ): void {}
    @Get('/b')
    fields(
      @Query(z.object({ page: z.int().default(1) })) _query: { page: number },
      @Header(z.object({ 'x-a': z.string() })) _header: { 'x-a': string },
      @Cookie(z.object({ a: z.string() })) _cookie: { a: string },
    ): void {}
    @Post('/c')
    bodies(@Body('item', ItemSchema) _item: z.output<typeof ItemSchema>, @Body('n', z.int()) _n: number): void {}
    @Post('/d')
    form(
      @Form('name') _name: string,
      @Form('age', z.int()) _age: number,
      @File('photo') _photo: globalThis.File,
    ): void {}
    @Get('/e')
    dependencies(
      @Depends(currentUser) _user: User,
      @Security(currentUser, { scopes: ['items'] }) _secured: User,
      @Depends(scheme) _token: string,
      @Depends(optionalScheme) _optional: string | undefined,
      @Depends(Paging) _paging: Paging,
      @Depends(() => 1) _one: number,
      @Depends(async (ctx: Context) => ctx.path) _path: string,
      @Scopes() _scopes: SecurityScopes,
      @Ctx() _ctx: Context,
      @Depends(currentUser) _wider: { username: string } | undefined,
      @Depends(currentUser) _unknown: unknown,
      _undecorated: Date,
      @Query('rest') ..._rest: string[]
    ): void {}
    // the type of a method that is not public cannot be seen
    @Get('/hidden') protected hidden(@Query('q') _q: number): void {}
    @Post('/f')
    login(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm): string[] {
      exactly<typeof form.clientId, string | undefined>(true);
      return form.scopes;
    }
  }

  @Controller()
  class Refused {
    // @ts-expect-error: an integer is no string
    @Get('/a') a(@Query('id', z.int()) _id: string): void {}
    // @ts-expect-error: a value without a schema is a string
    @Get('/b') b(@Query('id') _id: number): void {}
    // @ts-expect-error: an optional value may be undefined
    @Get('/c') c(@Query('q', z.string().optional()) _q: string): void {}
    // @ts-expect-error: a user is no number
    @Get('/d') d(@Depends(currentUser) _x: number): void {}
    // @ts-expect-error: a user is no item
    @Get('/e') e(@Depends(currentUser) _x: Item): void {}
    // @ts-expect-error: a user is no item under scopes either
    @Get('/f') f(@Security(currentUser, { scopes: [] }) _x: Item): void {}
    // @ts-expect-error: with autoError: false the token may be absent
    @Get('/g') g(@Depends(optionalScheme) _token: string): void {}
    // @ts-expect-error: the fields have other types
    @Get('/h') h(@Query(z.object({ page: z.int() })) _query: { page: string }): void {}
    // @ts-expect-error: the body has other types
    @Post('/i') i(@Body(ItemSchema) _item: { price: string }): void {}
    // @ts-expect-error: an array is no single value
    @Get('/j') j(@Query('tags', z.array(z.string())) _tags: string): void {}
    // @ts-expect-error: a class gives its instance
    @Get('/k') k(@Depends(Paging) _paging: number): void {}
    // @ts-expect-error: a function gives its value
    @Get('/l') l(@Depends(() => 1) _one: string): void {}
    // @ts-expect-error: the context is no string
    @Get('/m') m(@Ctx() _ctx: string): void {}
    // @ts-expect-error: a file is no string
    @Post('/n') n(@File('photo') _photo: string): void {}
    // @ts-expect-error: the second parameter is checked as the first is
    @Get('/o') o(@Query('a') _a: string, @Query('b', z.int()) _b: boolean): void {}
    // @ts-expect-error: a header is no number
    @Get('/p') p(@Header('a') _a: number): void {}
    // @ts-expect-error: a cookie is no number
    @Get('/q') q(@Cookie('a') _a: number): void {}
    // @ts-expect-error: a form field is no number
    @Post('/r') r(@Form('a') _a: number): void {}
    // @ts-expect-error: a path variable is no number
    @Get('/s/:a') s(@Path('a') _a: number): void {}
    // @ts-expect-error: not every user has a price
    @Get('/t') t(@Depends(currentUser) _x: User & Item): void {}
    // @ts-expect-error: the rest are no numbers
    @Get('/u') u(@Query('q') _q: string, @Query('rest') ..._rest: number[]): void {}
  }
  exactly<InstanceType<typeof Accepted>, Accepted>(true);
  exactly<InstanceType<typeof Refused>, Refused>(true);
}

export function constructorParameters(): void {
  class Accepted {
    constructor(
      @Query('id', z.int()) readonly id: number,
      @Depends(currentUser) private readonly user: User,
      @Depends(Paging) protected paging: Paging,
    ) {}
    get name(): string {
      return this.user.username;
    }
  }
  class Refused {
    constructor(
      // @ts-expect-error: an integer is no string
      @Query('id', z.int()) readonly id: string,
      // @ts-expect-error: a user is no number
      @Depends(currentUser) readonly user: number,
      // @ts-expect-error: an optional value may be undefined
      @Query('q', z.string().optional()) readonly q: string,
    ) {}
  }
  abstract class Base {
    protected constructor(@Depends(currentUser) readonly user: User) {}
  }
  exactly<Base['user'], User>(true);
  exactly<Accepted['id'], number>(true);
  exactly<Refused['id'], string>(true);
}

export function responses(): void {
  @Controller()
  class Accepted {
    @Get('/a', { response: ItemSchema }) plain(): { price: number } {
      return { price: 1 };
    }
    @Get('/b', { response: ItemSchema }) async promised(): Promise<Item> {
      return { price: 1 };
    }
    @Get('/c', { response: ItemSchema }) web(): Response {
      return new Response();
    }
    @Get('/d', { response: z.array(ItemSchema) }) many(): Item[] {
      return [];
    }
    @Get('/e', { response: ItemSchema }) either(): Item | Response {
      return { price: 1 };
    }
    @Get('/f') free(): symbol {
      return Symbol();
    }
    @Get({ response: ItemSchema }) pathless(): Item {
      return { price: 1 };
    }
    @Get('/g', { response: events(z.int()) }) events(): { data: number }[] {
      return [{ data: 1 }];
    }
  }
  @Controller()
  class Refused {
    // @ts-expect-error: the price is no string
    @Get('/a', { response: ItemSchema }) a(): { price: string } {
      return { price: '1' };
    }
    // @ts-expect-error: the price is missing
    @Get('/b', { response: ItemSchema }) async b(): Promise<object> {
      return {};
    }
    // @ts-expect-error: one is not many
    @Put('/c', { response: z.array(ItemSchema) }) c(): Item {
      return { price: 1 };
    }
    // @ts-expect-error: a missing return is not the value
    @Get('/d', { response: ItemSchema }) d(): void {}
    // @ts-expect-error: there is no such option
    @Get('/e', { reponse: ItemSchema }) e(): void {}
    // @ts-expect-error: a type of values is no schema
    @Get('/f', { response: String }) f(): string {
      return '';
    }
  }
  exactly<InstanceType<typeof Accepted>, Accepted>(true);
  exactly<InstanceType<typeof Refused>, Refused>(true);
}

export function answers(): void {
  const Queued = z.object({ queued: z.boolean() });
  const either = <A, B>(one: A, other: B): A | B => (Math.random() < 0.5 ? one : other);
  @Controller()
  class Accepted {
    @Get('/a', { response: ItemSchema, responses: { 202: Queued } }) a() {
      return either(answer(202, { queued: true }), { price: 1 });
    }
    @Get('/b', { responses: { 202: Queued } }) async b() {
      return either(answer(202, { queued: true }), answer(200, Symbol()));
    }
    @Post('/c', { responses: { 409: { description: 'Taken' } }, status: 201 }) c() {
      return either(answer(409, { detail: 'Taken' }), answer(201, 1));
    }
    @Get('/d', { responses: { '4XX': Queued } }) d() {
      return answer(404, { queued: true });
    }
    @Get('/e') e() {
      return answer(418, 1);
    }
    @Get('/f', { responses: { 202: Queued } }) f(): any {
      return answer(203, 1);
    }
    @Get('/g', { responses: { 202: Queued } }) async g(): Promise<unknown> {
      return answer(203, 1);
    }
  }
  @Controller()
  class Refused {
    // @ts-expect-error: 203 is not declared
    @Get('/a', { response: ItemSchema, responses: { 202: Queued } }) a() {
      return answer(203, { queued: true });
    }
    // @ts-expect-error: a 202 is queued
    @Get('/b', { response: ItemSchema, responses: { 202: Queued } }) b() {
      return answer(202, { price: 1 });
    }
    // @ts-expect-error: 203 is not declared, and neither is what is usual
    @Get('/c', { responses: { 202: Queued } }) c() {
      return answer(203, { queued: true });
    }
    // @ts-expect-error: a 202 is queued, also where what is usual is not declared
    @Get('/d', { responses: { 202: { content: Queued } } }) async d() {
      return either(answer(202, { queued: 1 }), 1);
    }
    // @ts-expect-error: what is usual is a 201
    @Post({ responses: { 202: Queued }, status: 201 }) e() {
      return answer(200, 1);
    }
    // @ts-expect-error: 203 is not declared for other methods either
    @Route('COPY', '/f', { responses: { 202: Queued } }) f() {
      return either(answer(203, 1), 'text');
    }
  }
  exactly<InstanceType<typeof Accepted>, Accepted>(true);
  exactly<InstanceType<typeof Refused>, Refused>(true);
}

export function responsesOfATypeParameter<S extends z.ZodObject>(schema: S, value: z.output<S>): void {
  @Controller()
  class Crud {
    @Get('/:id', { response: schema }) async read(@Path('id') _id: string): Promise<z.output<S>> {
      return value;
    }
    @Get({ response: z.array(schema) }) list(): z.output<S>[] {
      return [value];
    }
    @Post({ response: schema, status: 201 }) create(@Body(schema) created: z.output<S>): z.output<S> {
      return created;
    }
    @Route('COPY', '/:id', { response: schema }) copy(): z.output<S> {
      return value;
    }
    // @ts-expect-error: an object is not what every schema takes
    @Put({ response: schema }) replace(): { price: number } {
      return { price: 1 };
    }
  }
  exactly<InstanceType<typeof Crud>, Crud>(true);
}

export function inference(): void {
  dependency((ctx) => exactly<typeof ctx, Context>(true));
  dependency(
    {
      token: Depends(scheme),
      maybe: Depends(optionalScheme),
      user: Depends(currentUser),
      paging: Depends(Paging),
      limit: Query(z.int().default(5)),
      q: Query('q', z.string().optional()),
      userAgent: Header(),
      scopes: Scopes(),
      ctx: Ctx(),
      body: Body(ItemSchema),
    },
    (values) => {
      exactly<typeof values.token, string>(true);
      exactly<typeof values.maybe, string | undefined>(true);
      exactly<typeof values.user, User>(true);
      exactly<typeof values.paging, Paging>(true);
      exactly<typeof values.limit, number>(true);
      exactly<typeof values.q, string | undefined>(true);
      exactly<typeof values.userAgent, string>(true);
      exactly<typeof values.scopes, SecurityScopes>(true);
      exactly<typeof values.ctx, Context>(true);
      exactly<typeof values.body, { price: number; tags: string[] }>(true);
      // @ts-expect-error: what is no input has no value
      return values.other;
    },
  );
  // @ts-expect-error: a type of values is no schema
  Body(String);
  // @ts-expect-error: a schema of zod/mini is none of zod
  Body({} as mini.ZodMiniString);
  // @ts-expect-error: a plain value is no input
  dependency({ token: 'token' }, () => 1);

  const generator = dependency(function* () {
    yield 1;
  });
  const asyncGenerator = dependency(
    async function* () {
      yield { username: 'a' };
    },
    { lifetime: 'app' },
  );
  @Controller()
  class Values {
    @Get('/a') a(@Depends(generator) _n: number, @Depends(asyncGenerator) _user: User): void {}
    // @ts-expect-error: a generator gives what it yields
    @Get('/b') b(@Depends(generator) _n: Generator<number>): void {}
  }
  exactly<InstanceType<typeof Values>, Values>(true);
  // @ts-expect-error: there is no such lifetime
  dependency(() => 1, { lifetime: 'forever' });
  // @ts-expect-error: a string is not dependable
  Depends('currentUser');
}

export async function overrides(app: App): Promise<void> {
  using _same = app.override(currentUser, () => ({ username: 'a' }));
  using _async = app.override(currentUser, async () => ({ username: 'a', more: true }));
  using _dependency = app.override(
    currentUser,
    dependency({ q: Query() }, ({ q }) => ({ username: q })),
  );
  using _class = app.override(
    Paging,
    dependency(() => ({ skip: 1 })),
  );
  // @ts-expect-error: an item is no user
  app.override(currentUser, (): Item => ({ price: 1 }));
  // @ts-expect-error: an item is no user, promised or not
  app.override(currentUser, async (): Promise<Item> => ({ price: 1 }));
  const length = dependency({ q: Query() }, ({ q }) => q.length);
  // @ts-expect-error: a number is no user, whatever its inputs
  app.override(currentUser, length);
  // @ts-expect-error: a token is no user
  app.override(currentUser, scheme);

  await using scope = app.scope();
  const user = await scope.get(currentUser);
  exactly<typeof user, User>(true);
  const paging = await scope.get(Paging);
  exactly<typeof paging, Paging>(true);
}

export function errors(app: App): void {
  app.onError(HTTPException, (error, ctx) => {
    exactly<typeof ctx, Context>(true);
    return error.status;
  });
  app.onError(RangeError, (error: RangeError) => error.message);
  // @ts-expect-error: a string is no error
  app.onError(RangeError, (error: string) => error);
  // @ts-expect-error: only errors are handled
  app.onError(String, () => 1);
  @Controller()
  class Handlers {
    @OnError(RangeError) a(error: RangeError, _ctx: Context): string {
      return error.message;
    }
    // @ts-expect-error: a range error is no HTTPException
    @OnError(RangeError) b(error: HTTPException): number {
      return error.status;
    }
  }
  exactly<InstanceType<typeof Handlers>, Handlers>(true);
}

describe('what the compiler says', () => {
  const root = fileURLToPath(new URL('..', import.meta.url));

  /** What `tsc` prints of a program that imports the package. */
  async function diagnosticsOf(source: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'portico-types-'));
    try {
      const config = { extends: join(root, 'tsconfig.json'), include: [], files: ['program.ts'] };
      const compilerOptions = { typeRoots: [join(root, 'node_modules/@types')], noUnusedParameters: false };
      await writeFile(join(folder, 'program.ts'), source);
      await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, compilerOptions }));
      return await new Promise((resolve) => {
        const compiler = join(root, 'node_modules/.bin/tsc');
        execFile(compiler, ['-p', folder, '--pretty', 'false'], (_error, output) => resolve(output));
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  const program = (route: string): string => `
    import { Controller, dependency, Depends, Get } from 'portico';
    interface User { username: string }
    const currentUser = dependency((): User => ({ username: 'a' }));
    @Controller('/users')
    export class UserController {
      constructor(${route.startsWith('constructor ') ? route.slice(12) : ''}) {}
      @Get('/me') me(${route.startsWith('method ') ? route.slice(7) : ''}): void {}
    }`;

  test('a program whose types agree compiles', async () => {
    assert.equal(await diagnosticsOf(program('method @Depends(currentUser) user: User')), '');
  });

  for (const place of ['method', 'constructor']) {
    test(`an injected value that does not fit a ${place} parameter is told with both types`, async () => {
      const output = await diagnosticsOf(program(`${place} @Depends(currentUser) x: number`));
      const errors = output.split('\n').filter((line) => /error TS\d+/.test(line));
      assert.equal(errors.length, 1, output);
      assert.match(output, /the injected value cannot be passed to this parameter|InjectedTypeMismatch<User, number>/);
      assert.match(output, /InjectedTypeMismatch<User, number>|\[User, number\]/);
    });
  }
});
