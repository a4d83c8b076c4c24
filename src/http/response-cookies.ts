import { type SetCookie, stringifySetCookie } from 'cookie';
import { FrameworkError } from './errors.ts';

/** Attributes of a cookie; it is `Path=/; HttpOnly; Secure; SameSite=Lax` unless said. */
export interface CookieOptions {
  /** Seconds. */
  readonly maxAge?: number;
  readonly expires?: Date;
  readonly domain?: string;
  readonly path?: string;
  readonly secure?: boolean;
  readonly httpOnly?: boolean;
  readonly sameSite?: 'strict' | 'lax' | 'none';
  readonly partitioned?: boolean;
}

/** Bytes that browsers keep of one cookie (RFC 6265bis §5.6). */
const MAX_BYTES = 4096;

/** Sets cookies of a response. */
export class ResponseCookies {
  readonly #headers: Headers;
  /** The cookies that were set, by what a browser distinguishes them by. */
  readonly #set = new Map<string, string>();

  /** @internal */
  constructor(headers: Headers) {
    this.#headers = headers;
  }

  /**
   * Sets a cookie; one of the same name, domain and path that was set before is replaced.
   *
   * Throws for a name, a value or an attribute that cannot be sent, for what the prefixes `__Host-` and `__Secure-` do
   * not allow (RFC 6265bis §4.1.3), and for more than 4,096 bytes.
   */
  set(name: string, value: string, options: CookieOptions = {}): void {
    const cookie = { ...options, ...withDefaults(options), name, value };
    check(cookie);
    const text = stringifySetCookie(cookie);
    if (new TextEncoder().encode(text).length > MAX_BYTES) {
      throw new FrameworkError(`The cookie '${name}' has more than ${MAX_BYTES} bytes`);
    }
    this.#replace(`${name};${cookie.domain ?? ''};${cookie.path}`, text);
  }

  /** Makes the browser forget a cookie, which is known by its path and domain too. */
  delete(name: string, { path, domain }: Pick<CookieOptions, 'path' | 'domain'> = {}): void {
    const place = { ...(path === undefined ? {} : { path }), ...(domain === undefined ? {} : { domain }) };
    this.set(name, '', { ...place, maxAge: 0, expires: new Date(0) });
  }

  #replace(key: string, text: string): void {
    const known = this.#set.get(key);
    this.#set.set(key, text);
    if (known === undefined) {
      this.#headers.append('Set-Cookie', text);
      return;
    }
    const lines = this.#headers.getSetCookie().filter((line) => line !== known);
    this.#headers.delete('Set-Cookie');
    for (const line of [...lines, text]) this.#headers.append('Set-Cookie', line);
  }
}

/** A missing setting must not weaken a default: undefined counts as not set. */
function withDefaults({ path = '/', httpOnly = true, secure = true, sameSite = 'lax' }: CookieOptions): CookieOptions {
  return { path, httpOnly, secure, sameSite };
}

/** Throws for cookies that browsers would drop silently. */
function check({ name, value, secure, domain, path, sameSite, partitioned }: SetCookie): void {
  if (typeof name !== 'string' || typeof value !== 'string') {
    throw new FrameworkError('The name and the value of a cookie are text');
  }
  const prefix = /^__(?:host|secure)-/i.exec(name)?.[0].toLowerCase();
  if (prefix !== undefined && secure !== true) throw new FrameworkError(`The cookie '${name}' must be Secure`);
  if (prefix === '__host-' && (domain !== undefined || path !== '/')) {
    throw new FrameworkError(`The cookie '${name}' must have Path=/ and no Domain`);
  }
  if ((sameSite === 'none' || partitioned === true) && secure !== true) {
    throw new FrameworkError(`The cookie '${name}' must be Secure to be sent from other sites`);
  }
}
