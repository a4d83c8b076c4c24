import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type RequestListener } from 'node:http';
import { after, describe, test } from 'node:test';
import {
  Body,
  type Context,
  Controller,
  Ctx,
  dependency,
  Depends,
  Form,
  Get,
  Header,
  HTTPException,
  lines,
  type Middleware,
  OAuth2PasswordBearer,
  Path,
  Post,
  Query,
  text,
} from 'portico';
import { serve, toNodeListener } from 'portico/node';
import { z } from 'zod';
import {
  appOf,
  RawConnection,
  eventually,
  exchange,
  type ExchangeOptions,
  expectJson,
  listen,
  Log,
  pause,
  type RawAnswer,
  Run,
  type Served,
  servers,
  within,
} from './world.ts';

const bearer = new OAuth2PasswordBearer({ tokenUrl: 'token' });

/** What handlers were called with, in order. */
const calls: string[] = [];
const signals: AbortSignal[] = [];
let produced = 0;
let returned = 0;
let release = (): void => {};

@Controller()
class WireController {
  @Get('/items/:id')
  read(@Path('id') id: string, @Ctx() ctx: Context): unknown {
    calls.push(`read ${id}`);
    return { id, path: ctx.path };
  }
  @Get('/url')
  url(@Ctx() ctx: Context): string {
    return ctx.request.url;
  }
  @Get('/address')
  address(@Ctx() ctx: Context): unknown {
    return [ctx.clientAddress, ctx.header('x-forwarded-for') ?? null];
  }
  @Get('/last')
  last(@Header('x-last', z.string().optional()) last?: string): string {
    return last ?? 'dropped';
  }
  @Get('/scalar')
  scalar(@Header('x-a') a: string): string {
    return a;
  }
  @Get('/list')
  list(@Header('x-a', z.array(z.int())) a: number[]): number[] {
    return a;
  }
  @Post('/echo')
  echo(@Body(z.unknown()) body: unknown): unknown {
    calls.push('echo');
    return { body };
  }
  @Post('/form')
  form(@Form('a') a: string): string {
    calls.push('form');
    return a;
  }
  @Post('/guarded')
  guarded(@Body(z.unknown()) body: unknown, @Depends(bearer) _token: string): unknown {
    calls.push('guarded');
    return body;
  }
  @Post('/bodiless')
  bodiless(@Query('a', z.int().optional()) a?: number): unknown {
    calls.push('bodiless');
    return a ?? null;
  }
  @Post('/trailers')
  trailers(@Body(z.unknown()) _body: unknown, @Ctx() ctx: Context): unknown {
    return [ctx.header('x-trailer') ?? null, ctx.header('authorization') ?? null];
  }
  @Get('/empty', { status: 204 })
  empty(): void {}
  @Get('/slow')
  async slow(@Ctx() ctx: Context): Promise<string> {
    calls.push('slow');
    signals.push(ctx.signal);
    await new Promise<void>((resolve) => {
      release = resolve;
      ctx.signal.addEventListener('abort', () => resolve());
    });
    return 'slow';
  }
  @Get('/endless', { response: text() })
  async *endless(@Ctx() ctx: Context): AsyncGenerator<string> {
    signals.push(ctx.signal);
    try {
      for (;;) {
        produced++;
        yield await Promise.resolve('x'.repeat(65_536));
      }
    } finally {
      returned++;
    }
  }
  @Get('/web-stream')
  web(@Ctx() ctx: Context): Response {
    signals.push(ctx.signal);
    const stream = new ReadableStream({
      pull: async (controller) => {
        produced++;
        await pause(0);
        controller.enqueue(new Uint8Array(65_536));
      },
      cancel: () => {
        returned++;
      },
    });
    return new Response(stream);
  }
  @Get('/broken-stream', { response: lines(z.int()) })
  async *broken(): AsyncGenerator<number> {
    yield 1;
    await pause(5);
    throw new Error('secret');
  }
}

const app = () => appOf([WireController]);
const served = servers();
let shared: Promise<Served> | undefined;
const port = async (): Promise<number> => (await (shared ??= served(app()))).port;
const send = async (bytes: string, options?: ExchangeOptions) => {
  calls.length = 0;
  return exchange(await port(), bytes, options);
};

