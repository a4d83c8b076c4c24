import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Ajv from 'ajv/dist/2020.js';
import {
  answer,
  Body,
  bytes,
  Content,
  type Context,
  Controller,
  Ctx,
  Depends,
  dependency,
  events,
  Get,
  Head,
  HTTPBearer,
  HTTPException,
  html,
  lines,
  OnError,
  Post,
  problemDetails,
  Query,
  redirect,
  RequestValidationError,
  ResponseValidationError,
  text,
} from 'portico';
import { serve } from 'portico/node';
import { assertDocumentTrue } from 'portico/testing';
import { z, type ZodType } from 'zod';
import {
  appOf,
  describeMatrix,
  eventually,
  expectJson,
  gate,
  Log,
  mistakesOf,
  pause,
  raise,
  settled,
  within,
  type ControllerClass,
} from './world.ts';

const User = z.object({ name: z.string() });
const record = { name: 'ida', passwordHash: 'hash' };
type Json = Record<string, any>;

/** A controller with one GET route at `/`. */
function answering(handler: (ctx: Context) => unknown, options: object = {}): ControllerClass {
  @Controller()
  class AnswerController {
    @Get('/', options as { response: z.ZodUnknown })
    get(@Ctx() ctx: Context): unknown {
      return handler(ctx);
    }
  }
  return AnswerController;
}

const responsesOf = (controller: ControllerClass, options = {}): Json =>
  (appOf([controller], options).openapi() as Json)['paths']['/'].get.responses;

