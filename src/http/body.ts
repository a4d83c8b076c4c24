import { type MediaType, parseMediaType } from './content-type.ts';
import { HTTPException } from './errors.ts';
import type { Incoming } from './incoming.ts';
import { type Json, parseJson } from './json.ts';
import type { Limits } from './limits.ts';
import { parseMultipart } from './multipart.ts';
import { type Pairs, parsePairs } from './pairs.ts';

/** Form fields by name; a file is a `File`. */
export type FormFields = Pairs<string | File>;

const URLENCODED = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** The declared type of a JSON body, if any. Throws a 415 where a type other than JSON is declared. */
export function jsonTypeOf(incoming: Incoming): MediaType | undefined {
  const type = typeOf(incoming);
  if (type !== undefined && !type.isJson) throw new HTTPException(415);
  return type;
}

/**
 * Reads the bytes of a JSON body, nested at most `depth` levels if that is given; undefined is no body at all. Throws a
 * 415 for a body without a type.
 */
export function jsonOf(bytes: Uint8Array, type: MediaType | undefined, depth: number | undefined): Json | undefined {
  if (bytes.length === 0) return undefined;
  if (type === undefined) throw new HTTPException(415);
  return parseJson(bytes, depth);
}

/** The declared type of a form, if any. Throws a 415 where a type other than those of forms is declared. */
export function formTypeOf(incoming: Incoming): MediaType | undefined {
  const type = typeOf(incoming);
  if (type !== undefined && type.essence !== URLENCODED && type.essence !== MULTIPART) throw new HTTPException(415);
  return type;
}

/** Reads the bytes of an urlencoded or multipart body; undefined is no body at all. Throws 400, 413, 415 and 431. */
export function formOf(bytes: Uint8Array, type: MediaType | undefined, limits: Limits): FormFields | undefined {
  if (bytes.length === 0) return undefined;
  if (type === undefined) throw new HTTPException(415);
  if (type.essence === MULTIPART) return parseMultipart(bytes, type, limits);
  return parsePairs(UTF8.decode(bytes), limits.fields, 413);
}

/** The declared media type, undefined if none is declared; an invalid one is a 415. */
function typeOf(incoming: Incoming): MediaType | undefined {
  const encoding = incoming.header('content-encoding');
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    // RFC 9110 §15.5.16: the response lists the codings that would have been accepted.
    throw new HTTPException(415, undefined, { headers: { 'Accept-Encoding': 'identity' } });
  }
  const text = incoming.header('content-type');
  if (text === undefined) return undefined;
  const type = parseMediaType(text);
  if (type === undefined) throw new HTTPException(415);
  return type;
}
