import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from 'node:zlib';
import {
  bytes,
  type Context,
  Controller,
  Ctx,
  events,
  Get,
  HTTPException,
  lines,
  type Middleware,
  Post,
  Query,
} from 'portico';
import { checkPreconditions, compress, cors, etag, securityHeaders } from 'portico/middleware';
import { z } from 'zod';
import { appOf, describeMatrix, exchange, expectJson, gate, Log, pause, root, type Send, servers } from './world.ts';

const LONG = 'abcdefgh'.repeat(500);

@Controller()
class SampleController {
  @Get('/json')
  json(): unknown {
    return { long: LONG };
  }
  @Get('/other')
  other(): unknown {
    return { long: `${LONG}.` };
  }
  @Get('/short')
  short(): string {
    return 'short';
  }
  @Get('/typed')
  typed(@Query('type') type: string): Response {
    return new Response(LONG, { headers: { 'Content-Type': type } });
  }
  @Get('/bytes', { response: bytes('image/svg+xml') })
  bytes(): Uint8Array {
    return new TextEncoder().encode(LONG);
  }
  @Get('/png', { response: bytes('image/png') })
  png(): Uint8Array {
    return new TextEncoder().encode(LONG);
  }
  @Get('/lines', { response: lines(z.string()) })
  async *lines(): AsyncGenerator<string> {
    yield 'one';
    await pause(20);
    yield 'two';
  }
  @Get('/events', { response: events(z.string()) })
  *events(): Generator<{ data: string }> {
    yield { data: LONG };
  }
  @Get('/fails', { response: lines(z.string()) })
  async *fails(): AsyncGenerator<string> {
    yield 'one';
    await pause(1);
    throw new Error('a fault');
  }
  @Get('/nothing')
  nothing(): Response {
    return new Response(null, { headers: { 'Content-Type': 'text/plain' } });
  }
  @Get('/unchanged')
  unchanged(): Response {
    return new Response(null, { status: 304 });
  }
  @Get('/web')
  web(): Response {
    return new Response(LONG, { headers: { ETag: 'W/"own"', 'Content-Type': 'text/plain', Vary: 'Accept' } });
  }
  @Get('/tagged')
  tagged(@Ctx() { response }: Context): string {
    response.headers.set('ETag', '"own"');
    response.headers.set('Cache-Control', 'max-age=5');
    response.headers.set('Content-Language', 'en');
    return LONG;
  }
  @Get('/coded')
  coded(@Ctx() { response }: Context): string {
    response.headers.set('Content-Encoding', 'x-own');
    return LONG;
  }
  @Get('/no-transform')
  noTransform(@Ctx() { response }: Context): string {
    response.headers.set('Cache-Control', 'public, No-Transform');
    return LONG;
  }
  @Get('/created', { status: 201 })
  created(): string {
    return LONG;
  }
  @Get('/empty', { status: 204 })
  empty(): void {}
  @Get('/refused')
  refused(): never {
    throw new HTTPException(404, LONG);
  }
  @Post('/json')
  make(): unknown {
    return { long: LONG };
  }
}

const world = (...middleware: Middleware[]) => appOf([SampleController], { middleware });
const of = ({ headers }: Response, ...names: string[]) => names.map((name) => headers.get(name));