describeMatrix('contents', (open) => {
  async function* each<T>(...values: T[]): AsyncGenerator<T> {
    for (const value of values) yield await Promise.resolve(value);
  }
  const kinds: [string, object, unknown, string, string][] = [
    ['text', text(), 'a', 'text/plain; charset=utf-8', 'a'],
    ['text of a type', text('text/csv'), 'a,b', 'text/csv; charset=utf-8', 'a,b'],
    ['text, streamed', text('text/csv'), each('a,', 'b'), 'text/csv; charset=utf-8', 'a,b'],
    ['text of a list', text(), ['a', 'b'], 'text/plain; charset=utf-8', 'ab'],
    ['text that names its charset', text('text/csv;charset=us-ascii'), 'a', 'text/csv;charset=us-ascii', 'a'],
    ['text of an application', text('application/xml'), '<a/>', 'application/xml', '<a/>'],
    ['HTML', html(), '<p>', 'text/html; charset=utf-8', '<p>'],
    ['bytes', bytes('image/png'), new Uint8Array([0x61]), 'image/png', 'a'],
    ['bytes, streamed', bytes(), each(new Uint8Array([0x61])), 'application/octet-stream', 'a'],
    ['a blob', bytes(), new Blob(['a', 'b']), 'application/octet-stream', 'ab'],
    ['JSON lines', lines(User), each(record, record), 'application/jsonl', '{"name":"ida"}\n{"name":"ida"}\n'],
    ['events', events(User), [{ event: 'u', data: record }], 'text/event-stream', 'event: u\ndata: {"name":"ida"}\n\n'],
    ['events of text', events(z.string()), [{ data: 'a\nb' }], 'text/event-stream', 'data: a\ndata: b\n\n'],
    ['events of words', events(z.literal(['a', 'b'])), [{ data: 'a' }], 'text/event-stream', 'data: a\n\n'],
    ['events of constants', events(z.literal(['a', 1])), [{ data: 'a' }], 'text/event-stream', 'data: "a"\n\n'],
    [
      'events of text by steps',
      events(z.string().pipe(z.string().max(9)).optional()),
      [{ data: 'a' }],
      'text/event-stream',
      'data: a\n\n',
    ],
  ];
  for (const [name, response, value, type, body] of kinds) {
    test(`${name}: the media type and the body are those of the document`, async () => {
      const make = typeof value === 'object' && value !== null && 'next' in value ? undefined : value;
      const controller = answering(() => make ?? value, { response });
      const answered = await (await open(appOf([controller])))('/');
      assert.deepEqual(
        [answered.status, answered.headers.get('content-type'), await answered.text()],
        [200, type, body],
      );
      assert.deepEqual(Object.keys(responsesOf(controller)['200'].content), [type.split(';')[0]]);
    });
  }

  for (const [name, response, value] of [
    ['text', text(), 1],
    ['text, streamed', text(), [1]],
    ['HTML', html(), ['<p>']],
    ['bytes', bytes(), 'a'],
    ['bytes, streamed', bytes(), ['a']],
    ['JSON lines', lines(User), { name: 'no list' }],
    ['JSON lines, an item', lines(User), [{ name: 1 }]],
    ['an event', events(User), [{ data: { name: 1 } }]],
    ['an event that is none', events(User), [null]],
    ['the name of an event', events(User), [{ event: 'a\nb', data: record }]],
    ['the retry of an event', events(User), [{ retry: Number.NaN, data: record }]],
    ['a redirect', redirect(), 1],
  ] as const) {
    test(`${name} of a wrong kind is a logged 500 that names the route`, async () => {
      const log = new Log();
      const send = await open(appOf([answering(() => value, { response })], { logger: log }));
      await expectJson(await send('/'), 500, { detail: 'Internal Server Error' });
      assert.match(log.errors[0] ?? '', /GET \//);
    });
  }

  test('an async iterable where no stream is declared is a 500 whose log names the contents to declare', async () => {
    for (const options of [{}, { response: z.unknown() }]) {
      const log = new Log();
      const send = await open(appOf([answering(() => each(1), options)], { logger: log }));
      await expectJson(await send('/'), 500);
      assert.match(log.errors[0] ?? '', /lines\(\), events\(\)/);
    }
  });

  test('a stream that fails before its first item is an error like another', async () => {
    for (const response of [lines(User), text(), bytes(), events(User)]) {
      async function* failing(): AsyncGenerator {
        await pause(5);
        yield raise(new HTTPException(404, 'No feed'));
      }
      await expectJson(await (await open(appOf([answering(failing, { response })])))('/'), 404, { detail: 'No feed' });
    }
  });

  test('redirects lead to a path of the app, or by a URL object elsewhere', async () => {
    const app = (target: unknown) =>
      appOf([answering(() => target, { response: redirect(303) })], { logger: new Log() });
    for (const [target, location] of [
      ['/a?b=c#d', '/a?b=c#d'],
      ['/ä', '/%C3%A4'],
      [new URL('https://example.org/x'), 'https://example.org/x'],
    ] as const) {
      const { status, headers } = await (await open(app(target)))('/', { redirect: 'manual' });
      assert.deepEqual([status, headers.get('location')], [303, location]);
    }
    for (const target of [
      '//evil.example',
      '/\\evil.example',
      'evil',
      '',
      '/a\r\nSet-Cookie: a=b',
      new URL('javascript:1'),
    ]) {
      const { status, headers } = await (await open(app(target)))('/', { redirect: 'manual' });
      assert.deepEqual([status, headers.get('location')], [500, null], String(target));
    }
    assert.throws(() => redirect(200), RangeError);
  });

  test('a content of one’s own says its type, its headers and its body', async () => {
    class Csv extends Content<readonly { name: string }[]> {
      readonly mediaType = 'text/csv';
      override readonly headers = { 'X-Rows': 'yes' };
      encode(rows: readonly { name: string }[]): string {
        return rows.map(({ name }) => `${name}\n`).join('');
      }
    }
    const controller = answering(() => [record], { response: new Csv() });
    const answered = await (await open(appOf([controller])))('/');
    assert.deepEqual([answered.headers.get('content-type'), answered.headers.get('x-rows')], ['text/csv', 'yes']);
    assert.equal(await answered.text(), 'ida\n');
    assert.deepEqual(Object.keys(responsesOf(controller)['200'].content), ['text/csv']);
  });

  test('a content whose head cannot be sent is a logged 500, and its body is ended', async () => {
    for (const [mediaType, headers] of [
      ['text/plain', { 'X-Own': 'a\r\nb: c' }],
      ['text/plain\r\nb: c', {}],
    ] as const) {
      let ended = 0;
      class Splitting extends Content<unknown> {
        readonly mediaType = mediaType;
        override readonly headers = headers;
        async *encode(): AsyncGenerator<string> {
          try {
            yield* ['a', 'b'];
          } finally {
            ended++;
          }
        }
      }
      const log = new Log();
      const send = await open(appOf([answering(() => 1, { response: new Splitting() })], { logger: log }));
      const refused = await send('/');
      await expectJson(refused, 500, { detail: 'Internal Server Error' });
      assert.equal(refused.headers.get('b'), null);
      await eventually('the pieces are ended', () => ended === 1);
      assert.equal(log.errors.length, 1);
    }
  });

  test('whatever encode throws is a logged 500, and what it rejects with', async () => {
    for (const encode of [
      () => raise(new Proxy({}, { getPrototypeOf: () => raise(new Error('trap')) })),
      () => raise(undefined),
      async () => raise(new Error('late')),
      () => 1 as never,
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => raise(new Error('next')) }) }) as never,
    ]) {
      class Failing extends Content<unknown> {
        readonly mediaType = 'text/plain';
        encode = encode;
      }
      const log = new Log();
      const send = await open(appOf([answering(() => 1, { response: new Failing() })], { logger: log }));
      await expectJson(await send('/'), 500, { detail: 'Internal Server Error' });
      assert.equal(log.errors.length, 1);
    }
  });
});

