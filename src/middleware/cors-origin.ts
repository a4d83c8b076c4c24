import { isOrigin } from '../http/origin.ts';

/** Decides whether an origin is allowed; returning a string allows exactly that origin. */
export type CorsOriginFunction = (origin: string) => boolean | string | Promise<boolean | string>;

/**
 * Which origins are allowed: `*` or `true` for any, `false` for no CORS at all, or exactly those listed.
 *
 * A pattern is matched up to the end of the origin. The origin `null` is allowed only by name.
 */
export type CorsOrigin = boolean | string | RegExp | readonly (string | RegExp)[] | CorsOriginFunction;

/** Decides about each origin; throws a TypeError for a rule that no origin could match. */
export function matcherOf(rule: Exclude<CorsOrigin, false>): (origin: string) => boolean | Promise<boolean> {
  // Any sandboxed frame and any local file has the origin `null`: it identifies nobody.
  if (rule === true) return (origin) => origin !== 'null';
  if (typeof rule === 'function') {
    return async (origin) => {
      const allowed = await rule(origin);
      return allowed === true ? origin !== 'null' : allowed === origin;
    };
  }
  const rules = [rule].flat() as readonly (string | RegExp)[];
  const patterns = rules.filter((one) => one instanceof RegExp).map(toTheEnd);
  const names = new Set(rules.filter((one) => !(one instanceof RegExp)).map(checked));
  return (origin) => names.has(origin) || (origin !== 'null' && patterns.some((pattern) => pattern.test(origin)));
}

/** An origin ends with its host and port: a pattern that stops before also matches `https://example.com.evil.test`. */
function toTheEnd({ source, flags }: RegExp): RegExp {
  // With the flag g or y, each match would start where the last one ended.
  return new RegExp(`(?:${source})$`, flags.replace(/[gmy]/g, ''));
}

/** Origins are compared as text, so a listed one has to be what a browser sends (Fetch, "`Origin` header"). */
function checked(text: unknown): string {
  if (typeof text === 'string' && isOrigin(text)) return text;
  throw new TypeError(`cors: '${String(text)}' is not an origin such as https://example.com`);
}
