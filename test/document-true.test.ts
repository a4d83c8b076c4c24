import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import {
  anyOf,
  APIKeyCookie,
  APIKeyHeader,
  type App,
  Body,
  bytes,
  Controller,
  type Context,
  Cookie,
  Ctx,
  Delete,
  Depends,
  dependency,
  DeclarationError,
  events,
  File as FileInput,
  Form,
  Get,
  Header,
  HTTPBearer,
  HTTPException,
  type Input,
  lines,
  OAuth2PasswordRequestForm,
  Path,
  Post,
  problemDetails,
  Query,
  redirect,
  Security,
  text,
} from 'portico';
import {
  assertDocumentTrue,
  type DocumentCheckOptions,
  type DocumentedApp,
  findDocumentMismatches,
} from 'portico/testing';
import { z, type ZodType } from 'zod';
import { appOf, type ControllerClass, type Controllers, Run } from './world.ts';
import { KINDS, NARROWER } from './fixtures/zod-kinds.ts';

// Read by examples when they are loaded.
process.env['API_KEY'] = 'key-of-this-test';
process.env['API_TOKEN'] = 'token-of-this-test';
process.env['PASSWORD'] = 'password-of-this-test';

const SEED = 20;
/** Requests to the app of every kind of schema, for a longer run; each operation has a few of them otherwise. */
const BUDGET = Number(process.env['PORTICO_REQUESTS'] ?? 0);

/** What a check finds, as `METHOD /path: message`. */
async function found(app: DocumentedApp, options: DocumentCheckOptions = {}): Promise<string[]> {
  const { mismatches } = await findDocumentMismatches(app, { seed: SEED, requests: 40, ...options });
  return mismatches.map(({ method, path, message }) => `${method} ${path}: ${message}`);
}

const Colour = z.enum(['red', 'green', 'blue']);
const Tree = z.object({
  name: z.string().min(1).max(20),
  get children() {
    return z.array(Tree).max(3);
  },
});
const Shape = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('circle'), radius: z.number().positive() }),
  z.strictObject({ kind: z.literal('square'), side: z.int().min(1).max(9), colour: Colour.optional() }),
]);
const Everything = z.object({
  id: z.uuid(),
  email: z.email(),
  at: z.iso.datetime(),
  day: z.iso.date(),
  shape: Shape,
  tree: Tree,
  tags: z.array(z.string()).min(1).max(4),
  pair: z.tuple([z.int(), z.boolean()]),
  counts: z.record(z.string(), z.int()),
  points: z.record(z.enum(['ada', 'bob']), z.int()),
  either: z.union([z.int(), z.boolean(), z.null()]),
  code: z.string().regex(/^[A-Z]{2}-\d{4}$/),
  step: z.int().multipleOf(5).min(-50).max(50),
  note: z.string().nullable().optional(),
});

@Controller('/text')
class TextController {
  @Get('/path/:id/:colour/:days')
  path(
    @Path('id', z.int().min(1)) id: number,
    @Path('colour', Colour) colour: string,
    @Path('days', z.array(z.iso.date()).min(1).max(3), { style: 'comma' }) days: string[],
  ) {
    return { id, colour, days };
  }

  @Get('/path/fixed/red/2020-01-01')
  fixed() {
    return null;
  }

  @Get('/query', { response: z.object({ got: z.array(z.unknown()) }) })
  query(
    @Query('text', z.string().max(5)) text: string,
    @Query('page', z.int().min(0).max(9).default(0)) page: number,
    @Query('ratio', z.number().gt(0).lt(1).optional()) ratio: number | undefined,
    @Query('flag', z.boolean()) flag: boolean,
    @Query('either', z.union([z.int(), Colour]).optional()) either: number | string | undefined,
    @Query('at', z.iso.datetime().optional()) at: string | undefined,
  ) {
    return { got: [text, page, ratio ?? null, flag, either ?? null, at ?? null] };
  }

  @Get('/lists')
  lists(
    @Query('form', z.array(z.int()).min(1)) form: number[],
    @Query('comma', z.array(Colour).max(3), { style: 'comma' }) comma: string[],
    @Query('space', z.array(z.int()).optional(), { style: 'space' }) space: number[] | undefined,
    @Query('pipe', z.array(z.string().min(2)).optional(), { style: 'pipe' }) pipe: string[] | undefined,
    @Query('pair', z.tuple([z.int(), z.boolean()]).optional()) pair: [number, boolean] | undefined,
  ) {
    return { form, comma, space, pipe, pair };
  }

  @Get('/fields')
  fields(
    @Query(z.object({ from: z.int(), to: z.int().optional() })) range: { from: number; to?: number | undefined },
    @Header(z.object({ xTenant: z.string().min(2).max(6) })) tenant: { xTenant: string },
    @Header('x-days', z.array(z.int().min(1)).optional()) days: number[] | undefined,
    @Cookie('theme', z.enum(['light', 'dark']).optional()) theme: string | undefined,
    @Cookie('visits', z.int().min(0)) visits: number,
  ) {
    return { range, tenant, days, theme, visits };
  }
}

@Controller('/body')
class BodyController {
  @Post('/json', { response: Everything, status: 201 })
  json(@Body(Everything) everything: z.output<typeof Everything>) {
    return everything;
  }

  @Post('/optional')
  optional(@Body(z.strictObject({ a: z.int() }).optional()) body: { a: number } | undefined) {
    return body ?? null;
  }

  @Post('/keyed')
  keyed(@Body('shape', Shape) shape: unknown, @Body('tree', Tree) tree: unknown) {
    return { shape, tree };
  }

  @Post('/form')
  form(
    @Form(z.strictObject({ name: z.string().min(1), age: z.int().min(0).optional(), tags: z.array(Colour).optional() }))
    form: unknown,
  ) {
    return form;
  }

  @Post('/fields')
  fields(
    @Form('count', z.int().max(99)) count: number,
    @Form('meta', z.object({ colour: Colour })) meta: unknown,
    @Form('agreed', z.boolean().optional()) agreed: boolean | undefined,
  ) {
    return { count, meta, agreed };
  }

  @Post('/file')
  file(
    @FileInput('upload', { types: ['image/png'] }) upload: File,
    @Form('shape', Shape) shape: unknown,
    @Form('title', z.string().max(9)) title: string,
  ) {
    return { size: upload.size, shape, title };
  }
}

@Controller('/answers')
class AnswerController {
  @Get('/text', { response: text('text/csv') })
  text() {
    return 'a,b';
  }

  @Get('/bytes', { response: bytes('image/png') })
  bytes() {
    return new Uint8Array([137, 80]);
  }

  @Get('/lines', { response: lines(z.object({ n: z.int() })) })
  *lines() {
    for (let n = 0; n < 3; n++) yield { n };
  }

