import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { HTTPException, RequestAbandonedError } from '../http/errors.ts';
import type { Incoming } from '../http/incoming.ts';
import { type Eventual, Later } from '../http/promise.ts';
import { pairsOf } from '../http/headers.ts';
import { readAsset } from './node-assets.ts';
import { type Head, isNamed } from './node-target.ts';

const EMPTY = new Uint8Array();

/** A request of `node:http` as the app reads it. */
export class NodeIncoming implements Incoming {
  readonly method: string;
  readonly target: string;
  readonly length: number;
  readonly response: ServerResponse;
  readonly #message: IncomingMessage;
  readonly #head: Head;
  readonly #trustedProxies: number;
  /** Whether the client waits for a 100 before it sends the body. */
  #continues: boolean;
  /** Whether reading stopped at the limit. */
  #cut = false;
  #body: Uint8Array | Later<Uint8Array> | undefined = undefined;
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
    this.response = response;
    this.#head = head;
    this.#trustedProxies = trustedProxies;
    this.#continues = continues;
  }

  get #hasBody(): boolean {
    return this.length > 0 || this.#head.chunked;
  }

  get gone(): boolean {
    return this.response.destroyed;
  }

  whenGone(listener: () => void): void {
    const { response } = this;
    response.once('close', () => {
      if (!response.writableFinished) listener();
    });
  }

  readAsset(name: string): Promise<Uint8Array | undefined> {
    return readAsset(name);
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
      if (!isNamed(rawHeaders[index] as string, name)) continue;
      const line = rawHeaders[index + 1] as string;
      value = value === undefined ? line : `${value}${name === 'cookie' ? '; ' : ', '}${line}`;
    }
    return value;
  }

  headerCount(name: string): number {
    const { rawHeaders } = this.#message;
    let count = 0;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      if (isNamed(rawHeaders[index] as string, name)) count++;
    }
    return count;
  }

  read(limit: number): Uint8Array | Eventual<Uint8Array> {
    if (this.length > limit) throw new HTTPException(413);
    return (this.#body ??= this.#hasBody ? this.#collect(limit) : EMPTY);
  }

  /** Whether something of a body may still come that nobody reads, so that the connection cannot be used again. */
  get unread(): boolean {
    const isLeft = this.#hasBody && this.#body === undefined && !this.#message.complete;
    return isLeft || this.#cut || this.#continues;
  }

  #askForBody(): void {
    if (this.#continues) this.response.writeContinue();
    this.#continues = false;
  }

  #collect(limit: number): Later<Uint8Array> {
    const message = this.#message;
    // Its 'close' has been: a client that left while something else was waited for.
    if (message.destroyed) throw new RequestAbandonedError();
    this.#askForBody();
    const body = new Later<Uint8Array>();
    // Events come in the asynchronous context of the connection, and what goes on from here is the request's.
    const context = new AsyncResource('PorticoBody');
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    let over = false;
    const giveUp = (error: Error): void => {
      over = true;
      context.runInAsyncScope(fail, undefined, body, error);
    };
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        this.#cut = true;
        message.removeAllListeners('data');
        // An answer that has gone out already, for the time limit, cannot end the connection any more.
        if (this.response.headersSent) message.destroy();
        else message.pause();
        giveUp(new HTTPException(413));
      } else if (first === undefined) {
        first = chunk;
      } else {
        (more ??= [first]).push(chunk);
      }
    });
    message.on('end', () => {
      if (over) return;
      over = true;
      const bytes = more === undefined ? (first ?? EMPTY) : Buffer.concat(more);
      context.runInAsyncScope(settle, undefined, body, bytes);
    });
    message.on('close', () => {
      if (!over) giveUp(new RequestAbandonedError());
    });
    return body;
  }

  #toRequest(): Request {
    const headers = new Headers();
    for (const [name, value] of pairsOf(this.#message.rawHeaders)) headers.append(name, value);
    const scheme = 'encrypted' in this.#message.socket ? 'https' : 'http';
    const url = new URL(`${scheme}://${this.#head.authority ?? this.header('host') ?? 'localhost'}`);
    const init: RequestInit = { method: this.method, headers, signal: this.#signal() };
    if (this.#hasBody && this.method !== 'GET' && this.method !== 'HEAD') {
      Object.assign(init, { body: this.#toStream(), duplex: 'half' });
    }
    return new Request(url.origin + this.target, init);
  }

  #signal(): AbortSignal {
    const abort = new AbortController();
    this.whenGone(() => abort.abort(new RequestAbandonedError()));
    return abort.signal;
  }

  /** What was read already is given once more. */
  #toStream(): ReadableStream<Uint8Array> {
    if (this.#body === undefined) {
      this.#askForBody();
      this.#body = new Later();
      this.#body.fail(new TypeError('The body has been taken by the Web request'));
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

function settle(body: Later<Uint8Array>, bytes: Uint8Array): void {
  body.settle(bytes);
}

function fail(body: Later<Uint8Array>, error: Error): void {
  body.fail(error);
}
