import type { ReplyBody } from './reply.ts';

/** What an adapter sends piece by piece. */
export type Streamed = ReadableStream<Uint8Array> | AsyncIterable<string | Uint8Array>;

export interface Source {
  next(): Promise<IteratorResult<string | Uint8Array, unknown>>;
  return?(): Promise<unknown>;
}

/** The pieces of a body. A stream is read by its reader: its own iterator cannot be ended while a piece is awaited. */
export function sourceOf(body: Streamed): Source {
  if (!(body instanceof ReadableStream)) return body[Symbol.asyncIterator]();
  const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
  return {
    async next(): Promise<IteratorResult<Uint8Array, undefined>> {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    return: () => reader.cancel(),
  };
}

/** Milliseconds for a body's source to end by itself once nobody reads it. */
const GRACE = 100;

/** Ends the source of a body that nobody will read any further; one that does not end in time is not waited for. */
export async function endSource(source: Source): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, GRACE)));
  await Promise.race([Promise.resolve(source.return?.()).catch(() => undefined), grace]);
  clearTimeout(timer);
}

/** Ends a body of which nothing has been sent. */
export async function discard(body: ReplyBody): Promise<void> {
  if (body === null || typeof body === 'string' || body instanceof Uint8Array) return;
  await endSource(sourceOf(body));
}
