import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { describe, test, type TestContext } from 'node:test';
import {
  APIKeyCookie,
  type App,
  Body,
  bytes,
  Connection,
  Controller,
  Ctx,
  type Context,
  Depends,
  dependency,
  Get,
  Header,
  HTTPBearer,
  HTTPException,
  Path,
  Post,
  Query,
  redirect,
  type SocketConnection,
  Socket,
  type SocketOptions,
  text,
} from 'portico';
import { text as textOf } from 'node:stream/consumers';
import { connect as connectSecurely } from 'node:tls';
import { toBun } from 'portico/bun';
import { toNodeListener, toNodeUpgradeListener } from 'portico/node';
import { connect, ConnectError } from 'portico/testing';
import { z } from 'zod';
import { ChatController } from '../examples/chat/app.ts';
import { app as guide, server as guideServer } from '../examples/guides/sockets.ts';
import { type FrameCase, SECTIONS } from './fixtures/frame-cases.ts';
import {
  appOf,
  controllerOf,
  eventually,
  exchange,
  type Frame,
  FrameSocket,
  gate,
  listen,
  Log,
  pause,
  raise,
  RawConnection,
  Recorder,
  Run,
  servers,
  settled,
  turn,
} from './world.ts';

type Handler = (socket: SocketConnection<any, any>, context: Context) => unknown;

/** An app with one socket at `/socket`. */
function socketApp(handler: Handler, options: SocketOptions<any, any> = {}, more: Parameters<typeof appOf>[1] = {}) {
  const log = new Log();
  @Controller()
  class Sockets {
    @Socket('/socket', options)
    run(@Connection() socket: SocketConnection<any, any>, @Ctx() context: Context): unknown {
      return handler(socket, context);
    }
  }
  return { app: appOf([Sockets], { logger: log, ...more }), log };
}

