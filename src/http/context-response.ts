import { BodySource, discard, type StreamedBody } from './body-source.ts';
import { pairsOf } from './headers.ts';
import type { Reply } from './reply.ts';
import { ResponseCookies } from './response-cookies.ts';

/** The response that will be sent: status and headers for handlers, and the body too for middleware after `next()`. */
export interface ContextResponse {
  /** Applies to plain values; errors and returned `Response`s keep their own. */
  status: number | undefined;
  /** Merged into whatever is sent. */
  readonly headers: Headers;
  /** Sets cookies, and deletes them. */
  readonly cookies: ResponseCookies;
  /**
   * For middleware after `next()`: text, bytes, a stream or none. Replacing it updates `Content-Length`.
   *
   * Undefined before `next()`. A stream that is read here is no longer sent and has to be replaced.
   */
  get body(): string | Uint8Array | ReadableStream<Uint8Array> | null | undefined;
  set body(body: string | Uint8Array | StreamedBody | null);
}

/** Created on first use. */
export class LazyResponse implements ContextResponse {
  status: number | undefined = undefined;
  #headers: Headers | undefined = undefined;
  #cookies: ResponseCookies | undefined = undefined;
  #shown: Reply['body'] | undefined = undefined;
  /** The body as the stream that middleware was given. */
  #view: ReadableStream<Uint8Array> | undefined = undefined;
  #given: string | Uint8Array | StreamedBody | null | undefined = undefined;

  get headers(): Headers {
    return (this.#headers ??= new Headers());
  }

  get cookies(): ResponseCookies {
    return (this.#cookies ??= new ResponseCookies(this.headers));
  }

  get body(): string | Uint8Array | ReadableStream<Uint8Array> | null | undefined {
    const given = this.#given;
    if (given !== undefined) return isStreamed(given) ? viewOf(new BodySource(given)) : given;
    const shown = this.#shown;
    return shown instanceof BodySource ? (this.#view ??= viewOf(shown)) : shown;
  }

  set body(body: string | Uint8Array | StreamedBody | null) {
    this.#given = body;
    // The length that was declared is that of the body before.
    if (this.#shown !== undefined) this.#headers?.delete('Content-Length');
  }

  /** Exposes a reply to middleware, which may change it. */
  show({ status, headers, body }: Reply): void {
    this.status = status;
    this.#reset(pairsOf(headers), body);
  }

  /** Drops the exposed reply: its headers must not describe another body. */
  forget(headers: Iterable<readonly [string, string]>): void {
    this.status = undefined;
    this.#reset(headers, undefined);
  }

  /** The body that middleware left; a body that is not sent is ended. */
  takeBody(): Reply['body'] {
    const [shown = null, view, given] = [this.#shown, this.#view, this.#given];
    if (given === undefined || given === view) return view === undefined ? shown : new BodySource(view);
    if (view === undefined) void discard(shown);
    else if (!view.locked) void view.cancel().catch(() => {});
    return isStreamed(given) ? new BodySource(given) : given;
  }

  #reset(headers: Iterable<readonly [string, string]>, body: Reply['body'] | undefined): void {
    const fields = this.headers;
    for (const name of Array.from(fields.keys())) fields.delete(name);
    for (const [name, value] of headers) fields.append(name, value);
    this.#shown = body;
    this.#view = undefined;
    this.#given = undefined;
  }
}

function isStreamed(body: string | Uint8Array | StreamedBody | null): body is StreamedBody {
  return body !== null && typeof body !== 'string' && !(body instanceof Uint8Array);
}

/** The pieces of a body as a Web stream, read on demand. */
function viewOf(source: BodySource): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        const { done, value } = await source.next();
        if (done === true) controller.close();
        else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
      },
      cancel: () => source.end(),
    },
    { highWaterMark: 0 },
  );
}