describeMatrix('etag()', (open) => {
  const tagOf = async (send: Send, path: string) => {
    const answer = await send(path);
    await answer.text();
    return answer.headers.get('etag') ?? '';
  };

  test('names bytes: the same have the same tag, others have another', async () => {
    const send = await open(world(etag()));
    const [one, again, other] = [await tagOf(send, '/json'), await tagOf(send, '/json'), await tagOf(send, '/other')];
    assert.match(one, /^"[A-Za-z\d+/]{24}"$/);
    assert.equal(one, again);
    assert.notEqual(one, other);
    assert.match(await tagOf(send, '/bytes'), /^"/);
  });

  test('If-None-Match is 304 without a body for *, lists and weak tags, else 200', async () => {
    const send = await open(world(etag()));
    const tag = await tagOf(send, '/json');
    for (const [condition, status] of [
      [tag, 304],
      [`W/${tag}`, 304],
      [`"other", W/"a,b" , ${tag}`, 304],
      ['*', 304],
      ['"other"', 200],
      ['', 200],
      [tag.replaceAll('"', ''), 200],
      [`"other${tag}`, 200],
      ['"*"', 200],
      [`"${'a'.repeat(7_000)}`, 200],
    ] as const) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await send('/json', { method, headers: { 'If-None-Match': condition } });
        const body = await answer.text();
        assert.equal(answer.status, status, condition);
        assert.equal(answer.headers.get('etag'), tag);
        if (status === 304) assert.deepEqual([body, ...of(answer, 'content-type', 'content-length')], ['', null, null]);
        else assert.equal(body === '', method === 'HEAD');
      }
    }
  });

  test('a tag of its own is kept and compared, for streams too; a 304 keeps Vary and Cache-Control', async () => {
    const send = await open(world(cors({ origin: 'https://a.test' }), etag()));
    assert.equal(await tagOf(send, '/web'), 'W/"own"');
    const tagged = await send('/tagged', { headers: { 'If-None-Match': 'W/"own"' } });
    assert.deepEqual(
      [tagged.status, ...of(tagged, 'etag', 'cache-control', 'vary', 'content-language')],
      [304, '"own"', 'max-age=5', 'Origin', null],
    );
    const web = await send('/web', { headers: { 'If-None-Match': '"own"' } });
    assert.deepEqual([web.status, await web.text(), web.headers.get('etag')], [304, '', 'W/"own"']);
    assert.match(web.headers.get('vary') ?? '', /Accept/);
  });

  test('a 304 has the tag of its 200 and varies by the same, whichever of the two is the outer one', async () => {
    for (const app of [world(etag(), compress()), world(compress(), etag())]) {
      const headers = { 'Accept-Encoding': 'gzip' };
      const full = await app.request('/json', { headers });
      const none = await app.request('/json', {
        headers: { ...headers, 'If-None-Match': full.headers.get('etag') ?? '' },
      });
      assert.deepEqual([full.headers.get('content-encoding'), none.status], ['gzip', 304]);
      assert.deepEqual(of(none, 'vary', 'etag'), of(full, 'vary', 'etag'));
      const plain = await app.request('/json', { headers: { 'Accept-Encoding': 'identity' } });
      const same = await app.request('/json', {
        headers: { 'Accept-Encoding': 'identity', 'If-None-Match': plain.headers.get('etag') ?? '' },
      });
      assert.deepEqual([same.status, ...of(same, 'etag')], [304, ...of(plain, 'etag')]);
    }
  });

  test('streams, other methods and other statuses have none, whatever the condition', async () => {
    const send = await open(world(etag()));
    for (const [path, method, status] of [
      ['/lines', 'GET', 200],
      ['/json', 'POST', 200],
      ['/created', 'GET', 201],
      ['/empty', 'GET', 204],
      ['/refused', 'GET', 404],
      ['/nowhere', 'GET', 404],
    ] as const) {
      const answer = await send(path, { method, headers: { 'If-None-Match': '*' } });
      await answer.text();
      assert.deepEqual([answer.status, answer.headers.get('etag')], [status, null], path);
    }
  });

  test('a 304 answers the next request of the connection too', async () => {
    const send = await open(world(etag()));
    for (let count = 0; count < 3; count++) {
      assert.equal((await send('/web', { headers: { 'If-None-Match': '*' } })).status, 304);
      assert.equal((await (await send('/short')).text()).length, 7);
    }
  });
});