  @Get('/events', { response: events(z.object({ n: z.int() })) })
  *events() {
    for (let n = 0; n < 3; n++) yield { data: { n }, event: 'tick', id: String(n), retry: 5 };
  }

  @Get('/old', { response: redirect(307) })
  old() {
    return '/answers/text';
  }

  @Delete('/:id', { status: 204, responses: { 404: { description: 'There is none' } } })
  remove(@Path('id', z.int()) id: number) {
    if (id > 0) throw new HTTPException(404);
  }

  @Get('/headers', { responses: { 200: { headers: { 'X-Total': z.int(), 'X-Names': z.array(z.string()) } } } })
  headers(@Ctx() context: Context) {
    context.response.headers.set('X-Total', '3');
    context.response.headers.set('X-Names', 'a, b');
    return [];
  }
}

const bearer = new HTTPBearer();
const key = new APIKeyHeader('X-Key');
const session = new APIKeyCookie('session');
const user = dependency({ credentials: Depends(bearer) }, ({ credentials }) => {
  if (credentials.credentials !== 'good') throw new HTTPException(401);
  return credentials.credentials;
});

@Controller('/safe')
class SafeController {
  @Get('/user/:id')
  user(@Path('id', z.int()) id: number, @Security(user, { scopes: [] }) who: string) {
    return { id, who };
  }

  @Post('/either')
  either(@Depends(anyOf(key, session)) secret: string, @Body(z.object({ n: z.int() })) body: { n: number }) {
    return { known: secret !== '', body };
  }

  @Post('/token', { response: z.object({ access_token: z.string() }) })
  token(@Depends(OAuth2PasswordRequestForm) { username }: OAuth2PasswordRequestForm) {
    return { access_token: username };
  }
}

const CONTROLLERS = [TextController, BodyController, AnswerController, SafeController];
const CREDENTIALS = { authorization: 'Bearer good', 'x-key': 'good' };

describe('a document that is true', () => {
  it('is found true for every kind of input, body and answer, each of which is accepted and refused', async () => {
    const statuses = new Map<string, Set<number>>();
    const app = appOf(CONTROLLERS, {
      middleware: [
        async (context, next) => {
          await next();
          const seen = statuses.get(context.path.split('/').slice(0, 3).join('/')) ?? new Set();
          statuses.set(
            context.path.split('/').slice(0, 3).join('/'),
            seen.add(Math.floor((context.response.status ?? 0) / 100)),
          );
        },
      ],
    });
    const { mismatches, unchecked, requests } = await findDocumentMismatches(app, {
      seed: SEED,
      requests: 50,
      headers: CREDENTIALS,
    });
    assert.deepEqual(mismatches, []);
    assert.deepEqual(unchecked, []);
    assert.ok(requests > 700, `${requests} requests`);
    for (const path of ['/text/path', '/text/query', '/text/lists', '/text/fields', '/body/json', '/body/optional']) {
      assert.deepEqual(
        [...(statuses.get(path) ?? [])].toSorted((a, b) => a - b),
        [2, 4],
        path,
      );
    }
    for (const path of ['/body/keyed', '/body/form', '/body/fields', '/body/file', '/safe/user', '/safe/either']) {
      assert.deepEqual(
        [...(statuses.get(path) ?? [])].toSorted((a, b) => a - b),
        [2, 4],
        path,
      );
    }
  });

  it('is found true with errors of another shape', async () => {
    const app = appOf([BodyController], { errors: problemDetails() });
    assert.deepEqual(await found(app, { requests: 20 }), []);
  });
});

/** Every kind of input, with a schema for its value. */
const INPUTS: Readonly<Record<string, (schema: ZodType<any>) => readonly Input<any>[]>> = {
  body: (schema) => [Body(schema)],
  path: (schema) => [Path('v', schema)],
  query: (schema) => [Query('v', schema)],
  header: (schema) => [Header('v', schema)],
  cookie: (schema) => [Cookie('v', schema)],
  form: (schema) => [Form('v', schema)],
  multipart: (schema) => [FileInput('f'), Form('v', schema)],
  'body by keys': (schema) => [Body('v', schema)],
  'object in a body': (schema) => [Body(z.object({ v: schema, list: z.array(schema) }))],
  'object of the query': (schema) => [Query(z.object({ v: schema }))],
  'object of a form': (schema) => [Form(z.object({ v: schema }))],
  'list of the query': (schema) => [Query('v', z.array(schema))],
};

/** A controller that takes a schema by an input; undefined where that is refused at startup. */
function takingKind(kind: string, place: string): ControllerClass | undefined {
  class KindController {
    take(..._values: unknown[]) {
      return kind;
    }
  }
  const { prototype } = KindController;
  const inputs = INPUTS[place]?.((KINDS[kind] ?? assert.fail(kind))()) ?? assert.fail(place);
  for (const [index, input] of inputs.entries()) (input as (...target: unknown[]) => void)(prototype, 'take', index);
  const route = (/body|form|multipart/.test(place) ? Post : Get)(place === 'path' ? '/:v' : '');
  (route as (...target: unknown[]) => void)(prototype, 'take', Object.getOwnPropertyDescriptor(prototype, 'take'));
  const name = `${place} ${kind}`.replaceAll(/\W/g, '_');
  Controller(`/${name}`, { name })(KindController);
  try {
    appOf([KindController]);
    return KindController;
  } catch (error) {
    if (error instanceof DeclarationError) return undefined;
    throw error;
  }
}

describe('an app that takes every kind of schema by every kind of input', () => {
  // Each kind in a body and one other place; all of them in a long run.
  const places = Object.keys(INPUTS);
  const pairs = Object.keys(KINDS).flatMap((kind, index) =>
    places
      .filter((_place, at) => BUDGET > 0 || at === 0 || at === 1 + (index % (places.length - 1)))
      .map((place) => [kind, place] as const),
  );

  it('has a true document, but for the kinds that are listed as narrower', async (t) => {
    const narrower = new RegExp(`^/\\w+_(?:${NARROWER.join('|').replaceAll('.', '_')})(?:/|$)`);
    const controllers = pairs.flatMap(([kind, place]) => takingKind(kind, place) ?? []);
    assert.ok(controllers.length > pairs.length * 0.7, `${controllers.length} of ${pairs.length}`);
    const requests = Math.max(3, Math.ceil(BUDGET / controllers.length));
    const { mismatches, unchecked, ...sent } = await findDocumentMismatches(appOf(controllers), {
      seed: SEED,
      requests,
    });
    const others = mismatches.filter(
      ({ path, message }) => !narrower.test(path) || message !== 'a valid request is refused with 422',
    );
    assert.deepEqual(others, []);
    // There is no value of these that could be sent.
    assert.deepEqual(
      unchecked.filter(({ path }) => !/_(?:never|null)(?:\/|$)/.test(path)),
      [],
    );
    assert.ok(sent.requests >= BUDGET);
    t.diagnostic(`${sent.requests} requests to ${controllers.length} operations`);
  });
});

