import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { HTTPException, RequestAbandonedError } from '../http/errors.ts';
import type { Incoming } from '../http/incoming.ts';
import type { Eventual } from '../http/promise.ts';
import { guardListeners } from '../http/listeners.ts';
import { indexOfHeader, pairsOf } from '../http/headers.ts';
import { lazyBody, type Pieces } from '../http/request-body.ts';
import { readAsset } from './node-assets.ts';
import { NodeBody } from './node-body.ts';
import type { Head } from './node-target.ts';

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
  readonly #continues: boolean;
  #body: NodeBody | undefined = undefined;

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    head: Head,
    continues: boolean,
    trustedProxies: number,
  ) {
    this.method = message.method as string;
    this.target = head.target;
    this.length = head.length;
    this.#message = message;
    this.response = response;
    this.#head = head;
    this.#trustedProxies = trustedProxies;
    this.#continues = continues;
  }

  /** Node hands offers to those who listen for them; any other, such as one in HTTP/1.0, is ignored (RFC 9110 §7.8). */
  get upgrades(): boolean | undefined {
    const { socket, httpVersion } = this.#message;
    const { server } = socket as { server?: Server };
    /* c8 ignore next -- only what imitates a connection of node:http has no server */
    return httpVersion === '1.0' || (server?.listenerCount('upgrade') ?? 0) > 0 ? false : undefined;
  }

  get passesConnection(): boolean {
    return true;
  }

  get #hasBody(): boolean {
    return this.length > 0 || this.#head.chunked;
  }

  get gone(): boolean {
    return this.response.destroyed || this.#message.socket.destroyed;
  }

  whenGone(listener: () => void): void {
    const { response } = this;
    response.once('close', () => {
      if (!response.writableFinished) listener();
    });
  }

  readAsset(packageName: string, path: string): Promise<Uint8Array | undefined> {
    return readAsset(packageName, path);
  }

  get clientAddress(): string | undefined {
    const peer = this.#message.socket.remoteAddress;
    if (this.#trustedProxies === 0) return peer;
    // Each proxy has appended the address that it saw; those further left are the client's own.
    // RFC 9110 §5.6.1: empty members of a list are ignored.
    const forwarded = (this.header('x-forwarded-for') ?? '').split(',').map((address) => address.trim());
    const addresses = [...forwarded.filter((address) => address !== ''), peer];
    return addresses[Math.max(0, addresses.length - 1 - this.#trustedProxies)];
  }

  /** Scans the raw list: building the object of all headers costs more than most requests need. */
  header(name: string): string | undefined {
    const { rawHeaders } = this.#message;
    let value: string | undefined;
    for (let at = indexOfHeader(rawHeaders, name); at >= 0; at = indexOfHeader(rawHeaders, name, at + 2)) {
      const line = rawHeaders[at + 1] as string;
      value = value === undefined ? line : `${value}${name === 'cookie' ? '; ' : ', '}${line}`;
    }
    return value;
  }

  headerCount(name: string): number {
    const { rawHeaders } = this.#message;
    let count = 0;
    for (let at = indexOfHeader(rawHeaders, name); at >= 0; at = indexOfHeader(rawHeaders, name, at + 2)) count++;
    return count;
  }

  read(limit: number): Uint8Array | Eventual<Uint8Array> {
    if (this.length > limit) throw new HTTPException(413);
    return this.#hasBody ? this.#content.read(limit) : EMPTY;
  }

  /** Whether unread bytes of a body may still come, so that the connection cannot be reused. */
  get unread(): boolean {
    if (this.#body !== undefined) return this.#body.unread;
    return this.#continues || (this.#hasBody && !this.#message.complete);
  }

  get #content(): NodeBody {
    return (this.#body ??= new NodeBody(this.#message, this.response, this.#continues));
  }

  toRequest(limit: () => number, report: (error: unknown) => void): Request {
    const headers = new Headers();
    for (const [name, value] of pairsOf(this.#message.rawHeaders)) headers.append(name, value);
    const scheme = 'encrypted' in this.#message.socket ? 'https' : 'http';
    // RFC 9112 §3.3: an empty Host names no host, and the asterisk is the server as a whole.
    const { origin } = new URL(`${scheme}://${this.#head.authority ?? (this.header('host') || 'localhost')}`);
    const init: RequestInit = { method: this.method, headers, signal: this.#signal() };
    if (this.#hasBody && !WITHOUT_BODY.has(this.method)) {
      Object.assign(init, { body: lazyBody(() => this.#open(limit())), duplex: 'half' });
    }
    const url = this.target === '*' ? origin : origin + this.target;
    // Scripts may not send TRACE, so the platform refuses to make such a request.
    const isTrace = this.method === 'TRACE';
    const request = new Request(url, isTrace ? { ...init, method: 'GET' } : init);
    guardListeners(request.signal, report);
    return isTrace ? Object.defineProperty(request, 'method', { value: 'TRACE' }) : request;
  }

  #signal(): AbortSignal {
    const abort = new AbortController();
    const leave = (): void => abort.abort(new RequestAbandonedError());
    if (this.gone) leave();
    else this.whenGone(leave);
    return abort.signal;
  }

  #open(limit: number): Pieces {
    if (this.length > limit) throw new HTTPException(413);
    return this.#content.take(limit);
  }
}

/** Web requests of these methods have no content, as RFC 9110 §9.3 means it. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'TRACE']);
