import type { ServerResponse } from 'node:http';
import { type BodySource, discard } from '../http/body-source.ts';
import { headerIn } from '../http/headers.ts';
import type { Reply } from '../http/reply.ts';
import { hasNoContent } from '../http/status.ts';
import type { HeadWriter } from './node-head.ts';

/** Sends a reply; throws, before anything is sent, where its head cannot be. `heads` may write it in place of Node. */
export function send(reply: Reply, response: ServerResponse, close: boolean, heads?: HeadWriter): void {
  const { status, body, after } = reply;
  if (response.destroyed) {
    void discard(body).then(() => after?.());
    return;
  }
  const headers = close ? [...reply.headers, 'Connection', 'close'] : reply.headers;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    if (heads?.write(response, status, headers, length) !== true) {
      writeHead(response, status, withLength(headers, length));
    }
    if (after !== undefined) response.once('close', () => void after());
    end(response, body);
  } else if (body === null || response.req.method === 'HEAD') {
    const silent = body !== null || (hasNoContent(status) && status !== 205);
    const complete = silent || headerIn(headers, 'content-length') !== undefined;
    writeHead(response, status, complete ? headers : withLength(headers, 0));
    response.once('close', () => void discard(body).then(() => after?.()));
    response.end();
  } else {
    writeHead(response, status, headers);
    void stream(body, response).then(after, after);
  }
}

/** Before Node 24 a body that is given to `end` is one write, and its end another. */
const ENDS_TWICE = Number(process.versions.node.split('.')[0]) < 24;

/** Head, body and end in one write, which is worth 6 % of a small answer on Node 20. */
export function end(response: ServerResponse, body: string | Uint8Array): void {
  const { socket } = response;
  if (!ENDS_TWICE || !socket || typeof body !== 'string') {
    response.end(body);
    return;
  }
  socket.cork();
  response.write(body);
  socket.uncork();
  response.end();
}

/** A copy that is pushed to: on Node 20 concat costs as much as the rest of this file. */
export function withLength(headers: readonly string[], length: number): readonly string[] {
  const all = headers.slice();
  all.push('Content-Length', String(length));
  return all;
}

export function writeHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  response.writeHead(status, headers as string[]);
}

/** Writes as fast as the client reads; rejects where the source fails, and then cuts the connection. */
async function stream(source: BodySource, response: ServerResponse): Promise<void> {
  // One waiter at a time: a race against one promise for the whole answer would keep every piece alive.
  let wake: (() => void) | undefined;
  const rouse = (): void => wake?.();
  response.once('close', rouse).on('drain', rouse);
  try {
    for (;;) {
      const next = await new Promise<Awaited<ReturnType<typeof source.next>> | undefined>((resolve, reject) => {
        wake = () => response.destroyed && resolve(undefined);
        source.next().then(resolve, reject);
      });
      if (next === undefined || response.destroyed) return await source.end();
      if (next.done === true) break;
      if (!response.write(next.value)) await new Promise<void>((resolve) => (wake = resolve));
    }
    wake = undefined;
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.end();
    });
  } catch (error) {
    // What has been sent must not look complete (RFC 9112 §8).
    response.destroy();
    await source.end();
    throw error;
  }
}