/** A document of these paths, and an app that answers by hand. */
function documented(
  paths: Record<string, unknown>,
  answer: (request: Request) => Response | Promise<Response>,
  others: Record<string, unknown> = {},
): DocumentedApp {
  const document = { openapi: '3.1.1', info: { title: 'Test', version: '1' }, paths, ...others };
  return {
    openapi: () => document as never,
    request: async (path, init) => {
      const request = new Request(`http://localhost${path}`, init);
      const allowed = Object.keys(Object(Object.values(paths)[0]) as object).map((method) => method.toUpperCase());
      if (request.method === 'OPTIONS') return new Response(null, { headers: { allow: allowed.join(', ') } });
      if (!allowed.includes(request.method))
        return new Response(null, { status: 405, headers: { allow: allowed.join() } });
      return answer(request);
    },
  };
}

const RESPONSES = { 200: {}, 400: {}, 422: {} };
const json = (schema: unknown) => ({ required: true, content: { 'application/json': { schema } } });
const isWhole = (value: unknown): value is number => Number.isInteger(value);
const keysOf = (value: any): string[] => Object.keys(value as object);
const isObject = (value: any): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Schemas of other frameworks, and what is valid by them. */
const SCHEMAS: Readonly<Record<string, readonly [schema: unknown, accepts: (value: any) => boolean]>> = {
  'types that have to hold together': [
    {
      allOf: [
        { type: ['integer', 'string'], minimum: 3 },
        { type: 'number', maximum: 5 },
      ],
    },
    (value) => isWhole(value) && value >= 3 && value <= 5,
  ],
  'properties that have to hold together': [
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' }, b: true, c: { type: 'null' } }, required: ['a', 'b'] },
        { type: 'object', properties: { a: { minimum: 5, maximum: 9 }, b: { type: 'boolean' }, c: true, d: false } },
      ],
    },
    (value) =>
      isObject(value) &&
      isWhole(value.a) &&
      value.a >= 5 &&
      value.a <= 9 &&
      typeof value.b === 'boolean' &&
      (!('c' in value) || value.c === null) &&
      !('d' in value),
  ],
  'items and further properties that have to hold together': [
    {
      type: 'object',
      allOf: [
        { additionalProperties: { type: 'array', items: { type: 'integer' } } },
        { additionalProperties: { items: false } },
      ],
    },
    (value) =>
      isObject(value) && Object.values(value as object).every((each) => Array.isArray(each) && each.length === 0),
  ],
  'items that have to hold together': [
    { allOf: [{ type: 'array', items: { type: 'integer' } }, { items: { minimum: 0 } }] },
    (value) => Array.isArray(value) && value.every((each) => isWhole(each) && each >= 0),
  ],
  'a schema that contains itself': [
    { allOf: [{ $ref: '#/components/schemas/Node' }] },
    function isNode(value): boolean {
      return isObject(value) && (value.next === undefined || isNode(value.next));
    },
  ],
  'items that differ': [
    { type: 'array', items: { enum: [1, 2, 3] }, uniqueItems: true },
    (value) =>
      Array.isArray(value) &&
      value.every((each) => [1, 2, 3].includes(each as number)) &&
      new Set(value).size === value.length,
  ],
  'a required property without a schema': [
    { required: ['a', 'b'], additionalProperties: { type: 'integer' } },
    (value) => !isObject(value) || ('a' in value && 'b' in value && Object.values(value as object).every(isWhole)),
  ],
  'a required property of any kind': [{ required: ['a'] }, (value) => !isObject(value) || 'a' in value],
  'properties without a type': [
    { properties: { a: { minLength: 2 } }, required: ['a'], additionalProperties: false },
    (value) =>
      !isObject(value) || (keysOf(value).join() === 'a' && (typeof value.a !== 'string' || [...value.a].length >= 2)),
  ],
  'items without a type': [
    { items: { pattern: '^a' } },
    (value) => !Array.isArray(value) || value.every((each) => typeof each !== 'string' || each.startsWith('a')),
  ],
  'bounds without a type': [{ minimum: 5 }, (value) => typeof value !== 'number' || value >= 5],
  'a pattern that Unicode mode does not know': [
    { type: 'string', pattern: String.raw`^[\w-_]+$` },
    (value) => typeof value === 'string' && /^[\w-_]+$/.test(value),
  ],
  'bytes as base64': [{ type: 'string', contentEncoding: 'base64' }, (value) => typeof value === 'string'],
  anything: [true, () => true],
};

/** Whether a text is JSON that is accepted. */
function isJsonOf(text: string, accepts: (value: unknown) => boolean): boolean {
  try {
    return accepts(JSON.parse(text));
  } catch {
    return false;
  }
}

describe('a document of another framework', () => {
  for (const [name, [schema, accepts]] of Object.entries(SCHEMAS)) {
    it(`is found true where it has ${name}`, async () => {
      const accepted = new Set<boolean>();
      const answer = async (request: Request): Promise<Response> => {
        const text = await request.text();
        if (request.headers.get('content-type') !== 'application/json') return new Response(null, { status: 415 });
        const valid = isJsonOf(text, accepts);
        accepted.add(valid);
        return new Response(null, { status: valid ? 200 : 422 });
      };
      const Node = { type: 'object', properties: { next: { allOf: [{ $ref: '#/components/schemas/Node' }] } } };
      const app = documented(
        { '/v': { post: { requestBody: json(schema), responses: { ...RESPONSES, 415: {} } } } },
        answer,
        { components: { schemas: { Node } } },
      );
      const { mismatches, unchecked } = await findDocumentMismatches(app, { seed: SEED, requests: 60 });
      assert.deepEqual(mismatches, []);
      assert.deepEqual(unchecked, []);
      assert.equal(accepted.size, 2);
    });
  }
});

const answering = (body: string | null, type?: string, status = 200): Response => {
  const response = new Response(body, { status });
  if (type === undefined) response.headers.delete('content-type');
  else response.headers.set('content-type', type);
  return response;
};
const ofType = (type: string, media: unknown): unknown => ({ responses: { 200: { content: { [type]: media } } } });
const integers = ofType('application/json', { schema: { type: 'integer' } });
const ticks = ofType('text/event-stream', {
  'x-itemSchema': {
    type: 'object',
    properties: { data: { type: 'string', const: 'a\nb' }, event: { const: 'tick' } },
    required: ['data'],
  },
});
const numbers = ofType('application/jsonl', { itemSchema: { type: 'integer' } });

