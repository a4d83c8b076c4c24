import type { ServerResponse } from 'node:http';
import { discard, endSource } from '../http/ending.ts';
import { headerIn, type Reply, type ReplyBody } from '../http/reply.ts';
import { hasNoContent } from '../http/status.ts';

type Streamed = Exclude<ReplyBody, string | Uint8Array | null>;

/** Sends a reply; throws, before anything is sent, where its head cannot be. */
export function send(reply: Reply, response: ServerResponse, close: boolean): void {
  const { status, body, after } = reply;
  const headers = close ? [...reply.headers, 'Connection', 'close'] : reply.headers;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    writeHead(response, status, headers.concat('Content-Length', String(length)));
    if (after !== undefined) response.once('close', () => void after());
    response.end(body);
  } else if (body === null || response.req.method === 'HEAD') {
    const silent =
      body !== null || (hasNoContent(status) && status !== 205) || headerIn(headers, 'content-length') !== undefined;
    writeHead(response, status, silent ? headers : headers.concat('Content-Length', '0'));
    response.once('close', () => void discard(body).then(() => after?.()));
    response.end();
  } else {
    writeHead(response, status, headers);
    void stream(body, response).then(after, after);
  }
}

function writeHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  response.writeHead(status, headers as string[]);
}

/** Writes as fast as the client reads; rejects where the source fails, and then cuts the connection. */
async function stream(body: Streamed, response: ServerResponse): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  const left = new Promise<'left'>((resolve) => response.once('close', () => resolve('left')));
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), left]);
      if (next === 'left') return await endSource(iterator);
      if (next.done === true) break;
      if (!response.write(next.value)) {
        await Promise.race([left, new Promise((resolve) => response.once('drain', resolve))]);
      }
    }
    response.end();
    await left;
  } catch (error) {
    // What has been sent must not look complete (RFC 9112 §8).
    response.destroy();
    throw error;
  }
}