const HOST = 'Host: a\r\n';
const get = (target: string, headers = ''): string => `GET ${target} HTTP/1.1\r\n${HOST}${headers}\r\n`;
const post = (target: string, body: string, headers = 'Content-Type: application/json\r\n'): string =>
  `POST ${target} HTTP/1.1\r\n${HOST}${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const CHUNKED = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n';
const only = (answers: RawAnswer[]): RawAnswer => {
  const [answer] = answers;
  assert.ok(answer !== undefined && answers.length === 1, `${answers.length} answers`);
  return answer;
};

describe('the request line and Host (RFC 9112 §3)', () => {
  const hosts: [string, string[], number[]][] = [
    ['no Host', [], [400]],
    ['two that differ', ['a', 'b'], [400]],
    ['two that are equal', ['a', 'a'], [400]],
    ...['a/?x=', 'u@a', 'a b', 'a, b', 'a:99999', '[::1', 'a:b', 'a?b', 'a#b', 'a\\b', '[::1]x', 'a:-1', '<a>'].map(
      (host): [string, string[], number[]] => [`'${host}'`, [host], [400]],
    ),
    ...['a', 'a:80', '[::1]', '[::1]:80', '127.0.0.1:8000', 'xn--bcher-kva.example', 'A.EXAMPLE.', 'a_b.example'].map(
      (host): [string, string[], number[]] => [`'${host}'`, [host], [200]],
    ),
  ];
  for (const [what, lines, statuses] of hosts) {
    test(`${what} is ${statuses.join()}`, async () => {
      const text = lines.map((line) => `Host: ${line}\r\n`).join('');
      assert.deepEqual((await send(`GET /items/5 HTTP/1.1\r\n${text}\r\n`)).statuses, statuses);
      assert.equal(calls.length, statuses[0] === 200 ? 1 : 0);
    });
  }

  test('HTTP/1.0 needs no Host', async () => {
    assert.deepEqual((await send('GET /items/5 HTTP/1.0\r\n\r\n')).statuses, [200]);
  });

  test('a target in absolute form is routed by its path, and its authority is the one that counts', async () => {
    const answer = only((await send(get('http://example.test:81/items/5?x=1'))).answers);
    assert.deepEqual([answer.status, JSON.parse(answer.body)], [200, { id: '5', path: '/items/5' }]);
    const url = only((await send(get('http://example.test:81/url?x=1'))).answers);
    assert.equal(JSON.parse(url.body), 'http://example.test:81/url?x=1');
    const host = only((await send('GET /url HTTP/1.1\r\nHost: b:82\r\n\r\n')).answers);
    assert.equal(JSON.parse(host.body), 'http://b:82/url');
    assert.equal(only((await send(get('http://example.test'))).answers).status, 404);
  });

  for (const target of [
    '/items/../url',
    '/items/./5',
    '/./url',
    '//url',
    '/items/..',
    '/items//5',
    '/%2e%2e',
    '/items/%2e%2e/url',
  ]) {
    test(`${target} is not normalised`, async () => {
      const answer = only((await send(get(target))).answers);
      if (target === '/items/..') assert.deepEqual(JSON.parse(answer.body), { id: '..', path: '/items/..' });
      else assert.deepEqual([answer.status, JSON.parse(answer.body)], [404, { detail: 'Not Found' }]);
    });
  }

  test('a path is decoded once', async () => {
    for (const [target, id] of [
      ['/items/%252e', '%2e'],
      ['/items/%2F', '/'],
      ['/items/%2e%2e', '..'],
    ]) {
      assert.equal(JSON.parse(only((await send(get(String(target)))).answers).body).id, id);
    }
    assert.deepEqual((await send(get('/items/%zz'))).statuses, [400]);
  });

  test('a target without a slash is refused', async () => {
    for (const target of ['items/5', '*/x', '*']) {
      const { answers } = await send(get(target));
      const status = only(answers).status;
      assert.ok(status >= 400 && status < 500, `${target} ${status}`);
    }
  });

  test('OPTIONS * is 204', async () => {
    assert.deepEqual((await send(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`)).statuses, [204]);
  });

  test('another major version is 505, or 400', async () => {
    for (const version of ['2.0', '3.0']) {
      const status = only((await send(`GET /items/5 HTTP/${version}\r\n${HOST}\r\n`)).answers).status;
      assert.ok([400, 505].includes(status), `${version} ${status}`);
    }
  });

  test('a target of more than 8 KiB is 414, more headers than fit are 431', async () => {
    assert.equal(only((await send(get(`/items/${'a'.repeat(9_000)}`))).answers).status, 414);
    assert.equal(only((await send(get(`/url?a=${'a'.repeat(9_000)}`))).answers).status, 414);
    assert.equal(only((await send(get(`/items/${'a'.repeat(7_900)}`))).answers).status, 200);
    assert.equal(only((await send(get('/items/5', `x-a: ${'a'.repeat(20_000)}\r\n`))).answers).status, 431);
  });

  test('TRACE is 405 and reflects nothing', async () => {
    const { answers, text } = await send(`TRACE /items/5 HTTP/1.1\r\n${HOST}Cookie: secret=1\r\n\r\n`);
    assert.equal(only(answers).status, 405);
    assert.doesNotMatch(text, /secret/);
  });
});