/** What is documented, what is answered, and what is said of it: nothing where it is true. */
const ANSWERS: Readonly<Record<string, readonly [operation: any, answer: () => Response, message?: string]>> = {
  'a body of a range of types': [ofType('image/*', {}), () => answering('x', 'Image/PNG')],
  'a body of any type': [ofType('*/*', {}), () => answering('x', 'a/b; c=d')],
  'a body of another range': [
    ofType('image/*; q=1', {}),
    () => answering('x', 'text/plain'),
    '200 has the type text/plain, but image/*; q=1 is documented',
  ],
  'a body without a type': [integers, () => answering('1'), '200 has no type, but application/json is documented'],
  'a body where none is documented': [
    { responses: { 200: {} } },
    () => answering('x', 'text/plain'),
    '200 has a body, but none is documented',
  ],
  'a body that is not JSON': [integers, () => answering('{', 'application/json'), 'the body of 200 is not JSON'],
  'a body that may be anything': [ofType('application/json', {}), () => answering('{', 'application/json')],
  'a body that there must not be': [
    ofType('application/json', { schema: false }),
    () => answering('1', 'application/json'),
    'the body of 200 does not match its schema: the value boolean schema is false',
  ],
  'a text that does not fit': [
    ofType('text/plain', { schema: { type: 'string', maxLength: 3 } }),
    () => answering('long', 'text/plain; charset=utf-8'),
    'the body of 200 does not match its schema: the value must NOT have more than 3 characters',
  ],
  'a text that fits': [ofType('text/plain', { schema: { type: 'string' } }), () => answering('long', 'text/plain')],
  'events of several lines, and comments': [
    ticks,
    () => answering(': nothing\n\nevent: tick\ndata: a\ndata: b\n\n', 'text/event-stream'),
  ],
  'an event that does not fit': [
    ticks,
    () => answering('event: tock\ndata: a\ndata: b\n\n', 'text/event-stream'),
    'item 0 of the stream does not match its schema: /event must be equal to constant',
  ],
  'a line that is not JSON': [
    numbers,
    () => answering('1\n{\n', 'application/jsonl'),
    'item 1 of the stream does not match its schema: it is not JSON',
  ],
  'a refusal without a 422 beside it': [
    { responses: { 400: {} } },
    () => answering(null, undefined, 400),
    'a valid request is refused with 400',
  ],
  'an OAuth error': [
    { responses: { 400: { content: { '*/*': {} } } } },
    () => answering('{"error":"invalid_grant"}', 'application/json', 400),
  ],
  'a refusal of what is asked for': [{ responses: { 400: {}, 422: {} } }, () => answering(null, undefined, 400)],
  'a status where none is documented': [{}, () => answering(null), 'the status 200 is not documented'],
  'a 401 without a challenge': [
    { security: [{ Undescribed: [] }], responses: { 401: {} } },
    () => answering(null, undefined, 401),
    '401 was returned without a challenge',
  ],
};

describe('an answer', () => {
  for (const [name, [operation, answer, message]] of Object.entries(ANSWERS)) {
    it(`${message === undefined ? 'is found true' : 'is found out'}: ${name}`, async () => {
      const app = documented({ '/v': { get: operation } }, answer);
      assert.deepEqual(await found(app, { requests: 2 }), message === undefined ? [] : [`GET /v: ${message}`]);
    });
  }

  it('to HEAD has no body', async () => {
    const app = documented({ '/v': { head: integers, get: integers } }, ({ method }) =>
      answering(method === 'HEAD' ? 'x' : '1', 'application/json'),
    );
    assert.deepEqual(await found(app, { requests: 2 }), ['HEAD /v: 200 has a body for HEAD']);
    const empty = documented({ '/v': { head: integers } }, () => answering(null, 'application/json'));
    assert.deepEqual(await found(empty, { requests: 2 }), []);
  });

  it('is shown in part where it is long', async () => {
    const app = documented({ '/v': { get: { responses: { 200: {} } } } }, () => answering('x'.repeat(2_000)));
    const { mismatches } = await findDocumentMismatches(app, { seed: SEED, requests: 1 });
    assert.match(mismatches[0]?.response ?? '', /^200\nx{1000}…$/);
  });

  it('that does not come in time is found out', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const { mismatches } = await passing(
      t,
      findDocumentMismatches(
        documented({ '/v': { get: { responses: { 200: {} } } } }, () => new Promise(() => {})),
        { seed: SEED, requests: 1 },
      ),
    );
    assert.deepEqual(
      mismatches.map(({ message }) => message),
      ['no response: there was no response within 20000 ms'],
    );
  });

  it('that comes too late to compare it with that to a valid request is not judged', async () => {
    // Here, a second takes ten milliseconds, also for fast-check.
    const program = `
      const { setTimeout: real } = globalThis;
      globalThis.setTimeout = (call, time, ...values) => real(call, time / 100, ...values);
      const { findDocumentMismatches } = await import('./src/testing/index.ts');
      const parameters = [{ in: 'query', name: 'n', required: true, schema: { type: 'integer' } }];
      const openapi = () => ({ paths: { '/v': { get: { parameters, responses: { 200: {}, 404: {} } } } } });
      let asked = 0;
      const request = async () => {
        asked += 1;
        if (asked === 1) return new Response();
        await new Promise((resolve) => setTimeout(resolve, 19_000));
        return new Response(null, { status: 404 });
      };
      const { unchecked } = await findDocumentMismatches({ openapi, request }, { seed: 1, requests: 1 });
      console.log(JSON.stringify(unchecked));`;
    const run = new Run(['--import', 'tsx', '--input-type=module', '-e', program]);
    assert.equal(await run.end(), 0, run.said);
    const reason = 'there was no response within 30000 ms';
    assert.deepEqual(JSON.parse(run.stdout), [{ method: 'GET', path: '/v', reason }]);
  });
});

/** Lets a second after the other pass until something is there. */
async function passing<T>(t: TestContext, result: Promise<T>): Promise<T> {
  const done = result.then(() => true);
  const second = async (): Promise<boolean> => {
    t.mock.timers.tick(1_000);
    return new Promise((resolve) => setImmediate(resolve, false));
  };
  while (!(await Promise.race([done, second()])));
  return result;
}

/** What two examples are about, and no document can say. */
const TOLD: Readonly<Record<string, readonly RegExp[]>> = {
  // Two dates of which one must not come before the other, by `refine`.
  'guides/controllers.ts': [/^GET \/charts: a valid request is refused with 422$/],
  // How a transaction ends when a handler throws what nobody handles.
  'guides/lifetimes.ts': [/^POST \/orders\/refused: 500 was returned$/],
};

