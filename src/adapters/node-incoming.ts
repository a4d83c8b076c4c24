import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { HTTPException, RequestAbandonedError } from '../http/errors.ts';
import type { Incoming } from '../http/incoming.ts';
import { pairsOf } from '../http/reply.ts';
import type { Head } from './node-target.ts';

const EMPTY: Promise<Uint8Array> = Promise.resolve(new Uint8Array());

/** A request of `node:http` as the app reads it. */
export class NodeIncoming implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly length: number;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #head: Head;
  readonly #trustedProxies: number;
  /** Whether the client waits for a 100 before it sends the body. */
  #continues: boolean;
  /** Whether reading stopped at the limit. */
  #cut = false;
  #body: Promise<Uint8Array> | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;
  #request: Request | undefined = undefined;

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    head: Head,
    continues: boolean,
    trustedProxies: number,
  ) {
    this.method = message.method ?? 'GET';
    this.target = head.target;
    this.length = head.length;
    this.#message = message;
    this.#response = response;
    this.#head = head;
    this.#trustedProxies = trustedProxies;
    this.#continues = continues;
  }

  get #hasBody(): boolean {
    return this.length > 0 || this.#head.chunked;
  }

  get gone(): boolean {
    return this.#response.destroyed;
  }

  get signal(): AbortSignal {
    if (this.#signal !== undefined) return this.#signal;
    const controller = new AbortController();
    const leave = (): void => {
      if (!this.#response.writableFinished) controller.abort(new RequestAbandonedError());
    };
    if (this.gone) leave();
    else this.#response.once('close', leave);
    return (this.#signal = controller.signal);
  }

  get clientAddress(): string | undefined {
    const peer = this.#message.socket.remoteAddress;
    if (this.#trustedProxies === 0) return peer;
    // Each proxy has added the address that it saw; those further left are the client's own words.
    const addresses = [...(this.header('x-forwarded-for')?.split(',') ?? []).map((address) => address.trim()), peer];
    return addresses[Math.max(0, addresses.length - 1 - this.#trustedProxies)];
  }

  get request(): Request {
    return (this.#request ??= this.#toRequest());
  }

  /** The raw list is scanned: to build the object of all headers costs more than most requests need. */
  header(name: string): string | undefined {
    const { rawHeaders } = this.#message;
    let value: string | undefined;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const candidate = rawHeaders[index] as string;
      if (candidate.length !== name.length || candidate.toLowerCase() !== name) continue;
      const line = rawHeaders[index + 1] as string;
      value = value === undefined ? line : `${value}${name === 'cookie' ? '; ' : ', '}${line}`;
    }
    return value;
  }

  headerCount(name: string): number {
    const { rawHeaders } = this.#message;
    let count = 0;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      if (rawHeaders[index]?.toLowerCase() === name) count++;
    }
    return count;
  }

  read(limit: number): Promise<Uint8Array> {
    if (this.length > limit) return Promise.reject(new HTTPException(413));
    return (this.#body ??= this.#hasBody ? this.#collect(limit) : EMPTY);
  }

  /** Whether something of a body may still come that nobody reads, so that the connection cannot be used again. */
  get unread(): boolean {
    const isLeft = this.#hasBody && this.#body === undefined && !this.#message.complete;
    return isLeft || this.#cut || this.#continues;
  }

  #askForBody(): void {
    if (this.#continues) this.#response.writeContinue();
    this.#continues = false;
  }

  #collect(limit: number): Promise<Uint8Array> {
    const message = this.#message;
    this.#askForBody();
    return new Promise((resolve, reject) => {
      let first: Buffer | undefined;
      let more: Buffer[] | undefined;
      let length = 0;
      let over = false;
      const abandon = (): void => {
        // Made only when it is needed: 'close' follows every 'end', and an error has a stack to be taken.
        if (!over) reject(new RequestAbandonedError());
      };
      message.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > limit) {
          over = true;
          this.#cut = true;
          message.pause();
          message.removeAllListeners('data');
          reject(new HTTPException(413));
        } else if (first === undefined) {
          first = chunk;
        } else {
          (more ??= [first]).push(chunk);
        }
      });
      message.on('end', () => {
        over = true;
        resolve(more === undefined ? (first ?? new Uint8Array()) : Buffer.concat(more));
      });
      message.on('error', abandon);
      message.on('close', abandon);
    });
  }

  #toRequest(): Request {
    const headers = new Headers();
    for (const [name, value] of pairsOf(this.#message.rawHeaders)) headers.append(name, value);
    const scheme = 'encrypted' in this.#message.socket ? 'https' : 'http';
    const url = new URL(`${scheme}://${this.#head.authority ?? this.header('host') ?? 'localhost'}`);
    const init: RequestInit = { method: this.method, headers, signal: this.signal };
    if (this.#hasBody && this.method !== 'GET' && this.method !== 'HEAD') {
      Object.assign(init, { body: this.#toStream(), duplex: 'half' });
    }
    return new Request(url.origin + this.target, init);
  }

  /** What was read already is given once more. */
  #toStream(): ReadableStream<Uint8Array> {
    if (this.#body === undefined) {
      this.#askForBody();
      this.#body = Promise.reject(new TypeError('The body has been taken by the Web request'));
      this.#body.catch(() => undefined);
      return Readable.toWeb(this.#message) as ReadableStream<Uint8Array>;
    }
    const body = this.#body;
    return new ReadableStream({
      async start(controller) {
        controller.enqueue(await body);
        controller.close();
      },
    });
  }
}