describe('headers', () => {
  test('are never dropped silently, however many there are', async () => {
    for (const count of [500, 1_050, 1_900]) {
      const many = Array.from({ length: count }, (_, index) => `h${index}:\r\n`).join('');
      const answer = only((await send(get('/last', `${many}x-last: seen\r\n`))).answers);
      if (answer.status === 200) assert.equal(JSON.parse(answer.body), 'seen', `${count} headers`);
      else assert.equal(answer.status, 431);
    }
  });

  test('a scalar that is sent twice is 422, an array takes all lines', async () => {
    assert.deepEqual((await send(get('/scalar', 'x-a: 1\r\nX-A: 2\r\n'))).statuses, [422]);
    assert.deepEqual((await send(get('/scalar', 'x-a: 1\r\nx-a: 1\r\n'))).statuses, [422]);
    assert.equal(JSON.parse(only((await send(get('/scalar', 'x-a: 1, 2\r\n'))).answers).body), '1, 2');
    assert.deepEqual(JSON.parse(only((await send(get('/list', 'x-a: 1\r\nX-A: 2\r\n'))).answers).body), [1, 2]);
  });

  test('two Content-Type lines are refused', async () => {
    for (const types of [
      ['application/json', 'application/json'],
      ['application/json', 'text/plain'],
      ['text/plain', 'application/json'],
    ]) {
      const headers = types.map((type) => `Content-Type: ${type}\r\n`).join('');
      const status = only((await send(post('/echo', '1', headers))).answers).status;
      assert.ok([400, 415].includes(status), String(status));
      assert.deepEqual(calls, []);
    }
  });

  test('of an answer have a date, a length and a type, and nothing twice', async () => {
    const { headers } = only((await send(get('/items/5'))).answers);
    assert.match(headers.get('date')?.[0] ?? '', /GMT$/);
    assert.match(headers.get('content-type')?.[0] ?? '', /^application\/json/);
    for (const [name, values] of headers) assert.equal(values.length, 1, name);
    assert.deepEqual([headers.get('server'), headers.get('x-powered-by')], [undefined, undefined]);
  });

  test('204 has neither length nor content', async () => {
    const { answers, text } = await send(get('/empty', 'Connection: close\r\n'), { untilClose: true });
    const { status, headers } = only(answers);
    assert.deepEqual(
      [status, headers.get('content-length'), headers.get('transfer-encoding')],
      [204, undefined, undefined],
    );
    assert.ok(text.endsWith('\r\n\r\n'));
  });

  test('HEAD has the headers of GET and no content', async () => {
    const expected = only((await send(get('/items/5', 'Connection: close\r\n'))).answers).headers;
    const request = `HEAD /items/5 HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
    const { answers, text } = await send(request, { untilClose: true, head: true });
    const { status, headers } = only(answers);
    headers.delete('date');
    expected.delete('date');
    assert.deepEqual([status, headers], [200, expected]);
    assert.ok(text.endsWith('\r\n\r\n'));
  });

  test('a forwarded address is not believed unless the proxy is trusted', async () => {
    const answer = only((await send(get('/address', 'X-Forwarded-For: 6.6.6.6\r\n'))).answers);
    assert.deepEqual(JSON.parse(answer.body), ['127.0.0.1', '6.6.6.6']);
  });
});

describe('framing (RFC 9112 §6)', () => {
  const smuggled = get('/items/smuggled');
  const framings: [string, string, number[]][] = [
    ['Content-Length beside Transfer-Encoding', `${CHUNKED}Content-Length: 6\r\n\r\n0\r\n\r\n`, [400]],
    ['a coding that is not chunked at the end', 'Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n', [400, 501]],
    ['a coding before chunked', 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n', [400, 501]],
    ['codings in two lines', 'Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', [400, 501]],
    ['an unknown coding', 'Transfer-Encoding: x\r\n\r\n0\r\n\r\n', [400, 501]],
    ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n', [400, 501]],
    ...['+1', '-1', '0x1', '1_0', '1, 1', '1 1', '', 'a', '1.0', '99999999999999999999'].map(
      (length): [string, string, number[]] => [
        `a Content-Length of '${length}'`,
        `Content-Length: ${length}\r\n\r\n1`,
        [400, 413],
      ],
    ),
    ['two different lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\n1', [400]],
    ['a space before the colon', 'Content-Length : 1\r\n\r\n1', [400]],
    ['a folded line', 'x-a: 1\r\n Content-Length: 1\r\n\r\n1', [400]],
    ['a bare CR in a value', 'x-a: 1\rx-b: 2\r\nContent-Length: 0\r\n\r\n', [400]],
    ['a NUL in a value', 'x-a: 1\0\r\nContent-Length: 0\r\n\r\n', [400]],
    ['an invalid name', 'x a: 1\r\nContent-Length: 0\r\n\r\n', [400]],
    ['a chunk size that is no number', `${CHUNKED}\r\nzz\r\n1\r\n0\r\n\r\n`, [400]],
    ['a chunk size with a sign', `${CHUNKED}\r\n+1\r\n1\r\n0\r\n\r\n`, [400]],
    ['a chunk longer than its size', `${CHUNKED}\r\n1\r\n12\r\n0\r\n\r\n`, [400]],
    ['a chunk extension of 20 KB', `${CHUNKED}\r\n1;x=${'a'.repeat(20_000)}\r\n1\r\n0\r\n\r\n`, [400, 413, 431]],
  ];
  for (const [what, rest, statuses] of framings) {
    test(`${what} is refused, the connection closed, and nothing after it run`, async () => {
      // A route that reads no body may have answered before the body turns out to be broken.
      const target = rest.startsWith(CHUNKED) ? '/echo' : '/bodiless';
      const request = `POST ${target} HTTP/1.1\r\n${HOST}${rest}${smuggled}`;
      const { answers, closed, text } = await send(request, { untilClose: true });
      assert.ok(answers.length <= 1 && closed, text);
      assert.ok(answers[0] === undefined || statuses.includes(answers[0].status), text);
      assert.ok(!calls.includes('read smuggled'));
      await pause(5);
      assert.ok(!calls.includes('read smuggled'));
    });
  }

  test('answers to what the parser refuses have the usual shape of errors, or no body', async () => {
    const { answers, text } = await send('NONSENSE\r\n\r\n', { untilClose: true });
    const answer = only(answers);
    assert.equal(answer.status, 400, text);
    if (answer.body !== '') assert.equal(typeof JSON.parse(answer.body).detail, 'string');
  });

  test('trailers never become headers', async () => {
    const trailers = 'x-trailer: evil\r\nAuthorization: Bearer evil\r\nContent-Length: 5\r\nHost: evil\r\n';
    const { answers } = await send(`POST /trailers HTTP/1.1\r\n${HOST}${CHUNKED}\r\n1\r\n1\r\n0\r\n${trailers}\r\n`);
    const answer = only(answers);
    if (answer.status === 200) assert.deepEqual(JSON.parse(answer.body), [null, null]);
    else assert.equal(answer.status, 400);
  });

  test('chunks in pieces are one body', async () => {
    const { answers } = await send(
      `POST /echo HTTP/1.1\r\n${HOST}${CHUNKED}\r\n3\r\n"a\xc3\r\n3\r\n\xa4b"\r\n0\r\n\r\n`,
    );
    assert.deepEqual(JSON.parse(only(answers).body), { body: 'aäb' });
  });
});

describe('connections', () => {
  test('pipelined requests are answered in their order, one each', async () => {
    const bytes = get('/items/1') + get('/items/2') + post('/echo', '3') + get('/nowhere') + get('/items/4');
    const { answers } = await send(bytes, { answers: 5 });
    assert.deepEqual(
      answers.map(({ body }) => JSON.parse(body).id ?? JSON.parse(body).body ?? JSON.parse(body).detail),
      ['1', '2', 3, 'Not Found', '4'],
    );
  });

  test('what is left of a refused body is never read as a request', async () => {
    const inside = get('/items/smuggled');
    for (const [target, headers] of [
      ['/nowhere', 'Content-Type: application/json\r\n'],
      ['/echo', 'Content-Type: text/plain\r\n'],
      ['/guarded', 'Content-Type: application/json\r\n'],
      ['/bodiless', 'Content-Type: application/json\r\n'],
      ['/bodiless?a=x', 'Content-Type: application/json\r\n'],
      ['/items/5', ''],
    ] as const) {
      const { answers } = await send(post(target, inside, headers) + get('/items/next', 'Connection: close\r\n'), {
        untilClose: true,
      });
      assert.ok(!calls.includes('read smuggled'), target);
      assert.ok(answers.length >= 1 && answers.length <= 2, target);
      if (answers.length === 2) {
        assert.equal(JSON.parse(answers[1]?.body ?? '').id, 'next');
      } else {
        // RFC 9112 §9.6: what follows an answer with Connection: close is not processed.
        assert.equal(answers[0]?.headers.get('connection')?.[0], 'close');
        assert.ok(!calls.includes('read next'), `after ${target}`);
      }
    }
  });

  test('nothing is processed after a request that closes the connection', async () => {
    const bytes = get('/items/1', 'Connection: close\r\n') + get('/items/2');
    assert.deepEqual((await send(bytes, { untilClose: true })).statuses, [200]);
    await pause(5);
    assert.deepEqual(calls, ['read 1']);
  });

  test('Connection: close closes the connection, and so does HTTP/1.0 unless it asks to keep it', async () => {
    const closing = await send(get('/items/5', 'Connection: close\r\n'), { untilClose: true });
    assert.deepEqual(only(closing.answers).headers.get('connection'), ['close']);
    assert.equal((await send('GET /items/5 HTTP/1.0\r\n\r\n', { untilClose: true })).statuses[0], 200);
    const kept = `GET /items/5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n`;
    assert.deepEqual((await send(kept + kept, { answers: 2 })).statuses, [200, 200]);
  });

  for (const [what, headers, body] of [
    ['a length', 'Content-Type: application/json\r\nContent-Length: 20\r\n\r\n', '{"a":1}'],
    ['chunks', `${CHUNKED}\r\n`, '7\r\n{"a":1}\r\n'],
    ['a form', 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\n', 'a=1'],
    [
      'multipart',
      'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 200\r\n\r\n',
      '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
    ],
  ] as const) {
    test(`a body by ${what} that ends too early never reaches the handler`, async () => {
      const target = what === 'a form' || what === 'multipart' ? '/form' : '/echo';
      const { answers } = await send(`POST ${target} HTTP/1.1\r\n${HOST}${headers}${body}`, {
        end: true,
        untilClose: true,
      });
      assert.ok(answers.every(({ status }) => status >= 400));
      await pause(5);
      assert.deepEqual(calls, []);
    });
  }
});

describe('bodies', () => {
  const headers = (length: number, more = ''): string =>
    `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

  test('that are declared too long are 413 before a byte has come, and the connection is closed', async () => {
    const { answers, closed } = await send(headers(1_048_577), { untilClose: true });
    assert.deepEqual([only(answers).status, only(answers).headers.get('connection'), closed], [413, ['close'], true]);
    assert.deepEqual(JSON.parse(only(answers).body), { detail: 'Content Too Large' });
    const bodiless = `POST /bodiless HTTP/1.1\r\n${HOST}Content-Length: 1048577\r\n\r\n`;
    assert.deepEqual((await send(bodiless, { untilClose: true })).statuses, [413]);
    assert.deepEqual(calls, []);
  });

  test('that become too long are 413 at the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const { answers, closed } = await send(`POST /echo HTTP/1.1\r\n${HOST}${CHUNKED}\r\n${chunk.repeat(20)}`, {
      untilClose: true,
    });
    assert.deepEqual([only(answers).status, closed], [413, true]);
    assert.deepEqual(calls, []);
  });

  test('with Expect: 100-continue get 100 Continue if they will be read', async () => {
    const connection = await talk(headers(3, 'Expect: 100-continue\r\n'));
    await eventually('100', () => connection.answers.length === 1);
    assert.equal(connection.answers[0]?.status, 100);
    connection.write('"a"');
    await eventually('200', () => connection.answers.length === 2);
    assert.equal(connection.answers[1]?.status, 200);
    connection.destroy();
  });

  for (const [what, request, status] of [
    ['too long', headers(1_048_577, 'Expect: 100-continue\r\n'), 413],
    [
      'without credentials',
      `POST /guarded HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n`,
      401,
    ],
    ['to nowhere', `POST /nowhere HTTP/1.1\r\n${HOST}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`, 404],
  ] as const) {
    test(`${what} are refused with ${status} and without 100 Continue`, async () => {
      assert.deepEqual((await send(request)).statuses, [status]);
    });
  }

  test('another expectation is 417, like any other error', async () => {
    const { answers } = await send(get('/items/5', 'Expect: foo\r\n'));
    assert.deepEqual(
      answers.map(({ status, body }) => [status, body]),
      [[417, '{"detail":"Expectation Failed"}']],
    );
    const old = await send('GET /items/5 HTTP/1.0\r\nExpect: foo\r\n\r\n');
    assert.deepEqual(old.statuses, [200]);
  });

  test('without credentials are refused before a byte has come', async () => {
    const { answers } = await send(headers(1_000).replace('/echo', '/guarded'));
    assert.equal(only(answers).status, 401);
    assert.match(only(answers).headers.get('www-authenticate')?.[0] ?? '', /^Bearer /);
  });
});

