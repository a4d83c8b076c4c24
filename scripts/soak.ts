/**
 * Aborts uploads, answers, streams and sockets, and looks at what stays: `npm run soak -- --count 100000`.
 *
 * `--kinds uploads,streams` aborts these alone. Ends with 1 where heap, sockets, handles or what was entered and not left
 * have grown.
 */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import {
  App,
  Body,
  Connection,
  Controller,
  type Context,
  Ctx,
  dependency,
  Depends,
  Get,
  Post,
  Socket,
  type SocketConnection,
  text,
} from 'portico';
import { serve } from 'portico/node';
import { z } from 'zod';
import { hasGrown, measure } from './fuzz/level.ts';

let open = 0;

const resource = dependency(async function* () {
  open++;
  try {
    yield 1;
  } finally {
    open--;
  }
});

@Controller({ dependencies: [Depends(resource)] })
class SoakedController {
  @Post('/upload') upload(@Body(z.unknown()) body: unknown) {
    return body;
  }
  @Post('/raw') async raw(@Ctx() { request }: Context) {
    return (await request.text()).length;
  }
  @Get('/answer') async answer(@Ctx() { signal }: Context) {
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    return 'nobody reads it';
  }
  @Socket('/socket', { receive: text(), send: text() })
  async socket(@Connection() socket: SocketConnection<string, string>): Promise<void> {
    for await (const message of socket) await socket.send(message);
  }
  @Get('/stream') stream() {
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(4_096)) }));
  }
}

const CHUNKED = 'Content-Type: application/json\r\nTransfer-Encoding: chunked';
const HANDSHAKE = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n`;
const KINDS: Readonly<Record<string, string>> = {
  uploads: `POST /upload HTTP/1.1\r\nHost: a\r\n${CHUNKED}\r\n\r\n5\r\n[1,2,\r\n`,
  'uploads by ctx.request': `POST /raw HTTP/1.1\r\nHost: a\r\n${CHUNKED}\r\n\r\n5\r\n[1,2,\r\n`,
  answers: 'GET /answer HTTP/1.1\r\nHost: a\r\n\r\n',
  'pipelined answers': 'GET /answer HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2),
  streams: 'GET /stream HTTP/1.1\r\nHost: a\r\n\r\n',
  sockets: `GET /socket HTTP/1.1\r\nHost: a\r\n${HANDSHAKE}\r\n\x81\x81\0\0\0\x001`,
};

/** Asks, and leaves a moment later. */
function abort(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume().write(Buffer.from(bytes, 'latin1'), () => setTimeout(() => socket.destroy(), 3));
  });
}

const { values } = parseArgs({ options: { count: { type: 'string' }, kinds: { type: 'string' } } });
const kinds = values.kinds?.split(',') ?? Object.keys(KINDS);
const count = Number(values.count ?? 100_000);
const write = (line: string): void => void process.stdout.write(`${line}\n`);
const logger = { info(): void {}, warn: write, error: write };
const app = new App({ title: 'Soaked', version: '1', controllers: [SoakedController], logger });
const server = await serve(app, { port: 0, logger });
for (const [kind, bytes] of Object.entries(KINDS).filter(([name]) => kinds.includes(name))) {
  const run = async (times: number): Promise<void> => {
    for (let done = 0; done < times; done += 50) {
      await Promise.all(Array.from({ length: 50 }, () => abort(server.port, bytes)));
    }
  };
  // What is compiled and cached by the first ones is no leak.
  await run(Math.min(1_000, count));
  const before = { ...(await measure()), open };
  await run(count);
  const after = { ...(await measure()), open };
  const grown = hasGrown(before, after) || after.open > before.open;
  write(`${count} aborted ${kind}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}${grown ? ' GROWN' : ''}`);
  if (grown) process.exitCode = 1;
}
await server.close();
