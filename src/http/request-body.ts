import { HTTPException } from './errors.ts';

/** A source that a body is read from in pieces. */
export interface Pieces {
  next(): Promise<IteratorResult<Uint8Array, unknown>>;
  return?(): Promise<unknown>;
}

/** The pieces of a body up to a limit, a 413 above it; the platform then ends the rest. */
export async function* bounded(body: ReadableStream<Uint8Array>, limit: number): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  try {
    let length = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      length += piece.value.length;
      if (length > limit) throw new HTTPException(413);
      yield piece.value;
    }
  } finally {
    // Node's own form bodies throw when they are cancelled midway.
    reader.releaseLock();
  }
}

/** A body whose source is opened only when somebody reads it. */
export function lazyBody(open: () => Pieces): ReadableStream<Uint8Array> {
  let source: Pieces | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        source ??= open();
        const { done, value } = await source.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel(): Promise<void> {
        await source?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
