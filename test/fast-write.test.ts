import assert from 'node:assert/strict';
import { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, mock, test } from 'node:test';
import {
  Content,
  type Context,
  Controller,
  Ctx,
  Depends,
  Get,
  HTTPException,
  lines,
  OAuth2PasswordBearer,
  Post,
  Query,
} from 'portico';
import { z } from 'zod';
import { appOf, exchange, Log, servers } from './world.ts';

// Everything that is asked over a socket elsewhere, with the option on.
process.env['PORTICO_FAST_WRITE'] = '1';
await import('./socket.test.ts');
await import('./hostile.test.ts');
await import('./replies.test.ts');
await import('./routing.test.ts');
await import('./inputs.test.ts');
await import('./middleware.test.ts');
await import('./security-basic.test.ts');
await import('./security-bearer.test.ts');
await import('./security-challenges.test.ts');
await import('./security-token.test.ts');

const bearer = new OAuth2PasswordBearer({ tokenUrl: 'token' });

class Kept extends Content<string> {
  readonly mediaType = 'text/plain';
  override readonly headers = { 'Keep-Alive': 'timeout=1' };
  encode(value: string): string {
    return value;
  }
}

@Controller()
class AnswersController {
  @Get('/plain') plain() {
    return { text: 'plain' };
  }
  @Get('/accents') accents() {
    return { text: 'é ✓' };
  }
  @Get('/created', { status: 201 }) created() {
    return [1, 2, 3];
  }
  @Get('/status') status(@Ctx() { response }: Context) {
    response.status = 203;
    return {};
  }
  @Get('/none', { status: 204 }) none() {}
  @Get('/nothing-to-say') nothing() {
    throw new HTTPException(304);
  }
  @Get('/cookies') cookies(@Ctx() { response }: Context) {
    response.headers.append('Set-Cookie', 'a=1');
    response.headers.append('Set-Cookie', 'b=2');
    return {};
  }
  @Get('/teapot') teapot() {
    throw new HTTPException(418, 'é');
  }
  @Get('/own') own() {
    return new Response('own', { headers: { 'Content-Type': 'text/plain', 'Keep-Alive': 'timeout=1' } });
  }
  @Get('/kept', { response: new Kept() }) kept() {
    return 'kept';
  }
  @Get('/broken') broken() {
    throw new Error('broken');
  }
  @Get('/secured') secured(@Depends(bearer) token: string) {
    return { token };
  }
  @Get('/checked') checked(@Query('n', z.int()) n: number) {
    return { n };
  }
  @Get('/streamed', { response: lines(z.object({ n: z.int() })) }) async *streamed() {
    yield { n: 1 };
  }
  @Post('/posted') posted() {
    return {};
  }
}

describe('with fastWrite an answer has the same bytes', () => {
  const served = servers();
  const token = 'Authorization: Bearer abc\r\n';
  const requests: Record<string, string> = {
    'plain JSON': 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n',
    'plain JSON, again': 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\n\r\n',
    'more bytes than characters': 'GET /accents HTTP/1.1\r\nHost: a\r\n\r\n',
    'another status': 'GET /created HTTP/1.1\r\nHost: a\r\n\r\n',
    'a status of the request': 'GET /status HTTP/1.1\r\nHost: a\r\n\r\n',
    'no content': 'GET /none HTTP/1.1\r\nHost: a\r\n\r\n',
    'not modified': 'GET /nothing-to-say HTTP/1.1\r\nHost: a\r\n\r\n',
    'headers of the request': 'GET /cookies HTTP/1.1\r\nHost: a\r\n\r\n',
    'an error': 'GET /teapot HTTP/1.1\r\nHost: a\r\n\r\n',
    'a Response with a framing header': 'GET /own HTTP/1.1\r\nHost: a\r\n\r\n',
    'a content with a framing header': 'GET /kept HTTP/1.1\r\nHost: a\r\n\r\nGET /kept HTTP/1.1\r\nHost: a\r\n\r\n',
    'a 500': 'GET /broken HTTP/1.1\r\nHost: a\r\n\r\n',
    'a 404': 'GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n',
    'a 405': 'PUT /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
    'a 401': 'GET /secured HTTP/1.1\r\nHost: a\r\n\r\nGET /secured HTTP/1.1\r\nHost: a\r\n\r\n',
    'a secured answer': `GET /secured HTTP/1.1\r\nHost: a\r\n${token}\r\n`,
    'a 422': 'GET /checked?n=x HTTP/1.1\r\nHost: a\r\n\r\n',
    HEAD: 'HEAD /plain HTTP/1.1\r\nHost: a\r\n\r\n',
    OPTIONS: 'OPTIONS /plain HTTP/1.1\r\nHost: a\r\n\r\n',
    'HTTP/1.0': 'GET /plain HTTP/1.0\r\n\r\n',
    'HTTP/1.0 that stays': 'GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    'a connection that is to be closed': 'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'a stream': 'GET /streamed HTTP/1.1\r\nHost: a\r\n\r\n',
    'a 100 that nobody asked for': 'GET /plain HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n',
    'a body that nobody reads': 'POST /posted HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab',
  };
  for (const [what, request] of Object.entries(requests)) {
    test(what, async () => {
      const [nodes, own] = await Promise.all(
        [false, true].map(async (fastWrite) => {
          const { port } = await served(appOf([AnswersController]), { fastWrite });
          const answers = request.match(/ HTTP\/1/g)?.length ?? 0;
          const { text } = await exchange(port, request, { answers, head: request.startsWith('HEAD') });
          return text.replaceAll(/^Date: .*$/gm, 'Date: now');
        }),
      );
      assert.match(String(nodes), /^HTTP\/1\.1 \d\d\d /);
      assert.equal(own, nodes);
    });
  }
});