describe('time limits', () => {
  const limits = { headersTimeout: 150, requestTimeout: 300, connectionsCheckingInterval: 30, keepAliveTimeout: 100 };

  for (const [what, bytes] of [
    ['slow headers', `GET /items/5 HTTP/1.1\r\n${HOST}x-a: `],
    ['a slow body', `POST /echo HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"a"`],
  ] as const) {
    test(`${what} end in 408 and a closed connection`, async () => {
      calls.length = 0;
      const { port: number } = await served(app(), { limits });
      const { answers, closed } = await exchange(number, bytes, { untilClose: true });
      assert.deepEqual([only(answers).status, closed], [408, true]);
      assert.deepEqual(calls, []);
    });
  }

  test('a silent connection and an idle one are closed', async () => {
    const { port: number } = await served(app(), { limits });
    assert.ok((await exchange(number, '', { untilClose: true })).closed);
    const idle = await exchange(number, get('/items/5'), { untilClose: true });
    assert.deepEqual([idle.statuses, idle.closed], [[200], true]);
  });

  test('that end in the middle of an answer to HTTP/1.0 add nothing to it', async () => {
    const limits = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 };
    @Controller()
    class EndlessController {
      @Post('/', { response: text(), timeout: 0 })
      async *endless(): AsyncGenerator<string> {
        for (;;) {
          yield 'x';
          await pause(10);
        }
      }
    }
    const { port } = await served(appOf([EndlessController]), { limits });
    const { text: said, closed } = await exchange(port, `POST / HTTP/1.0\r\nContent-Length: 10\r\n\r\nabc`, {
      untilClose: true,
    });
    assert.ok(closed);
    assert.match(said, /^HTTP\/1\.1 200 [^]*\r\n\r\nx+$/);
  });

  test('the largest size of headers can be set', async () => {
    const { port: number } = await served(app(), { limits: { maxHeaderSize: 1_000 } });
    assert.deepEqual((await exchange(number, get('/items/5', `x-a: ${'a'.repeat(2_000)}\r\n`))).statuses, [431]);
  });
});

