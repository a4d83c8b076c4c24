import { type MediaType, parseMediaType } from './content-type.ts';
import { HTTPException } from './errors.ts';
import type { Limits } from './limits.ts';
import { type PartHead, readPartHead } from './multipart-head.ts';
import { addPair, type Pairs } from './pairs.ts';

/** One part, and where its content lies in the body. */
interface Part extends PartHead {
  readonly start: number;
  readonly end: number;
}

/** A line between parts: where it begins, with the line break before it, and where the next one begins. */
interface Delimiter {
  readonly start: number;
  readonly end: number;
  /** Whether no part follows. */
  readonly closes: boolean;
}

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const DASH = 0x2d;

// A byte order mark is kept: the text is read exactly as it was written.
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The content of files whose type is JSON; the `File` itself would return it only asynchronously. */
const jsonContents = new WeakMap<File, Uint8Array>();

/** The bytes of a file of a form whose type is JSON; undefined for every other file. */
export function jsonContentOf(file: File): Uint8Array | undefined {
  return jsonContents.get(file);
}

/**
 * Reads a multipart form (RFC 2046 §5.1, RFC 7578) in linear time; the type of a `File` is without parameters.
 *
 * No content is decoded before the whole body has been found well formed and within its limits. Throws 400 for a body
 * that is malformed or that parsers might read in two ways, 413 and 431 above a limit, and 415 for a charset or a
 * transfer encoding that is not read.
 */
export function parseMultipart(bytes: Uint8Array, type: MediaType, limits: Limits): Pairs<string | File> {
  const boundary = type.parameters.get('boundary');
  // RFC 2046 §5.1.1
  if (boundary === undefined || !/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) return refuse();
  const fields = new Map<string, string | File | (string | File)[]>();
  for (const part of readParts(bytes, boundary, limits)) addPair(fields, part.name, valueOf(bytes, part));
  return fields;
}

function readParts(bytes: Uint8Array, boundary: string, limits: Limits): readonly Part[] {
  const delimiter = new TextEncoder().encode(`\r\n--${boundary}`);
  const parts: Part[] = [];
  let files = 0;
  let at = firstDelimiter(bytes, delimiter) ?? refuse();
  while (!at.closes) {
    if (parts.length === limits.parts) throw new HTTPException(413, `More than ${limits.parts} parts`);
    // From the line break of this delimiter on, so that another delimiter in place of a head is found.
    const next = nextDelimiter(bytes, delimiter, at.end - 2) ?? refuse();
    const empty = emptyLine(bytes, at.end, next.start);
    if ((empty ?? next.start) - at.end > limits.partHeaders) {
      throw new HTTPException(431, 'The headers of a part are too large');
    }
    if (empty === undefined) return refuse();
    const head = readPartHead(UTF8.decode(bytes.subarray(at.end, empty)));
    if (head === undefined) return refuse();
    if (head.filename === undefined ? parts.length - files >= limits.fields : ++files > limits.files) {
      throw new HTTPException(413, `More than ${limits.fields} fields or ${limits.files} files`);
    }
    // A part without content may end with its head; the empty line then begins the delimiter.
    parts.push({ ...head, start: Math.min(empty + 4, next.start), end: next.start });
    at = next;
  }
  return parts;
}

/** The first delimiter, which may begin the body or follow a preamble. */
function firstDelimiter(bytes: Uint8Array, delimiter: Uint8Array): Delimiter | undefined {
  const begins = sameBytes(bytes, delimiter, 0, 2) === delimiter.length;
  return begins ? delimiterLine(bytes, 0, delimiter.length - 2) : nextDelimiter(bytes, delimiter, 0);
}

/**
 * The first delimiter from `from` on; undefined if there is none, or if a line begins like one and continues otherwise.
 *
 * RFC 2046 §5.1.1 allows no such line in a part, and parsers disagree about what it is.
 */
function nextDelimiter(bytes: Uint8Array, delimiter: Uint8Array, from: number): Delimiter | undefined {
  for (let at = from; at + delimiter.length <= bytes.length;) {
    if (bytes[at] !== CR) {
      at++;
      continue;
    }
    const length = sameBytes(bytes, delimiter, at, 0);
    if (length === delimiter.length) return delimiterLine(bytes, at, at + length);
    // A boundary contains no line break, so no delimiter can begin within the bytes that matched.
    at += length;
  }
  return undefined;
}

/** How many bytes match the delimiter, of which the first `skipped` are left out. */
function sameBytes(bytes: Uint8Array, delimiter: Uint8Array, at: number, skipped: number): number {
  let length = skipped;
  while (length < delimiter.length && bytes[at + length - skipped] === delimiter[length]) length++;
  return length;
}

/** The rest of a delimiter's line: two dashes after the last part, then padding. */
function delimiterLine(bytes: Uint8Array, start: number, after: number): Delimiter | undefined {
  const closes = bytes[after] === DASH && bytes[after + 1] === DASH;
  let end = closes ? after + 2 : after;
  while (bytes[end] === SPACE || bytes[end] === TAB) end++;
  if (closes && end === bytes.length) return { start, end, closes };
  return bytes[end] === CR && bytes[end + 1] === LF ? { start, end: end + 2, closes } : undefined;
}

/** Where a head ends and an empty line follows, whose own line break may be that of the next delimiter. */
function emptyLine(bytes: Uint8Array, from: number, next: number): number | undefined {
  for (let at = from; at + 2 <= next; at++) {
    if (bytes[at] === CR && bytes[at + 1] === LF && bytes[at + 2] === CR && bytes[at + 3] === LF) return at;
  }
  return undefined;
}

function valueOf(bytes: Uint8Array, { filename, type, start, end }: Part): string | File {
  const content = bytes.subarray(start, end) as Uint8Array<ArrayBuffer>;
  // RFC 7578 §4.4
  const media = parseMediaType(type ?? 'text/plain');
  if (filename === undefined) return textOf(content, media?.parameters.get('charset')?.toLowerCase());
  const file = new File([content], filename, { type: media?.essence ?? '' });
  if (media?.isJson === true) jsonContents.set(file, content);
  return file;
}

/** The charsets that every platform decodes alike; text in any other would be misread. */
function textOf(content: Uint8Array, charset = 'utf-8'): string {
  if (charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') return UTF8.decode(content);
  if (charset !== 'iso-8859-1') throw new HTTPException(415, 'The charset of a part is not supported');
  let text = '';
  for (let at = 0; at < content.length; at += 4_096) text += String.fromCharCode(...content.subarray(at, at + 4_096));
  return text;
}

function refuse(): never {
  throw new HTTPException(400, 'The multipart body is malformed');
}