describe('a small answer', () => {
  const served = servers();
  for (const fastWrite of [false, true]) {
    test(`is one write ${fastWrite ? 'with' : 'without'} fastWrite`, async () => {
      const { port } = await served(appOf([AnswersController]), { fastWrite });
      const prototype = Socket.prototype as unknown as Record<'_write' | '_writev', (...parts: unknown[]) => void>;
      const single = mock.method(prototype, '_write');
      const several = mock.method(prototype, '_writev');
      const { statuses } = await exchange(port, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n');
      const own = single.mock.calls.filter((call) => (call.this as Socket).localPort === port);
      single.mock.restore();
      several.mock.restore();
      assert.deepEqual([statuses, own.length, several.mock.callCount()], [[200], 1, 0]);
    });
  }
});

describe('fastWrite', () => {
  const served = servers();

  test('writes the head on this version of Node in place of Node', async () => {
    const logger = new Log();
    const { port } = await served(appOf([AnswersController]), { fastWrite: true, logger });
    const writeHead = mock.method(ServerResponse.prototype, 'writeHead');
    const { statuses } = await exchange(port, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n');
    writeHead.mock.restore();
    assert.deepEqual([statuses, writeHead.mock.callCount()], [[200], 0]);
    assert.ok(!logger.entries.some(({ level }) => level === 'warn'));
  });

  test('turns itself off, and logs so, where Node sends something else', async () => {
    const logger = new Log();
    const prototype = ServerResponse.prototype as unknown as Record<
      'writeHead',
      (status: number, headers: string[]) => void
    >;
    const original = prototype.writeHead;
    const other = mock.method(prototype, 'writeHead', function other(this: object, status: number, headers: string[]) {
      original.call(this, status, [...headers, 'X-Other', '1']);
    });
    const { port } = await served(appOf([AnswersController]), { fastWrite: true, logger });
    const { text } = await exchange(port, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n');
    other.mock.restore();
    assert.match(text, /\r\nX-Other: 1\r\n/i);
    assert.ok(logger.entries.some(({ level, text: line }) => level === 'warn' && line.startsWith('fastWrite is off')));
  });

  test('sends the keep-alive timeout of the server', async () => {
    const app = appOf([AnswersController]);
    const { port } = await served(app, { fastWrite: true, limits: { keepAliveTimeout: 72_500 } });
    const { text } = await exchange(port, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.match(text, /\r\nKeep-Alive: timeout=72\r\n/);
  });

  test('sends none where connections wait for ever', async () => {
    const texts = await Promise.all(
      [false, true].map(async (fastWrite) => {
        const { port } = await served(appOf([AnswersController]), { fastWrite, limits: { keepAliveTimeout: 0 } });
        const { text } = await exchange(port, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n');
        return text.replaceAll(/^Date: .*$/gm, 'Date: now');
      }),
    );
    assert.equal(texts[1], texts[0]);
    assert.doesNotMatch(String(texts[1]), /keep-alive:/i);
  });

  test('sends the date of the second in which it answers', async () => {
    const { port } = await served(appOf([AnswersController]), { fastWrite: true });
    for (const date of ['2026-01-01T00:00:00.900Z', '2026-01-01T00:00:01.100Z', '2025-12-31T23:59:59.000Z']) {
      const now = mock.method(Date, 'now', () => Date.parse(date));
      const { text } = await exchange(port, 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n');
      now.mock.restore();
      assert.ok(text.includes(`\r\nDate: ${new Date(date).toUTCString()}\r\n`), text);
    }
  });
});