describe('streams', () => {
  test('wait for a client that does not read, and end when it leaves', async () => {
    for (const target of ['/endless', '/web-stream']) {
      [produced, returned, signals.length] = [0, 0, 0];
      const { socket } = await talk(get(target), { read: false });
      await eventually('the first chunks', () => produced > 2);
      let before = -1;
      // Sockets have buffers of their own; once these are full, nothing more is made.
      for (let settled = 0; settled < 5; settled = produced === before ? settled + 1 : 0) {
        before = produced;
        await pause(40);
        assert.ok(produced < 2_000, `${target} makes chunks without end`);
      }
      assert.equal(returned, 0);
      assert.equal(signals[0]?.aborted, false);
      socket.destroy();
      await eventually(`${target} is ended`, () => returned === 1);
      await eventually('the signal is aborted', () => signals[0]?.aborted === true);
      const after = produced;
      await pause(30);
      assert.ok(produced <= after + 1);
    }
  });

  test('that fail midway end the connection without the last chunk', async () => {
    const { text, closed } = await send(get('/broken-stream'), { untilClose: true });
    assert.ok(closed);
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.doesNotMatch(text, /\r\n0\r\n\r\n$|secret/);
  });

  test('to HTTP/1.0 end with the connection', async () => {
    const { text, closed } = await send('GET /broken-stream HTTP/1.0\r\n\r\n', { untilClose: true });
    assert.ok(closed);
    assert.doesNotMatch(text, /transfer-encoding/i);
  });
});

describe('a client that leaves', () => {
  test('aborts the signal of its request, and no other', async () => {
    signals.length = 0;
    const [first, second] = [await talk(get('/slow')), await talk(get('/slow'))];
    await eventually('both are running', () => signals.length === 2);
    first.socket.destroy();
    await eventually('the signal is aborted', () => signals.some(({ aborted }) => aborted));
    assert.equal(signals.filter(({ aborted }) => aborted).length, 1);
    second.socket.destroy();
    await eventually('the other too', () => signals.every(({ aborted }) => aborted));
  });

  test('does not abort the signal of an answered request', async () => {
    signals.length = 0;
    const connection = await talk(get('/slow'));
    await eventually('it is running', () => signals.length === 1);
    release();
    await eventually('it is answered', () => connection.answers.length === 1);
    connection.destroy();
    await pause(20);
    assert.equal(signals[0]?.aborted, false);
  });

  test('leaves its background tasks and cleanups to be run', async () => {
    const events: string[] = [];
    const resource = dependency(async function* () {
      events.push('enter');
      try {
        yield 1;
      } finally {
        events.push('exit');
      }
    });
    @Controller()
    class LeavingController {
      @Get('/')
      async wait(@Depends(resource) _resource: number, @Ctx() ctx: Context): Promise<void> {
        ctx.background(() => events.push('task'));
        await new Promise<void>((resolve) => {
          ctx.signal.addEventListener('abort', () => resolve());
        });
      }
    }
    const server = await served(appOf([LeavingController]));
    const { socket } = await talk(get('/'), { port: server.port });
    await eventually('it is entered', () => events.length === 1);
    socket.destroy();
    await eventually('it is cleaned up', () => events.length === 3);
    assert.deepEqual(events, ['enter', 'task', 'exit']);
  });
});

