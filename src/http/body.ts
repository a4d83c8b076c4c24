import { type MediaType, parseMediaType } from './content-type.ts';
import { HTTPException } from './errors.ts';
import type { Incoming } from './incoming.ts';
import { type Json, parseJson } from './json.ts';
import type { Limits } from './limits.ts';
import { addPair, type Pairs, parsePairs } from './pairs.ts';

/** Form fields by name; a file is a `File`. */
export type FormFields = Pairs<string | File>;

const URLENCODED = 'application/x-www-form-urlencoded';
const MULTIPART = 'multipart/form-data';

/** Throws a 415 where another type than JSON is declared. */
export function refuseOtherThanJson(incoming: Incoming): void {
  const type = typeOf(incoming);
  if (type !== undefined && !type.isJson) throw new HTTPException(415);
}

/** Reads the bytes of a JSON body; undefined is no body at all. Throws a 415 for a body without a type. */
export function jsonOf(bytes: Uint8Array, incoming: Incoming, limits: Limits): Json | undefined {
  if (bytes.length === 0) return undefined;
  if (incoming.header('content-type') === undefined) throw new HTTPException(415);
  return parseJson(bytes, limits.depth);
}

/** Reads an urlencoded or multipart body; undefined is no body at all. Throws 400, 413 and 415. */
export async function readForm(incoming: Incoming, limits: Limits): Promise<FormFields | undefined> {
  const type = typeOf(incoming);
  if (type !== undefined && type.essence !== URLENCODED && type.essence !== MULTIPART) throw new HTTPException(415);
  const bytes = await incoming.read(limits.body);
  if (bytes.length === 0) return undefined;
  if (type === undefined) throw new HTTPException(415);
  if (type.essence === MULTIPART) return parseMultipart(bytes, type, limits);
  return parsePairs(new TextDecoder().decode(bytes), limits.fields, 413);
}

/** The declared media type, undefined if none is declared; one that cannot be read is a 415. */
function typeOf(incoming: Incoming): MediaType | undefined {
  const encoding = incoming.header('content-encoding');
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    // RFC 9110 §15.5.16: says which codings would have been accepted.
    throw new HTTPException(415, undefined, { headers: { 'Accept-Encoding': 'identity' } });
  }
  const text = incoming.header('content-type');
  if (text === undefined) return undefined;
  const type = parseMediaType(text);
  if (type === undefined) throw new HTTPException(415);
  return type;
}

async function parseMultipart(bytes: Uint8Array, type: MediaType, limits: Limits): Promise<FormFields> {
  const boundary = type.parameters.get('boundary');
  // RFC 2046 §5.1.1
  if (boundary === undefined || !/^[\w'()+,./:=? -]{0,69}[\w'()+,./:=?-]$/.test(boundary)) throw malformed();
  boundParts(bytes, boundary, limits);
  let form: FormData;
  try {
    const headers = { 'content-type': `multipart/form-data; boundary="${boundary}"` };
    // oxlint-disable-next-line typescript/no-deprecated -- its size and its parts are bounded before
    form = await new Response(bytes as Uint8Array<ArrayBuffer>, { headers }).formData();
  } catch {
    throw malformed();
  }
  const fields = new Map<string, string | File | (string | File)[]>();
  let files = 0;
  let texts = 0;
  for (const [name, value] of form) {
    if (typeof value === 'string' ? ++texts > limits.fields : ++files > limits.files) {
      throw new HTTPException(413, `More than ${limits.fields} fields or ${limits.files} files`);
    }
    addPair(fields, name, value);
  }
  return fields;
}

/** Counts parts and their headers before a parser spends anything on them. */
function boundParts(bytes: Uint8Array, boundary: string, limits: Limits): void {
  const text = new TextDecoder('latin1').decode(bytes);
  const delimiter = `--${boundary}`;
  let parts = 0;
  for (let at = text.indexOf(delimiter); at !== -1; at = text.indexOf(delimiter, at + delimiter.length)) {
    if (text.startsWith('--', at + delimiter.length)) break;
    if (++parts > limits.parts) throw new HTTPException(413, `More than ${limits.parts} parts`);
    const end = text.indexOf('\r\n\r\n', at);
    if (end === -1) throw malformed();
    if (end - at > limits.partHeaders) throw new HTTPException(431, 'The headers of a part are too large');
  }
}

function malformed(): HTTPException {
  return new HTTPException(400, 'The multipart body is malformed');
}
