import type { Context } from '../http/context.ts';
import type { ContextResponse } from '../http/context-response.ts';
import type { Middleware } from '../http/middleware.ts';
import { type Coding, preferredCoding, refusesIdentity } from './codings.ts';
import { vary } from './vary.ts';

export interface CompressOptions {
  /** Bytes from which a body is compressed, 1 024 unless set; a stream of unknown length always is. */
  readonly threshold?: number;
}

/** Media types that compress well. */
const COMPRESSIBLE =
  /^(?:text\/.+|[^/]+\/.+\+(?:json|xml|text|yaml)|application\/(?:json|jsonl|x-ndjson|xml|javascript|ecmascript|wasm|yaml|x-www-form-urlencoded|vnd\.ms-fontobject)|image\/(?:bmp|svg\+xml|x-icon|vnd\.microsoft\.icon)|font\/(?:ttf|otf))$/;

const encoder = new TextEncoder();

/**
 * Compresses bodies that are worth it with brotli or gzip, as the client accepts (RFC 9110 §12.5.3).
 *
 * Never events, bodies that are already coded, partial content, or responses with `no-transform`. Streams are coded
 * piece by piece where the platform can. Throws a RangeError for a threshold that is not a number of bytes.
 *
 * Do not compress a body that contains a secret beside input of the client: its length reveals the secret (BREACH).
 */
export function compress({ threshold = 1024 }: CompressOptions = {}): Middleware {
  if (!Number.isSafeInteger(threshold) || threshold < 0)
    throw new RangeError(`compress: the threshold is ${threshold}`);
  return async function sendCompressed(context, next): Promise<void> {
    await next();
    const { response } = context;
    if (response.status === 304) describeOmitted(context);
    if (!isCompressible(response)) return;
    const accepted = context.header('accept-encoding');
    const { body } = response;
    if (body === null || body === undefined) return;
    const bytes = typeof body === 'string' ? encoder.encode(body) : body;
    const length = bytes instanceof Uint8Array ? bytes.length : declaredLength(response);
    if (length !== undefined && length < threshold && !refusesIdentity(accepted)) return;
    vary(response.headers, 'Accept-Encoding');
    const coding = preferredCoding(accepted);
    if (coding !== undefined) await encode(context, bytes, coding);
  };
}

/** A 304 has the tag and the `Vary` of its 200 (RFC 9110 §15.4.5), whose type is gone: a weak tag was of coded bytes. */
function describeOmitted(context: Context): void {
  const { headers } = context.response;
  vary(headers, 'Accept-Encoding');
  const weak = `W/${headers.get('ETag') ?? ''}`;
  if (context.header('if-none-match')?.includes(weak) === true && weak !== 'W/') headers.set('ETag', weak);
}

function isCompressible({ status, headers }: ContextResponse): boolean {
  if (status === 206 || headers.has('Content-Encoding') || headers.has('Content-Range')) return false;
  if (/(?:^|[\s,])no-transform(?:$|[\s,])/i.test(headers.get('Cache-Control') ?? '')) return false;
  const [essence = ''] = (headers.get('Content-Type') ?? '').split(';');
  const type = essence.trim().toLowerCase();
  // Events must arrive when they happen, and must not wait for the coding to end.
  return type !== 'text/event-stream' && COMPRESSIBLE.test(type);
}

function declaredLength({ headers }: ContextResponse): number | undefined {
  const length = headers.get('Content-Length');
  return length === null ? undefined : Number(length);
}

async function encode(
  { method, response }: Context,
  body: Uint8Array | ReadableStream<Uint8Array>,
  coding: Coding,
): Promise<void> {
  if (body instanceof Uint8Array) response.body = await coding.whole(body);
  else if (coding.stream === undefined) return;
  // Nobody reads the body of a HEAD response, and a coder would wait for that.
  else if (method !== 'HEAD') response.body = coding.stream(body);
  const { headers } = response;
  headers.set('Content-Encoding', coding.name);
  headers.delete('Content-Length');
  // A range of a later response need not fit this one (RFC 9110 §14.1.2).
  headers.delete('Accept-Ranges');
  const tag = headers.get('ETag');
  // The tag no longer identifies these bytes (RFC 9110 §8.8.3.3).
  if (tag !== null && !tag.startsWith('W/')) headers.set('ETag', `W/${tag}`);
}
