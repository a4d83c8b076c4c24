import type { Middleware } from '../http/middleware.ts';

/** A value instead of the default, or `false` to leave the header out. */
export interface SecurityHeadersOptions {
  /** `default-src 'none'; frame-ancestors 'none'` unless set: a page loads and runs nothing (CSP Level 3). */
  readonly contentSecurityPolicy?: string | false;
  /** `require-corp` unless set (HTML, "Cross-origin embedder policies"). */
  readonly crossOriginEmbedderPolicy?: string | false;
  /** `same-origin` unless set (HTML, "Cross-origin opener policies"). */
  readonly crossOriginOpenerPolicy?: string | false;
  /** `same-origin` unless set: no other origin may embed a response without CORS (Fetch). */
  readonly crossOriginResourcePolicy?: string | false;
  /** Left out unless set. */
  readonly permissionsPolicy?: string | false;
  /** `no-referrer` unless set (Referrer Policy §3.1). */
  readonly referrerPolicy?: string | false;
  /** Left out unless set: a browser that has seen it uses no http for `max-age` seconds (RFC 6797 §6.1). */
  readonly strictTransportSecurity?: string | false;
  /** `nosniff` unless set (Fetch, "`X-Content-Type-Options` header"). */
  readonly xContentTypeOptions?: string | false;
  /** `DENY` unless set, for browsers without `frame-ancestors` (RFC 7034). */
  readonly xFrameOptions?: string | false;
}

type Defaults = Readonly<Record<keyof SecurityHeadersOptions, readonly [name: string, value: string | false]>>;

/** Defaults of the OWASP Secure Headers Project for an app that returns data rather than pages. */
const DEFAULTS: Defaults = {
  contentSecurityPolicy: ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  crossOriginEmbedderPolicy: ['Cross-Origin-Embedder-Policy', 'require-corp'],
  crossOriginOpenerPolicy: ['Cross-Origin-Opener-Policy', 'same-origin'],
  crossOriginResourcePolicy: ['Cross-Origin-Resource-Policy', 'same-origin'],
  permissionsPolicy: ['Permissions-Policy', false],
  referrerPolicy: ['Referrer-Policy', 'no-referrer'],
  strictTransportSecurity: ['Strict-Transport-Security', false],
  xContentTypeOptions: ['X-Content-Type-Options', 'nosniff'],
  xFrameOptions: ['X-Frame-Options', 'DENY'],
};

/**
 * Sets security headers; one that a response already has is left as it is.
 *
 * Throws a TypeError for a value that cannot be sent.
 */
export function securityHeaders(options: SecurityHeadersOptions = {}): Middleware {
  const fields = new Headers();
  for (const [option, [name, byDefault]] of Object.entries(DEFAULTS)) {
    const value = options[option as keyof SecurityHeadersOptions] ?? byDefault;
    if (value !== false) fields.set(name, value);
  }
  const missing = [...fields];
  return async function addSecurityHeaders({ response }, next): Promise<void> {
    await next();
    for (const [name, value] of missing) if (!response.headers.has(name)) response.headers.set(name, value);
  };
}
