import { type Answer, isAnswer } from '../content/answer.ts';
import { type Content, EncodedBody, essenceOf, type ReplyBody } from '../content/content.ts';
import { JsonContent } from '../content/json.ts';
import { BodySource } from '../http/body-source.ts';
import { FrameworkError, ResponseValidationError } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { pairsOf, share, withFields, without } from '../http/headers.ts';
import { type Reply, sendable } from '../http/reply.ts';
import { hasNoContent } from '../http/status.ts';
import {
  isAsyncIterable,
  isPlain,
  isResponse,
  replyToResponse,
  replyToValue,
  UNDECLARED_STREAM,
} from '../http/value-reply.ts';
import { contentsFor } from '../model/responses.ts';
import { type Operation, operationName } from '../model/operation.ts';
import { preferred } from './negotiate.ts';

/** How the values of one content are sent. */
interface Way {
  readonly content: Content<never>;
  /** The JSON text of a value; undefined for every other content. */
  readonly stringify: JsonContent['encode'] | undefined;
  readonly headers: readonly string[];
}

const CONTENT_TYPE: ReadonlySet<string> = new Set(['content-type']);

/** Turns the values of an operation into replies, each by the declaration for its status. */
export class ValueReplies {
  readonly #operation: Operation;
  /** Headers of all replies of the operation, names and values in turn. */
  readonly #headers: readonly string[];
  readonly #ways = new Map<number, readonly Way[]>();
  /** The status of a value that sets none, and its content if there is exactly one. */
  readonly #status: number;
  readonly #usual: Way | undefined;

  constructor(operation: Operation) {
    this.#operation = operation;
    this.#headers = headersOf(operation);
    this.#status = operation.responses.status;
    const ways = hasNoContent(this.#status) ? [] : this.#waysFor(this.#status);
    this.#usual = ways.length === 1 ? ways[0] : undefined;
  }

  replyTo(value: unknown, exchange: Exchange): Reply | Promise<Reply> {
    if (typeof value === 'object' && value !== null && !isPlain(value)) {
      if (isResponse(value)) return replyToResponse(value, exchange, this.#headers);
      if (isAnswer(value)) return this.#replyToAnswer(value, exchange);
    }
    const status = exchange.outgoing?.status ?? this.#status;
    if (status === this.#status && this.#usual !== undefined) return this.#encode(this.#usual, status, value, exchange);
    return this.#replyWith(status, value, exchange);
  }

  /** The reply to the value of an error handler; it is sent as it is if nothing is declared for its status. */
  replyToValue(value: unknown, exchange: Exchange): Reply | Promise<Reply> {
    const status = exchange.outgoing?.status ?? this.#status;
    const isDeclared = this.#operation.responses.for(status) !== undefined;
    if (isDeclared || status < 400) return this.replyTo(value, exchange);
    return typeof value === 'object' && value !== null && isAnswer(value)
      ? this.replyTo(value, exchange)
      : replyToValue(value, exchange, this.#headers);
  }

  async #replyToAnswer({ status, value, headers }: Answer<number, unknown>, exchange: Exchange): Promise<Reply> {
    // A content may read the status, or change it.
    exchange.context.response.status = status;
    const reply = await this.#replyWith(status, value, exchange);
    return { ...reply, headers: withFields(reply.headers, headers) };
  }

  #replyWith(status: number, value: unknown, exchange: Exchange): Reply | Promise<Reply> {
    if (hasNoContent(sendable(status))) return { status, headers: this.#headers, body: null };
    const ways = this.#waysFor(status);
    const [first] = ways;
    return ways.length === 1 && first !== undefined
      ? this.#encode(first, status, value, exchange)
      : this.#encodePreferred(ways, status, value, exchange);
  }

  /** Tries several contents in the client's order of preference; the first that accepts the value is sent. */
  async #encodePreferred(ways: readonly Way[], status: number, value: unknown, exchange: Exchange): Promise<Reply> {
    const mediaTypes = ways.map(({ content }) => content.mediaType);
    let refusal: unknown;
    for (const index of preferred(mediaTypes, exchange.incoming.header('accept'))) {
      try {
        return await this.#encode(ways[index] as Way, status, value, exchange);
      } catch (error) {
        if (!(error instanceof ResponseValidationError)) throw error;
        refusal ??= error;
      }
    }
    throw refusal;
  }

  #encode(way: Way, status: number, value: unknown, exchange: Exchange): Reply | Promise<Reply> {
    const { stringify, headers } = way;
    if (stringify === undefined) return this.#encodeOther(way, status, value, exchange);
    if (isAsyncIterable(value)) throw new FrameworkError(`${this.#name}: ${UNDECLARED_STREAM}`);
    try {
      const body = stringify(value);
      if (typeof body === 'string') return { status, headers, body };
      return body.then(
        (text) => ({ status, headers, body: text }),
        (error: unknown) => this.#explain(error),
      );
    } catch (error) {
      return this.#explain(error);
    }
  }

  async #encodeOther({ content, headers }: Way, status: number, value: unknown, exchange: Exchange): Promise<Reply> {
    try {
      const encoded = await content.encode(value as never, exchange.context);
      const sent = sendable(exchange.outgoing?.status ?? status);
      if (encoded instanceof EncodedBody) return replyToEncoded(encoded, sent, headers);
      return { status: sent, headers, body: bodyOf(encoded) };
    } catch (error) {
      return this.#explain(error);
    }
  }