describe('every example', () => {
  const folder = join(import.meta.dirname, '..', 'examples');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(
      (file) =>
        file.endsWith('.ts') && /^export (?:const app\b|\{.*\bapp \})/m.test(readFileSync(join(folder, file), 'utf8')),
    )
    .map((file) => file.replaceAll('\\', '/'));
  for (const file of [...files.toSorted(), '../test/fixtures/library.ts']) {
    it(`${file} has a true document, but for what it shows`, async () => {
      const { app: exported } = (await import(join(folder, file))) as { app: App | (() => App) };
      const app = typeof exported === 'function' ? exported() : exported;
      const mismatches = await found(app, { requests: BUDGET > 0 ? 200 : 10, headers: await credentialsOf(app) });
      const shown = TOLD[file] ?? [];
      assert.deepEqual(
        mismatches.filter((mismatch) => !shown.some((told) => told.test(mismatch))),
        [],
      );
      await app.close();
    });
  }

  it('is looked at', () => {
    assert.ok(files.length >= 16, files.join());
  });
});

/** A token of whoever may sign in with any password, where the app has tokens. */
async function credentialsOf(app: App): Promise<Record<string, string>> {
  if (app.openapi().paths?.['/token'] === undefined) return {};
  const body = new URLSearchParams({ username: 'demo', password: 'demo', scope: 'items:read items:write' });
  const response = await app.request('/token', { method: 'POST', body });
  if (response.status !== 200) return {};
  const { access_token: token } = (await response.json()) as { access_token: string };
  return { authorization: `Bearer ${token}` };
}

/** An app whose document is altered after the fact. */
function altered(controllers: Controllers, alter: (document: any) => void): App {
  const app = appOf(controllers);
  const document = structuredClone(app.openapi());
  alter(document);
  app.openapi = () => document as never;
  return app;
}

class Undeclared extends Error {}

@Controller('/lies')
class LyingController {
  @Get('/refined')
  refined(@Query('n', z.int().refine((n) => n < 5)) n: number) {
    return n;
  }

  @Get('/stricter')
  stricter(@Query('n', z.int().max(10)) n: number) {
    return n;
  }

  @Post('/body', { response: z.object({ n: z.int() }) })
  body(@Body(z.object({ n: z.int().min(0) })) { n }: { n: number }) {
    return { n };
  }

  @Get('/ids')
  ids(@Query('ids', z.array(z.int()).min(1).max(3)) ids: number[]) {
    return ids;
  }

  @Post('/list')
  list(
    @Body(z.object({ list: z.array(z.int()).min(1).max(40), name: z.string().max(30) })) { list }: { list: number[] },
  ) {
    return list;
  }

  @Post('/form')
  form(@Form('ids', z.array(z.int()).min(1).max(3)) ids: number[]) {
    return ids;
  }

  @Get('/response')
  response() {
    return new Response('<p>', { headers: { 'Content-Type': 'text/html' } });
  }

  @Get('/thrown')
  thrown() {
    throw new Undeclared('x');
  }

  @Get('/broken')
  broken(@Query('n', z.int()) n: number) {
    if (n > 100) throw new Error('broken');
    return n;
  }

  @Get('/lines', { response: lines(z.object({ n: z.int() })) })
  *lines() {
    yield { n: 1 };
  }

  @Get('/both')
  both(@Depends(bearer) _credentials: unknown, @Depends(new APIKeyHeader('X-Key', { schemeName: 'Key' })) key: string) {
    return key;
  }

  @Get('/safe')
  safe(@Depends(bearer) credentials: unknown) {
    return typeof credentials;
  }
}
const at = (document: any, path: string, method = 'get') => document.paths[path][method];

const listOf = (document: any) =>
  at(document, '/lies/list', 'post').requestBody.content['application/json'].schema.properties;

