/**
 * Aborts uploads, answers and streams, and looks at what stays: `npm run soak -- --count 100000`.
 *
 * Ends with 1 where heap, sockets or what was entered and not left have grown.
 */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import { App, Body, Controller, type Context, Ctx, dependency, Depends, Get, Post } from 'portico';
import { serve } from 'portico/node';
import { z } from 'zod';

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
  @Get('/stream') stream() {
    return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(4_096)) }));
  }
}

const CHUNKED = 'Content-Type: application/json\r\nTransfer-Encoding: chunked';
const KINDS: Readonly<Record<string, string>> = {
  uploads: `POST /upload HTTP/1.1\r\nHost: a\r\n${CHUNKED}\r\n\r\n5\r\n[1,2,\r\n`,
  'uploads by ctx.request': `POST /raw HTTP/1.1\r\nHost: a\r\n${CHUNKED}\r\n\r\n5\r\n[1,2,\r\n`,
  answers: 'GET /answer HTTP/1.1\r\nHost: a\r\n\r\n',
  'pipelined answers': 'GET /answer HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(2),
  streams: 'GET /stream HTTP/1.1\r\nHost: a\r\n\r\n',
};

/** Asks, and leaves a moment later. */
function abort(port: number, bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {}).on('close', () => resolve());
    socket.resume().write(bytes, () => setTimeout(() => socket.destroy(), 3));
  });
}

/** Heap in MiB after a collection, and what keeps the process alive besides its timers. */
async function measure(): Promise<{ heap: number; sockets: number; open: number }> {
  await new Promise((resolve) => {
    // A connection lingers for five seconds at most.
    setTimeout(resolve, 6_000);
  });
  globalThis.gc?.();
  const sockets = process.getActiveResourcesInfo().filter((kind) => /TCPSocket|TLS/.test(kind)).length;
  return { heap: Math.round(process.memoryUsage().heapUsed / 104_857.6) / 10, sockets, open };
}

const { values } = parseArgs({ options: { count: { type: 'string' } } });
const count = Number(values.count ?? 100_000);
const write = (text: string): void => void process.stdout.write(`${text}\n`);
const logger = { info(): void {}, warn: write, error: write };
const app = new App({ title: 'Soaked', version: '1', controllers: [SoakedController], logger });
const server = await serve(app, { port: 0, logger });
for (const [kind, bytes] of Object.entries(KINDS)) {
  const run = async (times: number): Promise<void> => {
    for (let done = 0; done < times; done += 50) {
      await Promise.all(Array.from({ length: 50 }, () => abort(server.port, bytes)));
    }
  };
  // What is compiled and cached by the first ones is no leak.
  await run(Math.min(1_000, count));
  const before = await measure();
  await run(count);
  const after = await measure();
  const grown = after.heap - before.heap > 10 || after.sockets > before.sockets || after.open > before.open;
  write(`${count} aborted ${kind}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}${grown ? ' GROWN' : ''}`);
  if (grown) process.exitCode = 1;
}
await server.close();
