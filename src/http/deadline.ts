import type { Context } from './context.ts';
import { HTTPException } from './errors.ts';
import type { Reply } from './reply.ts';

/**
 * Rejects with a 503 when a reply takes longer than `timeout` milliseconds, if that is not 0, and aborts the context's signal.
 *
 * What still runs is not waited for; a reply that comes too late goes to `late`.
 */
export function within(
  timeout: number,
  context: Context,
  reply: Promise<Reply>,
  late: (reply: Promise<Reply>) => void,
): Promise<Reply> {
  if (timeout === 0) return reply;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new HTTPException(503);
      (context.expiry ??= new AbortController()).abort(error);
      late(reply);
      reject(error);
    }, timeout);
    const settled = (): void => clearTimeout(timer);
    reply.then(settled, settled);
    reply.then(resolve, reject);
  });
}
