import { IncomingMessage, ServerResponse, STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { areShared, pairsOf, share } from '../http/headers.ts';
import { hasNoContent } from '../http/status.ts';
import { end, withLength, writeHead } from './node-send.ts';

/** Node has no public name for the text of a head that is sent with the first piece of the body. */
interface Internals {
  _header: string | null;
  /** Milliseconds that the head promises to wait for the next request. */
  _keepAliveTimeout?: number;
}

/** Headers that Node sets or interprets. */
const FRAMING = /^(?:connection|content-length|date|expect|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/**
 * Writes response heads instead of Node, which builds and checks each line of each response anew: worth 7 % of a small
 * response. Lines that all responses of an operation share are checked and joined once.
 */
export class HeadWriter {
  /** The lines of shared headers; null if Node has to write them. */
  readonly #lines = new WeakMap<readonly string[], string | null>();
  readonly #statusLines = new Map<number, string>();
  readonly #persistence: string;
  #last = '';
  #lastUntil = 0;

  /** The time limit is the server's, in milliseconds. */
  constructor(keepAliveTimeout: number) {
    const seconds = Math.floor(keepAliveTimeout / 1000);
    const keepAlive = keepAliveTimeout > 0 ? `Keep-Alive: timeout=${seconds}\r\n` : '';
    this.#persistence = `Connection: keep-alive\r\n${keepAlive}\r\n`;
  }

  /** Returns false, without side effects, for a head that Node has to write. */
  write(response: ServerResponse, status: number, headers: readonly string[], length: number): boolean {
    if (!response.shouldKeepAlive || hasNoContent(status)) return false;
    const known = this.#lines.get(headers);
    const lines = known === undefined ? this.#prepare(headers) : known;
    if (lines === null) return false;
    response.statusCode = status;
    (response as ServerResponse & Internals)._header =
      `${this.#statusLine(status)}${lines}Content-Length: ${length}\r\n${this.#end()}`;
    return true;
  }

  #prepare(headers: readonly string[]): string | null {
    if (!areShared(headers)) return null;
    const pairs = [...pairsOf(headers)];
    for (const [name, value] of pairs) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    const isPlain = pairs.every(([name]) => !FRAMING.test(name));
    const lines = isPlain ? pairs.map(([name, value]) => `${name}: ${value}\r\n`).join('') : null;
    this.#lines.set(headers, lines);
    return lines;
  }

  #statusLine(status: number): string {
    const known = this.#statusLines.get(status);
    if (known !== undefined) return known;
    const line = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    this.#statusLines.set(status, line);
    return line;
  }

  /** The Date line (RFC 9110 §6.6.1), cached for a second, and the lines after it. */
  #end(): string {
    const now = Date.now();
    if (now >= this.#lastUntil || now < this.#lastUntil - 1000) {
      this.#lastUntil = now - (now % 1000) + 1000;
      this.#last = `Date: ${new Date(now).toUTCString()}\r\n${this.#persistence}`;
    }
    return this.#last;
  }
}

/** A writer of heads for a server with this time limit, if its output equals Node's byte for byte. */
export function headWriterFor(keepAliveTimeout: number): HeadWriter | undefined {
  const writer = new HeadWriter(keepAliveTimeout);
  const headers = share(['Content-Type', 'application/json', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']);
  for (const [status, body] of [
    [200, '{"text":"\u00e9"}'],
    [599, ''],
  ] as const) {
    const length = Buffer.byteLength(body);
    const own = bytesOf(keepAliveTimeout, body, (response) => writer.write(response, status, headers, length));
    const nodes = bytesOf(keepAliveTimeout, body, (response) => {
      writeHead(response, status, withLength(headers, length));
      return true;
    });
    if (own === undefined || own !== nodes) return undefined;
  }
  return writer;
}

/** What a response sends, without its date; undefined if it sends nothing. */
function bytesOf(
  keepAliveTimeout: number,
  body: string,
  begin: (response: ServerResponse) => boolean,
): string | undefined {
  const sent: Buffer[] = [];
  const socket = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  const request = new IncomingMessage(new Socket());
  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  const response = new ServerResponse(request) as ServerResponse & Internals;
  response._keepAliveTimeout = keepAliveTimeout;
  response.shouldKeepAlive = true;
  response.assignSocket(socket as Socket);
  /* c8 ignore next -- for versions of Node that set up a response in another way */
  if (!begin(response)) return undefined;
  end(response, body);
  /* c8 ignore next -- for versions of Node that have another name for the text of the head */
  if (!response.headersSent || !response.writableEnded) return undefined;
  return Buffer.concat(sent)
    .toString()
    .replace(/^Date: .*\r\n/m, '');
}
