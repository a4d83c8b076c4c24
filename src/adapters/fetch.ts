import { discard, endSource } from '../http/ending.ts';
import { HTTPException, RequestAbandonedError } from '../http/errors.ts';
import type { Incoming } from '../http/incoming.ts';
import type { Reply, ReplyBody } from '../http/reply.ts';

/** A Web `Request` as the app reads it. */
export class FetchIncoming implements Incoming {
  readonly request: Request;
  readonly method: string;
  readonly target: string;

  constructor(request: Request) {
    this.request = request;
    this.method = request.method;
    this.target = targetOf(request.url);
  }

  get length(): number {
    return Number(this.request.headers.get('content-length') ?? 0);
  }

  get gone(): boolean {
    return this.request.signal.aborted;
  }

  get signal(): AbortSignal {
    return this.request.signal;
  }

  get clientAddress(): undefined {
    return undefined;
  }

  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }

  /** `Headers` has joined the lines already. */
  headerCount(name: string): number {
    return this.request.headers.has(name) ? 1 : 0;
  }

  async read(limit: number): Promise<Uint8Array> {
    if (this.length > limit) throw new HTTPException(413);
    const body: ReadableStream<Uint8Array> | null = this.request.body;
    const reader = body?.getReader();
    if (reader === undefined) return new Uint8Array();
    const chunks: Uint8Array[] = [];
    let length = 0;
    for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
      length += chunk.value.length;
      if (length > limit) {
        await reader.cancel();
        throw new HTTPException(413);
      }
      chunks.push(chunk.value);
    }
    return join(chunks, length);
  }
}

/** The Web `Response` of a reply; its `after` runs when the body has been read or cancelled. */
export function toResponse(reply: Reply, request: Request): Response {
  const { status, body, after } = reply;
  const headers = new Headers();
  for (let index = 0; index < reply.headers.length; index += 2) {
    headers.append(reply.headers[index] as string, reply.headers[index + 1] as string);
  }
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  if (bytes instanceof Uint8Array) headers.set('Content-Length', String(bytes.length));
  if (request.method === 'HEAD' || bytes === null) {
    // Nobody will read it, so it is over.
    void discard(bytes).then(() => after?.());
    return new Response(null, { status, headers });
  }
  if (bytes instanceof Uint8Array && after === undefined)
    return new Response(bytes as Uint8Array<ArrayBuffer>, { status, headers });
  return new Response(toStream(bytes, request.signal, after), { status, headers });
}

function toStream(
  body: Exclude<ReplyBody, string | null>,
  signal: AbortSignal,
  after: Reply['after'],
): ReadableStream<Uint8Array> {
  const iterator = chunksOf(body)[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let over = false;
  const end = async (error?: unknown): Promise<void> => {
    if (over) return;
    over = true;
    signal.removeEventListener('abort', leave);
    await after?.(error);
  };
  const leave = (): void => {
    void endSource(iterator).then(() => end(new RequestAbandonedError()));
  };
  signal.addEventListener('abort', leave, { once: true });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next();
          if (next.done === true) {
            controller.close();
            await end();
          } else {
            controller.enqueue(typeof next.value === 'string' ? encoder.encode(next.value) : next.value);
          }
        } catch (error) {
          // What has been sent must not look complete.
          controller.error(error);
          await end(error);
        }
      },
      async cancel() {
        await endSource(iterator);
        await end(new RequestAbandonedError());
      },
    },
    { highWaterMark: 0 },
  );
}

async function* chunksOf(body: Exclude<ReplyBody, string | null>): AsyncGenerator<string | Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
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
