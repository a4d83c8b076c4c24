import type { ReplyBody } from './reply.ts';

/** Milliseconds for a body's source to end by itself once nobody reads it. */
const GRACE = 100;

/** Ends the source of a body that nobody will read any further; one that does not end in time is not waited for. */
export async function endSource(source: { return?: (value?: undefined) => Promise<unknown> }): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, GRACE)));
  await Promise.race([Promise.resolve(source.return?.(undefined)).catch(() => undefined), grace]);
  clearTimeout(timer);
}

/** Ends a body of which nothing has been sent. */
export async function discard(body: ReplyBody): Promise<void> {
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) return;
  if (body instanceof ReadableStream) await body.cancel().catch(() => undefined);
  else await endSource(body[Symbol.asyncIterator]());
}
