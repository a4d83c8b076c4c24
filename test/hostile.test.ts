import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import {
  Body,
  bytes,
  Content,
  type Context,
  Controller,
  Ctx,
  dependency,
  Depends,
  EncodedBody,
  Get,
  type Middleware,
  OAuth2PasswordBearer,
  Path,
  Post,
  Route,
} from 'portico';
import { z } from 'zod';
import { measured } from '../src/adapters/node-framing.ts';
import { fuzz } from '../scripts/fuzz.ts';
import { appOf, collected, RawConnection, eventually, exchange, gate, Log, pause, servers } from './world.ts';

const bearer = new OAuth2PasswordBearer({ tokenUrl: 'token' });
const HOST = 'Host: a\r\n';
const CHUNKED = 'Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n';
const MIB = 1_048_576;

/** What handlers were called with. */
const calls: string[] = [];
const entered = { count: 0, left: 0 };

const resource = dependency(async function* () {
  entered.count++;
  try {
    yield 1;
  } finally {
    entered.left++;
  }
});

@Controller()
class HostileController {
  @Get('/url') url(@Ctx() { request }: Context) {
    calls.push(request.url);
    return [request.method, request.url];
  }
  @Route('TRACE', '/traced') trace(@Ctx() { request }: Context) {
    return [request.method, request.url];
  }
  @Post('/guarded') guarded(@Body(z.unknown()) body: unknown, @Depends(bearer) _token: string) {
    calls.push('guarded');
    return body;
  }
  @Post('/json') json(@Body(z.unknown()) body: unknown) {
    return body;
  }
  @Post('/raw') async raw(@Ctx() { request }: Context) {
    return (await request.text()).length;
  }
  @Post('/both') async both(@Body(z.unknown()) body: unknown, @Ctx() { request }: Context) {
    return [body, await request.text()];
  }
  @Post('/unread', { dependencies: [Depends((ctx: Context) => ctx.request.headers.get('x'))] })
  unread(@Body(z.unknown()) body: unknown) {
    return body;
  }
  @Post('/before', { dependencies: [Depends((ctx: Context) => ctx.request.url)] })
  async before(@Body(z.unknown()) body: unknown, @Ctx() { request }: Context) {
    return [body, await request.text()];
  }
  @Post('/taken', { dependencies: [Depends(async (ctx: Context) => ctx.request.text())] })
  taken(@Body(z.unknown()) body: unknown) {
    return body;
  }
  @Post('/first-piece') async firstPiece(@Ctx() { request }: Context) {
    const reader = (request.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return value?.length;
  }
  @Get('/slow') async slow() {
    await pause(80);
    return 'slow';
  }
  @Get('/quick', { dependencies: [Depends(resource)] }) quick() {
    return 'quick';
  }
}

const served = servers();
let shared: ReturnType<typeof served> | undefined;
const port = async () => (await (shared ??= served(appOf([HostileController], { timeout: 5_000 })))).port;
const ask = async (bytes: string, options?: Parameters<typeof exchange>[2]) => exchange(await port(), bytes, options);

const open = async (to?: number) => RawConnection.open(to ?? (await port()), { allowHalfOpen: true });

/** Sends a head and so many bytes after it without looking up, and only then reads what came. */
async function upload(head: string, size: number): Promise<number[]> {
  const connection = await open();
  const { socket } = connection;
  socket.pause();
  socket.write(head);
  const piece = Buffer.alloc(65_536, 0x20);
  for (let sent = 0; sent < size && !connection.closed; sent += piece.length) {
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
    if (sent % MIB === 0) await pause(1);
  }
  socket.resume();
  await eventually('the answer is there', () => connection.statuses.length > 0 || connection.closed);
  socket.destroy();
  return connection.statuses;
}

describe('a client that is still sending reads its answer (RFC 9112 §9.6)', () => {
  const length = `Content-Type: application/json\r\nContent-Length: ${6 * MIB}\r\n\r\n`;
  for (const [what, head, count, status] of [
    ['30 without credentials', `POST /guarded HTTP/1.1\r\n${HOST}${CHUNKED}\r\n${(4 * MIB).toString(16)}\r\n`, 30, 401],
    ['20 with 6 MB too much', `POST /json HTTP/1.1\r\n${HOST}${length}`, 20, 413],
    ['20 to nowhere', `POST /nowhere HTTP/1.1\r\n${HOST}${length}`, 20, 404],
    ['20 with two hosts', `POST /json HTTP/1.1\r\n${HOST}${HOST}${length}`, 20, 400],
    ['20 that the parser refuses', `POST /json HTTP/1.1\r\n${HOST}bad name: 1\r\n${length}`, 20, 400],
    ['20 whose headers are too large', `POST / HTTP/1.1\r\n${HOST}x: ${'x'.repeat(20_000)}\r\n${length}`, 20, 431],
    ['20 whose body is too long for ctx.request', `POST /raw HTTP/1.1\r\n${HOST}${CHUNKED}\r\n600000\r\n`, 20, 413],
  ] as const) {
    test(what, async () => {
      const answers: number[] = [];
      for (let sent = 0; sent < count; sent += 5) {
        const some = await Promise.all(Array.from({ length: 5 }, () => upload(head, 4 * MIB)));
        answers.push(...some.flat());
      }
      assert.deepEqual(
        answers,
        Array.from({ length: count }, () => status),
      );
      assert.ok(!calls.includes('guarded'));
    });
  }

  test('for a bounded time and a bounded number of bytes', async () => {
    const slow = await open();
    const fast = await open();
    const start = Date.now();
    for (const { socket } of [slow, fast]) socket.write(`POST /guarded HTTP/1.1\r\n${HOST}${CHUNKED}\r\n10000000\r\n`);
    await eventually('both are answered', () => slow.statuses[0] === 401 && fast.statuses[0] === 401);
    await eventually('both are told the end', () => slow.ended && fast.ended);
    const piece = Buffer.alloc(MIB);
    let sent = 0;
    while (!fast.closed && sent < 200) {
      if (!fast.socket.write(piece)) await Promise.race([once(fast.socket, 'drain'), pause(200)]).catch(() => {});
      sent++;
    }
    assert.ok(fast.closed && sent >= 64, `${sent} MiB`);
    assert.ok(!slow.closed);
    for (let waited = 0; !slow.closed && waited < 80; waited++) {
      await pause(100);
      slow.socket.write(' ');
    }
    const took = Date.now() - start;
    assert.ok(slow.closed && took > 4_500 && took < 8_000, `${took} ms`);
  });

  test('and what follows a request without a host is none, behind pending answers too', async () => {
    const seen = calls.length;
    const ask = (host: string): string => `GET /url HTTP/1.1\r\n${host}\r\n`;
    const connection = await open();
    connection.write(`GET /slow HTTP/1.1\r\n${HOST}\r\n${ask('')}${ask(HOST)}NONSENSE\r\n\r\n`);
    await eventually('the connection ends', () => connection.ended);
    connection.destroy();
    assert.deepEqual([connection.statuses, calls.length], [[200, 400], seen]);
  });

  test('and nothing that it sends meanwhile is a request', async () => {
    calls.length = 0;
    const connection = await open();
    const { socket } = connection;
    socket.write(`POST /guarded HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Type: application/json\r\n\r\n1`);
    await eventually('it is answered', () => connection.statuses.length === 1);
    socket.write(`23GET /url HTTP/1.1\r\n${HOST}\r\n`.repeat(1_000));
    await pause(20);
    socket.end();
    await eventually('it is closed', () => connection.closed);
    assert.deepEqual([connection.statuses, calls, connection.error], [[401], [], undefined]);
  });
});

describe('a body over the limit behind a pending answer', () => {
  const chunk = (size: number): [string, Buffer, string] => [
    `${size.toString(16)}\r\n`,
    Buffer.alloc(size, 0x20),
    '\r\n',
  ];
  for (const [what, path, head, piece] of [
    [
      'declared',
      '/json',
      `Content-Type: application/json\r\nContent-Length: ${2 ** 40}\r\n`,
      [Buffer.alloc(MIB, 0x20)],
    ],
    ['in chunks', '/json', CHUNKED, chunk(MIB)],
    ['in small chunks', '/json', CHUNKED, Array.from({ length: 256 }, () => chunk(4_096)).flat()],
    ['in chunks and read as a stream', '/raw', CHUNKED, chunk(MIB)],
  ] as const) {
    test(`${what}, is answered after that, and waits outside of the process until then`, async () => {
      const { opened, open: release } = gate();
      @Controller()
      class PendingController extends HostileController {
        @Get('/pending') async pending() {
          await opened;
          return 'pending';
        }
      }
      const connection = await open((await served(appOf([PendingController]))).port);
      const { socket } = connection;
      const sent = (): number => socket.bytesWritten - socket.writableLength;
      await collected();
      const before = process.memoryUsage().arrayBuffers;
      connection.write(`GET /pending HTTP/1.1\r\n${HOST}\r\n`, `POST ${path} HTTP/1.1\r\n${HOST}${head}\r\n`);
      // The system takes some megabytes on both sides; nothing else takes any once the limit has been passed.
      for (let taken = -1; sent() > taken && taken < 64 * MIB;) {
        taken = sent();
        connection.write(...piece);
        for (let waited = 0; sent() <= taken && waited < 30; waited++) await pause(10);
      }
      await collected();
      const held = process.memoryUsage().arrayBuffers - before - socket.writableLength;
      assert.ok(sent() > MIB && sent() < 32 * MIB, `${sent()} bytes were taken`);
      assert.ok(held < 4 * MIB, `${held} bytes are held`);
      assert.equal(connection.text, '');
      release();
      await eventually('the connection ends', () => connection.ended);
      const [first, second] = connection.answers;
      assert.deepEqual([first?.status, first?.body, second?.status, second?.body], OVER_THE_LIMIT);
      assert.deepEqual(second?.headers.get('connection'), ['close']);
      // It lingers: what the client still sends is dropped, and no reset takes the answers from it.
      connection.write(...piece);
      await eventually('the rest is taken', () => socket.writableLength === 0);
      assert.equal(connection.closed, false);
      socket.end();
      await eventually('it is closed', () => connection.closed);
      assert.deepEqual([connection.statuses, connection.error], [[200, 413], undefined]);
    });
  }
});

const OVER_THE_LIMIT = [200, '"pending"', 413, '{"detail":"Content Too Large"}'];

describe('heads that are refused', () => {
  for (const [what, bytes, statuses] of [
    [
      'HTTP/1.0 with Transfer-Encoding',
      `POST /json HTTP/1.0\r\nConnection: keep-alive\r\n${CHUNKED}\r\n1\r\n1\r\n0\r\n\r\n`,
      [400],
    ],
    ...['xchunked', 'gzip', 'chunked, gzip', 'chunked, chunked', 'identity', ', chunked, x', 'chunked;q=1', ''].map(
      (coding) =>
        [
          `the coding '${coding}'`,
          `POST /json HTTP/1.1\r\n${HOST}Transfer-Encoding: ${coding}\r\n\r\n`,
          [400],
        ] as const,
    ),
    [
      'chunked on two lines',
      `POST /json HTTP/1.1\r\n${HOST}${CHUNKED}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      [400],
    ],
    [
      'a coding before chunked',
      `POST /json HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      [400, 501],
    ],
    ...['a%', '1.2.3.4.5', '[:::]', '%00', '256.256.256.256', 'a:70000', ':80', '[1.2.3.4]', 'a%zz'].map(
      (host) => [`the host '${host}'`, `GET /url HTTP/1.1\r\nHost: ${host}\r\n\r\n`, [400]] as const,
    ),
    ...[
      'http://a%/',
      'http://[:::]/url',
      'http://1.2.3.4.5/url',
      'http:///url',
      'ftp://a/url',
      '/url#x',
      'http://a/url#x',
    ].map((target) => [`the target '${target}'`, `GET ${target} HTTP/1.1\r\n${HOST}\r\n`, [400]] as const),
  ] as [string, string, number[]][]) {
    test(`${what} is ${statuses.join(' or ')}, and the connection is closed`, async () => {
      calls.length = 0;
      const { answers, closed } = await ask(`${bytes}GET /url HTTP/1.1\r\n${HOST}\r\n`, { untilClose: true });
      assert.ok(answers.length === 1 && statuses.includes(answers[0]?.status ?? 0), `${answers[0]?.status}`);
      assert.deepEqual([closed, calls], [true, []]);
    });
  }
});

test('an invalid host is refused every time, between valid ones too', async () => {
  const statuses: (number | undefined)[] = [];
  for (const host of ['a', 'a%', 'a%', 'a', 'b', 'a%', '', 'a%', 'b']) {
    const { answers } = await ask(`GET /url HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, {
      untilClose: true,
    });
    statuses.push(answers[0]?.status);
  }
  assert.deepEqual(statuses, [200, 400, 400, 200, 200, 400, 200, 400, 200]);
});

describe('ctx.request', () => {
  test('is there for every request that is accepted', async () => {
    const seen: string[] = [];
    const looking: Middleware = (ctx, next) => {
      seen.push(`${ctx.request.method} ${ctx.request.url}`);
      return next();
    };
    const { port: to } = await served(appOf([HostileController], { middleware: [looking] }));
    const statuses: number[] = [];
    for (const bytes of [
      'GET /url HTTP/1.1\r\nHost:\r\n\r\n',
      'GET /url HTTP/1.1\r\nHost: %61:\r\n\r\n',
      'GET //x/../y HTTP/1.1\r\nHost: a\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
      'TRACE /traced HTTP/1.1\r\nHost: a\r\n\r\n',
      'PROPFIND /url HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /url HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}',
      'GET /url HTTP/1.0\r\n\r\n',
      'GET /url HTTP/1.1\r\nHost: a\r\nX-A: \u00e9\u0080\u00ff\r\nX-A:\r\n\r\n',
    ]) {
      statuses.push(...(await exchange(to, bytes)).statuses);
    }
    assert.deepEqual(statuses, [200, 200, 404, 204, 200, 405, 200, 200, 200]);
    assert.deepEqual(seen.slice(0, 5), [
      'GET http://localhost/url',
      'GET http://a/url',
      'GET http://a//y',
      'OPTIONS http://a/',
      'TRACE http://a/traced',
    ]);
  });

  const chunks = (size: number): string => `${size.toString(16)}\r\n${'1'.repeat(size)}\r\n`;
  for (const [what, to, body, status] of [
    ['a body up to the limit', '/raw', chunks(MIB), 200],
    ['a body over the limit', '/raw', chunks(MIB / 2).repeat(3), 413],
    ['a body that is declared as well', '/both', chunks(4), 200],
    ['a body of which only the head was looked at before', '/unread', chunks(4), 200],
    ['a body that was taken before', '/taken', chunks(4), 500],
    ['a body of which only the first piece is read', '/first-piece', chunks(4), 200],
  ] as const) {
    test(`${what} is ${status}`, async () => {
      const { answers } = await ask(`POST ${to} HTTP/1.1\r\n${HOST}${CHUNKED}\r\n${body}0\r\n\r\n`);
      assert.deepEqual([answers[0]?.status, answers.length], [status, 1], answers[0]?.body);
      if (to === '/both') assert.equal(answers[0]?.body, '[1111,"1111"]');
    });
  }

  test('of a body that was read before is logged', async () => {
    const logger = new Log();
    const app = appOf([HostileController], { logger });
    const { port: to } = await served(app);
    const headers = { 'content-type': 'application/json' };
    assert.equal((await fetch(`http://127.0.0.1:${to}/taken`, { method: 'POST', headers, body: '1' })).status, 500);
    assert.equal((await app.request('/taken', { method: 'POST', headers, body: '1' })).status, 500);
    assert.equal(logger.errors.filter((text) => text.includes('was already read from ctx.request')).length, 2);
  });

  test('has the limit of the route in memory too, and what was read before is there again', async () => {
    const app = appOf([HostileController]);
    const post = (path: string, body: string) =>
      app.request(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    assert.equal((await post('/raw', '1'.repeat(MIB + 1))).status, 413);
    assert.deepEqual(await (await post('/raw', '1'.repeat(MIB))).json(), MIB);
    assert.deepEqual(await (await post('/both', '1')).json(), [1, '1']);
    assert.deepEqual(await (await post('/unread', '1')).json(), 1);
    assert.deepEqual(await (await post('/before', '1')).json(), [1, '1']);
  });

  test('has the limits of the app where no route is matched', async () => {
    const looking: Middleware = async (ctx, next) => {
      await next();
      ctx.response.headers.set('x-read', String((await ctx.request.text()).length));
    };
    const app = appOf([HostileController], { middleware: [looking], limits: { body: 4 } });
    const { port: to } = await served(app);
    for (const [path, body, status] of [
      ['/nowhere', '1234', 404],
      ['/nowhere', '12345', 413],
      ['/url', '1234', 405],
      ['/url', '12345', 413],
    ] as const) {
      const bytes = `POST ${path} HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}`;
      assert.deepEqual((await exchange(to, bytes)).statuses, [status], path);
      assert.equal((await app.request(path, { method: 'POST', body })).status, status, path);
    }
  });

  test('keeps its connection once its body has been read, and does not where something is left', async () => {
    const head = `POST /raw HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\n1234`;
    assert.deepEqual((await ask(head + head, { answers: 2 })).statuses, [200, 200]);
    const piece = `POST /first-piece HTTP/1.1\r\n${HOST}${CHUNKED}\r\n1\r\n1\r\n`;
    const { answers, closed } = await ask(piece, { untilClose: true });
    assert.deepEqual([answers[0]?.status, answers[0]?.headers.get('connection'), closed], [200, ['close'], true]);
  });

  test('whose client leaves midway rejects its reader', async () => {
    let outcome = 'pending';
    @Controller()
    class ReadingController {
      @Post('/', { timeout: 0 }) async read(@Ctx() { request }: Context) {
        await request.text().catch((error: unknown) => (outcome = (error as Error).name));
      }
    }
    const { port: to } = await served(appOf([ReadingController]));
    const { socket } = await open(to);
    socket.write(`POST / HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n1`);
    await pause(30);
    assert.equal(outcome, 'pending');
    socket.destroy();
    await eventually('it rejects', () => outcome !== 'pending');
    assert.equal(outcome, 'RequestAbandonedError');
  });
});

describe('pipelined requests', () => {
  test('whose client leaves are cleaned up at once, the answers too that wait for their turn', async () => {
    const before = { ...entered };
    const { socket } = await open();
    socket.write(`GET /slow HTTP/1.1\r\n${HOST}\r\n` + `GET /quick HTTP/1.1\r\n${HOST}\r\n`.repeat(20));
    await eventually('they are entered', () => entered.count === before.count + 20);
    assert.equal(entered.left, before.left);
    socket.destroy();
    await eventually('they are left', () => entered.left === before.left + 20);
  });

  test('are read and handled no faster than their answers leave', async () => {
    let waiting = 0;
    const freed = gate();
    @Controller()
    class WaitingController {
      @Post('/') async wait(@Body(z.unknown()) body: unknown) {
        waiting++;
        await freed.opened;
        return body;
      }
    }
    const { port: to } = await served(appOf([WaitingController]));
    const count = 20_000;
    const connection = await open(to);
    const { socket } = connection;
    const head = `POST / HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n12`;
    socket.write(`${head.repeat(count)}NONSENSE\r\n\r\n`);
    await eventually('as many as may wait are entered', () => waiting >= 101);
    await pause(100);
    assert.equal(waiting, 101);
    freed.open();
    await eventually('all are answered', () => connection.ended);
    const answers = connection.statuses;
    assert.deepEqual(
      [waiting, answers.length, answers.pop(), new Set(answers)],
      [count, count + 1, 400, new Set([200])],
    );
  });

  test('that are held back are never handled where their client leaves', async () => {
    const before = { ...entered };
    const { socket } = await open();
    const quick = `GET /quick HTTP/1.1\r\n${HOST}\r\n`;
    socket.write(`GET /slow HTTP/1.1\r\n${HOST}\r\n${quick.repeat(1_000)}`);
    await eventually('as many as may wait are entered', () => entered.count === before.count + 100);
    socket.destroy();
    await eventually('they are left', () => entered.left === before.left + 100);
    await pause(150);
    assert.equal(entered.count, before.count + 100);
  });

  test('are answered before bytes behind them that are no request', async () => {
    for (const nonsense of ['NONSENSE\r\n\r\n', 'GET / HTTP/1.1\r\nbad name: 1\r\n\r\n']) {
      const good = `GET /slow HTTP/1.1\r\n${HOST}\r\n`;
      const { statuses, closed } = await ask(good + good + nonsense, { untilClose: true });
      assert.deepEqual([statuses, closed], [[200, 200, 400], true]);
    }
  });
});

describe('answers that are pending are not lost', () => {
  const slow = `GET /slow HTTP/1.1\r\n${HOST}\r\n`;

  test('where a CONNECT follows, which is refused in its turn', async () => {
    const tunnel = `CONNECT a:443 HTTP/1.1\r\n${HOST}\r\nbytes of a tunnel`;
    for (const [bytes, expected] of [
      [tunnel, [501]],
      [slow + tunnel, [200, 501]],
      [slow + slow + tunnel, [200, 200, 501]],
    ] as const) {
      const { statuses, closed } = await ask(bytes, { untilClose: true });
      assert.deepEqual([statuses, closed], [expected, true]);
    }
  });

  test('where the body of a request that has been answered breaks the framing', async () => {
    for (const broken of [`${CHUNKED}\r\nzz`, 'Transfer-Encoding: other\r\n\r\n']) {
      const { statuses, closed } = await ask(`${slow}PUT /json HTTP/1.1\r\n${HOST}${broken}`, { untilClose: true });
      assert.deepEqual([statuses[0], statuses.length, closed], [200, 2, true], statuses.join());
    }
  });

  test('by a client that goes on sending after it has broken the framing, or asked to close', async () => {
    const rest = 'x'.repeat(4 * MIB);
    for (const [bytes, expected] of [
      [`${slow}POST /json HTTP/1.1\r\n${HOST}${CHUNKED}\r\n1\r\n1\r\nzz${rest}`, [200, 400]],
      [`GET /slow HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n${rest}`, [200]],
    ] as const) {
      const connection = await open();
      connection.socket.pause();
      connection.write(bytes);
      await pause(150);
      connection.socket.resume();
      await eventually('the answers are there', () => connection.statuses.length === expected.length);
      connection.destroy();
      assert.deepEqual(connection.statuses, expected);
    }
  });

  test('where a request is answered after it has broken the framing, and before its turn', async () => {
    @Controller()
    class LaterController {
      @Get('/slow') async slow() {
        await pause(80);
        return 'slow';
      }
      @Post('/later') async later() {
        await pause(40);
        return 'later';
      }
    }
    const { port: to } = await served(appOf([LaterController]));
    const bytes = `${slow}POST /later HTTP/1.1\r\n${HOST}${CHUNKED}\r\nzz`;
    const { statuses, closed } = await exchange(to, bytes, { untilClose: true });
    assert.deepEqual([statuses, closed], [[200, 200], true]);
  });

  test('where an answer is cut because its request breaks the framing', async () => {
    @Controller()
    class EchoController {
      @Get('/slow') async slow() {
        await pause(80);
        return 'slow';
      }
      @Post('/echo', { response: bytes('a/b') }) echo(@Ctx() { request }: Context) {
        return request.body ?? new Uint8Array();
      }
    }
    const { port: to } = await served(appOf([EchoController]));
    const connection = await open(to);
    const { socket } = connection;
    socket.write(`${slow}POST /echo HTTP/1.1\r\n${HOST}${CHUNKED}\r\n5\r\nhello\r\n`);
    await pause(40);
    socket.write('zz\r\n');
    await eventually('the connection ends', () => connection.closed || connection.ended);
    assert.deepEqual(connection.statuses, [200]);
  });
});

describe('the length of an answer is that of its body', () => {
  const pieces = (...sizes: number[]): ReadableStream<Uint8Array> => {
    return new ReadableStream({
      async pull(controller) {
        const size = sizes.shift();
        await pause(1);
        if (size === undefined) controller.close();
        else controller.enqueue(new Uint8Array(size).fill(0x61));
      },
    });
  };
  const json = { 'content-type': 'application/json' };
  const responses: Record<string, () => Response> = {
    short: () => new Response('hello', { headers: { 'content-length': '3' } }),
    long: () => new Response('hello', { headers: { 'content-length': '9' } }),
    right: () => new Response('hello', { headers: { 'content-length': '5' } }),
    'no-number': () => new Response(null, { headers: { 'content-length': 'nine' } }),
    nonsense: () => new Response('hello', { headers: { 'content-length': '5, 5' } }),
    coded: () => new Response('hello', { headers: { 'transfer-encoding': 'gzip, chunked' } }),
    none: () => new Response(null, { headers: { 'content-length': '9' } }),
    'no-content': () => new Response(null, { status: 204, headers: { 'content-length': '9' } }),
    pieces: () => new Response(pieces(2, 2, 2), { headers: { ...json, 'content-length': '6' } }),
    'pieces-short': () => new Response(pieces(2, 2, 2), { headers: { 'content-length': '5' } }),
    'pieces-long': () => new Response(pieces(2, 2, 2), { headers: { 'content-length': '7' } }),
  };
  @Controller()
  class ResponseController {
    @Get('/:name') get(@Path('name') name: string) {
      return responses[name]?.();
    }
  }
  const answer = async (path: string) => {
    const { port: to } = await served(appOf([ResponseController]));
    const next = `GET /right HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`;
    return exchange(to, `GET /${path} HTTP/1.1\r\n${HOST}\r\n${next}`, { untilClose: true });
  };

  test('a content that declares less than it has is sent whole, without that length', async () => {
    class Short extends Content<string> {
      readonly mediaType = 'text/plain';
      encode(): EncodedBody {
        return new EncodedBody(['hello', ' you'], { 'Content-Length': '3' });
      }
    }
    @Controller()
    class ShortController {
      @Get('/', { response: new Short() }) get() {
        return '';
      }
    }
    const { port: to } = await served(appOf([ShortController]));
    const { answers, text } = await exchange(to, `GET / HTTP/1.1\r\n${HOST}\r\n`);
    assert.deepEqual([answers[0]?.body, /content-length/i.test(text)], ['hello you', false], text);
  });

  test('HEAD is not told a length that is no number', async () => {
    const { port: to } = await served(appOf([ResponseController]));
    const { text } = await exchange(to, `HEAD /no-number HTTP/1.1\r\n${HOST}\r\n`, { head: true });
    assert.match(text, /\r\ncontent-length: 0\r\n/i);
    assert.doesNotMatch(text, /nine/);
  });

  for (const path of ['short', 'long', 'right', 'nonsense', 'coded', 'none', 'no-content']) {
    test(`${path}: the next answer of the connection is read as one`, async () => {
      const { answers, text } = await answer(path);
      const body = path.startsWith('no') && path !== 'nonsense' ? '' : 'hello';
      assert.deepEqual(
        answers.map((one) => one.body),
        [body, 'hello'],
        text,
      );
      assert.doesNotMatch(text, /gzip/);
    });
  }

  for (const path of ['pieces', 'pieces-short', 'pieces-long']) {
    test(`${path}: a stream is read as a whole, whatever length it declares`, async () => {
      const { answers, text } = await answer(path);
      assert.deepEqual(
        answers.map(({ body }) => body),
        ['aaaaaa', 'hello'],
        text,
      );
    });
  }

  for (const [declared, promised, outcome] of [
    [6, 6, 'whole'],
    [7, 7, 'cut'],
    [5, 5, 'cut'],
    [3, undefined, 'whole'],
  ] as const) {
    test(`six bytes in three pieces that declare ${declared} are ${outcome}`, async () => {
      const sent = ['aa', 'aa', 'aa'][Symbol.iterator]();
      const heads: (number | undefined)[] = [];
      const source = { next: async () => sent.next(), end: async () => {} };
      const pieces = measured(source, declared, (length) => heads.push(length));
      const read = async (): Promise<string> => {
        for (let piece = await pieces.next(); piece.done !== true; piece = await pieces.next()) void piece.value;
        return 'whole';
      };
      assert.equal(await read().catch(() => 'cut'), outcome);
      assert.deepEqual(heads, [promised]);
    });
  }
});

test('a stream whose pieces are ready leaves others their turn, however fast its client reads', async () => {
  const piece = new Uint8Array(65_536);
  @Controller()
  class FastController {
    @Get('/stream') stream() {
      return new Response(
        new ReadableStream({ pull: (controller) => controller.enqueue(piece) }, { highWaterMark: 0 }),
      );
    }
    @Get('/health') health() {
      return 'well';
    }
  }
  const { port: to } = await served(appOf([FastController]));
  const socket = connect(to, '127.0.0.1');
  socket.resume();
  socket.write(`GET /stream HTTP/1.1\r\n${HOST}\r\n`);
  await pause(50);
  const start = Date.now();
  for (let count = 0; count < 5; count++) {
    assert.deepEqual((await exchange(to, `GET /health HTTP/1.1\r\n${HOST}\r\n`)).statuses, [200]);
  }
  assert.ok(Date.now() - start < 4_000, `${Date.now() - start} ms`);
  socket.destroy();
});

test('random requests are answered, and the servers go on', async () => {
  const { conversations, statuses, faults } = await fuzz({ seed: 20_260_101, time: 3_000 });
  assert.deepEqual(faults, []);
  for (const status of [101, 200, 400, 401, 404, 422]) assert.ok(statuses.has(status), `${status} in ${conversations}`);
});
