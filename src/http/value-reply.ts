import { BodySource } from './body-source.ts';
import { FrameworkError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { without } from './headers.ts';
import { type Reply, sendable, toJson } from './reply.ts';
import { hasNoContent } from './status.ts';

const JSON_TYPE: readonly string[] = ['Content-Type', 'application/json'];
const NO_HEADERS: readonly string[] = [];

/** The reply to a value without a declared response: a `Response` as it is, everything else as JSON. */
export function replyToValue(value: unknown, exchange: Exchange, headers: readonly string[] = NO_HEADERS): Reply {
  if (isResponse(value)) return replyToResponse(value, exchange, headers);
  if (isAsyncIterable(value)) throw new FrameworkError(UNDECLARED_STREAM);
  const status = sendable(exchange.outgoing?.status ?? 200);
  if (hasNoContent(status)) return { status, headers, body: null };
  return { status, headers: [...JSON_TYPE, ...headers], body: toJson(value) };
}

export const UNDECLARED_STREAM =
  'An async iterable was returned where no stream is declared; declare lines(), events(), text() or bytes() as the response';

/** A returned `Response` is sent as it is; `headers` are those of all replies of the route. */
export function replyToResponse(response: Response, { method }: Exchange, headers: readonly string[]): Reply {
  if (response.bodyUsed) throw new FrameworkError('The body of the returned Response was already read');
  if (response.status < 200) throw new FrameworkError(`A Response of status ${response.status} cannot be sent`);
  const own = [...response.headers].filter(([name]) => !describesAnotherBody(name, response, method));
  return {
    status: response.status,
    headers: [...without(headers, new Set(own.map(([name]) => name))), ...own.flat()],
    body: response.body === null ? null : new BodySource(response.body),
  };
}

/** Headers of one connection, which do not apply to the next (RFC 9110 §7.6.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * A declared length may be false, which would desynchronise the connection. A body that `fetch` returned has been
 * decoded, so its coding is no longer that of the body.
 */
function describesAnotherBody(name: string, { body, url }: Response, method: string): boolean {
  if (HOP_BY_HOP.has(name)) return true;
  if (name === 'content-length') return body !== null || method !== 'HEAD';
  return name === 'content-encoding' && url !== '' && body !== null;
}

/** Checked by its tag: naming the class would load Node's Web objects at the first reply. */
export function isResponse(value: unknown): value is Response {
  if (typeof value !== 'object' || value === null) return false;
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Response';
}

export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return typeof (value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function';
}

/**
 * Whether a value can only be JSON. Decided by its prototype, which is cheaper than probing for members of other kinds.
 */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === Array.prototype) && !isAsyncIterable(value);
}