describeMatrix('responses by status', (open) => {
  const Job = z.object({ id: z.int() });
  const Queued = z.object({ queued: z.boolean() });
  const options = { response: Job, responses: { 202: Queued, '4XX': z.object({ code: z.string() }) } };

  for (const [name, handler] of [
    [
      'set on the context',
      ({ response }: Context) => Object.assign(response, { status: 202 }) && { queued: true, secret: 1 },
    ],
    ['of answer()', () => answer(202, { queued: true, secret: 1 }, { headers: { 'X-Own': 'a' } })],
    ['of answer(), later', async () => answer(202, { queued: true, secret: 1 }, { headers: { 'X-Own': 'a' } })],
  ] as const) {
    test(`a status ${name} is checked and filtered by what is declared for it`, async () => {
      const response = await (await open(appOf([answering(handler, options)])))('/');
      if (name !== 'set on the context') assert.equal(response.headers.get('x-own'), 'a');
      await expectJson(response, 202, { queued: true });
    });
  }

  test('a range holds for its statuses, and a success that is not declared is filtered by the usual response', async () => {
    const ranged = answering(() => answer(409, { code: 'taken', secret: 1 }), options);
    await expectJson(await (await open(appOf([ranged])))('/'), 409, { code: 'taken' });
    const other = answering(() => answer(201, { id: 1, secret: 1 }), options);
    await expectJson(await (await open(appOf([other])))('/'), 201, { id: 1 });
  });

  test('an error that is not declared has the shape of errors, or is a fault', async () => {
    const fits = answering(() => answer(404, { detail: 'no', secret: 1 }), { response: Job });
    await expectJson(await (await open(appOf([fits])))('/'), 404, { detail: 'no' });
    const leaks = answering(() => answer(404, { id: 1 }), { response: Job });
    await expectJson(await (await open(appOf([leaks], { logger: new Log() })))('/'), 500);
  });

  test('of several contents the one that the client prefers, and that takes the value, is sent', async () => {
    const several = { responses: { 200: { content: [User, text('text/csv')] } } };
    const send = await open(appOf([answering(() => 'a,b', several)]));
    const csv = await send('/', { headers: { accept: 'text/csv' } });
    assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8');
    const log = new Log();
    await expectJson(await (await open(appOf([answering(() => 5, several)], { logger: log })))('/'), 500);
    assert.match(log.errors.join(), /AnswerController/, 'neither takes it');
    const json = await open(appOf([answering(() => record, several)]));
    for (const accept of ['text/csv;q=0.1, application/json', 'image/png', '*/*', ';;;q=x', 'text/csv']) {
      await expectJson(await json('/', { headers: { accept } }), 200, { name: 'ida' });
    }
  });

  test('what app, include, controller, dependency and route declare is merged, the nearest wins', () => {
    const said = (description: string) => ({ description });
    const guard = dependency(() => 1, { responses: { 404: said('dependency'), 410: said('dependency') } });
    @Controller('/x', { responses: { 404: said('controller'), 409: said('controller') } })
    class MergedController {
      @Get('/', {
        response: Job,
        responses: { 404: said('route'), 200: { headers: { 'X-Total': z.int(), 'X-Next': z.url().optional() } } },
      })
      get(@Depends(guard) _guard: number) {
        return { id: 1 };
      }
    }
    const app = appOf([], { responses: { 404: said('app'), 418: said('app'), default: said('app') } });
    app.include([MergedController], { responses: { 418: said('include') } });
    const { responses } = (app.openapi() as Json)['paths']['/x/'].get;
    const described = Object.fromEntries(
      Object.entries<Json>(responses).map(([key, { description }]) => [key, description]),
    );
    assert.deepEqual(described, {
      200: 'OK',
      404: 'route',
      409: 'controller',
      410: 'dependency',
      418: 'include',
      default: 'app',
    });
    assert.deepEqual(responses[200].content['application/json'].schema.required, ['id']);
    assert.deepEqual(responses[200].headers['X-Total'].required, true);
    const { required, schema } = responses[200].headers['X-Next'];
    assert.deepEqual([required, schema], [false, { type: 'string', format: 'uri' }]);
    assert.deepEqual(responses[404].content['application/json'].schema.required, ['detail']);
  });

  test('errors that nobody declares fit what default and ranges of errors declare', async () => {
    const Own = z.object({ reason: z.string() });
    for (const key of ['default', '4XX'] as const) {
      const route = { response: Job, responses: { [key]: Own } };
      for (const conclude of [() => raise(new HTTPException(409)), () => answer(409, { reason: 'taken' })]) {
        await assertDocumentTrue(appOf([answering(conclude, route)]), { requests: 5 });
      }
      const { anyOf } = responsesOf(answering(() => 1, route))[key].content['application/json'].schema;
      assert.deepEqual(
        anyOf.map(({ required }: Json) => required),
        [['reason'], ['detail']],
      );
    }
    const own = answering(() => 1, { responses: { default: Own, 500: Own } });
    const shape = { schema: Own, body: () => ({ reason: 'none' }) };
    const [same, other] = [shape, { ...shape, mediaType: 'application/own+json' }].map((errors) => {
      return responsesOf(own, { errors });
    });
    assert.deepEqual(same?.['default'].content, same?.[500].content);
    assert.deepEqual(Object.keys(other?.['default'].content), ['application/json', 'application/own+json']);
    assert.deepEqual(Object.keys(other?.[500].content), ['application/json']);
  });

  test('default says nothing of the usual response, and a range is documented for it', async () => {
    const Failure = z.object({ reason: z.string() });
    const usual = appOf([answering(() => ({ id: 1 }))], { responses: { default: Failure } });
    await expectJson(await usual.request('/'), 200, { id: 1 });
    await assertDocumentTrue(usual, { requests: 5 });
    const other = appOf([answering(() => answer(202, { reason: 'later', id: 1 }))], {
      responses: { default: Failure },
    });
    await expectJson(await other.request('/'), 202, { reason: 'later' });
    const { responses } = (appOf([answering(() => 1, { responses: { '2XX': Job } })]).openapi() as Json)['paths']['/']
      .get;
    assert.deepEqual(responses[200].content, responses['2XX'].content);
  });

  test('responses that cannot be read are reported at startup', () => {
    for (const [wrong, code] of [
      [{ responses: { 99: {} } }, 'INVALID_RESPONSE'],
      [{ responses: { '4xx': {} } }, 'INVALID_RESPONSE'],
      [{ responses: { 404: { content: 'text' } } }, 'INVALID_RESPONSE'],
      [{ response: {} }, 'INVALID_RESPONSE'],
      [{ status: 1000 }, 'INVALID_RESPONSE'],
      [{ status: 199, response: Job }, 'INVALID_RESPONSE'],
      [{ status: '201' as never }, 'INVALID_RESPONSE'],
      [{ status: 200.5 }, 'INVALID_RESPONSE'],
      [{ response: Job, status: 204 }, 'RESPONSE_WITHOUT_BODY'],
      [{ responses: { 304: text() } }, 'RESPONSE_WITHOUT_BODY'],
    ] as const) {
      assert.deepEqual(
        mistakesOf(() => appOf([answering(() => 1, wrong)])).map((mistake) => mistake.code),
        [code],
      );
    }
    @Controller()
    class HeadController {
      @Head('/', { response: Job }) head() {
        return { id: 1 };
      }
    }
    assert.deepEqual(
      mistakesOf(() => appOf([HeadController])).map(({ code }) => code),
      ['RESPONSE_WITHOUT_BODY'],
    );
  });
});