test('checkPreconditions() is 412 unless If-Match holds strongly and If-None-Match weakly does not', async () => {
  let tag: string | undefined;
  let changes = 0;
  @Controller()
  class ChangedController {
    @Post('/')
    change(@Ctx() context: Context): void {
      checkPreconditions(context, tag);
      changes++;
    }
  }
  const app = appOf([ChangedController]);
  for (const [current, headers, status] of [
    ['"a"', {}, 200],
    ['"a"', { 'If-Match': '"a"' }, 200],
    ['"a"', { 'If-Match': '"b", "a"' }, 200],
    ['"a"', { 'If-Match': '*' }, 200],
    ['"a"', { 'If-Match': '"b"' }, 412],
    ['"a"', { 'If-Match': 'W/"a"' }, 412],
    ['W/"a"', { 'If-Match': 'W/"a"' }, 412],
    ['"a"', { 'If-Match': 'a' }, 412],
    ['"a"', { 'If-Match': '' }, 412],
    [undefined, { 'If-Match': '*' }, 412],
    [undefined, { 'If-Match': '"a"' }, 412],
    ['"a"', { 'If-None-Match': '*' }, 412],
    ['"a"', { 'If-None-Match': 'W/"a"' }, 412],
    ['W/"a"', { 'If-None-Match': '"b", "a"' }, 412],
    ['"a"', { 'If-None-Match': '"b"' }, 200],
    [undefined, { 'If-None-Match': '*' }, 200],
    ['"a"', { 'If-Match': '"a"', 'If-None-Match': '"a"' }, 412],
    ['a', {}, 500],
  ] as [string | undefined, Record<string, string>, number][]) {
    tag = current;
    const before = changes;
    const { status: answered } = await app.request('/', { method: 'POST', headers });
    assert.deepEqual([answered, changes - before], [status, status === 200 ? 1 : 0], JSON.stringify([tag, headers]));
  }
});

