import { type IncomingMessage, request as httpRequest } from 'node:http';
import { describe } from 'node:test';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { App } from 'portico';
import type { Content, Line, Send } from './requests.ts';
import { servers } from './servers.ts';

export type Way = 'in memory' | 'over a socket';

/** Defines the same tests twice: for `app.request()`, and for a port that `serve()` listens on. */
export function describeMatrix(name: string, define: (open: (app: App) => Promise<Send>, way: Way) => void): void {
  describe(`${name}, in memory`, () => {
    define(async (app) => async (path, init) => app.request(path, init), 'in memory');
  });
  describe(`${name}, over a socket`, () => {
    const served = servers();
    define(async (app) => overSocket((await served(app)).port), 'over a socket');
  });
}

/** Sends target and header lines as they are given, where `fetch` would correct them. */
function overSocket(port: number): Send {
  return async (path, { method = 'GET', headers = [], body, signal, ...init } = {}) => {
    const source = new Request('http://localhost/', { ...init, method, body: body ?? null });
    const lines = linesOf(headers);
    const missing = (name: string): boolean => lines.every(([other]) => other.toLowerCase() !== name);
    const type = source.headers.get('content-type');
    if (missing('host')) lines.unshift(['Host', 'localhost']);
    if (type !== null && missing('content-type')) lines.push(['Content-Type', type]);
    const content = body instanceof globalThis.ReadableStream ? undefined : Buffer.from(await source.arrayBuffer());
    if (content === undefined) lines.push(['Transfer-Encoding', 'chunked']);
    else if (content.length > 0 && missing('content-length')) lines.push(['Content-Length', String(content.length)]);
    const target = path.replace(/#.*/, '').replaceAll(/[^!-~]+/g, encodeURIComponent);
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = {
        host: '127.0.0.1',
        port,
        method,
        path: target,
        headers: lines.flat(),
        ...(signal && { signal }),
      };
      const request = httpRequest(options, resolve).on('error', reject);
      if (content === undefined) Readable.fromWeb(source.body as ReadableStream).pipe(request);
      else request.end(content);
    });
    return responseOf(incoming, method);
  };
}

function linesOf(headers: NonNullable<RequestInit['headers']>): Line[] {
  return Array.isArray(headers)
    ? headers.map(([name = '', value = '']) => [name, value])
    : [...new Headers(headers)].map(([name, value]) => [name, value]);
}

function responseOf(incoming: IncomingMessage, method: string): Response {
  const { statusCode: status = 0, statusMessage: statusText = '', rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  const empty = method === 'HEAD' || status === 204 || status === 304;
  if (empty) incoming.resume();
  return new Response(empty ? null : (Readable.toWeb(incoming) as Content), { status, statusText, headers });
}