describeMatrix('dates and codecs', (open) => {
  const At = z.codec(z.iso.datetime(), z.date(), {
    decode: (sent) => new Date(sent),
    encode: (date) => date.toISOString(),
  });

  test('one schema decodes what comes in and encodes what goes out', async () => {
    const Event = z.object({ at: At, name: z.string() });
    let seen: unknown;
    @Controller()
    class EventController {
      @Post({ response: Event })
      post(@Body(Event) event: z.output<typeof Event>) {
        seen = event.at;
        return { ...event, secret: 1 };
      }
    }
    const sent = { at: '1970-01-01T00:00:00.000Z', name: 'a' };
    const send = await open(appOf([EventController]));
    const headers = { 'content-type': 'application/json' };
    await expectJson(await send('/', { method: 'POST', headers, body: JSON.stringify(sent) }), 200, sent);
    assert.ok(seen instanceof Date);
  });

  test('in a stream too, and a value that does not encode is a fault', async () => {
    const controller = answering(() => [{ at: new Date(0) }], { response: lines(z.object({ at: At })) });
    assert.equal(await (await (await open(appOf([controller])))('/')).text(), '{"at":"1970-01-01T00:00:00.000Z"}\n');
    const wrong = answering(() => ({ at: 'no date' }), { response: z.object({ at: At }) });
    await expectJson(await (await open(appOf([wrong], { logger: new Log() })))('/'), 500);
  });
});

