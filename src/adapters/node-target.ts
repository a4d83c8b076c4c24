import type { IncomingMessage } from 'node:http';

/** What the head of a request says, where it can be served. */
export interface Head {
  /** The target in origin form, or `*`. */
  readonly target: string;
  /** The authority of a target in absolute form, which stands in place of the Host header (RFC 9112 §3.2.2). */
  readonly authority?: string | undefined;
  /** The declared bytes of the body, 0 where none are. */
  readonly length: number;
  /** Whether a body of undeclared length comes. */
  readonly chunked: boolean;
}

const MAX_TARGET = 8192;
const MAX_HEADERS = 1000;
/** RFC 3986 §3.2: host and port, without user information. */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::(\d{1,5})?)?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

let lastHost = '';

/** Reads the head of a request once for everybody; a number is the status that refuses it. */
export function readHead(message: IncomingMessage): Head | number {
  const { rawHeaders, httpVersionMajor, url = '/' } = message;
  if (httpVersionMajor !== 1) return 505;
  if (url.length > MAX_TARGET) return 414;
  // RFC 6585 §5: refused, where Node would drop what is over its own limit.
  if (rawHeaders.length > 2 * MAX_HEADERS) return 431;
  let hosts = 0;
  let length = 0;
  let chunked = false;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string;
    const value = rawHeaders[index + 1] as string;
    if (isNamed(name, 'host')) {
      // RFC 9112 §3.2: more than one Host, or one that is invalid, is a 400.
      if (++hosts > 1 || !isAuthority(value)) return 400;
    } else if (isNamed(name, 'content-length')) {
      length = Number(value);
    } else if (isNamed(name, 'transfer-encoding')) {
      // RFC 9112 §6.1: an unknown coding is a 501.
      if (value.toLowerCase() !== 'chunked') return 501;
      chunked = true;
    }
  }
  if (url.startsWith('/')) return { target: url, length, chunked };
  const other = otherForm(url, message.method);
  return other === undefined ? 400 : { ...other, length, chunked };
}

/** Whether a header has this name, which is in lower case; made without a string, since every request asks often. */
export function isNamed(header: string, name: string): boolean {
  if (header.length !== name.length) return false;
  for (let index = 0; index < name.length; index++) {
    const code = header.charCodeAt(index);
    const lower = code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
    if (lower !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** RFC 9112 §3.2.2 and §3.2.4: the absolute form must be accepted, the asterisk is for OPTIONS alone. */
function otherForm(url: string, method: string | undefined): Pick<Head, 'target' | 'authority'> | undefined {
  if (url === '*') return method === 'OPTIONS' ? { target: url } : undefined;
  const [, authority, target] = ABSOLUTE.exec(url) ?? [];
  if (authority === undefined || authority === '' || target === undefined || !isAuthority(authority)) return undefined;
  return { target: target.startsWith('/') ? target : `/${target}`, authority };
}

function isAuthority(value: string): boolean {
  if (value === lastHost) return true;
  const match = AUTHORITY.exec(value);
  if (match === null || Number(match[1] ?? 0) > 65_535) return false;
  lastHost = value;
  return true;
}
