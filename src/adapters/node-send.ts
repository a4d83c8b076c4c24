import { type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { type BodySource, discard } from '../http/body-source.ts';
import { indexOfHeader, pairsOf } from '../http/headers.ts';
import type { Reply } from '../http/reply.ts';
import { hasNoContent } from '../http/status.ts';
import { lengthIn, measured, type Source, unframed } from './node-framing.ts';
import type { HeadWriter } from './node-head.ts';
import { Turn } from './node-turn.ts';

/** Sends a reply; throws before sending anything if its head is invalid. `heads` may write it instead of Node. */
export function send(reply: Reply, response: ServerResponse, close: boolean, heads?: HeadWriter): void {
  const { status, body, after } = reply;
  if (response.destroyed) {
    void discard(body).then(() => after?.());
    return;
  }
  // A `Connection` of the app would otherwise keep a connection that the client wants closed.
  const closes = close || (!response.shouldKeepAlive && indexOfHeader(reply.headers, 'connection') >= 0);
  const headers = closes ? [...reply.headers, 'Connection', 'close'] : reply.headers;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    if (heads?.write(response, status, headers, length) !== true) {
      writeHead(response, status, withLength(unframed(headers), length));
    }
    if (after !== undefined) response.once('close', () => void after());
    end(response, body);
  } else if (body === null || response.req.method === 'HEAD') {
    writeHead(response, status, headersWithoutBody(headers, reply, response.req.method));
    response.once('close', () => void discard(body).then(() => after?.()));
    response.end();
  } else {
    void stream(begin(reply, body, headers, response), response).then(after, after);
  }
}

/** Before Node 24, `end(body)` takes two writes, one of which ends it. */
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

/** Copies and pushes: on Node 20, `concat` costs as much as the rest of this file. */
export function withLength(headers: readonly string[], length: number): readonly string[] {
  const all = headers.slice();
  all.push('Content-Length', String(length));
  return all;
}

export function writeHead(response: ServerResponse, status: number, headers: readonly string[]): void {
  response.writeHead(status, headers as string[]);
}

/** The head of a response without a body, or whose body is not sent. */
function headersWithoutBody(headers: readonly string[], { status, body }: Reply, method?: string): readonly string[] {
  const plain = unframed(headers);
  const isHead = method === 'HEAD';
  // RFC 9110 §8.6: these two describe the response to another request.
  const declared = isHead || status === 304 ? lengthIn(headers) : undefined;
  if (declared !== undefined && status !== 204) return withLength(plain, declared);
  const isSilent = (isHead && body !== null) || (hasNoContent(status) && status !== 205);
  return isSilent ? plain : withLength(plain, 0);
}

/** Writes the head of a streamed response: at once unless it declares a length, which is then verified or left out. */
function begin(reply: Reply, body: BodySource, headers: readonly string[], response: ServerResponse): Source {
  const plain = unframed(headers);
  const declared = lengthIn(headers);
  if (declared === undefined) {
    writeHead(response, reply.status, plain);
    return body;
  }
  for (const [name, value] of pairsOf(plain)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  return measured(body, declared, (length) => {
    writeHead(response, reply.status, length === undefined ? plain : withLength(plain, length));
  });
}

/** Writes as fast as the client reads; if the source fails, cuts the connection and rejects. */
async function stream(source: Source, response: ServerResponse): Promise<void> {
  const writer = new PieceWriter(response);
  let begun = false;
  // Node sends a head with the first piece; one that takes time may never come.
  setImmediate(() => {
    if (!begun && response.headersSent && !response.destroyed) response.flushHeaders();
  });
  // One waiter at a time: racing against one promise for the whole response would keep every piece alive.
  let wake: (() => void) | undefined;
  const rouse = (): void => wake?.();
  response.once('close', rouse).on('drain', () => {
    writer.isFull = false;
    rouse();
  });
  try {
    for (const turn = new Turn(); ;) {
      const next = await new Promise<Awaited<ReturnType<typeof source.next>> | undefined>((resolve, reject) => {
        wake = () => response.destroyed && resolve(undefined);
        source.next().then(resolve, reject);
      });
      if (next === undefined || response.destroyed) return await source.end();
      begun = true;
      if (next.done === true) break;
      writer.add(next.value);
      if (writer.isFull) await new Promise<void>((resolve) => (wake = resolve));
      // If pieces are ready and the client reads at once, nothing else would get a turn.
      if (turn.step()) await new Promise<void>((resolve) => turn.pass(resolve));
    }
    wake = undefined;
    writer.flush();
    await new Promise<void>((resolve) => {
      response.once('close', resolve);
      response.end();
    });
  } catch (error) {
    // A partial response must not look complete (RFC 9112 §8).
    response.destroy();
    await source.end();
    throw error;
  }
}

/** Writes text pieces of one turn as one chunk: the framing of a chunk costs as much as a small piece. */
class PieceWriter {
  /** Whether to wait for a 'drain', which Node itself knows only of connections that it has not detached. */
  isFull = false;
  readonly #response: ServerResponse;
  #text = '';
  readonly #flush = (): void => this.flush();

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  add(piece: string | Uint8Array): void {
    if (typeof piece !== 'string') {
      this.flush();
      this.isFull = !this.#response.write(piece);
      return;
    }
    // Runs after all pending microtasks, so a piece never waits for one that is not ready.
    if (this.#text === '') process.nextTick(this.#flush);
    this.#text += piece;
    if (this.#text.length >= this.#response.writableHighWaterMark) this.flush();
  }

  flush(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '' && !this.#response.destroyed) this.isFull = !this.#response.write(text);
  }
}
