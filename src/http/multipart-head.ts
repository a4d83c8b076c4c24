import { HTTPException } from './errors.ts';
import { isToken, TOKEN } from './token.ts';

/** What the head of a part says; a part with a file name is a file. */
export interface PartHead {
  readonly name: string;
  readonly filename: string | undefined;
  /** Its Content-Type as it was sent. */
  readonly type: string | undefined;
}

const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?`, 'y');
/** RFC 7578 §4.7 deprecates the field; these values say that the content is unencoded. */
const PLAIN = new Set(['7bit', '8bit', 'binary']);

/**
 * Reads the head of a part without its last line break; undefined where RFC 7578 §4.2 does not allow it.
 *
 * Anything that two parsers would read differently, such as a repeated field or parameter, is not allowed either.
 */
export function readPartHead(head: string): PartHead | undefined {
  const fields = new Map<string, string>();
  // RFC 5322 §2.2.3: a line that begins with white space continues the one before.
  for (const line of head.replace(/\r\n(?=[ \t])/g, '').split('\r\n')) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!isToken(name) || fields.has(name) || /[\0\r\n]/.test(line)) return undefined;
    fields.set(name, withoutPadding(line.slice(colon + 1)));
  }
  const encoding = fields.get('content-transfer-encoding') ?? 'binary';
  if (!PLAIN.has(encoding.toLowerCase())) {
    throw new HTTPException(415, 'The transfer encoding of a part is not supported');
  }
  const parameters = readDisposition(fields.get('content-disposition') ?? '');
  const name = parameters?.get('name');
  if (name === undefined) return undefined;
  return { name, filename: parameters?.get('filename'), type: fields.get('content-type') };
}

/**
 * The parameters of `form-data`. `filename*` (RFC 7578 §4.2: not to be used) is a separate parameter, which is ignored.
 */
function readDisposition(text: string): ReadonlyMap<string, string> | undefined {
  const kind = /^form-data(?![^ \t;])/i.exec(text)?.[0];
  if (kind === undefined) return undefined;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = kind.length;
  while (PARAMETER.lastIndex < text.length) {
    const parameter = PARAMETER.exec(text);
    if (parameter === null) return undefined;
    const [, name, token, quoted = ''] = parameter;
    if (name === undefined) continue;
    if (parameters.has(name.toLowerCase())) return undefined;
    parameters.set(name.toLowerCase(), token ?? unquote(quoted));
  }
  return parameters;
}

/**
 * Browsers write a quote and line breaks as escapes of a URL, other clients a quote and a backslash as quoted pairs.
 *
 * Every other backslash is literal: browsers send file names as they are.
 */
function unquote(text: string): string {
  return text.replace(/\\(["\\])|%(22|0D|0A)/gi, (_, pair: string | undefined, code = '') => {
    return pair ?? String.fromCharCode(Number.parseInt(code as string, 16));
  });
}

/** A regular expression for trailing white space would scan each run of it many times. */
function withoutPadding(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isPadding(text, start)) start++;
  while (end > start && isPadding(text, end - 1)) end--;
  return text.slice(start, end);
}

function isPadding(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}
