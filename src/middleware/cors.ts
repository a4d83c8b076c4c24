import type { Context } from '../http/context.ts';
import type { Middleware } from '../http/middleware.ts';
import { type CorsOrigin, matcherOf } from './cors-origin.ts';
import { vary } from './vary.ts';

/** Options with the names of the npm package `cors`; lists may be arrays or strings with commas. */
export interface CorsOptions {
  /** `*` unless set. */
  readonly origin?: CorsOrigin;
  /** Lets pages of these origins send cookies, and read the response. */
  readonly credentials?: boolean;
  /** `GET, HEAD, PUT, PATCH, POST, DELETE` unless set. */
  readonly methods?: string | readonly string[];
  /** Whatever the preflight requests unless set. */
  readonly allowedHeaders?: string | readonly string[];
  /** Response headers that a page may read besides the safelisted ones. */
  readonly exposedHeaders?: string | readonly string[];
  /** Seconds for which a browser may cache the response to a preflight. */
  readonly maxAge?: number;
}

type Fields = [name: string, value: string][];

const METHODS = 'GET, HEAD, PUT, PATCH, POST, DELETE';

/**
 * Tells browsers which other origins may read responses, and answers preflights (Fetch, "CORS protocol").
 *
 * Throws a TypeError for `*` together with `credentials` and for an invalid origin, and a RangeError for a `maxAge`
 * that is not a number of seconds.
 */
export function cors(options: CorsOptions = {}): Middleware {
  // An `origin` that is present but undefined, such as a missing setting, is refused rather than taken for `*`.
  const { origin: rule, credentials, allowedHeaders, exposedHeaders } = { origin: '*', credentials: false, ...options };
  if (rule === false) return (_context, next) => next();
  if (credentials) refuseWildcards({ ...options, origin: rule });
  const open = hasWildcard(rule);
  const isAllowed = open ? () => true : matcherOf(rule);
  const exposed = fieldsOf('Access-Control-Expose-Headers', exposedHeaders);
  const permitted = preflightFields(options);

  function grant(headers: Headers, origin: string, fields: Fields): void {
    headers.set('Access-Control-Allow-Origin', origin);
    if (credentials) headers.set('Access-Control-Allow-Credentials', 'true');
    for (const [name, value] of fields) headers.append(name, value);
  }

  function answerPreflight(context: Context, origin: string | undefined): null {
    const { response } = context;
    response.status = 204;
    if (!open) vary(response.headers, 'Origin');
    if (origin === undefined) return null;
    grant(response.headers, origin, permitted);
    if (allowedHeaders !== undefined) return null;
    vary(response.headers, 'Access-Control-Request-Headers');
    const requested = context.header('access-control-request-headers');
    if (requested !== undefined) response.headers.set('Access-Control-Allow-Headers', requested);
    return null;
  }

  return async function shareAcrossOrigins(context, next): Promise<unknown> {
    const origin = context.header('origin');
    // Checked before the handler runs, so that nothing has happened if the function fails.
    const allowed = origin !== undefined && (await isAllowed(origin)) ? origin : undefined;
    const granted = open ? '*' : allowed;
    // Any other OPTIONS is an ordinary request (Fetch, "HTTP requests").
    const asked = context.method === 'OPTIONS' && context.header('access-control-request-method') !== undefined;
    if (asked && origin !== undefined) return answerPreflight(context, granted);
    await next();
    const { headers } = context.response;
    // A response passed on from another server brings that server's policy.
    headers.delete('Access-Control-Allow-Origin');
    headers.delete('Access-Control-Allow-Credentials');
    // On responses to other requests too: a cache may serve them to any origin (Fetch, "CORS protocol and HTTP
    // caches").
    if (!open) vary(headers, 'Origin');
    if (granted !== undefined) grant(headers, granted, exposed);
    return undefined;
  };
}

function preflightFields({ methods = METHODS, allowedHeaders, maxAge }: CorsOptions): Fields {
  const isSeconds = maxAge === undefined || (Number.isSafeInteger(maxAge) && maxAge >= 0);
  if (!isSeconds) throw new RangeError(`cors: maxAge is ${maxAge}; it has to be a whole number of seconds`);
  return [
    ...fieldsOf('Access-Control-Allow-Methods', methods),
    ...fieldsOf('Access-Control-Allow-Headers', allowedHeaders),
    ...fieldsOf('Access-Control-Max-Age', maxAge?.toString()),
  ];
}

function fieldsOf(name: string, value: string | readonly string[] | undefined): Fields {
  const text = [value ?? []].flat().join(', ');
  // `Headers` throws for values that cannot be sent.
  return text === '' ? [] : [...new Headers([[name, text]])];
}

/** With credentials a browser takes `*` for a name like any other (Fetch, "CORS protocol and credentials"). */
function refuseWildcards({ origin, methods, allowedHeaders, exposedHeaders }: CorsOptions): void {
  for (const [name, value] of Object.entries({ origin, methods, allowedHeaders, exposedHeaders })) {
    if (hasWildcard(value)) throw new TypeError(`cors: '*' in ${name} is not a wildcard if credentials is set`);
  }
}

function hasWildcard(value: unknown): boolean {
  return value === '*' || (Array.isArray(value) && value.includes('*'));
}
