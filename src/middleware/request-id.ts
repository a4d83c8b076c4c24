import type { Middleware } from '../http/middleware.ts';

export interface RequestIdOptions {
  /** `X-Request-Id` unless set. */
  readonly header?: string;
  /** Generates an id, by `crypto.randomUUID()` unless set. */
  readonly generate?: () => string | Promise<string>;
  /** Whether to keep the id that a request brings, for apps that are reached only through proxies that set it. */
  readonly trust?: boolean;
}

/** The unreserved characters of RFC 3986 §2.3, which have no meaning in a log or a query. */
const SAFE_ID = /^[\w.~-]{1,128}$/;

/**
 * Gives each request an id, in `ctx.state.requestId` and in a header of its response.
 *
 * Throws a TypeError for a header that cannot be sent.
 */
export function requestId(options: RequestIdOptions = {}): Middleware {
  const { header = 'X-Request-Id', generate = () => crypto.randomUUID(), trust = false } = options;
  // `Headers` throws for an invalid name.
  new Headers().set(header, '');
  return async function nameRequest(context, next): Promise<void> {
    const received = trust ? context.header(header) : undefined;
    const id = received !== undefined && SAFE_ID.test(received) ? received : await generate();
    context.state['requestId'] = id;
    await next();
    context.response.headers.set(header, id);
  };
}
