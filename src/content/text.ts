import { ResponseValidationError } from '../http/errors.ts';
import { Content, type ReplyBody } from './content.ts';
import { kindOf, mapItems, type Sequence } from './sequence.ts';

class TextContent extends Content<string | Sequence<string>> {
  readonly mediaType: string;
  override readonly bodySchema = { type: 'string' };

  constructor(mediaType: string) {
    super();
    this.mediaType = mediaType;
  }

  encode(value: string | Sequence<string>): ReplyBody {
    return typeof value === 'string' ? value : mapItems(value, textPiece);
  }
}

class HtmlContent extends Content<string> {
  readonly mediaType = 'text/html; charset=utf-8';
  override readonly bodySchema = { type: 'string' };

  encode(value: string): string {
    if (typeof value === 'string') return value;
    throw new ResponseValidationError(`text was expected, and ${kindOf(value)} was returned`);
  }
}

type Bytes = Uint8Array | Blob | ReadableStream<Uint8Array> | Sequence<Uint8Array>;

class BytesContent extends Content<Bytes> {
  readonly mediaType: string;
  override readonly bodySchema = { type: 'string', format: 'binary' };

  constructor(mediaType: string) {
    super();
    this.mediaType = mediaType;
  }

  encode(value: Bytes): ReplyBody {
    if (value instanceof Uint8Array || value instanceof ReadableStream) return value;
    return value instanceof Blob ? value.stream() : mapItems(value, bytesPiece);
  }
}

/** Text of a media type, `text/plain` unless given: a string, or an iterable of strings, which is streamed. */
export function text(mediaType: string = 'text/plain'): Content<string | Sequence<string>> {
  const isPlainText = mediaType.startsWith('text/') && !/;\s*charset=/i.test(mediaType);
  return new TextContent(isPlainText ? `${mediaType}; charset=utf-8` : mediaType);
}

/** An HTML page as a string. */
export function html(): Content<string> {
  return new HtmlContent();
}

/** Bytes of a media type, `application/octet-stream` unless given; streams and iterables of bytes are streamed. */
export function bytes(mediaType: string = 'application/octet-stream'): Content<Bytes> {
  return new BytesContent(mediaType);
}

function textPiece(piece: unknown): string {
  if (typeof piece === 'string') return piece;
  throw new ResponseValidationError(`text was expected, and ${kindOf(piece)} was streamed`);
}

function bytesPiece(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new ResponseValidationError(`bytes were expected, and ${kindOf(piece)} was streamed`);
}