/** A lie, and what is said of it. */
const LIES: Readonly<Record<string, readonly [App, string, DocumentCheckOptions?]>> = {
  'a refinement that the document cannot say': [
    appOf([LyingController]),
    'GET /lies/refined: a valid request is refused with 422',
  ],
  'a bound that is documented too wide': [
    altered([LyingController], (document) => delete at(document, '/lies/stricter').parameters[0].schema.maximum),
    'GET /lies/stricter: a valid request is refused with 422',
  ],
  'a bound that is documented too narrow': [
    altered([LyingController], (document) => (at(document, '/lies/stricter').parameters[0].schema.maximum = 5)),
    "GET /lies/stricter: 200 was returned, although the query parameter 'n' is ",
  ],
  'a bound that is documented too wide by one': [
    altered([LyingController], (document) => (at(document, '/lies/stricter').parameters[0].schema.maximum = 11)),
    'GET /lies/stricter: a valid request is refused with 422',
  ],
  'a text that is documented too long by one': [
    altered([LyingController], (document) => (listOf(document).name.maxLength = 31)),
    'POST /lies/list: a valid request is refused with 422',
  ],
  'a list that is documented too long by one': [
    altered([LyingController], (document) => (listOf(document).list.maxItems = 41)),
    'POST /lies/list: a valid request is refused with 422',
  ],
  'a list that is documented too short': [
    altered([LyingController], (document) => (listOf(document).list.maxItems = 20)),
    'POST /lies/list: 200 was returned, although in the body /list must NOT have more than 20 items',
  ],
  'a list of a body that is said to need more items': [
    altered([LyingController], (document) => (listOf(document).list.minItems = 2)),
    'POST /lies/list: 200 was returned, although in the body /list must NOT have fewer than 2 items',
  ],
  'a list of a query that is said to need more items': [
    altered([LyingController], (document) => (at(document, '/lies/ids').parameters[0].schema.minItems = 2)),
    "GET /lies/ids: 200 was returned, although the query parameter 'ids' has 1 items",
  ],
  'a list of a query that is documented too short': [
    altered([LyingController], (document) => (at(document, '/lies/ids').parameters[0].schema.maxItems = 2)),
    "GET /lies/ids: 200 was returned, although the query parameter 'ids' has 3 items",
  ],
  'a list of a form that is documented too short': [
    altered([LyingController], (document) => {
      for (const { schema } of Object.values<any>(at(document, '/lies/form', 'post').requestBody.content))
        schema.properties.ids.maxItems = 2;
    }),
    'POST /lies/form: 200 was returned, although in the body /ids must NOT have more than 2 items',
  ],
  'a parameter that is not required': [
    altered([LyingController], (document) => (at(document, '/lies/stricter').parameters[0].required = false)),
    'GET /lies/stricter: a valid request is refused with 422',
  ],
  'a parameter that is said to be required': [
    altered([TextController], (document) => (at(document, '/text/query').parameters[1].required = true)),
    "GET /text/query: 200 was returned, although the query parameter 'page' is missing",
  ],
  'a body that takes less than is said': [
    altered([LyingController], (document) => {
      delete at(document, '/lies/body', 'post').requestBody.content['application/json'].schema.properties.n.minimum;
    }),
    'POST /lies/body: a valid request is refused with 422',
  ],
  'a body that takes keys that are said to be refused': [
    altered([LyingController], (document) => {
      at(document, '/lies/body', 'post').requestBody.content['application/json'].schema.additionalProperties = false;
    }),
    'POST /lies/body: 200 was returned, although in the body the value must NOT have additional properties',
  ],
  'a body of another media type': [
    altered([LyingController], (document) => {
      const { requestBody } = at(document, '/lies/body', 'post');
      requestBody.content = { 'application/x-www-form-urlencoded': requestBody.content['application/json'] };
    }),
    'POST /lies/body: a valid request is refused with 415',
  ],
  'an answer that does not fit': [
    altered([LyingController], (document) => {
      const { content } = at(document, '/lies/body', 'post').responses['200'];
      content['application/json'].schema.properties.n = { type: 'string' };
    }),
    'POST /lies/body: the body of 200 does not match its schema: /n must be string',
  ],
  'an answer of another media type': [
    appOf([LyingController]),
    'GET /lies/response: 200 has the type text/html, but application/json is documented',
  ],
  'a handler of errors with a status of its own': [
    (() => {
      const app = altered([LyingController], (document) => delete at(document, '/lies/thrown').responses.default);
      return app.onError(Undeclared, () => new Response(null, { status: 418 }));
    })(),
    'GET /lies/thrown: the status 418 is not documented',
  ],
  'an error that nobody handles': [appOf([LyingController]), 'GET /lies/broken: 500 was returned'],
  'a header that is missing': [
    altered([LyingController], (document) => {
      at(document, '/lies/stricter').responses['200'].headers = { 'X-Total': { required: true, schema: {} } };
    }),
    'GET /lies/stricter: 200 has no header X-Total',
  ],
  'a header that does not fit': [
    altered([LyingController], (document) => {
      at(document, '/lies/stricter').responses['200'].headers = { 'Content-Type': { schema: { type: 'integer' } } };
    }),
    'GET /lies/stricter: the header Content-Type of 200 does not match its schema: application/json',
  ],
  'an item of a stream that does not fit': [
    altered([LyingController], (document) => {
      const { content } = at(document, '/lies/lines').responses['200'];
      content['application/jsonl']['x-itemSchema'] = { type: 'string' };
    }),
    'GET /lies/lines: item 0 of the stream does not match its schema: the value must be string',
  ],
  'an operation that is protected, and said to be public': [
    altered([LyingController], (document) => {
      delete at(document, '/lies/safe').security;
      delete at(document, '/lies/safe').responses['401'];
    }),
    'GET /lies/safe: 401 was returned, but the document has no security',
  ],
  'an operation that is public, and said to be protected': [
    altered([LyingController], (document) => {
      at(document, '/lies/response').security = [{ HTTPBearer: [] }];
    }),
    'GET /lies/response: 200 was returned without the documented credentials',
  ],
  'credentials that are said to suffice by themselves': [
    altered([LyingController], (document) => (at(document, '/lies/both').security = [{ Key: [] }, { HTTPBearer: [] }])),
    'GET /lies/both: 401 is answered to one of the alternatives',
    { headers: { authorization: 'Bearer a', 'x-key': 'b' } },
  ],
  'an operation that is not there': [
    altered([LyingController], (document) => (document.paths['/lies/nowhere'] = { get: { responses: { 200: {} } } })),
    'GET /lies/nowhere: the status 404 is not documented',
  ],
  'a method that is not documented': [
    altered([BodyController], (document) => {
      document.paths['/body/json'].put = document.paths['/body/json'].post;
    }),
    'PUT /body/json: 405 was returned for a documented method',
  ],
};

