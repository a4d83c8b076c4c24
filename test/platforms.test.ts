import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  Body,
  bytes,
  Connection,
  type Context,
  Controller,
  Ctx,
  dependency,
  Depends,
  events,
  type FetchOptions,
  Get,
  Header,
  lines,
  Path,
  Post,
  Query,
  Socket,
  type SocketConnection,
  text,
} from 'portico';
import { type LambdaEvent, type LambdaOptions, type LambdaResult, toLambdaHandler } from 'portico/lambda';
import { toWorker } from 'portico/workers';
import { z } from 'zod';
import { app as everywhere } from '../examples/platforms/app.ts';
import { failuresOf } from '../examples/platforms/checks.ts';
import { appOf, eventually, gate, Log, pause, raise, servers, within } from './world.ts';

const root = join(import.meta.dirname, '..');

/** An app that notes what comes after its responses. */
function noting() {
  const notes: string[] = [];
  const contexts: Context[] = [];
  const log = new Log();
  const resource = dependency(async function* () {
    try {
      yield 'open';
    } finally {
      await pause(5);
      notes.push('cleanup');
    }
  });

  @Controller({ dependencies: [Depends(resource)] })
  class NotingController {
    @Get('/task') task(@Ctx() context: Context) {
      contexts.push(context);
      context.background(async () => {
        await pause(5);
        notes.push('task');
      });
      return context.platform;
    }

    @Get('/lines', { response: lines(z.int()) }) async *lines() {
      try {
        for (let count = 0; count < 3; count++) yield count;
      } finally {
        notes.push('left');
      }
    }

    @Get('/broken', { response: lines(z.int()) }) async *broken() {
      yield 1;
      raise(new Error('midway'));
    }

    @Get('/silent', { response: lines(z.int()) }) async *silent(@Ctx() { signal }: Context) {
      yield 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    }

    @Get('/large', { response: bytes('image/png') }) *large() {
      for (let count = 0; count < 5; count++) {
        notes.push(`piece ${count}`);
        yield new Uint8Array(10);
      }
    }

    @Get('/slow', { timeout: 20 }) async slow() {
      await pause(80);
      notes.push('late');
    }
  }
  return { app: appOf([NotingController], { logger: log }), notes, contexts, log };
}

const request = (path: string, init?: RequestInit): Request => new Request(`http://localhost${path}`, init);

/** Options that keep what the platform is asked to wait for. */
function keeping(options: FetchOptions = {}) {
  const kept: Promise<unknown>[] = [];
  return { kept, options: { ...options, waitUntil: (promise: Promise<unknown>) => void kept.push(promise) } };
}

