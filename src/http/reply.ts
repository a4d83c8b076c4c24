import { FrameworkError, type HeaderFields, HTTPException, RequestValidationError } from './errors.ts';
import type { Streamed } from './body-source.ts';
import type { Exchange } from './exchange.ts';
import { hasNoContent } from './status.ts';
import { eventLines, EventStream, jsonLines } from './stream.ts';

export type ReplyBody = string | Uint8Array | Streamed | null;

/** Everything an adapter has to send. */
export interface Reply {
  readonly status: number;
  /** Names and values in turn; a name may come again. */
  readonly headers: readonly string[];
  readonly body: ReplyBody;
  /** To be called once, when the body has been sent or will never be; an error says why it was cut short. */
  readonly after?: ((error?: unknown) => void | Promise<void>) | undefined;
}

/** What an operation says of its answers to come. */
export interface Output {
  readonly status: number;
  /** The JSON text of a value; throws where the value does not fit the declared response. */
  readonly stringify: (value: unknown) => string | Promise<string>;
  /** Headers of every answer of the operation, names and values in turn. */
  readonly headers: readonly string[];
  /** The same with the content type of JSON. */
  readonly jsonHeaders: readonly string[];
}

const shared = new WeakSet<readonly string[]>();

/** Marks headers as ones that many replies have in common, so that an adapter may keep what it makes of them. */
export function share(headers: readonly string[]): readonly string[] {
  shared.add(headers);
  return headers;
}

export function areShared(headers: readonly string[]): boolean {
  return shared.has(headers);
}

const JSON_TYPE: readonly string[] = ['Content-Type', 'application/json'];
const NO_HEADERS: readonly string[] = [];
const ERROR_HEADERS = share([...JSON_TYPE, 'X-Content-Type-Options', 'nosniff']);

export function outputOf(
  status: number,
  stringify: Output['stringify'] = toJson,
  headers: readonly string[] = NO_HEADERS,
): Output {
  return { status, stringify, headers, jsonHeaders: [...JSON_TYPE, ...headers] };
}

/** JSON has no `undefined`: what has no text is `null`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** Turns what a handler returned into the reply: a `Response` as it is, an async iterable streamed, the rest as JSON. */
export function replyTo(value: unknown, output: Output, exchange: Exchange): Reply | Promise<Reply> {
  if (typeof value === 'object' && value !== null && !isPlain(value)) {
    if (isResponse(value)) return replyOf(value, output.headers);
    if (value instanceof EventStream) return stream('text/event-stream', eventLines(value), output, exchange);
    if (isAsyncIterable(value)) {
      return stream('application/jsonl', jsonLines(value, output.stringify), output, exchange);
    }
  }
  const status = statusOf(output, exchange);
  if (hasNoContent(status)) return { status, headers: output.headers, body: null };
  const body = output.stringify(value);
  if (typeof body !== 'string') return body.then((text) => ({ status, headers: output.jsonHeaders, body: text }));
  return { status, headers: output.jsonHeaders, body };
}

/**
 * Turns a thrown error into the reply; whatever is not meant for the client becomes a constant 500.
 *
 * `headers` go with all answers of the route, names and values in turn.
 */
export function replyToError(error: unknown, headers: readonly string[] = NO_HEADERS): Reply {
  const own = headers.length === 0 ? ERROR_HEADERS : [...ERROR_HEADERS, ...headers];
  if (error instanceof HTTPException) {
    const body = JSON.stringify(error.body()) ?? 'null';
    return { status: error.status, headers: addFields(own, error.headers), body };
  }
  if (error instanceof RequestValidationError) {
    return { status: 422, headers: own, body: toJson({ detail: error.issues }) };
  }
  return { status: 500, headers: own, body: '{"detail":"Internal Server Error"}' };
}

/** Merges the headers that were set on the context into a reply; they win over its own, cookies are added. */
export function mergeOutgoing(reply: Reply, exchange: Exchange): Reply {
  const fields = exchange.outgoing?.headers;
  if (fields === undefined) return reply;
  const set = new Set<string>();
  const added: string[] = [];
  for (const [name, value] of fields) {
    if (name === 'content-length') continue;
    // The content type of a body that brought its own is a fact about that body.
    if (name === 'content-type' && typeof reply.body !== 'string') continue;
    if (name !== 'set-cookie') set.add(name);
    added.push(name, value);
  }
  return added.length === 0 ? reply : { ...reply, headers: [...without(reply.headers, set), ...added] };
}

/** Merges what was set on the context, and sees to it that no 401 leaves without its challenge. */
export function finalize(reply: Reply, exchange: Exchange): Reply {
  const merged = exchange.outgoing === undefined ? reply : mergeOutgoing(reply, exchange);
  const { status, headers } = merged;
  if ((status !== 401 && status !== 403) || exchange.challenges === undefined) return merged;
  if (headerIn(headers, 'www-authenticate') !== undefined) return merged;
  const challenges = exchange.challenges(status).flatMap((challenge) => ['WWW-Authenticate', challenge]);
  return { ...merged, headers: [...headers, ...challenges] };
}

/** Names with their values, of a list of names and values in turn. */
export function* pairsOf(headers: readonly string[]): Generator<readonly [string, string]> {
  for (let index = 0; index < headers.length; index += 2)
    yield [headers[index] as string, headers[index + 1] as string];
}

/** The first value of a header in a list of names and values in turn. */
export function headerIn(headers: readonly string[], name: string): string | undefined {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]?.toLowerCase() === name) return headers[index + 1];
  }
  return undefined;
}

function addFields(headers: readonly string[], fields: HeaderFields | undefined): readonly string[] {
  if (fields === undefined) return headers;
  // Headers refuses what would split a line, and joins nothing but what may be joined.
  const added = [...new Headers(fields as [string, string][])];
  const names = new Set(added.map(([name]) => name));
  return [...without(headers, names), ...added.flat()];
}

function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return kept;
}

/** A status as it is, if it can be sent: an interim answer is none, and others do not exist. */
export function sendable(status: number): number {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new FrameworkError(`${String(status)} is not a status that can be sent`);
  }
  return status;
}

function statusOf(output: Output, { outgoing }: Exchange): number {
  return sendable(outgoing?.status ?? output.status);
}

function stream(type: string, body: AsyncIterable<string>, output: Output, exchange: Exchange): Reply {
  const headers = ['Content-Type', type, ...output.headers];
  return { status: statusOf(output, exchange), headers, body };
}

function replyOf(response: Response, headers: readonly string[]): Reply {
  if (response.bodyUsed) throw new FrameworkError('The returned Response has been read already');
  if (response.status < 200) throw new FrameworkError(`A Response of status ${response.status} cannot be sent`);
  const own = [...response.headers];
  return {
    status: response.status,
    headers: [...without(headers, new Set(own.map(([name]) => name))), ...own.flat()],
    body: response.body,
  };
}

/** Whether a value can only be JSON; told by its prototype, which costs less than a look for what others have. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === Array.prototype) && !isAsyncIterable(value);
}

/** By its tag: to name the class would load the Web objects of Node at the first answer. */
function isResponse(value: object): value is Response {
  return (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag] === 'Response';
}

function isAsyncIterable(value: object): value is AsyncIterable<unknown> {
  return typeof (value as { [Symbol.asyncIterator]?: unknown })[Symbol.asyncIterator] === 'function';
}