describe('serve', () => {
  test('tells where it listens, in its answer and its log', async () => {
    const log = new Log();
    const server = await served(app(), { logger: log });
    assert.equal(server.url, `http://127.0.0.1:${server.port}`);
    await expectJson(await fetch(`${server.url}/items/5`), 200);
    const text = log.entries.map((entry) => entry.text).join('\n');
    assert.ok(text.includes(server.url) && text.includes('/docs'), text);
  });

  test('rejects when the port is taken, and says which', async () => {
    const { port: taken } = await served(app());
    await assert.rejects(serve(app(), { port: taken, host: '127.0.0.1', logger: new Log() }), (error: Error) => {
      assert.match(error.message, new RegExp(`\\b${taken}\\b`));
      assert.match(error.message, /taken|in use/);
      return true;
    });
  });

  test('makes what lives as long as the app before it listens, and closes it after the last answer', async () => {
    const events: string[] = [];
    const pool = dependency(
      async function* () {
        events.push('open');
        yield await Promise.resolve('pool');
        events.push('close');
      },
      { lifetime: 'app' },
    );
    @Controller()
    class PoolController {
      @Get('/')
      read(@Depends(pool) value: string): string {
        return value;
      }
    }
    const server = await served(appOf([PoolController]));
    assert.deepEqual(events, ['open']);
    await expectJson(await fetch(server.url), 200, 'pool');
    await server.close();
    assert.deepEqual(events, ['open', 'close']);
  });

  test('does not listen when that fails', async () => {
    const broken = dependency(
      () => {
        throw new Error('no database');
      },
      { lifetime: 'app' },
    );
    @Controller()
    class BrokenController {
      @Get('/')
      read(@Depends(broken) _value: unknown): void {}
    }
    await assert.rejects(serve(appOf([BrokenController]), { port: 0, logger: new Log() }), /no database/);
  });

  test('closing answers what is running, with Connection: close, takes nothing new, and may be done twice', async () => {
    signals.length = 0;
    const server = await served(app());
    const idle = await talk(get('/items/5'), { port: server.port });
    await eventually('the idle one is answered', () => idle.answers.length === 1);
    const running = await talk(get('/slow'), { port: server.port });
    await eventually('it is running', () => signals.length === 1);
    const closed = [server.close(), server.close()];
    await eventually('the idle connection is closed', () => idle.closed);
    await assert.rejects(fetch(server.url));
    assert.equal(running.answers.length, 0);
    release();
    await Promise.all(closed);
    await eventually('the running one is closed', () => running.closed);
    const answer = only(running.answers);
    assert.deepEqual([answer.status, answer.headers.get('connection')], [200, ['close']]);
    await server.close();
  });

  test('closing ends what does not end within the deadline', async () => {
    signals.length = 0;
    const server = await served(app(), { shutdownTimeout: 50 });
    const stuck = await talk(get('/endless'), { port: server.port, read: false });
    await eventually('it is running', () => signals.length === 1);
    await server.close();
    await eventually('its signal is aborted', () => signals[0]?.aborted === true);
    stuck.socket.destroy();
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} lets a running request end, then exits with 0`, async () => {
      const { run, url } = await program();
      const answer = fetch(`${url}/slow`);
      await run.heard(/asked/);
      const exited = run.end(signal);
      const response = await answer;
      assert.equal(response.headers.get('connection'), 'close');
      await expectJson(response, 200, 'slow');
      assert.equal(await within(exited), 0);
    });
  }

  test('a request that does not end is given up at the deadline', async () => {
    const { run, url } = await program();
    const answer = fetch(`${url}/stuck`).then(
      () => 'answered',
      () => 'ended',
    );
    await run.heard(/asked/);
    const exited = run.end('SIGTERM');
    assert.equal(await answer, 'ended');
    await within(exited);
  });

  /** Runs a served app as a process of its own. */
  async function program(): Promise<{ run: Run; url: string }> {
    const run = new Run(['--import', 'tsx', 'test/fixtures/slow-server.ts']);
    after(() => run.end('SIGKILL'));
    return { run, url: await run.heard(/^ready (.*)$/m) };
  }
});

describe('toNodeListener', () => {
  test("is a listener of Node's own server", async () => {
    const url = await listening(toNodeListener(app()));
    await expectJson(await fetch(`${url}/items/5`), 200, { id: '5', path: '/items/5' });
  });
});

test('a handler runs in the asynchronous context of its request, also after waiting for a body', async () => {
  const storage = new AsyncLocalStorage<string>();
  const named = dependency((ctx) => storage.enterWith(`${storage.getStore() ?? ''} ${ctx.header('x-id')}`));
  @Controller({ dependencies: [Depends(named)] })
  class StorageController {
    @Post('/')
    async read(@Body(z.object({ text: z.string() })) { text }: { text: string }): Promise<unknown> {
      const before = storage.getStore();
      await pause(1);
      return [text, before, storage.getStore()];
    }
  }
  const answer = toNodeListener(
    appOf([StorageController], { middleware: [(_, next) => storage.run(`${storage.getStore()} inner`, next)] }),
  );
  const url = await listening((request, response) => storage.run('outer', () => answer(request, response)));
  await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json', 'x-id': `${index}` } };
      const response = await fetch(url, { ...init, body: JSON.stringify({ text: `text ${index}` }) });
      const context = `outer inner ${index}`;
      await expectJson(response, 200, [`text ${index}`, context, context]);
    }),
  );
});

test('what runs after the time limit is in the asynchronous context of its own request', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: string[] = [];
  const note = (what: string, id: string): void => void seen.push(`${what} ${id} ${storage.getStore()}`);
  const resource = dependency(async function* (ctx) {
    const id = ctx.header('x-id') ?? '';
    ctx.background(() => note('task', id));
    try {
      yield id;
    } finally {
      note('left', id);
    }
  });
  @Controller()
  class SlowController {
    @Get('/', { timeout: 30 }) async slow(@Depends(resource) _id: string): Promise<void> {
      await pause(80);
    }
  }
  const app = appOf([SlowController]).onError(HTTPException, (_error, ctx) => {
    note('handled', ctx.header('x-id') ?? '');
    return 'handled';
  });
  const answer = toNodeListener(app);
  const url = await listening((request, response) =>
    storage.run(`of ${String(request.headers['x-id'])}`, () => answer(request, response)),
  );
  const ids = ['a', 'b', 'c'];
  await Promise.all(ids.map(async (id) => expectJson(await fetch(url, { headers: { 'x-id': id } }), 503, 'handled')));
  await app.idle();
  assert.deepEqual(
    seen.toSorted(),
    ['handled', 'left', 'task'].flatMap((what) => ids.map((id) => `${what} ${id} of ${id}`)),
  );
});

test('a body that middleware reads while the handler waits for it is there for both', async () => {
  @Controller()
  class BodyController {
    @Post('/')
    read(@Body(z.object({ text: z.string() })) { text }: { text: string }): unknown {
      return { text };
    }
  }
  let copy: Promise<string> | undefined;
  const copying: Middleware = (ctx, next) => {
    const done = next();
    if (ctx.header('x-copied') !== undefined) copy = ctx.request.text();
    return done;
  };
  const { url } = await served(appOf([BodyController], { middleware: [copying] }));
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: '{"text":"a"}' };
  // The first request of all waits for the controller to be made, before it reads.
  await expectJson(await fetch(url, init), 200, { text: 'a' });
  await expectJson(await fetch(url, { ...init, headers: { ...headers, 'x-copied': '1' } }), 200, { text: 'a' });
  assert.equal(await copy, '{"text":"a"}');
});

test('a body whose client leaves ends its request and the closing of the app, also behind a pipelined one', async () => {
  let entered = 0;
  let left = 0;
  const session = dependency(async function* () {
    entered++;
    try {
      await pause(60);
      yield 1;
    } finally {
      left++;
    }
  });
  @Controller()
  class SlowController {
    @Get('/slow')
    async slow(): Promise<string> {
      await pause(100);
      return 'slow';
    }
    @Post('/', { dependencies: [Depends(session)], timeout: 0 })
    read(@Body(z.unknown()) body: unknown): unknown {
      return body;
    }
  }
  const app = appOf([SlowController]);
  const { port } = await served(app);
  const half = `POST / HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{"a"`;
  for (const bytes of [half, `GET /slow HTTP/1.1\r\n${HOST}\r\n${half}`]) {
    const before = entered;
    const { socket } = await talk(bytes, { port });
    await eventually('it is asked', () => entered > before);
    socket.destroy();
    await eventually('it is over', () => left === entered);
  }
  await app.close();
});

test('a request that is read once its client has left is aborted, and its body rejects', async () => {
  const outcomes: unknown[] = [];
  const waiting: Middleware = async (ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
    await pause(5);
    outcomes.push(ctx.request.signal.aborted);
    await ctx.request.text().catch((error: unknown) => outcomes.push((error as Error).name));
    return null;
  };
  const { port } = await served(appOf([], { middleware: [waiting] }));
  const { socket } = await talk(`POST / HTTP/1.1\r\n${HOST}Content-Length: 20\r\n\r\nabc`, { port });
  await pause(20);
  socket.destroy();
  await eventually('it is over', () => outcomes.length === 2);
  assert.deepEqual(outcomes, [true, 'RequestAbandonedError']);
});

test('a body that fails fails for everybody who reads it, at the same time and later', async () => {
  const outcomes: unknown[] = [];
  const read = async (ctx: Context, who: string): Promise<void> => {
    if (ctx.header('x-who') !== who) return;
    await ctx.request.text().catch((error: unknown) => outcomes.push([who, (error as HTTPException).status]));
  };
  @Controller()
  class LimitedController {
    @Post('/', { limits: { body: 8 } })
    take(@Body(z.string()) body: string): string {
      return body;
    }
  }
  const beside: Middleware = async (ctx, next) => {
    const done = next();
    await pause(5);
    await Promise.all([read(ctx, 'beside'), done]);
  };
  const app = appOf([LimitedController], { middleware: [beside] }).onError(HTTPException, async (error, ctx) => {
    await read(ctx, 'later');
    return error.status;
  });
  const { port } = await served(app);
  for (const who of ['beside', 'later']) {
    const head = `POST / HTTP/1.1\r\n${HOST}${CHUNKED}X-Who: ${who}\r\n\r\n`;
    const connection = await talk(`${head}1\r\n"\r\n`, { port });
    await pause(40);
    connection.write('9\r\naaaaaaaa"\r\n');
    await eventually('it is answered', () => connection.answers.length === 1);
    assert.equal(connection.answers[0]?.status, 413);
    assert.deepEqual(outcomes.splice(0), [[who, 413]]);
  }
});

test('a body that has come whole before it is read is all there, or fails for good', async () => {
  const slow = dependency(() => pause(20));
  @Controller({ dependencies: [Depends(slow)] })
  class LateController {
    @Post('/pieces')
    pieces(@Ctx() { request }: Context): Promise<string> {
      return request.text();
    }
    @Post('/whole', { limits: { body: 8 } })
    whole(@Body(z.string()) body: string): string {
      return body;
    }
  }
  const app = appOf([LateController]).onError(HTTPException, async (error, { request }) => {
    await pause(5);
    return request.text().catch((again: unknown) => again === error);
  });
  const { port } = await served(app);
  const ask = async (path: string) =>
    only((await exchange(port, `POST ${path} HTTP/1.1\r\n${HOST}${CHUNKED}\r\n9\r\n"aaaaaaa"\r\n0\r\n\r\n`)).answers);
  assert.equal((await ask('/pieces')).body, JSON.stringify('"aaaaaaa"'));
  const refused = await ask('/whole');
  assert.deepEqual([refused.status, refused.body], [413, 'true']);
});

test('a body that grows over the limit while it is answered ends the connection, whatever becomes of the answer', async () => {
  @Controller()
  class EchoController {
    @Post('/', { limits: { body: 8 }, response: text() })
    async *echo(@Ctx() { request }: Context): AsyncGenerator<string> {
      yield 'first';
      await request.text().catch(() => {});
      yield 'last';
    }
  }
  const { port } = await served(appOf([EchoController]));
  const connection = await talk(`POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n1\r\na\r\n`, { port });
  await connection.until(/first/);
  connection.write('9\r\naaaaaaaaa\r\n0\r\n\r\n');
  await eventually('it is closed', () => connection.closed);
  assert.doesNotMatch(connection.text, /last|\r\n0\r\n/);
});

test('a body that is read on after the response is never taken for complete', async () => {
  const pieces: string[] = [];
  let outcome = '';
  @Controller()
  class ReadingController {
    @Post('/')
    async read(@Ctx() ctx: Context): Promise<string> {
      const reader = (ctx.request.body as ReadableStream<Uint8Array>).getReader();
      const decoder = new TextDecoder();
      pieces.push(decoder.decode((await reader.read()).value));
      // The rest has come, and waits to be read.
      await pause(30);
      ctx.background(async () => {
        try {
          for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
            pieces.push(decoder.decode(piece.value));
          }
          outcome = 'complete';
        } catch (error) {
          outcome = (error as Error).name;
        }
      });
      return 'read';
    }
  }
  const { port } = await served(appOf([ReadingController]));
  const connection = await talk(`POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n4\r\naaaa\r\n`, { port });
  await pause(10);
  connection.write('4\r\nbbbb\r\n0\r\n\r\n');
  await eventually('it is over', () => outcome !== '');
  assert.equal(outcome, pieces.join('') === 'aaaabbbb' ? 'complete' : 'RequestAbandonedError');
  await eventually('it is answered', () => connection.statuses.join() === '200');
});

