import { BodySource, discard } from './body-source.ts';
import { HTTPException, RequestAbandonedError } from './errors.ts';
import type { Incoming } from './incoming.ts';
import { pairsOf } from './headers.ts';
import type { Reply } from './reply.ts';

/** What a platform knows of a request that is not in it. */
export interface FetchOptions {
  /** The address of the peer. */
  readonly clientAddress?: string | undefined;
  /** Keeps the platform alive until a promise settles: gets whatever runs after the response. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /** Becomes `ctx.platform`. */
  readonly platform?: unknown;
}

const encoder = new TextEncoder();

/** A Web `Request` as the app reads it. */
class FetchIncoming implements Incoming {
  readonly request: Request;
  readonly method: string;
  readonly target: string;
  readonly clientAddress: string | undefined;
  readonly platform: unknown;
  readonly #waitUntil: FetchOptions['waitUntil'];
  #gone = false;
  #listeners: (() => void)[] | undefined = undefined;

  constructor(request: Request, { clientAddress, waitUntil, platform }: FetchOptions) {
    this.request = request;
    this.clientAddress = clientAddress;
    this.platform = platform;
    this.#waitUntil = waitUntil;
    this.method = request.method;
    this.target = targetOf(request.url);
  }

  get length(): number {
    return Number(this.request.headers.get('content-length') ?? 0);
  }

  get gone(): boolean {
    return this.#gone || this.request.signal.aborted;
  }

  whenGone(listener: () => void): void {
    if (this.#listeners === undefined) {
      this.#listeners = [];
      this.request.signal.addEventListener('abort', this.#leave, { once: true });
    }
    this.#listeners.push(listener);
  }

  readonly #leave = (): void => this.leave();

  waitUntil(promise: Promise<unknown>): void {
    // A platform's own object may be what has it.
    this.#waitUntil?.(promise);
  }

  /** The client has gone, or has cancelled the body of the reply. */
  leave(): void {
    this.#gone = true;
    const listeners = this.#listeners ?? [];
    this.end();
    for (const listener of listeners) listener();
  }

  /** The reply is over: some platforms abort the signals of requests that have been answered. */
  end(): void {
    if (this.#listeners === undefined) return;
    this.#listeners = undefined;
    this.request.signal.removeEventListener('abort', this.#leave);
  }

  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }

  /** `Headers` has joined the lines already. */
  headerCount(name: string): number {
    return this.request.headers.has(name) ? 1 : 0;
  }

  async read(limit: number): Promise<Uint8Array> {
    const declared = this.length;
    if (declared > limit) throw new HTTPException(413);
    if (declared > 0) return this.#readWhole(limit);
    const body: ReadableStream<Uint8Array> | null = this.request.body;
    const reader = body?.getReader();
    if (reader === undefined) return new Uint8Array();
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      length += chunk.value.length;
      if (length > limit) {
        // What is left is the platform's to end: Node's own bodies of forms fail when they are cancelled midway.
        reader.releaseLock();
        throw new HTTPException(413);
      }
      chunks.push(chunk.value);
    }
    return join(chunks, length);
  }

  /** A declared body at once, which costs less than a stream; the platform bounds it, a `Request` made by hand may lie. */
  async #readWhole(limit: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(await this.request.arrayBuffer());
    if (bytes.length > limit) throw new HTTPException(413);
    return bytes;
  }
}

/** Responds to a Web request; a reply that cannot be sent is reported, and a constant 500 goes out instead. */
export function respond(
  request: Request,
  options: FetchOptions,
  handle: (incoming: Incoming, send: (reply: Reply) => void) => void,
  refuse: (error: unknown, incoming: Incoming) => Reply,
): Promise<Response> {
  return new Promise((resolve) => {
    const incoming = new FetchIncoming(request, options);
    handle(incoming, (reply) => {
      try {
        resolve(toResponse(reply, incoming));
      } catch (error) {
        void discard(reply.body);
        resolve(toResponse({ ...refuse(error, incoming), after: reply.after }, incoming));
      }
    });
  });
}

/** The Web `Response` of a reply; its `after` runs when the body has been read or cancelled. */
function toResponse(reply: Reply, incoming: FetchIncoming): Response {
  const { status, body, after } = reply;
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const headers = headersOf(reply.headers, bytes instanceof Uint8Array ? bytes.length : undefined);
  const init = { status, headers };
  if (incoming.method === 'HEAD' || bytes === null) {
    // Nobody will read it, so it is over.
    incoming.end();
    void discard(bytes).then(() => after?.());
    return new Response(null, init);
  }
  if (bytes instanceof Uint8Array && after === undefined) {
    incoming.end();
    return new Response(bytes as Uint8Array<ArrayBuffer>, init);
  }
  const source = bytes instanceof Uint8Array ? new BodySource([bytes]) : bytes;
  return new Response(toStream(source, incoming, after), init);
}

function headersOf(list: readonly string[], length: number | undefined): Headers {
  const headers = new Headers();
  for (const [name, value] of pairsOf(list)) headers.append(name, value);
  if (length !== undefined) headers.set('Content-Length', String(length));
  return headers;
}

function toStream(source: BodySource, incoming: FetchIncoming, after: Reply['after']): ReadableStream<Uint8Array> {
  let over = false;
  let leaving: Promise<void> | undefined;
  async function end(error?: unknown): Promise<void> {
    if (over) return;
    over = true;
    incoming.end();
    await after?.(error);
  }
  function leave(): Promise<void> {
    return (leaving ??= source.end().then(() => end()));
  }
  if (incoming.gone) void leave();
  else incoming.whenGone(() => void leave());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          const next = await source.next();
          // There is nobody left to read it.
          if (incoming.gone) throw new RequestAbandonedError();
          if (next.done !== true) {
            controller.enqueue(typeof next.value === 'string' ? encoder.encode(next.value) : next.value);
            return;
          }
          controller.close();
          await end();
        } catch (error) {
          // What has been sent must not look complete.
          controller.error(error);
          await source.end();
          await end(error);
        }
      },
      cancel: () => {
        incoming.leave();
        return leave();
      },
    },
    { highWaterMark: 0 },
  );
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