describe('a document that lies', () => {
  for (const [lie, [app, message, options]] of Object.entries(LIES)) {
    it(`is found out: ${lie}`, async () => {
      const [, operation = ''] = /^(\S+ \S+):/.exec(message) ?? [];
      const mismatches = await found(app, { operations: [operation], ...options });
      assert.ok(
        mismatches.some((mismatch) => mismatch.startsWith(message)),
        mismatches.join('\n') || 'nothing was found',
      );
    });
  }

  it('is shown by the smallest request, and the seed that repeats it', async () => {
    const check = { seed: 7, operations: ['GET /lies/refined'] };
    const app = appOf([LyingController]);
    const told = await assertDocumentTrue(app, check).catch((error: unknown) => String(error));
    assert.match(String(told), /seed 7/);
    assert.match(String(told), /> GET \/lies\/refined\?n=5\n {4}< 422 application\/json/);
    assert.equal(await assertDocumentTrue(appOf([LyingController]), check).catch(String), told);
  });

  it('is shown without the credentials that were given', async () => {
    const app = altered([SafeController], (document) => {
      at(document, '/safe/user/{id}').responses['200'].content['application/json'].schema = { type: 'string' };
    });
    const told = await assertDocumentTrue(app, { seed: SEED, headers: CREDENTIALS, operations: ['safe_user'] }).catch(
      String,
    );
    assert.match(String(told), /authorization: …/);
    assert.doesNotMatch(String(told), /good(?!")/);
  });
});

describe('a check', () => {
  it('sends the same requests for the same seed, and others for another one', async () => {
    const sent = async (seed: number) => {
      const targets: string[] = [];
      const app = appOf([TextController]);
      const request = (path: string, init?: RequestInit) => {
        targets.push(path);
        return app.request(path, init);
      };
      await findDocumentMismatches({ openapi: () => app.openapi(), request }, { seed, requests: 10 });
      return targets;
    };
    const first = await sent(1);
    assert.deepEqual(await sent(1), first);
    assert.notDeepEqual(await sent(2), first);
  });

  it('names what it could not check', async () => {
    const without = await findDocumentMismatches(appOf([SafeController]), { requests: 4, seed: SEED });
    assert.deepEqual(
      without.unchecked.map(({ path, reason }) => `${path}: ${reason}`),
      [
        '/safe/user/{id}: the headers have no credentials for it',
        '/safe/either: the headers have no credentials for it',
      ],
    );
    const headers = { authorization: 'Bearer bad' };
    const wrong = await findDocumentMismatches(appOf([SafeController]), {
      requests: 4,
      headers,
      operations: ['safe_user'],
    });
    assert.deepEqual(wrong.unchecked, [
      { method: 'GET', path: '/safe/user/{id}', reason: 'its credentials were always refused' },
    ]);
  });

  it('takes operations by what is said of them', async () => {
    const paths = new Set<string>();
    const app = appOf([AnswerController]);
    const request = (path: string, init?: RequestInit) => {
      paths.add(path);
      return app.request(path, init);
    };
    const operations = ({ path }: { path: string }) => path.endsWith('text');
    await assertDocumentTrue({ openapi: () => app.openapi(), request }, { operations });
    assert.deepEqual([...paths], ['/answers/text']);
  });

  it('refuses options that say nothing', async () => {
    const app = appOf([AnswerController]);
    await assert.rejects(assertDocumentTrue(app, { operations: ['nobody'] }), /has no operation 'nobody'/);
    await assert.rejects(assertDocumentTrue(app, { requests: 0 }), /requests must be a positive integer/);
    await assert.rejects(assertDocumentTrue(app, { seed: 1.5 }), /seed must be an integer/);
  });

  it('needs no value of a kind that cannot be made or sent, and says so', async () => {
    const query = (schema: unknown, others = {}) => ({
      get: { parameters: [{ in: 'query', name: 'v', required: true, schema, ...others }], responses: RESPONSES },
    });
    const body = (type: string, schema: unknown) => ({
      post: { requestBody: { required: true, content: { [type]: { schema } } }, responses: { ...RESPONSES, 415: {} } },
    });
    const form = 'application/x-www-form-urlencoded';
    const none = 'no value can be generated for ';
    const few = 'too few of the generated values are valid';
    const paths: Record<string, [item: object, reason: string]> = {
      '/bounds': [query({ type: 'number', minimum: 5.5, maximum: 5 }), none],
      '/null': [query({ enum: [null] }), none],
      '/loop': [query({ $ref: '#/components/schemas/Loop' }), none],
      '/object': [query({ type: 'object' }), few],
      '/text': [body('text/plain', {}), `${none}text/plain`],
      '/form': [body(form, { type: 'string' }), few],
      '/empty': [body(form, { type: 'object', properties: { a: { const: '' } }, required: ['a'] }), few],
      '/list': [body(form, { type: 'object', properties: { a: { const: [] } }, required: ['a'] }), few],
    };
    const Loop = { allOf: [{ $ref: '#/components/schemas/Loop' }] };
    const app = documented(
      Object.fromEntries(Object.entries(paths).map(([path, [item]]) => [path, item])),
      () => new Response(null, { status: 422 }),
      { components: { schemas: { Loop } } },
    );
    const { unchecked } = await findDocumentMismatches(app, { seed: SEED, requests: 2 });
    for (const [path, [, reason]] of Object.entries(paths)) {
      const told = unchecked.find((each) => each.path === path)?.reason;
      assert.ok(told?.startsWith(reason), `${path}: ${told}`);
    }
  });

  it('writes values of every kind as their document says', async () => {
    const text = { type: 'string', pattern: '^[a-c]+$' };
    const operation = {
      parameters: [
        {
          in: 'query',
          name: 'json',
          required: true,
          content: { 'application/json': { schema: { type: 'array', items: text } } },
        },
        { in: 'query', name: 'any', required: true },
        { in: 'cookie', name: 'seen', required: true, schema: text },
        {
          in: 'query',
          name: 'ids',
          required: true,
          schema: {
            anyOf: [{ type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 4 }, { type: 'integer' }],
          },
        },
        {
          in: 'query',
          name: 'ns',
          required: true,
          schema: {
            anyOf: [
              { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 2 },
              { type: 'array', items: { type: 'integer' }, minItems: 3, maxItems: 4 },
            ],
          },
        },
      ],
      requestBody: {
        required: true,
        content: {
          'multipart/form-data': {
            schema: {
              type: 'object',
              properties: {
                where: { const: 'a part of it' },
                object: {
                  type: 'object',
                  properties: { n: { type: 'integer' } },
                  required: ['n'],
                  additionalProperties: false,
                },
                list: { type: 'array', items: { type: 'integer' } },
                file: { type: 'string', format: 'binary' },
              },
              required: ['where', 'object', 'list', 'file'],
              additionalProperties: false,
            },
          },
          'application/json': {},
        },
      },
      responses: { ...RESPONSES, 415: {} },
    };
    const isInteger = (each: string) => /^-?\d+$/.test(each);
    const seen = new Set<string>();
    const isFitting = async (request: Request): Promise<boolean> => {
      const { searchParams } = new URL(request.url);
      const [ids, ns] = [searchParams.getAll('ids'), searchParams.getAll('ns')];
      const cookies = /^given=yes; seen=([a-c]+)$/.test(request.headers.get('cookie') ?? '');
      const isText = /^\[(?:"[a-c]+",?)*\]$/.test(searchParams.get('json') ?? '');
      if (!cookies || !isText || !searchParams.has('any') || searchParams.getAll('any').length > 1) return false;
      if (ids.length < 1 || ids.length > 4 || ns.length < 1 || ns.length > 4 || ![...ids, ...ns].every(isInteger))
        return false;
      if (request.headers.get('content-type') === 'application/json') {
        await request.json();
        return true;
      }
      // oxlint-disable-next-line typescript/no-deprecated -- the form is that of this test
      const form = await request.formData();
      const [where, file] = [form.get('where'), form.get('file')];
      const object = JSON.parse(form.get('object') as string) as { n: unknown };
      const isRight = where === 'a part of it' && isInteger(String(object.n)) && file instanceof Blob;
      if (!isRight || !form.has('list') || !form.getAll('list').map(String).every(isInteger)) return false;
      return Object.keys(object).length === 1 && new Set(form.keys()).size === 4;
    };
    const app = documented({ '/v': { post: operation } }, async (request) => {
      const type = request.headers.get('content-type')?.split(';')[0] ?? '';
      if (!['application/json', 'multipart/form-data'].includes(type)) return new Response(null, { status: 415 });
      const fits = await isFitting(request).catch(() => false);
      seen.add(`${type} ${fits}`);
      return new Response(null, { status: fits ? 200 : 422 });
    });
    const { mismatches, unchecked } = await findDocumentMismatches(app, {
      seed: SEED,
      requests: 200,
      headers: { cookie: 'given=yes' },
    });
    assert.deepEqual(mismatches, []);
    assert.deepEqual(unchecked, []);
    assert.equal(seen.size, 4);
  });

  it('takes a refusal of a faulty request that the same without the fault gets as well', async () => {
    const find = dependency({ id: Path('id', z.int()) }, () => {
      throw new HTTPException(404);
    });
    @Controller()
    class EmptyController {
      @Get('/:id', { responses: { 404: { description: 'There is none' } } })
      read(@Depends(find) _found: unknown, @Query('n', z.int()) n: number) {
        return n;
      }
    }
    assert.deepEqual(await found(appOf([EmptyController])), []);
  });

  it('refuses a document that cannot be read', async () => {
    const responses = { 200: {} };
    const wrong: [paths: Record<string, unknown>, message: RegExp, others?: Record<string, unknown>][] = [
      [
        { '/v': { get: { parameters: [{ $ref: '#/components/parameters/none' }], responses } } },
        /The reference #\/components\/parameters\/none of the document cannot be resolved/,
      ],
      [
        { '/v': { post: { requestBody: { $ref: '#/components/requestBodies/Loop' }, responses } } },
        /The reference #\/components\/requestBodies\/Loop leads back to itself/,
        { components: { requestBodies: { Loop: { $ref: '#/components/requestBodies/Loop' } } } },
      ],
      [
        { '/v': { post: { requestBody: json({ type: 'array', items: { $ref: '#/none' } }), responses } } },
        /The reference #\/none of the document cannot be resolved/,
      ],
      [
        { '/v': { post: { requestBody: json({ type: 'string', pattern: '(' }), responses } } },
        /Invalid regular expression/,
      ],
      [
        { '/v': { get: ofType('application/json', { schema: { type: 'string', pattern: '(' } }) } },
        /Invalid regular expression/,
      ],
    ];
    for (const [paths, message, others] of wrong) {
      const app = documented(paths, () => answering('"x"', 'application/json'), others);
      await assert.rejects(findDocumentMismatches(app, { seed: SEED, requests: 1 }), message);
    }
  });

  it('takes a document without paths, and paths that are no text', async () => {
    const empty = {
      openapi: () => ({ openapi: '3.1.1' }) as never,
      request: () => assert.fail('there is nothing to ask'),
    };
    assert.deepEqual(await findDocumentMismatches(empty, { seed: 1 }), {
      mismatches: [],
      unchecked: [],
      requests: 0,
      seed: 1,
    });

    const parameters = [{ in: 'path', name: 'v', required: true, schema: { enum: ['fixed', 'free'] } }];
    const app = documented(
      {
        '/100%/{v}': { get: { parameters, responses: { 200: {} } } },
        '/100%/fixed': { get: { responses: { 200: {} } } },
      },
      ({ url }) => new Response(null, { status: url.endsWith('fixed') ? 200 : 204 }),
    );
    const [mismatch] = await found(app, { operations: ['GET /100%/{v}'] });
    assert.equal(mismatch, 'GET /100%/{v}: the status 204 is not documented');
  });

  it('sends credentials in the place that their scheme says, and any to a scheme that is not described', async () => {
    const sent: string[] = [];
    const guarded = (name: string) => ({ get: { security: [{ [name]: [] }], responses: { 200: {}, 401: {} } } });
    const app = documented(
      { '/query': guarded('InQuery'), '/unknown': guarded('Unknown') },
      ({ url, headers }) => {
        sent.push(`${new URL(url).pathname} ${headers.get('authorization')}`);
        const isGood = headers.has('authorization');
        return new Response(null, { status: isGood ? 200 : 401, headers: { 'www-authenticate': 'Bearer' } });
      },
      { components: { securitySchemes: { InQuery: { type: 'apiKey', in: 'query', name: 'key' } } } },
    );
    const { mismatches, unchecked } = await findDocumentMismatches(app, {
      seed: SEED,
      requests: 2,
      headers: { authorization: 'Bearer good' },
    });
    assert.deepEqual(mismatches, []);
    assert.deepEqual(
      unchecked.map(({ path, reason }) => `${path}: ${reason}`),
      ['/query: the headers have no credentials for it'],
    );
    assert.ok(sent.includes('/unknown Bearer good') && sent.includes('/unknown null'), sent.join());
    assert.ok(!sent.includes('/query Bearer good'), sent.join());
  });

  it('asks each alternative of the security by itself', async () => {
    const sent = new Set<string>();
    const app = appOf([SafeController], {
      middleware: [
        (context, next) => {
          sent.add(`${context.request.headers.has('x-key')} ${context.request.headers.has('cookie')}`);
          return next();
        },
      ],
    });
    const headers = { 'x-key': 'good', cookie: 'session=good' };
    assert.deepEqual(await found(app, { headers, operations: ['POST /safe/either'], requests: 4 }), []);
    assert.deepEqual([...sent].toSorted(), ['false false', 'false true', 'true false', 'true true']);
  });

  it('tells of methods that are not refused as they should be', async () => {
    const get = { responses: { 200: {} } };
    const told = async (item: Record<string, unknown>, request: (init?: RequestInit) => Promise<Response>) => {
      const app: DocumentedApp = {
        openapi: () => ({ paths: { '/v': item } }) as never,
        request: (_, init) => request(init),
      };
      return found(app, { requests: 1 });
    };
    const ok = () => Promise.resolve(new Response(null));
    assert.deepEqual(await told({ get }, ok), [
      'OPTIONS /v: 200 has no header Allow',
      'PUT /v: 200 was returned for an undocumented method',
    ]);
    assert.deepEqual(await told({ get, options: get }, ok), ['PUT /v: 200 was returned for an undocumented method']);
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- an app may reject with anything
    const reject = () => Promise.reject('gone');
    const gone = await told({ get }, (init) => (init?.method === 'GET' ? ok() : reject()));
    assert.deepEqual(gone, ['OPTIONS /v: no response: gone']);
    const parameters = [{ in: 'query', name: 'n', required: true, schema: { type: 'integer' } }];
    const never = await told({ get: { ...get, parameters } }, reject);
    assert.deepEqual(new Set(never), new Set(['GET /v: no response: gone', 'OPTIONS /v: no response: gone']));
  });

  it('tells of an app that answers nothing but rejects', async () => {
    const app = appOf([AnswerController]);
    const request = () => Promise.reject(new Error('gone'));
    const operations = ['GET /answers/text'];
    const { mismatches } = await findDocumentMismatches(
      { openapi: () => app.openapi(), request },
      { operations, seed: 1 },
    );
    assert.equal(mismatches[0]?.message, 'no response: gone');
  });

  it('says what to install where a package is missing', () => {
    const hook = `export const resolve = (name, context, next) => {
      if (name === 'fast-check') throw new Error('not here');
      return next(name, context);
    };`;
    const program = `
      import { register } from 'node:module';
      register('data:text/javascript,${encodeURIComponent(hook).replaceAll("'", '%27').replaceAll('(', '%28').replaceAll(')', '%29')}');
      const { assertDocumentTrue } = await import('./src/testing/index.ts');
      await assertDocumentTrue({}).catch((error) => console.log(error.message));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
    });
    assert.match(stdout, /npm install --save-dev fast-check ajv/, stderr);
  });
});