describe('what a platform knows of a request', () => {
  test('is on the context', async () => {
    @Controller()
    class PlatformController {
      @Get() read(@Ctx() { clientAddress, platform }: Context) {
        return { clientAddress, platform };
      }
    }
    const { fetch } = appOf([PlatformController]);
    const told = await fetch(request('/'), { clientAddress: '192.0.2.1', platform: { region: 'here' } });
    assert.deepEqual(await told.json(), { clientAddress: '192.0.2.1', platform: { region: 'here' } });
    assert.deepEqual(await (await fetch(request('/'))).json(), {});
  });

  test('waits for tasks and cleanups, which follow the response', async () => {
    const { app, notes } = noting();
    const { kept, options } = keeping();
    const response = await app.fetch(request('/task'), options);
    assert.deepEqual(notes, []);
    await response.text();
    await within(Promise.all(kept));
    assert.deepEqual(notes, ['task', 'cleanup']);
  });

  test('waits for what follows a HEAD, a stream that is read, and one that is cancelled', async () => {
    for (const read of [
      async (response: Response) => response.text(),
      async (response: Response) => response.body?.cancel(),
    ]) {
      const { app, notes } = noting();
      const { kept, options } = keeping();
      const response = await app.fetch(request('/lines'), options);
      assert.equal(kept.length, 1);
      await read(response);
      await within(Promise.all(kept));
      assert.deepEqual(notes, ['left', 'cleanup']);
    }
    const { app, notes } = noting();
    const { kept, options } = keeping();
    await app.fetch(request('/lines', { method: 'HEAD' }), options);
    await within(Promise.all(kept));
    assert.deepEqual(notes, ['left', 'cleanup']);
  });

  test('waits for what is left after a time limit', async () => {
    const { app, notes } = noting();
    const { kept, options } = keeping();
    const response = await app.fetch(request('/slow'), options);
    assert.equal(response.status, 503);
    await response.text();
    assert.deepEqual(notes, []);
    await within(Promise.all(kept));
    assert.deepEqual(notes, ['late', 'cleanup']);
  });

  test('a response that nobody reads is over after a second', async () => {
    const { app, notes } = noting();
    const { kept, options } = keeping();
    await app.fetch(request('/task'), options);
    await within(Promise.all(kept), 3_000);
    assert.deepEqual(notes, ['task', 'cleanup']);
  });

  test('a waitUntil that throws or rejects is logged, and changes nothing else', async () => {
    const hostile = (): never => raise(new Proxy({}, { get: () => raise(new Error('hostile')) }));
    for (const [path, waitUntil] of [
      ['/task', hostile],
      ['/lines', hostile],
      ['/task', () => Promise.reject(new Error('late')) as never],
    ] as const) {
      const { app, notes, log } = noting();
      const response = await app.fetch(request(path), { waitUntil });
      assert.equal(response.status, 200);
      await response.text();
      await app.idle();
      assert.equal(notes.at(-1), 'cleanup');
      assert.ok(log.errors.length > 0);
    }
  });

  test('calls waitUntil as a method of its object', async () => {
    class Platform {
      readonly #kept: Promise<unknown>[] = [];
      waitUntil(promise: Promise<unknown>): void {
        this.#kept.push(promise);
      }
      done(): Promise<unknown> {
        return Promise.all(this.#kept);
      }
    }
    const { app, notes, log } = noting();
    const platform = new Platform();
    await (await app.fetch(request('/task'), platform)).text();
    await within(platform.done());
    assert.deepEqual([notes, log.errors], [['task', 'cleanup'], []]);
  });
});

describe('a response that is over', () => {
  test('leaves the signal alone, whatever becomes of the request', async () => {
    for (const early of [true, false]) {
      const { app, contexts } = noting();
      const leaving = new AbortController();
      const response = await app.fetch(request('/task', { signal: leaving.signal }));
      const [context] = contexts as [Context];
      if (early) assert.equal(context.signal.aborted, false);
      await response.text();
      leaving.abort();
      assert.equal(context.signal.aborted, false);
      await app.idle();
      assert.equal(context.signal.aborted, false);
    }
  });

  test('a client that leaves before that aborts it', async () => {
    const { app, contexts } = noting();
    const leaving = new AbortController();
    const response = await app.fetch(request('/task', { signal: leaving.signal }));
    leaving.abort();
    assert.equal(contexts[0]?.signal.aborted, true);
    await response.text().catch(() => {});
  });
});

test('a stream whose client has left before it begins is ended once, also if it is cancelled then', async () => {
  const leaving = new AbortController();
  let ended = 0;
  @Controller()
  class LeavingController {
    @Get() leave() {
      leaving.abort();
      return new Response(new ReadableStream({ cancel: () => void ended++ }));
    }
  }
  const app = appOf([LeavingController]);
  const response = await app.fetch(request('/', { signal: leaving.signal }));
  await response.body?.cancel();
  await app.idle();
  assert.equal(ended, 1);
});

describe('an idle app', () => {
  test('has ended what follows its responses, read or not', async () => {
    const { app, notes } = noting();
    await (await app.request('/task')).text();
    await app.request('/task');
    await within(app.idle());
    assert.deepEqual(notes.toSorted(), ['cleanup', 'cleanup', 'task', 'task']);
  });

  test('does not wait for a stream, nor end it', async () => {
    const { app, notes } = noting();
    const response = await app.request('/lines');
    await within(app.idle());
    assert.deepEqual(notes, []);
    assert.equal(await response.text(), '0\n1\n2\n');
    await app.idle();
    assert.deepEqual(notes, ['left', 'cleanup']);
  });
});

describe('an app that is about to close', () => {
  test('says so to whoever asks only then, and a stream that begins only then has no items', async () => {
    const { opened, open } = gate();
    let entered = 0;
    const slow = dependency(async () => {
      entered++;
      await opened;
    });
    @Controller({ dependencies: [Depends(slow)] })
    class LateController {
      @Get('/late') late(@Ctx() context: Context) {
        return context.closing.aborted;
      }
      @Get('/events', { response: events(z.int()) }) async *events() {
        yield { data: 1 };
        await pause(60_000);
      }
    }
    const app = appOf([LateController]);
    const answers = ['/late', '/events'].map(async (path) => (await app.request(path)).text());
    await eventually('both wait', () => entered === 2);
    const closed = app.close();
    open();
    assert.deepEqual(await within(Promise.all(answers)), ['true', '']);
    await within(closed);
  });

  test('aborts ctx.closing, and ends event streams that wait', async () => {
    const signals: AbortSignal[] = [];
    const notes: string[] = [];
    const { opened, open } = gate();
    @Controller()
    class ClosingController {
      @Get('/job') async job(@Ctx() { closing, signal }: Context) {
        signals.push(closing);
        open();
        await new Promise((resolve) => closing.addEventListener('abort', resolve));
        return { aborted: signal.aborted };
      }
      @Get('/events', { response: events(z.int()) }) async *events() {
        try {
          yield { data: 1 };
          await pause(60_000).then(() => notes.push('never'));
        } finally {
          notes.push('left');
        }
      }
    }
    const app = appOf([ClosingController]);
    const job = app.request('/job');
    const stream = (await app.request('/events')).text();
    await opened;
    assert.equal(signals[0]?.aborted, false);
    const closed = app.close();
    assert.equal(signals[0]?.aborted, true);
    assert.deepEqual(await (await job).json(), { aborted: false });
    assert.equal(await within(stream), 'data: 1\n\n');
    await within(closed);
  });
});

test('a Worker gives its environment, its context and the address of the client', async () => {
  const { app, notes, contexts } = noting();
  const kept: Promise<unknown>[] = [];
  const context = { waitUntil: (promise: Promise<unknown>) => void kept.push(promise) };
  const headers = { 'cf-connecting-ip': '192.0.2.7' };
  const env = { GREETING: 'hello' };
  const response = await toWorker(app).fetch(request('/task', { headers }), env, context);
  await response.text();
  await within(Promise.all(kept));
  assert.deepEqual(notes, ['task', 'cleanup']);
  assert.deepEqual(contexts[0]?.platform, { env, context });
  assert.equal(contexts[0]?.clientAddress, '192.0.2.7');
  const unknown = await toWorker(app).fetch(request('/task'), env, context);
  await unknown.text();
  await within(Promise.all(kept));
  assert.equal(contexts[1]?.clientAddress, undefined);
});

test('where timers belong to requests, each request has a time limit of its own', async () => {
  const program = `
    Object.defineProperty(globalThis, 'navigator', { value: { userAgent: 'Cloudflare-Workers' } });
    const armed = [];
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    globalThis.setTimeout = (...all) => { const timer = set(...all); armed.push(timer); return timer; };
    globalThis.clearTimeout = (timer) => { armed.splice(armed.indexOf(timer), 1); clear(timer); };
    const { App, Get, Controller } = await import('portico');
    class Slow {
      slow() { return new Promise(() => {}); }
      async quick() { await null; return 1; }
      async free() { await null; return armed.length - before; }
    }
    for (const [name, timeout] of Object.entries({ slow: 100, quick: 5_000, free: 0 })) {
      const options = { timeout };
      Get('/' + name, options)(Slow.prototype, name, Object.getOwnPropertyDescriptor(Slow.prototype, name));
    }
    Controller()(Slow);
    const app = new App({ title: 'Slow', version: '1', controllers: [Slow] });
    const before = armed.length;
    const free = await (await app.request('/free')).json();
    const slow = [app.request('/slow'), app.request('/slow')];
    const timers = armed.length - before;
    // The timer of the first request dies with it.
    clear(armed[before]);
    const second = (await slow[1]).status;
    const quick = (await app.request('/quick')).status;
    console.log(JSON.stringify({ free, timers, second, quick, left: armed.length - before }));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: root },
  );
  // What is left is the first, and the time that a handler has after its limit.
  assert.deepEqual(JSON.parse(stdout), { free: 0, timers: 2, second: 503, quick: 200, left: 2 });
});

/** What a kind of event is made of: all four say the same in other words. */
interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: readonly string[];
  readonly body?: string | Uint8Array;
}

const content = ({ body }: Sent): Pick<LambdaEvent, 'body' | 'isBase64Encoded'> =>
  body instanceof Uint8Array
    ? { body: Buffer.from(body).toString('base64'), isBase64Encoded: true }
    : { body: body ?? null, isBase64Encoded: false };

const first = <V>(lists: Record<string, readonly V[]>): Record<string, V> =>
  Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1) as V]));

function listsOf({ headers = {}, cookies = [], query = [] }: Sent, encode: (text: string) => string) {
  const fields: Record<string, string[]> = Object.fromEntries(
    Object.entries({ host: 'api.example.com', ...headers }).map(([name, value]) => [name, [value]]),
  );
  if (cookies.length > 0) fields['cookie'] = [cookies.join('; ')];
  const parameters: Record<string, string[]> = {};
  for (const [name, value] of query) (parameters[encode(name)] ??= []).push(encode(value));
  return { fields, parameters };
}

function version1(sent: Sent): LambdaEvent {
  const { fields, parameters } = listsOf(sent, String);
  return {
    httpMethod: sent.method ?? 'GET',
    path: sent.path ?? '/',
    headers: first(fields),
    multiValueHeaders: fields,
    queryStringParameters: first(parameters),
    multiValueQueryStringParameters: parameters,
    requestContext: { identity: { sourceIp: '192.0.2.1' } },
    ...content(sent),
  };
}

function version2(sent: Sent): LambdaEvent {
  const { cookies, headers = {}, query = [] } = sent;
  return {
    version: '2.0',
    rawPath: sent.path ?? '/',
    rawQueryString: query.map((pair) => pair.map(encodeURIComponent).join('=')).join('&'),
    headers: { host: 'api.example.com', ...headers },
    ...(cookies === undefined ? {} : { cookies }),
    requestContext: { http: { method: sent.method ?? 'GET', sourceIp: '192.0.2.1' } },
    ...content(sent),
  };
}

function balanced(lists: boolean): (sent: Sent) => LambdaEvent {
  return (sent) => {
    const { fields, parameters } = listsOf(sent, encodeURIComponent);
    return {
      httpMethod: sent.method ?? 'GET',
      path: sent.path ?? '/',
      ...(lists
        ? { multiValueHeaders: fields, multiValueQueryStringParameters: parameters }
        : { headers: first(fields), queryStringParameters: first(parameters) }),
      requestContext: { elb: {} },
      ...content(sent),
    };
  };
}

const KINDS: readonly (readonly [kind: string, eventOf: (sent: Sent) => LambdaEvent])[] = [
  ['API Gateway, version 1', version1],
  ['API Gateway and function URLs, version 2', version2],
  ['a load balancer with lists', balanced(true)],
  ['a load balancer without lists', balanced(false)],
];

@Controller()
class LambdaController {
  @Get('/items/:item') read(
    @Path('item', z.string()) item: string,
    @Query('tag', z.array(z.string())) tags: string[],
    @Header('x-name', z.string().optional()) name: string | undefined,
    @Ctx() context: Context,
  ) {
    const { clientAddress, request } = context;
    return { item, tags, name, clientAddress, url: request.url, cookie: context.header('cookie') };
  }

  @Post('/body') body(@Body(z.object({ name: z.string() })) body: { name: string }) {
    return body;
  }

  @Post('/bytes') async bytes(@Ctx() { request }: Context) {
    return [...new Uint8Array(await request.arrayBuffer())];
  }

  @Get('/cookies') cookies(@Ctx() { response }: Context) {
    response.cookies.set('one', '1');
    response.cookies.set('two', '2');
    response.cookies.set('three', '3');
    return null;
  }

  @Get('/image', { response: bytes('image/png') }) image() {
    return Uint8Array.of(0, 128, 255);
  }

  @Get('/marked', { response: text('text/csv') }) marked() {
    return '\uFEFFä;ö';
  }

  @Get('/latin') latin() {
    return new Response(Uint8Array.of(0xe4), { headers: { 'content-type': 'text/plain; charset=iso-8859-1' } });
  }

  @Get('/untyped') untyped() {
    return new Response(Uint8Array.of(65));
  }

  @Get('/event') event(@Ctx() { platform }: Context) {
    return platform;
  }
}

const lambda = toLambdaHandler(appOf([LambdaController]));
const bodyOf = ({ body, isBase64Encoded }: LambdaResult): Buffer =>
  Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
const jsonOf = (result: LambdaResult): unknown => JSON.parse(bodyOf(result).toString());
const cookiesOf = ({ headers = {}, multiValueHeaders = {}, cookies = [] }: LambdaResult): string[] =>
  [...Object.entries(headers), ...Object.entries(multiValueHeaders)]
    .filter(([name]) => name.toLowerCase() === 'set-cookie')
    .flatMap(([, values]) => values)
    .concat(cookies)
    .map((cookie) => cookie.slice(0, cookie.indexOf(';')));

for (const [kind, eventOf] of KINDS) {
  const repeats = kind !== 'a load balancer without lists';
  describe(`a Lambda event of ${kind}`, () => {
    test('arrives whole', async () => {
      const tags = repeats ? ['a b', '&=#%', 'ü'] : ['&=#%'];
      const query = tags.map((tag) => ['tag', tag] as const);
      const sent = { path: '/items/a%2Fb%20c', query, headers: { 'x-name': 'ann' }, cookies: ['a=1', 'b=2'] };
      const result = await lambda(eventOf(sent));
      assert.equal(result.statusCode, 200, result.body);
      const { url, ...rest } = jsonOf(result) as { url: string };
      assert.ok(url.startsWith('https://api.example.com/items/a%2Fb%20c?tag='), url);
      const clientAddress = kind.startsWith('API') ? { clientAddress: '192.0.2.1' } : {};
      assert.deepEqual(rest, { item: 'a/b c', tags, name: 'ann', cookie: 'a=1; b=2', ...clientAddress });
    });

    test('has its body as text or bytes', async () => {
      const headers = { 'content-type': 'application/json' };
      const json = await lambda(eventOf({ method: 'POST', path: '/body', headers, body: '{"name":"ä"}' }));
      assert.deepEqual(jsonOf(json), { name: 'ä' });
      const binary = await lambda(eventOf({ method: 'POST', path: '/bytes', body: Uint8Array.of(0, 128, 255) }));
      assert.deepEqual(jsonOf(binary), [0, 128, 255]);
      const broken = { ...eventOf({ method: 'POST', path: '/bytes' }), body: '***', isBase64Encoded: true };
      assert.equal((await lambda(broken)).statusCode, 400);
    });

    test('gets bytes, texts and every cookie', async () => {
      assert.deepEqual([...bodyOf(await lambda(eventOf({ path: '/image' })))], [0, 128, 255]);
      const marked = await lambda(eventOf({ path: '/marked' }));
      assert.deepEqual([marked.isBase64Encoded, marked.body], [false, '\uFEFFä;ö']);
      assert.deepEqual([...bodyOf(await lambda(eventOf({ path: '/latin' })))], [0xe4]);
      const untyped = await lambda(eventOf({ path: '/untyped' }));
      assert.deepEqual([untyped.isBase64Encoded, ...bodyOf(untyped)], [true, 65]);
      const cookies = await lambda(eventOf({ path: '/cookies' }));
      assert.deepEqual(cookiesOf(cookies), ['one=1', 'two=2', 'three=3']);
    });

    test('is refused where it is no request', async () => {
      const headers = (value: Record<string, string>): Sent => ({ path: '/event', headers: value });
      const hostile: readonly Sent[] = [
        headers({ host: 'evil.example/items?' }),
        headers({ host: 'user@evil.example' }),
        headers({ host: 'a b' }),
        headers({ 'bad name': 'x' }),
        headers({ 'x-name': 'a\r\nb: c' }),
        { path: '/items/%zz' },
        { path: '/items/%ff' },
        { path: 'event' },
        { path: '' },
        { path: '/event', method: 'TRACE' },
        { path: '/event', method: 'G T' },
      ];
      for (const sent of hostile) {
        const result = await lambda(eventOf(sent));
        assert.equal(result.statusCode, 400, JSON.stringify(sent));
        assert.deepEqual(Object.keys(jsonOf(result) as object), ['detail']);
      }
    });

    test('keeps its path from becoming a query, a fragment or segments', async () => {
      const result = await lambda(eventOf({ path: '/items/a?tag=1#b\\c', query: [['tag', 'x']] }));
      const { item, tags } = jsonOf(result) as { item: string; tags: string[] };
      assert.deepEqual([item, tags], ['a?tag=1#b\\c', ['x']]);
    });
  });
}

describe('a Lambda handler', () => {
  test('reads events of which little is there, and refuses what is no event of HTTP', async () => {
    const few: readonly LambdaEvent[] = [
      { httpMethod: 'GET', path: '/event' },
      { httpMethod: 'GET', path: '/event', headers: null, multiValueHeaders: null, queryStringParameters: null },
      { version: '2.0', rawPath: '/event', requestContext: { http: { method: 'GET' } } },
      { httpMethod: 'GET', path: '/event', requestContext: { elb: {} }, body: '' },
      { httpMethod: 'GET', path: '/event', headers: { 'x-a': undefined }, queryStringParameters: { q: undefined } },
    ];
    for (const event of few) {
      const result = await lambda(event, { awsRequestId: '1' });
      assert.deepEqual(jsonOf(result), JSON.parse(JSON.stringify({ event, context: { awsRequestId: '1' } })));
    }
    for (const event of [undefined, null, {}, { Records: [] }, { version: '2.0' }, { httpMethod: 7 }]) {
      await assert.rejects(lambda(event as LambdaEvent), /not an HTTP request/);
    }
  });

  test('warns of sockets, which Lambda cannot open, when it is made', () => {
    @Controller('/chat')
    class Chat {
      @Socket('/:room')
      run(@Path('room') _room: string, @Connection() _socket: SocketConnection): void {}
    }
    for (const [controllers, warnings] of [
      [[Chat], ['The sockets /chat/:room cannot be opened: AWS Lambda has no WebSockets']],
      [[LambdaController], []],
    ] as const) {
      const logger = new Log();
      toLambdaHandler(appOf(controllers, { logger }));
      assert.deepEqual(
        logger.entries,
        warnings.map((text) => ({ level: 'warn', text })),
      );
    }
    const failing = Object.assign(new Log(), { warn: () => assert.fail('a logger that fails') });
    toLambdaHandler(appOf([Chat], { logger: failing }));
  });

  test('waits for what follows the response, and tells the runtime of a body that fails midway', async () => {
    const { app, notes } = noting();
    const handler = toLambdaHandler(app);
    assert.equal((await handler(version2({ path: '/task' }))).statusCode, 200);
    assert.deepEqual(notes.splice(0), ['task', 'cleanup']);
    assert.equal((await handler(version2({ path: '/slow' }))).statusCode, 503);
    assert.deepEqual(notes.splice(0), ['late', 'cleanup']);
    await assert.rejects(handler(version2({ path: '/broken' })));
    assert.deepEqual(notes.splice(0), ['cleanup']);
  });
});

/** The stream of a streaming function, whose reader can be slow or leave. */
class Target extends EventEmitter {
  readonly pieces: (string | Uint8Array)[] = [];
  head: unknown;
  ended = false;
  destroyed = false;
  full = false;

  write(piece: string | Uint8Array): boolean {
    if (piece !== '') this.pieces.push(piece);
    this.emit('piece');
    return !this.full;
  }

  end(): void {
    this.ended = true;
  }

  get text(): string {
    return this.pieces.map((piece) => (typeof piece === 'string' ? piece : Buffer.from(piece).toString())).join('');
  }
}

describe('a streaming Lambda handler', () => {
  type Stream = (event: LambdaEvent, target: Target, context?: unknown) => Promise<void>;
  const streaming: LambdaOptions = { streaming: true };

  function streamOf(app: Parameters<typeof toLambdaHandler>[0]): Stream {
    const runtime = {
      streamifyResponse: (handler: unknown) => handler,
      HttpResponseStream: { from: (target: Target, head: unknown) => Object.assign(target, { head }) },
    };
    Object.assign(globalThis, { awslambda: runtime });
    try {
      return toLambdaHandler(app, streaming) as unknown as Stream;
    } finally {
      Reflect.deleteProperty(globalThis, 'awslambda');
    }
  }

  test('is refused where nothing can stream', () => {
    assert.throws(() => toLambdaHandler(noting().app, streaming), /only the runtime of Lambda can stream/);
  });

  test('sends the head, then the pieces, then ends', async () => {
    const { app, notes } = noting();
    const target = new Target();
    await streamOf(app)(version2({ path: '/lines' }), target);
    assert.deepEqual([target.text, target.ended], ['0\n1\n2\n', true]);
    assert.equal((target.head as { statusCode: number }).statusCode, 200);
    assert.deepEqual(notes, ['left', 'cleanup']);
    const cookies = new Target();
    await streamOf(appOf([LambdaController]))(version2({ path: '/cookies' }), cookies);
    assert.equal((cookies.head as { cookies: string[] }).cookies.length, 3);
  });

  test('sends a head even where there is no body', async () => {
    const target = new Target();
    let writes = 0;
    target.on('piece', () => writes++);
    await streamOf(noting().app)(version2({ path: '/lines', method: 'HEAD' }), target);
    assert.deepEqual([writes, target.text, target.ended], [1, '', true]);
  });

  test('reads no further than its client does', async () => {
    const { app, notes } = noting();
    const target = new Target();
    target.full = true;
    const done = streamOf(app)(version2({ path: '/large' }), target);
    await eventually('the first piece is written', () => target.pieces.length === 1);
    await pause(30);
    assert.deepEqual(notes, ['piece 0']);
    target.full = false;
    target.emit('drain');
    await within(done);
    assert.deepEqual([target.pieces.length, notes.at(-1)], [5, 'cleanup']);
  });

  test('cleans up where the client leaves: between pieces, while it reads slowly, and before', async () => {
    for (const [path, full] of [
      ['/silent', false],
      ['/large', true],
    ] as const) {
      for (const sign of ['close', 'error']) {
        const { app, notes } = noting();
        const target = new Target();
        target.full = full;
        const done = streamOf(app)(version2({ path }), target);
        await eventually('the first piece is written', () => target.pieces.length === 1);
        target.emit(sign, new Error('gone'));
        await within(done);
        assert.equal(target.ended, false);
        assert.equal(notes.at(-1), 'cleanup', `${path} ${sign}`);
      }
    }
    const { app, notes } = noting();
    const target = new Target();
    target.destroyed = true;
    await within(streamOf(app)(version2({ path: '/silent' }), target));
    assert.deepEqual([target.pieces, notes], [[], ['cleanup']]);
  });

  test('rejects where the body fails midway, after its cleanup, so that it does not look complete', async () => {
    const { app, notes } = noting();
    const target = new Target();
    await assert.rejects(within(streamOf(app)(version2({ path: '/broken' }), target)));
    assert.deepEqual([target.text, target.ended, notes], ['1\n', false, ['cleanup']]);
  });

  test('cleans up where the stream itself throws', async () => {
    const { app, notes } = noting();
    const target = new Target();
    target.write = () => raise(new Error('the stream is broken'));
    await assert.rejects(within(streamOf(app)(version2({ path: '/lines' }), target)), /the stream is broken/);
    assert.equal(notes.at(-1), 'cleanup');
  });
});

describe('the app of the platforms', () => {
  const served = servers();

  test('passes its checks on Node', async () => {
    const { port } = await served(everywhere);
    const send = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
    assert.deepEqual(await failuresOf(send, ['the environment of the platform is there']), []);
  });
});