test('a body that grows over the limit after its 503 has been sent ends the connection', async () => {
  @Controller()
  class GrowingController {
    @Post('/')
    read(@Body(z.unknown()) body: unknown): unknown {
      return body;
    }
  }
  const { port } = await served(appOf([GrowingController], { timeout: 30, limits: { body: 100 } }));
  const head = `POST / HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const connection = await talk(`${head}1\r\n[\r\n`, { port });
  await eventually('it is answered', () => connection.answers.length === 1);
  assert.equal(connection.answers[0]?.status, 503);
  connection.write(`c8\r\n${' '.repeat(200)}\r\n`);
  await eventually('it is closed', () => connection.closed);
});

test('overlapping requests have their time limits each', async () => {
  @Controller()
  class WaitingController {
    @Get('/')
    async wait(@Query('ms', z.int()) ms: number): Promise<number> {
      await pause(ms);
      return ms;
    }
  }
  const { url } = await served(appOf([WaitingController], { timeout: 80 }));
  const ask = async (ms: number) => (await fetch(`${url}/?ms=${ms}`)).status;
  assert.deepEqual(await Promise.all([1000, 10, 1000, 20].map(ask)), [503, 200, 503, 200]);
  assert.deepEqual(await Promise.all([5, 1000].map(ask)), [200, 503]);
});

test('overlapping requests do not mix', async () => {
  const wait = dependency(async (ctx) => {
    await pause(Number(ctx.header('x-wait')));
    return ctx.header('x-id');
  });
  @Controller()
  class IdentityController {
    @Get('/:id')
    async read(
      @Depends(wait) header: string | undefined,
      @Path('id') id: string,
      @Query('id') query: string,
    ): Promise<unknown> {
      await pause(id.length);
      return [id, header, query];
    }
  }
  const { url } = await served(appOf([IdentityController]));
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const id = `id${index}`;
      const headers = { 'x-id': id, 'x-wait': String((index * 7) % 11) };
      await expectJson(await fetch(`${url}/${id}?id=${id}`, { headers }), 200, [id, id, id]);
    }),
  );
});

/** The address of a server of Node's own. */
async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  after(() => server.close());
  return listen(server);
}

/** Opens a connection, sends bytes, and leaves it open. */
async function talk(bytes: string, options: { port?: number; read?: boolean } = {}): Promise<RawConnection> {
  const connection = await RawConnection.open(options.port ?? (await port()));
  if (options.read === false) connection.socket.pause();
  connection.write(bytes);
  return connection;
}

test('a body that was cut at the limit ends its connection, whatever status an error handler gives it', async () => {
  @Controller()
  class LimitedController {
    @Post('/', { limits: { body: 8 } })
    take(@Body(z.string()) text: string): string {
      return text;
    }
  }
  const limited = appOf([LimitedController]);
  limited.onError(HTTPException, (error, ctx) => {
    ctx.response.status = 400;
    return error.status;
  });
  const { port: number } = await served(limited);
  const request = `POST / HTTP/1.1\r\n${HOST}${CHUNKED}\r\n10\r\n"aaaaaaaaaaaaaa"\r\n`;
  const answer = only((await exchange(number, request, { untilClose: true })).answers);
  assert.deepEqual([answer.status, answer.body, answer.headers.get('connection')], [400, '413', ['close']]);
});