  /** Adds to an error where the value came from. */
  #explain(error: unknown): never {
    if (!(error instanceof ResponseValidationError)) throw error;
    throw new ResponseValidationError(`${this.#name} returned what its response refuses: ${error.message}`);
  }

  get #name(): string {
    return operationName(this.#operation.declaration);
  }

  #waysFor(status: number): readonly Way[] {
    const known = this.#ways.get(status);
    if (known !== undefined) return known;
    const contents = contentsFor(this.#operation.responses, status);
    const varies = new Set(contents.map(essenceOf)).size > 1;
    // RFC 9110 §12.5.5: a cache must not serve one alternative to a client that prefers another.
    const headers = varies ? [...this.#headers, 'Vary', 'Accept'] : this.#headers;
    const ways = contents.map((content) => wayOf(content, headers));
    this.#ways.set(status, ways);
    return ways;
  }
}

/** Headers of all replies of an operation, names and values in turn. */
export function headersOf(operation: Operation): readonly string[] {
  const headers = new Map<string, string>();
  // RFC 9110 §11.6.2, OWASP ASVS 14.3.2: a response to credentials must not be cached.
  if (operation.security.length > 0) headers.set('Cache-Control', 'no-store');
  for (const traits of operation.traits) {
    for (const [name, value] of Object.entries(traits.headers ?? {})) headers.set(name, value);
  }
  return [...headers].flat();
}

/** The model creates JSON contents for bare schemas, so they never come from another copy of the package. */
function wayOf(content: Content<never>, ofAll: readonly string[]): Way {
  const type = content.mediaType === '' ? [] : ['Content-Type', content.mediaType];
  const own = [...type, ...Object.entries(content.headers ?? {}).flat()];
  const names = new Set(Array.from(pairsOf(ofAll), ([name]) => name.toLowerCase()));
  const headers = share([...without(own, names), ...ofAll]);
  return { content, stringify: content instanceof JsonContent ? content.encode : undefined, headers };
}

/** Without a body, the headers that the content sets describe nothing. */
function replyToEncoded({ body, headers: own }: EncodedBody, status: number, headers: readonly string[]): Reply {
  const kept = body === null ? without(headers, CONTENT_TYPE) : headers;
  return { status, headers: withFields(kept, own), body: bodyOf(body) };
}

/** A failure before the first piece of a stream is answered as an error. */
function bodyOf(body: ReplyBody): Reply['body'] {
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) return body;
  return new BodySource(body, true);
}
