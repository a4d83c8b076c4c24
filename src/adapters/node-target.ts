import type { IncomingMessage } from 'node:http';

/** The parsed head of a request that can be served. */
export interface Head {
  /** The target in origin form, or `*`. */
  readonly target: string;
  /** The authority of a target in absolute form, which replaces the Host header (RFC 9112 §3.2.2). */
  readonly authority?: string | undefined;
  /** The declared length of the body in bytes, 0 if none is. */
  readonly length: number;
  /** Whether a body of undeclared length follows. */
  readonly chunked: boolean;
}

const MAX_TARGET = 8192;
const MAX_HEADERS = 1000;
/** RFC 3986 §3.2: host and port, without user information; a Host header may be empty (RFC 9112 §3.2). */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::\d{0,5})?$/;
/** As Node looks for it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/** Parses the head of a request once; a number is the status that refuses it. */
export function readHead(message: IncomingMessage): Head | number {
  const { rawHeaders, httpVersionMajor, httpVersionMinor, url = '/' } = message;
  if (httpVersionMajor !== 1) return 505;
  if (url.length > MAX_TARGET) return 414;
  // RFC 6585 §5: refused here, because Node would drop headers over its own limit.
  if (rawHeaders.length > 2 * MAX_HEADERS) return 431;
  let hosts = 0;
  let length = 0;
  let codings: string | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] as string;
    switch ((rawHeaders[index] as string).toLowerCase()) {
      case 'host':
        // RFC 9112 §3.2: more than one Host, or one that is invalid, is a 400.
        if (++hosts > 1 || !isAuthority(value)) return 400;
        break;
      case 'expect':
        // RFC 9110 §10.1.1: nothing else is defined, and HTTP/1.0 has none.
        if (httpVersionMinor > 0 && !CONTINUE.test(value)) return 417;
        break;
      case 'content-length':
        length = Number(value);
        break;
      case 'transfer-encoding':
        codings = codings === undefined ? value : `${codings}, ${value}`;
    }
  }
  // RFC 9112 §3.2: HTTP/1.0 may leave it out.
  if (hosts === 0 && httpVersionMinor > 0) return 400;
  const chunked = codings !== undefined;
  if (chunked) {
    const refused = refuseCodings(codings as string, httpVersionMinor);
    if (refused !== undefined) return refused;
  }
  // A fragment is not part of a target: the router would see it, but a URL would not.
  if (url.includes('#')) return 400;
  if (url.startsWith('/')) return { target: url, length, chunked };
  const other = otherForm(url, message.method);
  return other === undefined ? 400 : { ...other, length, chunked };
}

/**
 * RFC 9112 §6.1 and §6.3: the end of a body is known only if `chunked` comes last and once; nothing else is decoded.
 */
function refuseCodings(codings: string, minorVersion: number): number | undefined {
  // HTTP/1.0 has no transfer codings, so its framing is faulty in any case.
  if (minorVersion === 0) return 400;
  const names = codings.toLowerCase().split(/[\t ]*,[\t ]*/);
  if (names.indexOf('chunked') !== names.length - 1) return 400;
  return names.length === 1 ? undefined : 501;
}

/** RFC 9112 §3.2.2 and §3.2.4: the absolute form must be accepted, the asterisk is only for OPTIONS. */
function otherForm(url: string, method: string | undefined): Pick<Head, 'target' | 'authority'> | undefined {
  if (url === '*') return method === 'OPTIONS' ? { target: url } : undefined;
  const [, authority, target] = ABSOLUTE.exec(url) ?? [];
  if (authority === undefined || authority === '' || target === undefined || !isAuthority(authority)) return undefined;
  return { target: target.startsWith('/') ? target : `/${target}`, authority };
}

/** The last valid authority. Clients name the same one again and again, and parsing it costs 6 % of a small GET. */
let knownAuthority = '';

function isAuthority(value: string): boolean {
  if (value === knownAuthority) return true;
  // A target that is not a valid URL is refused here, not when somebody reads the request.
  if (!AUTHORITY.test(value) || (value !== '' && !URL.canParse(`http://${value}`))) return false;
  knownAuthority = value;
  return true;
}