describeMatrix('the shape of errors', (open) => {
  @Controller()
  class FaultController {
    @Get('/teapot') teapot(): never {
      throw new HTTPException(418, 'short and stout');
    }
    @Get('/object') object(): never {
      throw new HTTPException(409, { taken: true });
    }
    @Get('/invalid') invalid(@Query('q', z.int()) _q: number): void {}
    @Get('/broken') broken(): never {
      throw new Error('secret');
    }
    @Get('/misfit', { response: User }) misfit(): { name: string } {
      return { name: 1 as never };
    }
    @Get('/guarded') guarded(@Depends(new HTTPBearer()) _token: unknown): void {}
    @Post('/body') body(@Body(User) _user: unknown): void {}
  }
  const requests: [string, RequestInit?][] = [
    ['/teapot'],
    ['/object'],
    ['/invalid'],
    ['/broken'],
    ['/misfit'],
    ['/guarded'],
    ['/nowhere'],
    ['/%'],
    ['/teapot', { method: 'DELETE' }],
    ['/body', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'a' }],
    ['/body', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' }],
  ];

  test('is that of problem details for every source of errors, and the document says so', async () => {
    const app = appOf([FaultController], { errors: problemDetails(), logger: new Log() });
    const send = await open(app);
    const document = app.openapi() as Json;
    const validate = new (Ajv as any)({ strict: false, validateFormats: false });
    const fits = validate.compile(document['components'].schemas.ProblemDetails);
    const statuses: number[] = [];
    for (const [path, init] of requests) {
      const response = await send(path, init);
      const body = (await response.json()) as Json;
      statuses.push(response.status);
      assert.equal(response.headers.get('content-type'), 'application/problem+json', path);
      assert.equal(body['status'], response.status);
      assert.ok(fits(body), JSON.stringify(body));
      if (response.status === 401) assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
      if (response.status === 405) assert.match(response.headers.get('allow') ?? '', /GET/);
    }
    assert.deepEqual(statuses, [418, 409, 422, 500, 500, 401, 404, 400, 405, 415, 422]);
    for (const operations of Object.values<Json>(document['paths'])) {
      for (const operation of Object.values<Json>(operations)) {
        assert.ok(operation['responses'].default, 'every operation documents what else may come');
      }
    }
  });

  test('may be anything that is declared; one that fails itself is still a constant 500', async () => {
    const schema = z.object({ error: z.string() });
    const errors = { schema, validationStatus: 400, body: () => ({ error: 'no', secret: 1 }) };
    const send = await open(appOf([FaultController], { errors }));
    await expectJson(await send('/invalid'), 400, { error: 'no' });
    for (const body of [() => raise(new Error('a')), () => ({}), async () => ({ error: 'later' }), () => raise(null)]) {
      const broken = await open(appOf([FaultController], { errors: { schema, body }, logger: new Log() }));
      await expectJson(await broken('/teapot'), 500, { detail: 'Internal Server Error' });
    }
  });

  test('its status for invalid inputs is one of a client error', () => {
    for (const validationStatus of [200, 399, 500, 422.5]) {
      const errors = { schema: z.unknown(), validationStatus, body: () => 1 };
      const message = `errors: ${validationStatus} is not the status of a client error`;
      assert.throws(() => appOf([FaultController], { errors }), { name: 'RangeError', message });
    }
  });

  test('handlers see what no route matched, and what did not fit its response', async () => {
    const log = new Log();
    const app = appOf([FaultController], { logger: log })
      .onError(HTTPException, ({ status }) => ({ status }))
      .onError(ResponseValidationError, (_error, { response }) => {
        response.status = 502;
        return 'misfit';
      });
    const send = await open(app);
    await expectJson(await send('/nowhere'), 404, { status: 404 });
    const refused = await send('/teapot', { method: 'DELETE' });
    assert.match(refused.headers.get('allow') ?? '', /GET/);
    await expectJson(refused, 405, { status: 405 });
    await expectJson(await send('/misfit'), 502, 'misfit');
    assert.equal(log.errors.length, 1, 'a handler does not hide a fault of the server');
  });

  test('an error that is declared by its description alone has the shape of errors, whoever makes it', async () => {
    @Controller({ responses: { 409: { description: 'Taken' } } })
    class DescribedController {
      @Get('/fits') fits(): never {
        throw new RangeError('taken');
      }
      @Get('/misfit') misfit(): never {
        throw new SyntaxError('taken');
      }
      @OnError(RangeError) taken(error: RangeError, { response }: Context) {
        response.status = 409;
        return { detail: error.message, secret: 1 };
      }
      @OnError(SyntaxError) other(_error: SyntaxError, { response }: Context) {
        response.status = 409;
        return { code: 1 };
      }
    }
    const send = await open(appOf([DescribedController], { logger: new Log() }));
    await expectJson(await send('/fits'), 409, { detail: 'taken' });
    await expectJson(await send('/misfit'), 500);
  });

  test('values of error handlers are filtered by what is declared for their status', async () => {
    @Controller({ responses: { 409: User, 422: z.object({ errors: z.int() }) } })
    class HandledController {
      @Get('/') get(@Query('q', z.int().optional()) _q?: number): never {
        throw new RangeError('taken');
      }
      @OnError(RangeError) taken(_error: RangeError, { response }: Context) {
        response.status = 409;
        return record;
      }
      @OnError(RequestValidationError) invalid({ issues }: RequestValidationError) {
        return { errors: issues.length, record };
      }
    }
    const send = await open(appOf([HandledController]));
    await expectJson(await send('/'), 409, { name: 'ida' });
    await expectJson(await send('/?q=x'), 422, { errors: 1 });
  });

  test('a handler that takes the status of an error back answers like the route', async () => {
    const route = answering(() => raise(new RangeError('none')), { response: User, status: 201 });
    const app = appOf([route]).onError(RangeError, (_error, { response }) => {
      response.status = undefined;
      return record;
    });
    await expectJson(await (await open(app))('/'), 201, { name: 'ida' });
  });
});

