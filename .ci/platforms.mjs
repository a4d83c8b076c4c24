// Runs the checks of the shared app against one platform; says what failed, and how many passed.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { spawn } from 'node:child_process';
import { failuresOf } from './checks.mjs';

const STREAMS = ['events arrive one by one', 'a client that leaves ends its stream, and then its cleanup'];
const ENVIRONMENT = 'the environment of the platform is there';
const [platform, ...rest] = process.argv.slice(2);

/** What kinds of events do not tell: a load balancer the address, and without lists the values of one name. */
const missing = {
  alb: ['the address of the client is known', 'several values of one name arrive'],
  'alb-lists': ['the address of the client is known'],
};

const platforms = {
  /** A program that listens on $PORT and ends on SIGTERM. */
  async served(command, ...parameters) {
    const port = await freePort();
    const child = spawn(command, parameters, {
      env: { ...process.env, PORT: String(port) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit');
    await reachable(`http://127.0.0.1:${port}/lines`);
    const result = await failures(`http://127.0.0.1:${port}`, [ENVIRONMENT]);
    // One that is ended, not waited for.
    const stream = await fetch(`http://127.0.0.1:${port}/events`);
    const ended = stream.text().then(
      () => {},
      () => {},
    );
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    const [code] = await exited;
    clearTimeout(timer);
    await ended;
    if (code !== 0) result.push(`SIGTERM: exit code ${code}`);
    return result;
  },

  /** The event loop of Lambda, without a cloud: one event, one result. */
  async lambda(kind) {
    if (kind === 'streaming') globalThis.awslambda = runtime;
    const { handler } = await import(kind === 'streaming' ? './streaming.mjs' : './handler.mjs');
    const server = createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray());
      const event = events[kind](request, body);
      try {
        if (kind === 'streaming') await stream(handler, event, response);
        else write(await handler(event, {}), response);
      } catch {
        response.writeHead(502).end();
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const skipped = [ENVIRONMENT, ...(kind === 'streaming' ? [] : STREAMS), ...(missing[kind] ?? [])];
    const result = await failures(`http://127.0.0.1:${server.address().port}`, skipped);
    server.closeAllConnections();
    server.close();
    return result;
  },

  async worker() {
    const { Miniflare } = await import('miniflare');
    const miniflare = new Miniflare({
      modules: true,
      scriptPath: 'worker.mjs',
      compatibilityDate: '2025-06-01',
      bindings: { GREETING: 'hello' },
    });
    const url = await miniflare.ready;
    const result = await failures(url.origin, ['a file that is too large is refused']);
    await miniflare.dispose();
    return result;
  },
};

function headersOf(request) {
  return Object.fromEntries(Object.entries(request.headersDistinct).map(([name, values]) => [name, values.join(', ')]));
}

/** Names with their values: as they were sent, or decoded. */
function queryOf(request, decode) {
  const query = request.url.split('?')[1] ?? '';
  const pairs = query === '' ? [] : query.split('&').map((pair) => pair.split('='));
  const lists = {};
  for (const [name, value] of pairs) {
    (lists[name] ??= []).push(decode ? decodeURIComponent(value.replaceAll('+', ' ')) : value);
  }
  return lists;
}

const bodyOf = (body) => ({ body: body.length > 0 ? body.toString('base64') : null, isBase64Encoded: body.length > 0 });
const first = (lists) => Object.fromEntries(Object.entries(lists).map(([name, values]) => [name, values.at(-1)]));

const events = {
  v1: (request, body) => ({
    httpMethod: request.method,
    path: request.url.split('?')[0],
    headers: headersOf(request),
    multiValueHeaders: request.headersDistinct,
    queryStringParameters: first(queryOf(request, true)),
    multiValueQueryStringParameters: queryOf(request, true),
    requestContext: { identity: { sourceIp: '192.0.2.1' } },
    ...bodyOf(body),
  }),
  v2: (request, body) => ({
    version: '2.0',
    rawPath: request.url.split('?')[0],
    rawQueryString: request.url.split('?')[1] ?? '',
    headers: headersOf(request),
    requestContext: { http: { method: request.method, sourceIp: '192.0.2.1' } },
    ...bodyOf(body),
  }),
  alb: (request, body) => ({
    httpMethod: request.method,
    path: request.url.split('?')[0],
    headers: headersOf(request),
    queryStringParameters: first(queryOf(request, false)),
    requestContext: { elb: {} },
    ...bodyOf(body),
  }),
  'alb-lists': (request, body) => ({
    httpMethod: request.method,
    path: request.url.split('?')[0],
    multiValueHeaders: request.headersDistinct,
    multiValueQueryStringParameters: queryOf(request, false),
    requestContext: { elb: {} },
    ...bodyOf(body),
  }),
};
events.streaming = events.v2;

function write({ statusCode, headers = {}, multiValueHeaders = {}, cookies = [], body, isBase64Encoded }, response) {
  for (const [name, value] of Object.entries({ ...headers, ...multiValueHeaders })) {
    if (name.toLowerCase() === 'set-cookie') response.appendHeader(name, value);
    else response.setHeader(name, value);
  }
  if (cookies.length > 0) response.setHeader('set-cookie', cookies);
  response.writeHead(statusCode).end(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'));
}

/** What the runtime gives a streaming function; the head goes out with the first write. */
const runtime = {
  streamifyResponse: (handler) => handler,
  HttpResponseStream: {
    from(stream, head) {
      stream.head = head;
      return stream;
    },
  },
};

async function stream(handler, event, response) {
  const out = new PassThrough();
  const write = out.write.bind(out);
  out.write = (piece) => {
    if (!response.headersSent) {
      response.writeHead(out.head.statusCode, { ...out.head.headers, 'set-cookie': out.head.cookies });
      response.flushHeaders();
    }
    return piece === '' ? true : write(piece);
  };
  response.once('close', () => out.destroy());
  out.pipe(response);
  await handler(event, out, {});
}

async function failures(url, skipped) {
  for (const name of skipped) console.log(`not here: ${name}`);
  return failuresOf((path, init) => fetch(`${url}${path}`, init), skipped);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function reachable(url) {
  for (let tries = 0; tries < 200; tries++) {
    try {
      return await (await fetch(url)).text();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`nothing listens at ${url}`);
}

const result = await platforms[platform](...rest);
for (const failure of result) console.error(`failed: ${failure}`);
console.log(result.length === 0 ? 'all checks passed' : `${result.length} checks failed`);
process.exit(result.length === 0 ? 0 : 1);