const handshake = {
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

const echo: Handler = async (socket) => {
  for await (const message of socket) await socket.send(message);
};

/** A close as its code, any other frame as its data. */
function told({ opcode, data }: Frame): readonly [number, string] {
  if (opcode !== 0x8) return [opcode, data];
  return [opcode, String(data.length < 2 ? 1005 : Buffer.from(data, 'latin1').readUInt16BE())];
}

/** Sends what a case has to send, and compares what comes; the socket is left by a close, after which nothing comes. */
async function playFrames(port: number, { what, path, steps, chop }: FrameCase): Promise<void> {
  const socket = await FrameSocket.open(port, path);
  let isClosed = false;
  for (const [parts, ...answers] of steps) {
    const sent = Buffer.concat(parts);
    for (let start = 0; start < sent.length; start += chop ?? sent.length) {
      socket.raw(sent.subarray(start, start + (chop ?? sent.length)));
      if (chop !== undefined) await turn();
    }
    for (const answer of answers) {
      assert.deepEqual(told(await socket.next()), answer, what);
      isClosed = answer[0] === 0x8;
    }
  }
  if (!isClosed) {
    socket.frame(0x8, Buffer.from([0x03, 0xe8]));
    assert.deepEqual(told(await socket.next()), [0x8, '1000'], what);
  }
  assert.deepEqual(await socket.rest(), [], what);
}

async function refusal(opening: Promise<unknown>): Promise<Response> {
  const error: unknown = await opening.then(
    () => assert.fail('it was opened'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ConnectError, String(error));
  return error.response;
}

async function read(socket: AsyncIterable<unknown>, count: number): Promise<unknown[]> {
  const iterator = socket[Symbol.asyncIterator]();
  const messages: unknown[] = [];
  while (messages.length < count) {
    const next = await iterator.next();
    if (next.done === true) break;
    messages.push(next.value);
  }
  return messages;
}

describe('a socket in memory', () => {
  const Message = z.object({ text: z.string() });
  const Sent = z.object({ room: z.string(), text: z.string() });

  test('messages are validated and filtered in both directions', async () => {
    @Controller('/rooms')
    class Rooms {
      @Socket('/:room', { receive: Message, send: Sent })
      async chat(
        @Path('room') room: string,
        @Connection() socket: SocketConnection<z.output<typeof Message>, z.output<typeof Sent>>,
      ): Promise<void> {
        for await (const message of socket) {
          assert.deepEqual(Object.keys(message), ['text']);
          const extra = { room, text: message.text, secret: 'kept' };
          await socket.send(extra);
        }
      }
    }
    await using socket = await connect(appOf([Rooms]), '/rooms/a%20b');
    await socket.send({ text: 'hello', more: 1 });
    assert.deepEqual(await read(socket, 1), [{ room: 'a b', text: 'hello' }]);
  });

  test('an invalid message closes with 1007 and says what is wrong, not what was sent', async () => {
    const { app, log } = socketApp(echo, { receive: Message });
    const socket = await connect(app, '/socket');
    await socket.send({ text: 7 });
    const { code, reason } = await socket.closed;
    assert.equal(code, 1007);
    assert.match(reason, /^text: /);
    assert.ok(Buffer.byteLength(reason) <= 123);
    assert.deepEqual(log.errors, []);
  });

  test('a long reason is cut between characters', async () => {
    const { app } = socketApp(echo, { receive: z.never({ error: 'ü'.repeat(200) }) });
    const socket = await connect(app, '/socket');
    await socket.send(1);
    const { reason } = await socket.closed;
    assert.match(reason, /^ü+…$/);
    assert.ok(Buffer.byteLength(reason) <= 123);
  });

  test('onInvalid gets the issues in place of a close, and may close or fail itself', async () => {
    const issues: unknown[] = [];
    const onInvalid: SocketOptions<typeof Message, typeof Message>['onInvalid'] = async (error, socket) => {
      issues.push(error.issues[0]?.loc);
      if (issues.length === 2) throw new HTTPException(400, 'Twice');
      await socket.send({ text: 'no' });
    };
    const { app } = socketApp(echo, { receive: Message, send: Message, onInvalid });
    const socket = await connect(app, '/socket');
    await socket.send({});
    assert.deepEqual(await read(socket, 1), [{ text: 'no' }]);
    await socket.send({ text: 'yes' });
    assert.deepEqual(await read(socket, 1), [{ text: 'yes' }]);
    await socket.send([]);
    assert.deepEqual(await socket.closed, { code: 1008, reason: 'Twice' });
    assert.deepEqual(issues, [['message', 'text'], ['message']]);
  });

  test('an asynchronous schema keeps the order, and a value that does not fit is never sent', async () => {
    const Slow = z.number().refine(async (value) => {
      await pause(value);
      return value < 100;
    });
    const { app, log } = socketApp(
      async (socket) => {
        void socket.send(20);
        void socket.send(1);
        await socket.send(5);
        await socket.send(100);
      },
      { send: Slow },
    );
    const socket = await connect(app, '/socket');
    assert.deepEqual(await read(socket, 4), [20, 1, 5]);
    assert.equal((await socket.closed).code, 1011);
    assert.equal(log.errors.length, 1);
  });

  test('an asynchronous schema keeps the order of what is received, too', async () => {
    const Slow = z.number().refine(async (value) => {
      await pause(value);
      return value < 100;
    }, 'too slow');
    const { app } = socketApp(echo, { receive: Slow });
    const socket = await connect(app, '/socket');
    for (const value of [20, 1, 100]) await socket.send(value);
    assert.deepEqual(await read(socket, 3), [20, 1]);
    assert.deepEqual(await socket.closed, { code: 1007, reason: 'too slow' });
  });

  test('a reason is given where no issue is to be', async () => {
    const { app } = socketApp(echo, { receive: Message }, { limits: { issues: 0 } });
    const socket = await connect(app, '/socket');
    await socket.send({});
    assert.deepEqual(await socket.closed, { code: 1007, reason: 'The message is invalid' });
  });

  test('what is neither text nor bytes where those are sent rejects, and is never sent', async () => {
    for (const [send, value, expected] of [
      [text(), 5, 'text was expected, and number was sent'],
      [bytes(), 'a', 'a Uint8Array was expected, and string was sent'],
    ] as const) {
      const reasons: unknown[] = [];
      const run: Handler = async (socket) => {
        await socket.send(value).catch((error: unknown) => reasons.push((error as Error).message));
      };
      const socket = await connect(socketApp(run, { send }).app, '/socket');
      assert.deepEqual(await read(socket, 1), []);
      assert.deepEqual([await socket.closed, reasons], [{ code: 1000, reason: '' }, [expected]]);
    }
  });

  test('text and bytes are sent as they are, and the other kind of frame closes with 1003', async () => {
    const texts = socketApp(echo, { receive: text(), send: text() }).app;
    const asText = await connect(texts, '/socket');
    await asText.send('{"not":"json"');
    assert.deepEqual(await read(asText, 1), ['{"not":"json"']);
    await asText.send(new Uint8Array([1]));
    assert.equal((await asText.closed).code, 1003);
    const binary = socketApp(echo, { receive: bytes(), send: bytes() }).app;
    const asBytes = await connect(binary, '/socket');
    await asBytes.send(new Uint8Array([1, 2]));
    assert.deepEqual(await read(asBytes, 1), [new Uint8Array([1, 2])]);
    await asBytes.send('text');
    assert.equal((await asBytes.closed).code, 1003);
  });

  test('the end of the handler closes: 1000, 1008 for an HTTPException, 1011 and a log line for anything else', async () => {
    const cases: [Handler, number, string, number][] = [
      [() => {}, 1000, '', 0],
      [() => raise(new HTTPException(403, 'No such room')), 1008, 'No such room', 0],
      [() => raise(new HTTPException(400, { code: 7 })), 1008, 'Bad Request', 0],
      [() => raise(new Error('secret')), 1011, 'Internal error', 1],
      [async () => raise('a string'), 1011, 'Internal error', 1],
      [() => raise(undefined), 1011, 'Internal error', 1],
      [() => raise(new Proxy({}, { getPrototypeOf: () => raise(new Error('trap')) })), 1011, 'Internal error', 1],
      [(socket) => socket.close(4000, 'bye'), 4000, 'bye', 0],
      [(socket) => socket.close(1005), 1011, 'Internal error', 1],
      [(socket) => socket.close(1000, 'x'.repeat(124)), 1011, 'Internal error', 1],
    ];
    for (const [handler, code, reason, lines] of cases) {
      const { app, log } = socketApp(handler);
      const socket = await connect(app, '/socket');
      assert.deepEqual(await socket.closed, { code, reason });
      await app.close();
      assert.equal(log.errors.length, lines, String(log.errors));
      if (lines === 1) assert.match(log.errors[0] ?? '', /GET \/socket/);
    }
  });

  test('the peer close ends the loop, aborts the signal and rejects what is sent', async () => {
    const seen: unknown[] = [];
    const { app, log } = socketApp(async (socket, { signal }) => {
      for await (const message of socket) seen.push(message);
      seen.push(await socket.closed, signal.aborted);
      await socket.send('late').catch((error: unknown) => seen.push((error as Error).name));
      await socket.send('late');
    });
    const socket = await connect(app, '/socket');
    await socket.send(1);
    socket.close(4321, 'done');
    assert.deepEqual(await socket.closed, { code: 4321, reason: 'done' });
    await app.close();
    assert.deepEqual(seen, [1, { code: 4321, reason: 'done' }, true, 'SocketClosedError']);
    assert.deepEqual(log.errors, []);
    await assert.rejects(socket.send(2), { name: 'SocketClosedError' });
  });

  test('a loop that is left may be entered again', async () => {
    const { app } = socketApp(async (socket) => {
      for await (const message of socket) {
        await socket.send(['first', message]);
        break;
      }
      for await (const message of socket) await socket.send(['second', message]);
    });
    await using socket = await connect(app, '/socket');
    await socket.send(1);
    await socket.send(2);
    assert.deepEqual(await read(socket, 2), [
      ['first', 1],
      ['second', 2],
    ]);
  });

  test('a slow reader holds back the sender', async () => {
    let sent = 0;
    const { app } = socketApp(async (socket) => {
      for (; sent < 200; sent++) await socket.send(sent);
    });
    await using socket = await connect(app, '/socket');
    await pause(20);
    assert.ok(sent > 0 && sent < 50, `${sent} were sent`);
    assert.equal((await read(socket, 200)).length, 200);
  });

  test('a sender that is not read is held back', async () => {
    const { app } = socketApp(async (socket) => {
      await pause(30);
      for await (const message of socket) if (message === 99) return;
    });
    const socket = await connect(app, '/socket');
    let sent = 0;
    const sending = (async () => {
      for (; sent < 100; sent++) await socket.send(sent);
    })();
    await pause(10);
    assert.ok(sent < 50, `${sent} were taken`);
    await sending;
    assert.equal((await socket.closed).code, 1000);
  });

  test('what was sent before the close is read after it, however much is held back', async () => {
    const { opened, open } = gate();
    const seen: unknown[] = [];
    const { app } = socketApp(async (socket) => {
      await opened;
      for await (const message of socket) seen.push(message);
    });
    const socket = await connect(app, '/socket');
    for (let count = 0; count < 40; count++) void socket.send(count);
    await pause(5);
    socket.close();
    assert.equal((await socket.closed).code, 1000);
    open();
    await app.close();
    assert.deepEqual(seen, [...Array(40).keys()]);
  });

  test('a message that crosses the close is lost, and its sender hears so', async () => {
    const { opened, open } = gate();
    const rejected: unknown[] = [];
    const { app } = socketApp(async (socket) => {
      await opened;
      await socket.send('late').catch((error: unknown) => rejected.push((error as Error).name));
    });
    const socket = await connect(app, '/socket');
    open();
    socket.close();
    assert.deepEqual(await read(socket, 1), []);
    await app.close();
    assert.deepEqual(rejected, ['SocketClosedError']);
  });

  test('a message over the limit closes with 1009, unread ones over the backlog with 1013', async () => {
    const big = await connect(socketApp(echo, { limits: { message: 100 } }).app, '/socket');
    await big.send('x'.repeat(100));
    assert.equal((await big.closed).code, 1009);
    const { app } = socketApp(
      (socket) => {
        for (let index = 0; index < 100; index++) void socket.send('x'.repeat(100));
        return socket.closed;
      },
      { limits: { backlog: 3000 } },
    );
    assert.equal((await (await connect(app, '/socket')).closed).code, 1013);
  });
});

describe('a socket that is closed by something that is no text', () => {
  const cases: Record<string, [handler: Handler, code: number]> = {
    'a reason': [(socket) => socket.close(4000, 1n as never), 1011],
    'a detail that cannot be read': [
      () => raise(Object.defineProperty(new HTTPException(418), 'detail', { get: () => raise(new Error('secret')) })),
      1008,
    ],
    'a message': [() => raise(Object.assign(new HTTPException(418, 1), { message: Symbol('secret') })), 1008],
  };
  for (const [what, [handler, code]] of Object.entries(cases)) {
    test(`${what}, has closed for both ends`, async () => {
      const { app, log } = socketApp(handler);
      const socket = await connect(app, '/socket');
      assert.equal((await socket.closed).code, code);
      await app.close();
      assert.equal(log.errors.length, code === 1011 ? 1 : 0);
    });
  }
});

describe('before a socket opens', () => {
  const bearer = new HTTPBearer();

  function guarded(options: SocketOptions<any, any> = {}) {
    const recorder = new Recorder();
    @Controller({ dependencies: [Depends(recorder.fn('listed'))] })
    class Guarded {
      @Socket('/socket', options)
      async run(
        @Depends(bearer) { credentials }: { credentials: string },
        @Header('x-count', z.int().default(0)) count: number,
        @Connection() socket: SocketConnection<any, any>,
      ): Promise<void> {
        await socket.send({ credentials, count });
      }
    }
    return { app: appOf([Guarded], { middleware: [(_, next) => next()] }), recorder };
  }

  test('guards refuse over HTTP, with status, body and challenge; inputs are validated', async () => {
    const { app, recorder } = guarded();
    const anonymous = await refusal(connect(app, '/socket'));
    assert.equal(anonymous.status, 401);
    assert.equal(anonymous.headers.get('www-authenticate'), 'Bearer realm="api"');
    assert.deepEqual(await anonymous.json(), { detail: 'Not authenticated' });
    const headers = { authorization: 'Bearer me', 'x-count': 'many' };
    const invalid = await refusal(connect(app, '/socket', { headers }));
    assert.equal(invalid.status, 422);
    await using socket = await connect(app, '/socket', { headers: { ...headers, 'x-count': '3' } });
    assert.deepEqual(await read(socket, 1), [{ credentials: 'me', count: 3 }]);
    assert.deepEqual(recorder.take(), ['call listed', 'call listed', 'call listed']);
  });

  test('values of guards that take time reach the handler, and the controller that is made for the request', async () => {
    const user = dependency(async () => {
      await pause(1);
      return 'ada';
    });
    @Controller('/:room')
    class Rooms {
      constructor(@Depends(user) readonly user: string) {}
      @Socket()
      async run(
        @Path('room') room: string,
        @Query('last', z.int()) last: number,
        @Depends(user) guest: string,
        @Connection() socket: SocketConnection,
      ): Promise<void> {
        await socket.send([this.user, guest, room, last]);
      }
    }
    const socket = await connect(appOf([Rooms]), '/hall?last=7');
    assert.deepEqual(await read(socket, 2), [['ada', 'ada', 'hall', 7]]);
  });

  test('overrides and requireSecurity hold', async () => {
    const { app } = guarded();
    using _ = app.override(bearer, () => ({ scheme: 'Bearer', credentials: 'tester' }));
    await using socket = await connect(app, '/socket');
    assert.deepEqual(await read(socket, 1), [{ credentials: 'tester', count: 0 }]);
    assert.throws(() => socketApp(echo, {}, { requireSecurity: true }), /UNSECURED_OPERATION/);
  });

  test('a plain GET is 426 unless a GET has the path; other methods are 405', async () => {
    const { app } = socketApp(echo);
    const plain = await app.request('/socket');
    assert.equal(plain.status, 426);
    assert.equal(plain.headers.get('upgrade'), 'websocket');
    assert.equal(plain.headers.get('connection'), 'Upgrade');
    const post = await app.request('/socket', { method: 'POST' });
    assert.equal(post.status, 405);
    assert.deepEqual(post.headers.get('allow')?.split(', ').toSorted(), ['GET', 'OPTIONS']);
    assert.equal((await app.request('/socket', { method: 'SOCKET' })).status, 405);
    @Controller()
    class Page {
      @Get('/socket') read(): string {
        return 'a page';
      }
    }
    app.include([Page]);
    assert.equal(await (await app.request('/socket')).json(), 'a page');
    const put = await app.request('/socket', { method: 'PUT' });
    assert.deepEqual(put.headers.get('allow')?.split(', ').toSorted(), ['GET', 'HEAD', 'OPTIONS']);
    await (await connect(app, '/socket')).send(1);
    const other = await refusal(connect(app, '/other'));
    assert.equal(other.status, 404);
  });

  test('a bad version is 426, a bad key 400, and a request that cannot be upgraded a logged 501', async () => {
    const { app, log } = socketApp(echo);
    const version = await refusal(connect(app, '/socket', { headers: { 'sec-websocket-version': '8' } }));
    assert.equal(version.status, 426);
    assert.equal(version.headers.get('sec-websocket-version'), '13');
    const key = await refusal(connect(app, '/socket', { headers: { 'sec-websocket-key': 'short' } }));
    assert.equal(key.status, 400);
    const headers = {
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    const fetched = await app.request('/socket', { headers });
    assert.equal(fetched.status, 501);
    assert.match(log.errors.join(), /no WebSockets/);
  });

  test('where a cookie is the credential, only pages of the same host may connect unless origins say so', async () => {
    const cookie = new APIKeyCookie('session');
    function make(options: SocketOptions<any, any>): App {
      @Controller()
      class Sessions {
        @Socket('/socket', options)
        run(@Depends(cookie) _session: string, @Connection() _socket: SocketConnection<any, any>): void {}
      }
      return appOf([Sessions]);
    }
    const open = async (app: App, origin?: string, host = 'example.com') => {
      const headers = { cookie: 'session=1', host, ...(origin === undefined ? {} : { origin }) };
      const opening = connect(app, '/socket', { headers });
      return opening.then(
        () => 101,
        (error: unknown) => (error as ConnectError).response.status,
      );
    };
    const own = make({});
    assert.equal(await open(own), 101);
    assert.equal(await open(own, 'https://example.com'), 101);
    assert.equal(await open(own, 'https://example.com', 'example.com:443'), 101);
    for (const origin of [
      'https://evil.test',
      'https://example.com.evil.test',
      'https://example.com:8443',
      'null',
      'example.com',
      'https://user@example.com',
      '',
      'https://example.com/',
    ]) {
      assert.equal(await open(own, origin), 403, origin);
    }
    const listed = make({ origins: ['https://app.example.org'] });
    assert.equal(await open(listed, 'https://app.example.org'), 101);
    assert.equal(await open(listed, 'https://example.com'), 403);
    assert.equal(await open(make({ origins: '*' }), 'https://evil.test'), 101);
    const { app } = socketApp(echo);
    await using socket = await connect(app, '/socket', { headers: { origin: 'https://evil.test' } });
    await socket.send(1);
  });

  test('too many sockets and slow guards are 503, and what was entered is left', async () => {
    const recorder = new Recorder();
    const slow = recorder.generator('slow', { setup: () => pause(100) });
    @Controller({ dependencies: [Depends(slow)] })
    class Slow {
      @Socket('/slow', { limits: { handshake: 20 } })
      run(@Connection() _socket: SocketConnection): void {}
    }
    const app = appOf([Slow]);
    assert.equal((await refusal(connect(app, '/slow'))).status, 503);
    await app.close();
    assert.deepEqual(recorder.take(), ['enter slow', 'throw slow: Nobody is waiting for the response any longer']);
    for (const [options, more] of [
      [{ limits: { sockets: 2 } }, {}],
      [{}, { limits: { sockets: 2 } }],
    ] as const) {
      const full = socketApp(echo, options, more).app;
      const first = await connect(full, '/socket');
      await connect(full, '/socket');
      assert.equal((await refusal(connect(full, '/socket'))).status, 503);
      first.close();
      await first.closed;
      await eventually('a place is free', () => true);
      await pause(5);
      await connect(full, '/socket');
    }
  });
});

describe('the lifetimes of a socket', () => {
  function lifetimes(handler: Handler) {
    const recorder = new Recorder();
    const request = recorder.generator('request');
    const ofHandler = recorder.generator('handler', { lifetime: 'handler' });
    const dependencies = [Depends(request), Depends(ofHandler)];
    const { app, log } = socketApp(handler, { dependencies });
    return { app, log, recorder };
  }

  test('what lives as long as the request is cleaned up once the socket has closed', async () => {
    const { app, recorder } = lifetimes(async (socket, context) => {
      context.background(() => recorder.note('background'));
      for await (const _ of socket) recorder.note('message');
      recorder.note('handled');
    });
    const socket = await connect(app, '/socket');
    await socket.send(1);
    await eventually('the message', () => recorder.events.includes('message'));
    socket.close();
    await socket.closed;
    recorder.note('closed');
    await app.idle();
    await app.close();
    const events = recorder.take();
    assert.deepEqual(events.slice(0, 3), ['enter request', 'enter handler', 'message']);
    assert.deepEqual(events.slice(-3), ['exit handler', 'background', 'exit request']);
    assert.ok(events.indexOf('closed') < events.indexOf('exit request'));
  });

  test('an error is thrown in to all of them, those of the handler first', async () => {
    const { app, log, recorder } = lifetimes(() => raise(new Error('broken')));
    await (
      await connect(app, '/socket')
    ).closed;
    await app.close();
    assert.deepEqual(recorder.take(), [
      'enter request',
      'enter handler',
      'throw handler: broken',
      'throw request: broken',
    ]);
    assert.equal(log.errors.length, 1);
  });

  test('close ends sockets with 1001 and waits for their handlers and cleanups', async () => {
    const { app, recorder } = lifetimes(async (socket, { signal, closing }) => {
      for await (const _ of socket) recorder.note('message');
      recorder.note(`aborted ${signal.aborted} ${closing.aborted}`);
      await pause(10);
      recorder.note('handled');
    });
    const socket = await connect(app, '/socket');
    await app.close();
    assert.equal((await socket.closed).code, 1001);
    assert.deepEqual(recorder.take().slice(2), ['aborted true true', 'handled', 'exit handler', 'exit request']);
    assert.equal((await refusal(connect(app, '/socket'))).status, 503);
  });

  test('a handler that never ends is given up at the deadline, and what it entered is left', async () => {
    const { app, recorder } = lifetimes(() => new Promise(() => {}));
    const socket = await connect(app, '/socket');
    await app.closeWithin(30);
    assert.equal((await socket.closed).code, 1001);
    assert.deepEqual(recorder.take().slice(2).toSorted(), [
      'throw handler: Nobody is waiting for the response any longer',
      'throw request: Nobody is waiting for the response any longer',
    ]);
  });

  test('what a handler that is given up has entered is left once, also where it ends later', async () => {
    const { opened, open } = gate();
    const { app, recorder } = lifetimes(() => opened);
    const socket = await connect(app, '/socket');
    await app.closeWithin(10);
    await socket.closed;
    const events = recorder.take();
    open();
    await settled();
    assert.equal(events.filter((event) => event.startsWith('throw request')).length, 1);
    assert.deepEqual(
      recorder.take().filter((event) => event.includes('request')),
      [],
    );
  });

  test('a middleware that removes the status of an upgrade does not keep the socket from opening', async () => {
    const removing = async ({ response }: Context, next: () => Promise<void>): Promise<void> => {
      await next();
      response.status = undefined;
    };
    const { app } = socketApp(echo, {}, { middleware: [removing] });
    await using socket = await connect(app, '/socket');
    await socket.send(1);
    assert.deepEqual(await read(socket, 1), [1]);
  });

  test('a middleware may answer in place of the upgrade', async () => {
    const recorder = new Recorder();
    const dependencies = [Depends(recorder.generator('held'))];
    const { app } = socketApp(
      echo,
      { dependencies },
      {
        middleware: [
          async (context, next) => {
            await next();
            assert.equal(context.response.status, 101);
            return context.header('x-refuse') === 'yes' ? { refused: true } : undefined;
          },
        ],
      },
    );
    const response = await refusal(connect(app, '/socket', { headers: { 'x-refuse': 'yes' } }));
    assert.deepEqual(await response.json(), { refused: true });
    await app.idle();
    assert.deepEqual(recorder.take(), ['enter held', 'exit held']);
    await using socket = await connect(app, '/socket');
    await socket.send(1);
    assert.deepEqual(await read(socket, 1), [1]);
  });
});

describe('a socket over the wire', () => {
  const served = servers();
  const open = async (handler: Handler, options: SocketOptions<any, any> = {}, more = {}) => {
    const { app, log } = socketApp(handler, options, more);
    const server = await served(app, { shutdownTimeout: 1_000 });
    return { app, log, port: server.port, server };
  };

  test('a handler that only sends leaves others their turn', async () => {
    const seen = { turns: 0, isSending: true };
    const { port } = await open(async (socket) => {
      const before = seen.turns;
      for (const end = Date.now() + 300; Date.now() < end;) await socket.send('x');
      seen.turns -= before;
      seen.isSending = false;
    });
    const count = async (): Promise<void> => {
      for (; seen.isSending; seen.turns++) await new Promise(setImmediate);
    };
    const [peer] = await Promise.all([FrameSocket.open(port, '/socket'), count()]);
    peer.end();
    assert.ok(seen.turns > 3, `${seen.turns} turns of the event loop`);
  });

  test('the handshake is that of RFC 6455, with the headers of guards and middleware', async () => {
    const { port } = await open(
      (socket) => socket.closed,
      {},
      {
        middleware: [
          async (context: Context, next: () => Promise<void>) => {
            await next();
            context.response.headers.set('x-seen', 'yes');
            context.response.cookies.set('ticket', 'used');
          },
        ],
      },
    );
    const socket = await FrameSocket.open(port, '/socket', { Origin: 'https://elsewhere.test' });
    const accept = createHash('sha1').update(`${FrameSocket.key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    assert.match(socket.head, /^HTTP\/1\.1 101 /);
    assert.ok(socket.head.includes(`Sec-WebSocket-Accept: ${accept}`));
    assert.match(socket.head, /x-seen: yes/);
    assert.match(socket.head, /set-cookie: ticket=used/i);
    assert.doesNotMatch(socket.head, /content-length|permessage/i);
    socket.end();
  });

  test('refusals are answers of HTTP on the same connection, which ends', async () => {
    const bearer = new HTTPBearer();
    const { port } = await open(echo, { dependencies: [Depends(bearer)] });
    const anonymous = await FrameSocket.refused(port, '/socket');
    assert.match(anonymous, /^HTTP\/1\.1 401 /);
    assert.match(anonymous, /www-authenticate: Bearer/i);
    assert.match(anonymous, /connection: close/i);
    assert.match(anonymous, /\{"detail":"Not authenticated"\}$/);
    assert.match(await FrameSocket.refused(port, '/nowhere'), /^HTTP\/1\.1 404 /);
    assert.match(await FrameSocket.refused(port, '/socket', { 'Sec-WebSocket-Version': '12' }), /^HTTP\/1\.1 426 /);
    assert.match(await FrameSocket.refused(port, '/socket', { Host: 'a b' }), /^HTTP\/1\.1 400 /);
  });

  test('a message of the wrong kind, or that is too big, closes with its code', async () => {
    const { port, log } = await open(echo, { receive: text(), send: text(), limits: { message: 1000 } });
    const cases: [string, (socket: FrameSocket) => void, number][] = [
      ['a binary frame', (socket) => socket.frame(0x2, 'x'), 1003],
      ['a message that is too big', (socket) => socket.frame(0x1, 'x'.repeat(1001)), 1009],
      [
        'fragments that are too big together',
        (socket) => {
          socket.frame(0x1, 'x'.repeat(600), false);
          socket.frame(0x0, 'x'.repeat(600));
        },
        1009,
      ],
    ];
    for (const [what, act, code] of cases) {
      const socket = await FrameSocket.open(port, '/socket');
      act(socket);
      assert.equal((await socket.closing()).code, code, what);
    }
    assert.deepEqual(log.errors, []);
  });

  test('a message that is not JSON closes with 1007 where JSON is received', async () => {
    const { port, log } = await open(echo, { receive: z.unknown() });
    const socket = await FrameSocket.open(port, '/socket');
    socket.frame(0x1, '{"secret"');
    assert.deepEqual(await socket.closing(), { code: 1007, reason: 'The message is not valid JSON' });
    assert.deepEqual(log.errors, []);
  });

  for (const [section, cases] of Object.entries(SECTIONS)) {
    test(`frames: ${section}`, async () => {
      @Controller()
      class Echoes {
        @Socket('/text', { receive: text(), send: text() })
        text(@Connection() socket: SocketConnection<string, string>): unknown {
          return echo(socket, undefined as never);
        }
        @Socket('/binary', { receive: bytes(), send: bytes() })
        binary(@Connection() socket: SocketConnection<Uint8Array, Uint8Array>): unknown {
          return echo(socket, undefined as never);
        }
      }
      const log = new Log();
      const { port } = await served(appOf([Echoes], { logger: log }), { shutdownTimeout: 1_000 });
      const queue = [...cases];
      const work = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await playFrames(port, next);
      };
      await Promise.all(Array.from({ length: 8 }, work));
      assert.deepEqual(log.entries, []);
    });
  }

  test('the closing handshake echoes the code, and the handler hears it', async () => {
    const ends: unknown[] = [];
    const { port } = await open(async (socket) => ends.push(await socket.closed));
    const socket = await FrameSocket.open(port, '/socket');
    socket.frame(0x8, Buffer.concat([Buffer.from([0x0f, 0xa0]), Buffer.from('bye')]));
    assert.equal((await socket.closing()).code, 4000);
    await socket.ended;
    const cut = await FrameSocket.open(port, '/socket');
    cut.end();
    await eventually('both have ended', () => ends.length === 2);
    assert.deepEqual(ends, [
      { code: 4000, reason: 'bye' },
      { code: 1006, reason: '' },
    ]);
  });

  test('a peer that answers no ping is cut, and one that does stays', async () => {
    const ends: number[] = [];
    const { port } = await open(async (socket) => ends.push((await socket.closed).code), { limits: { idle: 50 } });
    const silent = await FrameSocket.open(port, '/socket');
    assert.equal((await silent.next()).opcode, 0x9);
    await silent.ended;
    const alive = await FrameSocket.open(port, '/socket');
    for (let count = 0; count < 4; count++) {
      const { opcode, data } = await alive.next();
      assert.equal(opcode, 0x9);
      alive.frame(0xa, data);
    }
    assert.deepEqual(ends, [1006]);
    alive.end();
  });

  test('a peer that does not read holds back the sender', async () => {
    let sent = 0;
    const { port } = await open(
      async (socket) => {
        for (; sent < 100_000; sent++) await socket.send('x'.repeat(10_000));
      },
      { send: text() },
    );
    const socket = await FrameSocket.open(port, '/socket', {}, { deaf: true });
    await pause(200);
    const before = sent;
    await pause(100);
    assert.ok(before > 0 && before < 5_000, `${before} messages were sent`);
    assert.ok(sent - before <= 1, 'it goes on');
    socket.end();
  });

  test('a flood that nobody reads is bounded', async () => {
    const { port } = await open((socket) => socket.closed, { receive: text() });
    const socket = await FrameSocket.open(port, '/socket');
    for (let count = 0; count < 300; count++) socket.frame(0x1, 'x'.repeat(100_000));
    await pause(300);
    const left = socket.buffered;
    await pause(100);
    assert.ok(left > 0 && socket.buffered === left, `${left} bytes are left`);
    socket.end();
  });

  test('an offer of another protocol is ignored, with a body too', async () => {
    @Controller()
    class Page {
      @Get('/page') read(): string {
        return 'a page';
      }
      @Post('/page') write(@Body(z.array(z.int())) body: number[]): number[] {
        return body;
      }
    }
    const { app, port } = await open(echo);
    app.include([Page]);
    const offer = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n';
    const twice = `GET /page HTTP/1.1\r\n${offer}\r\n`;
    const first = await exchange(port, twice);
    assert.deepEqual(first.statuses, [200]);
    const posted = await exchange(
      port,
      `POST /page HTTP/1.1\r\n${offer}Content-Type: application/json\r\nContent-Length: 5\r\n\r\n[1,2]`,
    );
    assert.deepEqual(posted.statuses, [200]);
    assert.equal(posted.answers[0]?.body, '[1,2]');
    const plain = await exchange(port, 'GET /socket HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(plain.answers[0]?.status, 426);
  });

  test('any number of ignored offers on one connection leaves nothing behind', async () => {
    @Controller()
    class Page {
      @Get('/page') read(): string {
        return 'a page';
      }
    }
    const { app, port } = await open(echo);
    app.include([Page]);
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const connection = await RawConnection.open(port);
    for (let count = 1; count <= 30; count++) {
      connection.write('GET /page HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      await connection.wait(() => connection.answers.length === count);
      assert.equal(connection.answers.at(-1)?.status, 200);
    }
    connection.destroy();
    await pause(10);
    process.off('warning', note);
    // One for all servers of a process is no concern of connections.
    assert.deepEqual(
      warnings.filter(({ message }) => !/SIG(?:TERM|INT)/.test(message)),
      [],
    );
  });

  test('a plain GET is told to upgrade, in HTTP/1.0 always, and keeps its connection only if it asks to', async () => {
    const { port } = await open(echo);
    const get = async (version: string, connection: string) => {
      const lines = Object.entries({ host: 'a', connection, ...handshake }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      const bytes = `GET /socket HTTP/${version}\r\n${lines.join('')}\r\n`;
      const { answers, closed } = await exchange(port, bytes, { untilClose: true });
      return [answers[0]?.status, closed];
    };
    assert.deepEqual(await get('1.1', 'close'), [426, true]);
    // RFC 9110 §7.8: there, an offer to upgrade has to be ignored.
    assert.deepEqual(await get('1.0', 'Upgrade'), [426, true]);
  });

  test('an offer that Node does not take for one is ignored, and never a fault of the server', async () => {
    const { log, port } = await open(echo);
    const lines = Object.entries({ host: 'a', ...handshake }).map(([name, value]) => `${name}: ${value}\r\n`);
    const connection = await RawConnection.open(port);
    // A tab behind the option is white space, but not for the parser of Node 20.
    connection.write(`GET /socket HTTP/1.1\r\n${lines.join('')}Connection: Upgrade\t\r\n\r\n`);
    await connection.wait(() => connection.text.includes('\r\n\r\n'));
    assert.match(connection.text, /^HTTP\/1\.1 (?:101|426) /);
    connection.destroy();
    assert.deepEqual(log.entries, []);
  });

  test('no subprotocol is selected, whatever is offered (RFC 6455 §4.2.2)', async () => {
    const { port } = await open(echo);
    const socket = await FrameSocket.open(port, '/socket', { 'Sec-WebSocket-Protocol': 'chat, superchat' });
    assert.doesNotMatch(socket.head, /sec-websocket-protocol/i);
    socket.frame(0x1, '1');
    assert.deepEqual(await socket.next(), { opcode: 0x1, data: '1' });
    socket.end();
  });

  test('a handshake that the protocol refuses is answered like any other error, and cleaned up', async () => {
    const recorder = new Recorder();
    const { port } = await open(echo, { dependencies: [Depends(recorder.generator('guard'))] });
    const refused = await FrameSocket.refused(port, '/socket', { 'Sec-WebSocket-Protocol': 'a, a' });
    assert.match(refused, /^HTTP\/1\.1 400 [^]*\r\nDate: [^]*\r\n\r\n\{"detail":"The handshake is invalid"\}$/);
    await eventually('it is left', () => recorder.events.length === 2);
  });

  test('what was entered is left where the client has left before the upgrade', async () => {
    const { opened, open: goOn } = gate();
    const recorder = new Recorder();
    const slow = async (_: Context, next: () => Promise<void>): Promise<void> => {
      await next();
      await opened;
    };
    const guard = Depends(recorder.generator('guard'));
    const { log, port } = await open(echo, { dependencies: [guard] }, { middleware: [slow] });
    const connection = await RawConnection.open(port);
    const lines = Object.entries({ host: 'a', connection: 'Upgrade', ...handshake });
    connection.write(`GET /socket HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    await eventually('it is entered', () => recorder.events.length === 1);
    connection.socket.resetAndDestroy();
    await pause(20);
    goOn();
    await eventually('it is left', () => recorder.events.length === 2);
    assert.deepEqual([recorder.take(), log.errors], [['enter guard', 'exit guard'], []]);
  });

  test('one of several protocols that are offered is chosen; without the connection option none is', async () => {
    const { log, port } = await open(echo);
    for (const upgrade of ['h2c, websocket', 'WebSocket , h2c']) {
      const socket = await FrameSocket.open(port, '/socket', { Upgrade: upgrade });
      socket.frame(0x1, '1');
      assert.deepEqual(await socket.next(), { opcode: 0x1, data: '1' });
      socket.end();
    }
    const lines = Object.entries(handshake).map(([name, value]) => `${name}: ${value}\r\n`);
    for (const connection of ['', 'Connection: close\r\n', 'Connection: keep-alive, x-upgrade\r\n']) {
      const { statuses } = await exchange(
        port,
        `GET /socket HTTP/1.1\r\nHost: a\r\n${connection}${lines.join('')}\r\n`,
      );
      assert.deepEqual(statuses, [426]);
    }
    assert.deepEqual(log.errors, []);
  });

  test('an upgrade behind answers that are pending loses none of them', async () => {
    @Controller()
    class Page {
      @Get('/quick') quick(): string {
        return 'quick';
      }
      @Get('/slow') async slow(): Promise<string> {
        await pause(30);
        return 'slow';
      }
      @Get('/large', { response: text() }) async *large(): AsyncGenerator<string> {
        await pause(10);
        for (let count = 0; count < 20; count++) yield 'large '.repeat(5_000);
      }
    }
    const { app, port } = await open(echo);
    app.include([Page]);
    const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
    const lines = Object.entries({ host: 'a', connection: 'Upgrade', ...handshake });
    const upgrade = `GET /socket HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    const other = 'GET /quick HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    for (const before of [['/quick'], ['/slow'], ['/slow', '/large', '/quick']]) {
      const pending = before.map(ask).join('');
      const refused = await exchange(port, `${pending}${upgrade}more bytes`, { untilClose: true });
      assert.deepEqual(refused.statuses, [...before.map(() => 200), 400]);
      // Node.js 24 and later do not ask about other protocols.
      const { statuses } = await exchange(port, pending + other, { answers: before.length });
      assert.deepEqual(new Set(statuses.slice(0, before.length)), new Set([200]));
    }
  });

  test('a client that breaks off while it is sent something is no error', async () => {
    const { log, port } = await open(async (socket) => {
      for (;;) await socket.send('x'.repeat(100_000));
    });
    for (let count = 0; count < 20; count++) {
      const socket = await FrameSocket.open(port, '/socket');
      await socket.next();
      socket.end();
      await socket.ended;
    }
    await pause(50);
    assert.deepEqual(log.errors, []);
  });

  test('a server of its own has sockets by a listener of upgrades; without it a handshake is a logged 501', async (t) => {
    const bearer = new HTTPBearer();
    const { app, log } = socketApp(echo, { dependencies: [Depends(bearer)] });
    const listening = async (server: Server): Promise<number> => {
      t.after(() => server.close());
      return Number(new URL(await listen(server)).port);
    };
    const headers = { authorization: 'Bearer me' };
    const lines = Object.entries({ host: 'a', connection: 'Upgrade', ...handshake, ...headers });
    const bytes = `GET /socket HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
    const withoutPort = await listening(createServer(toNodeListener(app)));
    assert.deepEqual((await exchange(withoutPort, bytes.replace('connection: Upgrade\r\n', ''))).statuses, [426]);
    assert.deepEqual(log.errors, []);
    assert.deepEqual((await exchange(withoutPort, bytes)).statuses, [501]);
    assert.match(log.errors.join(), /no WebSockets/);
    const warnings = (): string[] => log.entries.filter(({ level }) => level === 'warn').map(({ text }) => text);
    assert.equal(warnings().length, 1);
    assert.match(warnings()[0] ?? '', /^The sockets \/socket cannot be opened: .*toNodeUpgradeListener/);

    const server = createServer(toNodeListener(app)).on('upgrade', await toNodeUpgradeListener(app));
    const port = await listening(server);
    assert.match(await FrameSocket.refused(port, '/socket'), /^HTTP\/1\.1 401 /);
    const offer = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n';
    assert.deepEqual((await exchange(port, `GET /nowhere HTTP/1.1\r\n${offer}\r\n`)).statuses, [404]);
    const socket = await FrameSocket.open(port, '/socket', headers);
    socket.frame(0x1, '1');
    assert.deepEqual(await socket.next(), { opcode: 0x1, data: '1' });
    const closed = app.close();
    assert.equal((await socket.closing()).code, 1001);
    socket.frame(0x8, Buffer.from([0x03, 0xe9]));
    await closed;
    assert.equal(warnings().length, 1);
    await assert.rejects(toNodeUpgradeListener(app, { trustProxy: -1 }), /trustProxy is a count/);
  });

  test('a socket over TLS', async () => {
    // A shared key needs no certificate.
    const psk = Buffer.alloc(32, 1);
    const ciphers = 'PSK';
    const { app } = socketApp(echo, { dependencies: [Depends(new APIKeyCookie('session'))] });
    const { port, url } = await served(app, { tls: { ciphers, pskCallback: () => psk } });
    assert.match(url, /^https:/);
    const tls = { ciphers, pskCallback: () => ({ psk, identity: 'any' }), checkServerIdentity: () => undefined };
    const origin = `https://127.0.0.1:${port}`;
    const socket = await FrameSocket.open(port, '/socket', { Origin: origin, Cookie: 'session=1' }, { tls });
    for (const text of ['"a"', `"${'x'.repeat(100_000)}"`]) {
      socket.frame(0x1, text);
      assert.deepEqual(await socket.next(), { opcode: 0x1, data: text });
    }
    socket.frame(0x8, Buffer.from([0x03, 0xe8]));
    assert.equal((await socket.closing()).code, 1000);
    await socket.ended;
    // Nor does an offer of another protocol keep a request from being answered.
    app.include([controllerOf({ pattern: '/url', inputs: [Ctx()], handle: ({ request }: Context) => request.url })]);
    const other = connectSecurely({ ...tls, port, host: '127.0.0.1' });
    other.write('GET /url HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n');
    assert.match(await textOf(other), /^HTTP\/1\.1 200 [^]*"https:\/\/a\/url"$/);
  });

  test('a drain closes a thousand sockets with 1001, and all is cleaned up within two seconds', async () => {
    const recorder = new Recorder();
    const { app } = socketApp(echo, { dependencies: [Depends(recorder.generator('held'))] });
    const server = await served(app, { shutdownTimeout: 10_000 });
    const codes: number[] = [];
    const answer = async (socket: FrameSocket): Promise<void> => {
      codes.push((await socket.closing()).code);
      socket.frame(0x8, Buffer.from([0x03, 0xe9]));
    };
    for (let count = 0; count < 1_000; count += 100) {
      const opening = Array.from({ length: 100 }, () => FrameSocket.open(server.port, '/socket'));
      for (const socket of await Promise.all(opening)) void answer(socket);
    }
    const start = performance.now();
    await server.close();
    const took = performance.now() - start;
    assert.ok(took < 2_000, `${took} ms`);
    assert.deepEqual([codes.length, ...new Set(codes)], [1_000, 1001]);
    assert.equal(
      recorder.count('exit held') + recorder.count('throw held: Nobody is waiting for the response any longer'),
      1_000,
    );
  });

  test('a peer that does not answer a drain is cut at the deadline, and what it held is left', async () => {
    const recorder = new Recorder();
    const { port, server } = await open(echo, { dependencies: [Depends(recorder.generator('held'))] });
    const stubborn = await FrameSocket.open(port, '/socket');
    const start = performance.now();
    await server.close();
    const took = performance.now() - start;
    assert.ok(took > 900 && took < 2_500, `${took} ms`);
    assert.equal((await stubborn.closing()).code, 1001);
    await stubborn.ended;
    assert.equal(recorder.take().length, 2);
  });

  test('messages are compressed only where that is asked for', async () => {
    const { port } = await open(echo, { compress: true });
    const offer = { 'Sec-WebSocket-Extensions': 'permessage-deflate' };
    const socket = await FrameSocket.open(port, '/socket', offer);
    assert.match(socket.head, /permessage-deflate/);
    socket.end();
    const plain = await FrameSocket.open((await open(echo)).port, '/socket', offer);
    assert.doesNotMatch(plain.head, /permessage-deflate/);
    plain.end();
  });
});

describe('the declaration of a socket', () => {
  test('mistakes are reported at start', () => {
    assert.throws(() => socketApp(echo, { origins: 'https://example.com/' }), /INVALID_SOCKET: .*origins/);
    assert.throws(() => socketApp(echo, { origins: ['*', 'https://example.com'] }), /INVALID_SOCKET/);
    assert.throws(() => socketApp(echo, { receive: {} as never }), /INVALID_SOCKET: .*`receive`/);
    assert.throws(() => socketApp(echo, { receive: redirect() as never }), /INVALID_SOCKET: .*`receive`/);
    assert.throws(() => {
      @Controller()
      class Misplaced {
        @Get() read(@Connection() _socket: SocketConnection): void {}
      }
      return appOf([Misplaced]);
    }, /CONNECTION_MISPLACED/);
    assert.throws(() => {
      @Controller()
      class Early {
        constructor(@Connection() readonly socket: SocketConnection) {}
        @Socket() run(): void {}
      }
      return appOf([Early]);
    }, /CONNECTION_MISPLACED/);
    assert.throws(() => {
      @Controller()
      class Twice {
        @Socket('/a') one(): void {}
        @Socket('/a') two(): void {}
      }
      return appOf([Twice]);
    }, /DUPLICATE_ROUTE/);
  });

  test('the document mentions sockets where it is told to, beside a GET of the same path', async () => {
    const bearer = new HTTPBearer();
    const { app } = socketApp(echo, { dependencies: [Depends(bearer)] });
    assert.equal(app.openapi().paths?.['/socket'], undefined);
    const documented = socketApp(echo, { dependencies: [Depends(bearer)] }, { documentSockets: true }).app;
    const operation = documented.openapi().paths?.['/socket']?.get;
    assert.deepEqual(operation?.responses?.['101'], { description: 'Switching Protocols' });
    assert.ok(operation?.responses?.['401'] !== undefined);
    assert.deepEqual(operation?.security, [{ HTTPBearer: [] }]);
  });
});

// What follows is checked by the compiler; it is never called.

export function types(): void {
  const Message = z.object({ text: z.string() });
  const Item = z.object({ id: z.number() });
  type M = z.output<typeof Message>;
  type P = z.output<typeof Item>;
  @Controller()
  class Typed {
    @Socket('/a', { receive: Message, send: Item })
    fits(@Connection() _socket: SocketConnection<M, P>, @Path('x') _x: string): void {}

    // @ts-expect-error what comes in is an object
    @Socket('/b', { receive: Message, send: Item })
    receives(@Connection() _socket: SocketConnection<string, P>): void {}

    // @ts-expect-error what goes out has an id
    @Socket('/c', { receive: Message, send: Item })
    sends(@Path('x') _x: string, @Connection() _socket: SocketConnection<M, { name: string }>): void {}

    @Socket('/d', { receive: text(), send: bytes() })
    raw(@Connection() _socket: SocketConnection<string, Uint8Array>): void {}

    // @ts-expect-error text comes in as a string
    @Socket('/e', { receive: text(), send: bytes() })
    notRaw(@Connection() _socket: SocketConnection<Uint8Array, Uint8Array>): void {}

    @Socket('/f')
    nothing(@Connection() _socket: SocketConnection): void {}

    @Socket('/g', { receive: Message })
    // @ts-expect-error a connection is no string
    elsewhere(@Connection() _socket: string): void {}

    // @ts-expect-error a socket has no response
    @Socket('/h', { response: Message })
    answers(): void {}
  }
  void Typed;
}

describe('the examples of sockets', () => {
  test('the command line lists sockets with their security, and what they depend on', async () => {
    const command = (...args: string[]) => new Run(['--import', 'tsx', 'src/cli/main.ts', ...args]);
    const routes = command('routes', 'examples/guides/sockets.ts');
    assert.equal(await routes.end(), 0);
    assert.match(routes.stdout, /^SOCKET +\/rooms\/:room +RoomController\.chat +APIKeyCookie /m);
    assert.match(routes.stdout, /^SOCKET +\/news +NewsController\.follow +APIKeyQuery /m);
    const graph = command('graph', 'examples/guides/sockets.ts', '--format', 'tree');
    assert.equal(await graph.end(), 0);
    assert.match(graph.stdout, /^SOCKET \/news +NewsController\.follow[\s\S]+APIKeyQuery/m);
  });

  test('a chat: members of a room hear each other, by the session of their cookie', async () => {
    const headers = { cookie: 'session=session-of-ada', host: 'chat.example', origin: 'https://chat.example' };
    await using first = await connect(guide, '/rooms/tea', { headers });
    await using second = await connect(guide, '/rooms/tea', { headers });
    await using elsewhere = await connect(guide, '/rooms/coffee', { headers });
    await first.send({ text: 'hello' });
    const said = { room: 'tea', from: 'ada', text: 'hello' };
    assert.deepEqual([await read(first, 1), await read(second, 1)], [[said], [said]]);
    await elsewhere.send({ text: '' });
    assert.equal((await elsewhere.closed).code, 1007);
    const foreign = await refusal(
      connect(guide, '/rooms/tea', { headers: { ...headers, origin: 'https://evil.test' } }),
    );
    assert.equal(foreign.status, 403);
    const unknown = await refusal(connect(guide, '/rooms/tea', { headers: { cookie: 'session=guessed' } }));
    assert.equal(unknown.status, 401);
  });

  test('a chat of several processes: members hear each other whoever accepted them', async (t) => {
    const [first, second] = [appOf([ChatController]), appOf([ChatController])];
    t.after(() => Promise.all([first.close(), second.close()]));
    const headers = { cookie: 'session=session-of-ada' };
    await using one = await connect(first, '/rooms/tea', { headers });
    await using other = await connect(second, '/rooms/tea', { headers });
    await using elsewhere = await connect(second, '/rooms/coffee', { headers });
    // Who has joined hears what is said from then on: that is known once the own word comes back.
    await other.send({ text: 'joined' });
    await elsewhere.send({ text: 'alone' });
    assert.deepEqual(await read(elsewhere, 1), [{ room: 'coffee', from: 'ada', text: 'alone' }]);
    const joined = { room: 'tea', from: 'ada', text: 'joined' };
    assert.deepEqual(await read(other, 1), [joined]);
    await one.send({ text: 'hello' });
    const hello = { room: 'tea', from: 'ada', text: 'hello' };
    assert.deepEqual(await read(other, 1), [hello]);
    const heard = await read(one, 1);
    assert.deepEqual(heard[0], (heard[0] as { text: string }).text === 'joined' ? joined : hello);
  });

  test('a server of its own has the sockets, too', async (t) => {
    const own = await guideServer();
    t.after(() => own.close());
    const { port } = new URL(await listen(own));
    const socket = await FrameSocket.open(Number(port), '/rooms/own', { cookie: 'session=session-of-ada' });
    socket.frame(0x1, '{"text":"hello"}');
    assert.deepEqual(JSON.parse((await socket.next()).data), { room: 'own', from: 'ada', text: 'hello' });
    socket.end();
  });

  test('a ticket opens one socket, from any origin', async () => {
    const init = { method: 'POST', headers: { authorization: 'Bearer ada' } };
    const { ticket } = (await (await guide.request('/news/tickets', init)).json()) as { ticket: string };
    const headers = { origin: 'https://elsewhere.test' };
    await using socket = await connect(guide, `/news?ticket=${ticket}`, { headers });
    assert.deepEqual(await read(socket, 1), [{ welcome: 'ada' }]);
    assert.equal((await refusal(connect(guide, `/news?ticket=${ticket}`, { headers }))).status, 401);
    assert.equal((await refusal(connect(guide, '/news', { headers }))).status, 401);
  });
});

describe('other platforms', () => {
  /** What a platform keeps of a socket. */
  class FakeSocket {
    readonly #listeners = new Map<string, ((event: unknown) => void)[]>();
    readonly sent: unknown[] = [];
    bufferedAmount = 0;
    ended: (number | string | undefined)[] | undefined;
    addEventListener(type: string, listener: (event: unknown) => void): void {
      this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    }
    tell(type: string, event: unknown = {}): void {
      for (const listener of this.#listeners.get(type) ?? []) listener(event);
    }
    send(data: unknown): void {
      this.sent.push(data);
    }
    close(code?: number, reason?: string): void {
      if (code === 1005 || code === 1006) throw new Error('a code that is reserved');
      if (this.ended !== undefined) return;
      this.ended = [code, reason];
      queueMicrotask(() => this.tell('close', { code, reason }));
    }
  }
  test('Deno: fetch makes a socket once it is open, and a sender waits until less is buffered', async (t) => {
    const socket = new FakeSocket();
    const response = new Response('upgraded');
    const asked: unknown[] = [];
    const global = globalThis as { Deno?: unknown };
    t.after(() => delete global.Deno);
    global.Deno = {
      upgradeWebSocket(_: Request, options: unknown) {
        asked.push(options);
        return { socket, response };
      },
    };
    let sent = 0;
    const { app } = socketApp(
      async (connection) => {
        for await (const message of connection) {
          await connection.send(message);
          sent++;
        }
      },
      { limits: { message: 100 } },
    );
    assert.equal(await app.request('/socket', { headers: handshake }), response);
    assert.deepEqual(asked, [{ idleTimeout: 30 }]);
    socket.tell('open');
    socket.bufferedAmount = 1_000_000;
    socket.tell('message', { data: '"a"' });
    await pause(30);
    assert.deepEqual([socket.sent, sent], [['"a"'], 0]);
    socket.bufferedAmount = 0;
    await eventually('it is sent', () => sent === 1);
    socket.tell('message', { data: 'x'.repeat(101) });
    await app.close();
    assert.equal(socket.ended?.[0], 1009);
  });

  test('Deno: what was entered is left where the socket never opens', async (t) => {
    const socket = new FakeSocket();
    const global = globalThis as { Deno?: unknown };
    t.after(() => delete global.Deno);
    global.Deno = { upgradeWebSocket: () => ({ socket, response: new Response() }) };
    const recorder = new Recorder();
    const { app } = socketApp(echo, { dependencies: [Depends(recorder.generator('held'))] });
    await app.request('/socket', { headers: handshake });
    socket.tell('close', { code: 1006 });
    await app.close();
    assert.deepEqual(recorder.take(), ['enter held', 'exit held']);
  });

  const { Response: Original } = globalThis;

  /** Both ends of a socket on Workers, which answer with a status that Node's `Response` does not have. */
  function onWorkers(t: TestContext, server: FakeSocket): { readonly client: object; accepted: number } {
    const state = { client: {}, accepted: 0 };
    const global = globalThis as { WebSocketPair?: unknown; Response: unknown };
    t.after(() => {
      delete global.WebSocketPair;
      global.Response = Original;
    });
    global.WebSocketPair = class {
      readonly 0 = state.client;
      readonly 1 = Object.assign(server, { accept: () => state.accepted++ });
    };
    global.Response = class extends Original {
      constructor(body: null, { status, headers, ...own }: ResponseInit) {
        super(body, { headers: headers ?? [] });
        Object.defineProperty(this, 'status', { value: status });
        Object.assign(this, own);
      }
    };
    return state;
  }

  test('Workers: the client gets its end of a pair, and the headers that were set', async (t) => {
    const socket = new FakeSocket();
    const state = onWorkers(t, socket);
    const { app } = socketApp(echo, {
      receive: bytes(),
      send: bytes(),
      dependencies: [
        Depends(dependency({ context: Ctx() }, ({ context }) => context.response.headers.set('x-a', '1'))),
      ],
    });
    const response = await app.request('/socket', { headers: handshake });
    const { webSocket } = response as Response & { webSocket?: unknown };
    assert.deepEqual([response.status, response.headers.get('x-a'), state.accepted], [101, '1', 1]);
    assert.equal(webSocket, state.client);
    socket.tell('message', { data: Uint8Array.of(1, 2).buffer });
    await eventually('it is sent back', () => socket.sent.length === 1);
    assert.deepEqual(socket.sent, [Uint8Array.of(1, 2)]);
    socket.tell('close', { code: 1000, reason: '' });
    await app.close();
    assert.deepEqual(socket.ended, [1000, '']);
  });

  test('a platform that cannot send, reports an end twice or refuses a close is no reason to fail', async (t) => {
    class Broken extends FakeSocket {
      override send(): void {
        throw new Error('it is not open');
      }
      override close(code?: number): void {
        this.ended = [...(this.ended ?? []), code];
        throw new Error('it is not open');
      }
    }
    const socket = new Broken();
    onWorkers(t, socket);
    const seen: unknown[] = [];
    const { app, log } = socketApp(async (connection) => {
      await connection.send(1).catch((error: unknown) => seen.push((error as Error).name));
      seen.push(await connection.closed);
    });
    await app.request('/socket', { headers: handshake });
    socket.tell('error');
    socket.tell('close', { code: 4000, reason: 'late' });
    await app.close();
    assert.deepEqual(seen, ['SocketClosedError', { code: 1006, reason: '' }]);
    assert.deepEqual([socket.ended, log.errors], [[4000, undefined], []]);
  });

  test('a reserved code is left to the platform, and a handler that does not end is given up', async (t) => {
    const left = new FakeSocket();
    onWorkers(t, left);
    const first = socketApp(echo);
    await first.app.request('/socket', { headers: handshake });
    left.tell('close', { code: 1006 });
    await first.app.close();
    assert.deepEqual(left.ended, [undefined, undefined]);
    const cut = new FakeSocket();
    onWorkers(t, cut);
    const { app } = socketApp(() => new Promise(() => {}));
    await app.request('/socket', { headers: handshake });
    await app.closeWithin(10);
    assert.equal(cut.ended?.[0], 1001);
  });

  test('a platform that cannot hold back a flood closes with 1013', async (t) => {
    const socket = new FakeSocket();
    const global = globalThis as { Deno?: unknown };
    t.after(() => delete global.Deno);
    global.Deno = { upgradeWebSocket: () => ({ socket, response: new Response() }) };
    const { app } = socketApp((connection) => connection.closed, { limits: { message: 100, backlog: 1000 } });
    await app.request('/socket', { headers: handshake });
    socket.tell('open');
    for (let count = 0; count < 100; count++) socket.tell('message', { data: `"${'x'.repeat(90)}"` });
    await app.close();
    assert.equal(socket.ended?.[0], 1013);
  });

  test('Bun: an upgrade has no response, sends wait for the drain, and what is refused is answered', async () => {
    const bun = toBun(socketApp(echo, { receive: text(), send: text(), limits: { message: 10 } }).app);
    let data: unknown;
    const server = {
      requestIP: () => null,
      upgrade(_: Request, options: { data: unknown }): boolean {
        data = options.data;
        return true;
      },
    };
    const request = (path: string) => new Request(`http://localhost${path}`, { headers: handshake });
    assert.equal((await bun.fetch(request('/nowhere'), server))?.status, 404);
    assert.equal(await bun.fetch(request('/socket'), server), undefined);
    const sent: unknown[] = [];
    const closes: unknown[] = [];
    const socket = {
      data,
      send: (message: unknown) => (sent.push(message) === 1 ? -1 : 1),
      ping: () => 1,
      close: (...closure: unknown[]) => void closes.push(closure),
      terminate: () => {},
    };
    bun.websocket.open(socket);
    bun.websocket.message(socket, 'one');
    bun.websocket.message(socket, 'two');
    await pause(5);
    assert.deepEqual(sent, ['one']);
    bun.websocket.drain(socket);
    await pause(5);
    assert.deepEqual(sent, ['one', 'two']);
    bun.websocket.message(socket, 'x'.repeat(11));
    assert.equal((closes[0] as unknown[])[0], 1009);
    bun.websocket.close(socket, 1009, '');
    // Bun calls `fetch` with its server, which is no way to make sockets unless toBun() is asked.
    const { app } = socketApp(echo);
    assert.equal((await app.fetch(request('/socket'), server as object)).status, 501);
    const gone = { ...server, upgrade: () => false };
    assert.equal((await bun.fetch(request('/socket'), gone))?.status, 400);
  });

  test('Bun: the address of the peer is known, and bytes are those of the message when they are read', async () => {
    const seen: unknown[] = [];
    const { app } = socketApp(
      async (connection, { clientAddress }) => {
        seen.push(clientAddress);
        for await (const message of connection) seen.push(message);
      },
      { receive: bytes() },
    );
    const bun = toBun(app);
    let data: unknown;
    const server = {
      requestIP: () => ({ address: '192.0.2.1' }),
      upgrade: (_: Request, options: { data: unknown }) => (data = options.data) !== undefined,
    };
    await bun.fetch(new Request('http://localhost/socket', { headers: handshake }), server);
    const socket = { data, send: () => 1, ping: () => 1, close: () => {}, terminate: () => {} };
    bun.websocket.open(socket);
    const reused = Buffer.from([1, 2]);
    bun.websocket.message(socket, reused);
    reused.fill(0);
    bun.websocket.close(socket, 1000, '');
    await app.close();
    assert.deepEqual(seen, ['192.0.2.1', Uint8Array.of(1, 2)]);
  });
});