describe('bounded errors', () => {
  const named = <T extends ZodType>(schema: T): z.ZodRecord<z.ZodString, T> => z.record(z.string(), schema);
  const Deep = named(named(named(z.int())));
  @Controller()
  class WideController {
    @Post('/strict') strict(@Body(z.strictObject({ a: z.int().optional() })) _body: unknown): void {}
    @Post('/list') list(@Body(z.array(z.int())) _body: unknown): void {}
    @Post('/record') record(@Body(z.record(z.string(), z.int())) _body: unknown): void {}
    @Post('/union') union(@Body(z.array(z.union([User, z.object({ id: z.int() })]))) _body: unknown): void {}
    @Post('/text') text(@Body(z.string().max(1)) _body: unknown): void {}
    @Post('/deep') deep(@Body(Deep) _body: unknown): void {}
    @Post('/either') either(@Body(z.union([Deep, z.string()])) _body: unknown): void {}
  }
  const post = (path: string, body: unknown): Promise<Response> =>
    appOf([WideController]).request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const keys = (count: number, length: number, value: unknown = 'x'): Record<string, unknown> =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}`.padEnd(length, 'é'), value]));

  for (const [name, path, body] of [
    ['80,000 unknown keys', '/strict', keys(80_000, 5)],
    ['a key of 500 kB', '/strict', keys(1, 250_000)],
    ['long keys', '/record', keys(200, 1_000)],
    ['a list of wrong items', '/list', Array.from({ length: 100_000 }, () => 'x'.repeat(5))],
    ['a union', '/union', Array.from({ length: 10_000 }, () => ({ name: 1 }))],
    ['a long text', '/text', '\u0001'.repeat(150_000)],
    ['places below long keys', '/deep', keys(100, 1_000, keys(1, 1_000, keys(1, 1_000)))],
    ['alternatives whose places are below long keys', '/either', keys(100, 1_000, keys(1, 1_000, keys(1, 1_000)))],
  ] as const) {
    test(`${name}: a response of at most 64 KiB`, async () => {
      const response = await post(path, body);
      const sent = await response.arrayBuffer();
      assert.equal(response.status, 422);
      assert.ok(sent.byteLength <= 65_536, `${sent.byteLength} bytes`);
      const { detail } = JSON.parse(new TextDecoder().decode(sent)) as { detail: { loc: unknown[]; msg: string }[] };
      assert.equal(detail[0]?.loc[0], 'body');
      assert.notEqual(detail[0]?.msg, '');
    });
  }

  test('what is cut ends in an ellipsis, and each unknown key is an issue of its own', async () => {
    const response = await post('/strict', { ['k'.repeat(1_000)]: 1, b: 2 });
    const { detail } = (await response.json()) as { detail: { type: string; loc: string[]; msg: string }[] };
    assert.deepEqual(
      detail.map(({ type }) => type),
      ['unrecognized_keys', 'unrecognized_keys'],
    );
    assert.equal(detail[0]?.loc.at(-1), `${'k'.repeat(199)}…`);
    assert.deepEqual(detail[1]?.loc, ['body', 'b']);
    assert.match(detail[1]?.msg ?? '', /Unrecognized key: "b"/);
  });

  test('a union tells what each of its alternatives wants, by full places', async () => {
    const response = await post('/union', [{ name: 1 }]);
    const { detail } = (await response.json()) as Json;
    const [{ type, loc, alternatives }] = detail;
    assert.deepEqual([type, loc], ['invalid_union', ['body', 0]]);
    assert.deepEqual(
      (alternatives as Json[][]).map((issues) => issues.map((issue) => issue['loc'])),
      [[['body', 0, 'name']], [['body', 0, 'id']]],
    );
  });
});

describe('a refinement that a user wrote', () => {
  test('may reject, and runs once for each value', async () => {
    let calls = 0;
    const schema = z.string().refine(async () => {
      calls++;
      await pause(1);
      throw new Error('secret');
    });
    @Controller()
    class RefinedController {
      @Get('/') get(@Query('q', schema) _q: string): void {}
    }
    const log = new Log();
    const app = appOf([RefinedController], { logger: log });
    for (const count of [1, 2]) {
      await expectJson(await app.request('/?q=a'), 500, { detail: 'Internal Server Error' });
      assert.equal(calls, count);
    }
    assert.match(log.errors[0] ?? '', /secret/);
  });
});

describe('events that are read slowly', () => {
  const COMMENT = ':\n\n';

  test('an event that comes while nobody reads waits for the next reader', async () => {
    const door = gate();
    async function* feed(): AsyncGenerator<object> {
      await door.opened;
      yield { data: record };
      await new Promise<never>(() => {});
    }
    const app = appOf([answering(feed, { response: events(User, { keepAlive: 20 }) })]);
    const { body } = await app.request('/');
    // A transform would read ahead.
    const reader = body?.getReader();
    assert.ok(reader !== undefined);
    const next = async (): Promise<string> => new TextDecoder().decode((await within(reader.read())).value);
    assert.equal(await next(), COMMENT);
    door.open();
    await pause(70);
    assert.equal(await next(), 'data: {"name":"ida"}\n\n');
    assert.equal(await next(), COMMENT);
    await reader.cancel();
  });

  test('a source that fails once its stream has ended is not heard', async () => {
    let fail = (_error: Error): void => {};
    const source = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>((_, reject) => (fail = reject)) }),
    };
    let stream: AsyncIterable<unknown> | undefined;
    const encode = (ctx: Context): void => {
      stream = events(User, { keepAlive: 0 }).encode(source, ctx) as AsyncIterable<unknown>;
    };
    await appOf([answering(encode)]).request('/');
    const iterator = stream?.[Symbol.asyncIterator]();
    const pending = iterator?.next();
    await iterator?.return?.();
    fail(new Error('late'));
    await settled();
    const done = { done: true, value: undefined };
    assert.deepEqual([await pending, await iterator?.next()], [done, done]);
  });

  test('the time between comments is a number of milliseconds', () => {
    for (const keepAlive of [-1, Number.NaN, Infinity]) {
      const message = `events: keepAlive is ${keepAlive}`;
      assert.throws(() => events(User, { keepAlive }), { name: 'RangeError', message });
    }
  });
});

describe('events over a socket', () => {
  test('comments fill the pauses, before the first event too, and draining ends the stream', async () => {
    const order: string[] = [];
    const resource = dependency(async function* () {
      yield 1;
      order.push('cleanup');
    });
    @Controller()
    class FeedController {
      @Get('/', { response: events(User, { keepAlive: 20 }) })
      async *feed(@Depends(resource) _resource: number) {
        try {
          await pause(70);
          yield { data: record };
          for (;;) yield await new Promise<never>(() => {});
        } finally {
          order.push('finally');
        }
      }
    }
    const server = await serve(appOf([FeedController]), { port: 0, logger: new Log(), shutdownTimeout: 5_000 });
    const response = await fetch(server.url);
    assert.deepEqual(
      ['cache-control', 'x-accel-buffering'].map((name) => response.headers.get(name)),
      ['no-cache', 'no'],
    );
    let sent = '';
    const received = response.body?.pipeThrough(new TextDecoderStream()).pipeTo(
      new WritableStream({
        write(piece) {
          sent += piece;
        },
      }),
    );
    const whole = /^(:\n\n)+data: \{"name":"ida"\}\n\n(:\n\n)+$/;
    await eventually('comments before and after the event', () => whole.test(sent));
    const start = Date.now();
    await server.close();
    assert.ok(Date.now() - start < 2_000, 'a stream that never ends does not hold up the end');
    await received;
    assert.match(sent, whole);
    assert.deepEqual(order, ['cleanup'], 'what never settles is not waited for');
  });

  test('a stream that is cut ends before what it reads from, and that before the app', async () => {
    const order: string[] = [];
    const pool = dependency(
      function* () {
        yield 1;
        order.push('pool');
      },
      { lifetime: 'app' },
    );
    const session = dependency({ pool: Depends(pool) }, function* () {
      yield 1;
      order.push('session');
    });
    @Controller()
    class RowsController {
      @Get('/', { response: lines(z.int()) })
      async *rows(@Depends(session) _session: number) {
        try {
          for (let n = 0; ; n++) {
            yield n;
            await pause(60);
          }
        } finally {
          order.push('rows');
        }
      }
    }
    const server = await serve(appOf([RowsController]), { port: 0, logger: new Log(), shutdownTimeout: 100 });
    const response = await fetch(server.url);
    const received = response.text().then(
      () => 'whole',
      () => 'cut',
    );
    await pause(20);
    await server.close();
    assert.equal(await received, 'cut');
    await eventually('everything has ended', () => order.length === 3);
    assert.deepEqual(order, ['rows', 'session', 'pool']);
  });
});
