import { type Logger, printable } from '../http/log.ts';
import type { Middleware } from '../http/middleware.ts';

/** What a line can say about a response; never the query string or the value of a header. */
export interface AccessLogEntry {
  readonly method: string;
  /** As it was sent, without the query string. */
  readonly path: string;
  /** The pattern of the matched route, if one matched. */
  readonly route: string | undefined;
  readonly status: number;
  /** Milliseconds until the response was ready; a stream is ready when it begins. */
  readonly duration: number;
  readonly clientAddress: string | undefined;
  /** The id that `requestId()` gave the request. */
  readonly requestId: string | undefined;
}

export interface AccessLogOptions {
  /** `console` unless set. */
  readonly logger?: Logger;
  /** Formats the line; control characters in it are escaped. */
  readonly format?: (entry: AccessLogEntry) => string;
}

/** Logs one line for each response, as an error from status 500 on; a logger that fails changes nothing. */
export function accessLog(options: AccessLogOptions = {}): Middleware {
  const { logger = console, format = lineOf } = options;

  // Both functions may be asynchronous, whatever their types say, and an unhandled rejection would end the process.
  async function write(entry: AccessLogEntry): Promise<void> {
    const formatted: unknown = format(entry);
    const line = printable((await formatted) as string);
    const level = entry.status >= 500 ? 'error' : 'info';
    await (logger[level](line) as unknown);
  }

  return async function logAccess(context, next): Promise<void> {
    const start = performance.now();
    await next();
    const { method, path, route, clientAddress } = context;
    const { status = 0 } = context.response;
    const duration = performance.now() - start;
    const id = context.state['requestId'];
    const requestId = typeof id === 'string' ? id : undefined;
    write({ method, path, route, status, duration, clientAddress, requestId }).catch(() => {});
  };
}

function lineOf({ method, path, status, duration, requestId }: AccessLogEntry): string {
  const line = `${method} ${path} ${status} ${duration.toFixed(1)} ms`;
  return requestId === undefined ? line : `${line} ${requestId}`;
}
