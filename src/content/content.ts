import type { ZodType } from 'zod';
import type { StreamedBody } from '../http/body-source.ts';
import type { Context } from '../http/context.ts';
import { recognizeCopies } from '../http/copies.ts';
import type { HeaderFields } from '../http/errors.ts';
import type { ResponseDeclarations } from './declarations.ts';

/** What a value is sent as: text as UTF-8, bytes, a stream or an iterable of either, or no body at all. */
export type ReplyBody = string | Uint8Array | StreamedBody | null;

/**
 * A body with headers of its own, for what depends on the value: its media type, or the length of a stream.
 *
 * They win over those of the content and of the route; `Content-Length` has to be the length of the body.
 */
export class EncodedBody {
  readonly body: ReplyBody;
  readonly headers: HeaderFields;

  constructor(body: ReplyBody, headers: HeaderFields) {
    this.body = body;
    this.headers = headers;
  }
}

recognizeCopies(EncodedBody, 'EncodedBody');

/**
 * What a handler may return: how it is checked, how it is sent, and how it is documented.
 *
 * A subclass defines its media type and how a value becomes a body; whatever `encode` throws is logged and answered as
 * a constant 500.
 */
export abstract class Content<V> {
  /** The `Content-Type` of the response; the document names it without parameters. */
  abstract readonly mediaType: string;
  /** Documents the body; `encode` is responsible for values fitting it. */
  readonly schema?: ZodType | undefined;
  /** Documents the items of a body that is a sequence. */
  readonly itemSchema?: ZodType | undefined;
  /** Documents a body that is not JSON, as JSON Schema. */
  readonly bodySchema?: Readonly<Record<string, unknown>> | undefined;
  /** The status of its responses where the route sets none, 200 unless set. */
  readonly status?: number | undefined;
  /** Headers of all its responses. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Further responses, such as one whose status `encode` sets; a route's declaration for the same status wins. */
  readonly responses?: ResponseDeclarations | undefined;

  /** The body of a value; may set status and headers on `context.response`. Throws for a value that does not fit. */
  abstract encode(value: V, context: Context): ReplyBody | EncodedBody | Promise<ReplyBody | EncodedBody>;
}

/** The media type without its parameters; empty for a content that never has a body. */
export function essenceOf({ mediaType }: { readonly mediaType: string }): string {
  return (mediaType.split(';')[0] as string).trim().toLowerCase();
}

export function isContent(value: unknown): value is Content<never> {
  if (typeof value !== 'object' || value === null || '_zod' in value) return false;
  const { mediaType, encode } = value as Partial<Content<never>>;
  return typeof mediaType === 'string' && typeof encode === 'function';
}
