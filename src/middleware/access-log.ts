import { type Logger, printable } from '../http/log.ts';
import type { Middleware } from '../http/middleware.ts';

/** What there is to be told of an answer; never the query string or the value of a header. */
export interface AccessLogEntry {
  readonly method: string;
  /** As it was sent, without the query string. */
  readonly path: string;
  /** The pattern of the matched route, if one matched. */
  readonly route: string | undefined;
  readonly status: number;
  /** Milliseconds until the answer was there; that of a stream is there when it begins. */
  readonly duration: number;
  readonly clientAddress: string | undefined;
  /** What `requestId()` has named the request. */
  readonly requestId: string | undefined;
}

export interface AccessLogOptions {
  /** `console` unless set. */
  readonly logger?: Logger;
  /** Makes the line; control characters in it are escaped. */
  readonly format?: (entry: AccessLogEntry) => string;
}

/** Writes one line for each answer, those with a status of 500 and more as errors; a logger that fails changes nothing. */
export function accessLog(options: AccessLogOptions = {}): Middleware {
  const { logger = console, format = lineOf } = options;

  async function write(entry: AccessLogEntry): Promise<void> {
    const line = printable(format(entry));
    const level = entry.status >= 500 ? 'error' : 'info';
    // A logger may be asynchronous, whatever its type says, and a rejection of its own would end the process.
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