describe('compress()', () => {
  const app = world(compress());
  const ask = (path: string, accepted?: string, init: RequestInit = {}) =>
    app.request(path, { ...init, headers: accepted === undefined ? {} : { 'Accept-Encoding': accepted } });
  const codingOf = async (accepted?: string) => (await ask('/json', accepted)).headers.get('content-encoding');

  for (const [accepted, coding] of [
    [undefined, null],
    ['', null],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['br;q=0, gzip', 'gzip'],
    ['gzip;q=0', null],
    ['gzip;q=0, *', 'br'],
    ['*', 'br'],
    ['*;q=0', null],
    ['br;q=0, *;q=0.1', 'gzip'],
    ['deflate, zstd', null],
    ['identity', null],
    ['identity;q=1, gzip;q=0.5', null],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0', null],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['gzip;q=2', null],
    ['gzip;q=a', null],
    ['gzip;q=-1', null],
    ['gzipped', null],
    ['gzip; Q=0', null],
    [`${'a,'.repeat(5_000)}gzip`, null],
  ] as const) {
    test(`Accept-Encoding: ${String(accepted).slice(0, 40)} is ${coding ?? 'as it is'}`, async () => {
      assert.equal(await codingOf(accepted), coding);
    });
  }

  test('the body is that of the answer, with its length, and says that it varies', async () => {
    const plain = await ask('/json');
    const whole = Buffer.from(await plain.arrayBuffer());
    assert.deepEqual(of(plain, 'vary', 'content-encoding'), ['Accept-Encoding', null]);
    for (const [accepted, decode] of [
      ['gzip', gunzipSync],
      ['br', brotliDecompressSync],
    ] as const) {
      for (const path of ['/json', '/bytes', '/refused']) {
        const answer = await ask(path, accepted);
        const sent = Buffer.from(await answer.arrayBuffer());
        assert.deepEqual(of(answer, 'vary', 'content-encoding', 'content-length'), [
          'Accept-Encoding',
          accepted,
          String(sent.length),
        ]);
        if (path === '/json') assert.deepEqual(decode(sent), whole);
        assert.ok(decode(sent).includes(LONG));
        assert.ok(sent.length < 200);
      }
    }
  });

  test('HEAD has the head of GET', async () => {
    for (const path of ['/json', '/lines', '/short', '/png']) {
      const names = ['content-encoding', 'vary', 'content-length', 'content-type'];
      const [get, head] = [await ask(path, 'gzip'), await ask(path, 'gzip', { method: 'HEAD' })];
      assert.deepEqual(of(head, ...names), of(get, ...names), path);
      await get.body?.cancel();
      assert.equal(await head.text(), '');
    }
  });

  for (const path of [
    '/short',
    '/events',
    '/png',
    '/coded',
    '/no-transform',
    '/empty',
    '/typed?type=video/mp4',
    '/typed?type=text',
    '/nothing',
  ]) {
    test(`${path} is left as it is`, async () => {
      const answer = await ask(path, 'gzip, br');
      assert.deepEqual(of(answer, 'content-encoding', 'vary'), [path === '/coded' ? 'x-own' : null, null]);
      await answer.body?.cancel();
    });
  }

  test('these types are compressed, whatever their parameters', async () => {
    for (const type of [
      'text/csv; charset=utf-8',
      'APPLICATION/JSON',
      'application/problem+json',
      'application/jsonl',
      'image/svg+xml',
      'application/javascript',
    ]) {
      const answer = await ask(`/typed?type=${encodeURIComponent(type)}`, 'gzip');
      assert.equal(answer.headers.get('content-encoding'), 'gzip', type);
      assert.equal(gunzipSync(Buffer.from(await answer.arrayBuffer())).toString(), LONG);
    }
  });

  test('what is small is compressed where the client takes nothing else, or by the threshold', async () => {
    assert.equal((await ask('/short', 'gzip, identity;q=0')).headers.get('content-encoding'), 'gzip');
    assert.equal((await ask('/short', 'gzip, *;q=0')).headers.get('content-encoding'), 'gzip');
    const eager = world(compress({ threshold: 0 }));
    const answer = await eager.request('/short', { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    for (const threshold of [-1, Number.NaN, 0.5, '1' as unknown as number]) {
      assert.throws(() => compress({ threshold }), /RangeError.*threshold/);
    }
  });

  test('nothing is compressed twice', async () => {
    const twice = world(compress(), compress());
    const answer = await twice.request('/json', { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    assert.ok(gunzipSync(Buffer.from(await answer.arrayBuffer())).includes(LONG));
  });

  test('a strong tag becomes a weak one, by which the answer is not sent again', async () => {
    const both = world(compress(), etag(), securityHeaders());
    const get = (headers: Record<string, string>) => both.request('/json', { headers });
    const plain = (await get({})).headers.get('etag') ?? '';
    const [gzip, br] = [await get({ 'Accept-Encoding': 'gzip' }), await get({ 'Accept-Encoding': 'br' })];
    assert.deepEqual([...of(gzip, 'etag'), ...of(br, 'etag')], [`W/${plain}`, `W/${plain}`]);
    const again = await get({ 'Accept-Encoding': 'gzip', 'If-None-Match': `W/${plain}` });
    assert.deepEqual([again.status, ...of(again, 'content-encoding')], [304, null]);
    const web = await both.request('/web', { headers: { 'Accept-Encoding': 'gzip' } });
    assert.deepEqual(of(web, 'etag', 'vary', 'content-encoding'), ['W/"own"', 'Accept, Accept-Encoding', 'gzip']);
    assert.equal(gunzipSync(Buffer.from(await web.arrayBuffer())).toString(), LONG);
  });

  test('a 304 without a tag gets none', async () => {
    const answer = await app.request('/unchanged', { headers: { 'If-None-Match': 'W/"a"' } });
    assert.deepEqual([answer.status, ...of(answer, 'etag', 'vary')], [304, null, 'Accept-Encoding']);
  });

  test('a client that leaves at any moment around a piece is no error', async () => {
    for (let turns = 0; turns < 30; turns++) {
      const log = new Log();
      let source: ReadableStreamDefaultController<Uint8Array> | undefined;
      const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (source = controller) });
      const answering = () => new Response(stream, { headers: { 'Content-Type': 'text/plain' } });
      const leaving = appOf([], { middleware: [compress(), answering], logger: log });
      const answer = await leaving.request('/', { headers: { 'Accept-Encoding': 'gzip' } });
      assert.equal(answer.headers.get('content-encoding'), 'gzip');
      const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
      void reader.read();
      await pause(0);
      source?.enqueue(new TextEncoder().encode(LONG));
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      await reader.cancel();
      await leaving.idle();
      assert.deepEqual(log.entries, []);
    }
  });

  test('on a platform without zlib, what is whole is coded by gzip, and a stream is left as it is', async () => {
    const program = `
      Object.defineProperty(process, 'getBuiltinModule', { value: undefined });
      const { App } = await import('portico');
      const { compress } = await import('portico/middleware');
      const text = 'abcdefgh'.repeat(500);
      const headers = { 'Content-Type': 'text/plain' };
      const answer = ({ path }) => new Response(new Blob([text]).stream(), { headers });
      const whole = async (context, next) => {
        await next();
        if (context.path === '/whole') context.response.body = text;
      };
      const app = new App({ title: 'Web', version: '1', middleware: [compress(), whole, answer] });
      const answers = [];
      for (const [path, accepted] of [['/whole', 'br, gzip'], ['/whole', 'br'], ['/stream', 'br, gzip']]) {
        const response = await app.request(path, { headers: { 'Accept-Encoding': accepted } });
        const coding = response.headers.get('content-encoding');
        const { body } = response;
        const decoded = coding === null ? body : body.pipeThrough(new DecompressionStream(coding));
        answers.push([coding, (await new Response(decoded).text()) === text, response.headers.get('vary')]);
      }
      console.log(JSON.stringify(answers));`;
    const parameters = ['--import', 'tsx', '--input-type=module', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, parameters, { cwd: root });
    assert.deepEqual(JSON.parse(stdout), [
      ['gzip', true, 'Accept-Encoding'],
      [null, true, 'Accept-Encoding'],
      [null, true, 'Accept-Encoding'],
    ]);
  });

  test('a stream that fails is logged, and what was sent does not look complete', async () => {
    const log = new Log();
    const failing = appOf([SampleController], { middleware: [compress()], logger: log });
    const answer = await failing.request('/fails', { headers: { 'Accept-Encoding': 'gzip' } });
    await assert.rejects(answer.arrayBuffer());
    assert.match(log.errors[0] ?? '', /a fault/);
    const early = await failing.request('/lines', { headers: { 'Accept-Encoding': 'br' } });
    await early.body?.cancel();
    assert.equal(log.errors.length, 1);
  });
});

describe('compress() over a socket', () => {
  const served = servers();

  for (const [accepted, decoder] of [
    ['gzip', createGunzip],
    ['br', createBrotliDecompress],
  ] as const) {
    test(`a line by ${accepted} can be read before the next is there`, async () => {
      const second = gate();
      @Controller()
      class SlowController {
        @Get({ response: lines(z.string()) })
        async *read(): AsyncGenerator<string> {
          yield 'one';
          await second.opened;
          yield 'two';
        }
      }
      const { port } = await served(appOf([SlowController], { middleware: [compress()] }));
      const { request } = await import('node:http');
      const text = await new Promise<string>((resolve, reject) => {
        let read = '';
        request({ port, host: '127.0.0.1', headers: { 'Accept-Encoding': accepted } }, (answer) => {
          const decoded = answer.pipe(decoder());
          decoded.on('data', (piece: Buffer) => {
            read += piece.toString();
            if (read === '"one"\n') second.open();
          });
          decoded.on('end', () => resolve(read)).on('error', reject);
        }).end();
      });
      assert.equal(text, '"one"\n"two"\n');
    });
  }

  test('the lengths are those of what is sent, for every answer of a connection', async () => {
    const { port } = await served(world(compress(), etag()));
    const lines = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n`;
    const requests = ['/json', '/web', '/short', '/lines', '/json'].map(lines).join('');
    const { statuses } = await exchange(port, requests, { answers: 5 });
    assert.deepEqual(statuses, [200, 200, 200, 200, 200]);
  });

  test('an answer that says nothing of compression is one that fetch reads', async () => {
    const { url } = await served(world(compress()));
    assert.deepEqual(await expectJson(await fetch(`${url}/json`), 200), { long: LONG });
  });
});

describe('middleware and the length of a body', () => {
  test('a declared length goes with the body that it was of', async () => {
    @Controller()
    class WebController {
      @Get()
      read(): Response {
        return new Response(null, { headers: { 'Content-Length': '5' } });
      }
    }
    const replace: Middleware = async ({ response }, next) => {
      await next();
      response.body = new Response('another').body;
    };
    const app = appOf([WebController], { middleware: [replace] });
    const head = await app.request('/', { method: 'HEAD' });
    assert.equal(head.headers.get('content-length'), null);
    assert.equal(await (await app.request('/')).text(), 'another');
  });
});
