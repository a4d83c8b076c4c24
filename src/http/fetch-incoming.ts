import { BODY_TAKEN, FrameworkError, HTTPException } from './errors.ts';
import type { Incoming } from './incoming.ts';
import { bounded, lazyBody, type Pieces } from './request-body.ts';
import { UPGRADE } from './socket.ts';
import type { WebUpgrade } from './web-socket.ts';

/** What a platform knows about a request beyond the request itself. */
export interface FetchOptions {
  /** The address of the peer. */
  readonly clientAddress?: string | undefined;
  /** Keeps the platform alive until a promise settles; called with whatever runs after the response. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /** Becomes `ctx.platform`. */
  readonly platform?: unknown;
  /** @internal Makes a socket on platforms where `fetch` alone cannot. */
  readonly [UPGRADE]?: WebUpgrade | undefined;
}

/** A Web `Request` as the app reads it. */
export class FetchIncoming implements Incoming {
  /** The request as the platform created it. */
  readonly source: Request;
  readonly method: string;
  readonly target: string;
  readonly clientAddress: string | undefined;
  readonly platform: unknown;
  readonly waitUntil: FetchOptions['waitUntil'];
  readonly upgrade: WebUpgrade | undefined;
  #gone = false;
  /** Whether the reply is complete: some platforms abort the signals of requests that have been answered. */
  #over = false;
  #listeners: (() => void)[] | undefined = undefined;
  #body: Promise<Uint8Array> | undefined = undefined;
  #taken = false;

  constructor(request: Request, options: FetchOptions) {
    this.source = request;
    this.clientAddress = options.clientAddress;
    this.platform = options.platform;
    // Called as a method: the options may be a platform's own object.
    this.waitUntil = options.waitUntil && ((promise) => options.waitUntil?.(promise));
    this.upgrade = options[UPGRADE];
    this.method = request.method;
    this.target = targetOf(request.url);
  }

  get upgrades(): true | 'platform' {
    return this.upgrade === undefined ? 'platform' : true;
  }

  get length(): number {
    return Number(this.source.headers.get('content-length') ?? 0);
  }

  get gone(): boolean {
    return this.#gone || (!this.#over && this.source.signal.aborted);
  }

  whenGone(listener: () => void): void {
    if (this.#over) return;
    if (this.#listeners === undefined) {
      this.#listeners = [];
      this.source.signal.addEventListener('abort', this.#leave, { once: true });
    }
    this.#listeners.push(listener);
  }

  readonly #leave = (): void => this.leave();

  /** The client has disconnected, or has cancelled the body of the reply. */
  leave(): void {
    this.#gone = true;
    const listeners = this.#listeners ?? [];
    this.end();
    for (const listener of listeners) listener();
  }

  /** The reply is complete, or the connection belongs to a socket: a disconnect no longer matters. */
  end(): void {
    this.#over = true;
    if (this.#listeners === undefined) return;
    this.#listeners = undefined;
    this.source.signal.removeEventListener('abort', this.#leave);
  }

  header(name: string): string | undefined {
    return this.source.headers.get(name) ?? undefined;
  }

  /** `Headers` has joined the lines already. */
  headerCount(name: string): number {
    return Number(this.source.headers.has(name));
  }

  read(limit: number): Promise<Uint8Array> {
    if (this.length > limit) throw new HTTPException(413);
    if (this.source.bodyUsed || this.#taken) throw new FrameworkError(BODY_TAKEN);
    return (this.#body ??= this.length > 0 ? this.#readWhole(limit) : this.#readPieces(limit));
  }

  /** The platform's own request, unless its body was already read or no declared length bounds it. */
  toRequest(limit: () => number): Request {
    const { source } = this;
    const read = this.#body;
    if (read !== undefined) return withBody(source, () => once(read));
    if (this.length > 0 || source.body === null) return source;
    return withBody(source, () => {
      if (this.#body !== undefined) return once(this.#body);
      this.#taken = true;
      return bounded(source.body as ReadableStream<Uint8Array>, limit());
    });
  }

  async #readPieces(limit: number): Promise<Uint8Array> {
    const { body } = this.source;
    if (body === null) return new Uint8Array();
    const pieces: Uint8Array[] = [];
    let length = 0;
    for await (const piece of bounded(body, limit)) {
      length += piece.length;
      pieces.push(piece);
    }
    return join(pieces, length);
  }

  /** Reads a body of declared length as a whole, which is cheaper than a stream. The platform enforces the length; a
   * `Request` made by hand may lie. */
  async #readWhole(limit: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(await this.source.arrayBuffer());
    if (bytes.length > limit) throw new HTTPException(413);
    return bytes;
  }
}

async function* once(bytes: Uint8Array | Promise<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield await bytes;
}

function withBody(request: Request, open: () => Pieces): Request {
  const init = { body: lazyBody(open), duplex: 'half' as const };
  return new Request(request, init);
}

/** The target is what follows the authority; the URL has been parsed by the platform. */
function targetOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const fragment = url.indexOf('#');
  return url.slice(start, fragment === -1 ? undefined : fragment);
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return only;
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
