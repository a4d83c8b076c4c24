import { recognizeCopies } from './copies.ts';
import { FrameworkError } from './errors.ts';
import { ignoreRejection, immediate } from './promise.ts';

/** A body sent in pieces; text is sent as UTF-8. */
export type StreamedBody =
  | ReadableStream<Uint8Array>
  | AsyncIterable<string | Uint8Array>
  | Iterable<string | Uint8Array>;

type Piece = IteratorResult<string | Uint8Array, unknown>;
type Pieces = AsyncIterator<string | Uint8Array, unknown> | Iterator<string | Uint8Array, unknown>;

/** Milliseconds a source has to end by itself once nobody reads it. */
const GRACE = 400;

/** The pieces of a body: read by one reader, and ended once, by that reader or by whoever abandons the body. */
export class BodySource {
  readonly #pieces: Pieces;
  readonly #awaited: boolean;
  #first: Promise<Piece> | undefined = undefined;
  #ended: Promise<void> | undefined = undefined;

  /** `awaited` says that nothing is sent before the first piece is available. */
  constructor(body: StreamedBody, awaited: boolean = false) {
    this.#pieces = piecesOf(body);
    this.#awaited = awaited;
  }

  /** Waits for the first piece if it has to be available before anything is sent; `next` returns it again. */
  async begin(): Promise<void> {
    if (!this.#awaited) return;
    this.#first = this.#read();
    await this.#first;
  }

  next(): Promise<Piece> {
    const first = this.#first;
    if (first === undefined) return this.#read();
    this.#first = undefined;
    return first;
  }

  /** Ends the source early; one that does not end in time is not waited for. Never rejects. */
  end(): Promise<void> {
    return (this.#ended ??= endIterator(this.#pieces));
  }

  async #read(): Promise<Piece> {
    let piece: Piece;
    try {
      piece = await this.#pieces.next();
    } catch (error) {
      // Elsewhere, no error means that all went well.
      if (error === undefined) throw new FrameworkError('A streamed body failed with undefined');
      throw error;
    }
    if (piece.done === true) this.#ended ??= Promise.resolve();
    if (piece.done === true || typeof piece.value === 'string' || piece.value instanceof Uint8Array) return piece;
    ignoreRejection(piece.value);
    throw new FrameworkError(`A streamed body gave ${typeof piece.value} where text or bytes were expected`);
  }
}

/** Tells an iterator to return; one that does not in time is not waited for. Never rejects. */
export async function endIterator(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => (timer = setTimeout(resolve, GRACE)));
  await Promise.race([returned(iterator), grace]);
  clearTimeout(timer);
}

async function returned(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // Nobody is left to report it to.
  }
}
recognizeCopies(BodySource, 'BodySource');

/** A stream is read by its reader: its own iterator cannot be ended while a piece is awaited. */
function piecesOf(body: StreamedBody): Pieces {
  if (body instanceof ReadableStream) {
    const reader: ReadableStreamDefaultReader<Uint8Array> = body.getReader();
    return {
      async next(): Promise<Piece> {
        const { done, value } = await reader.read();
        return done ? { done, value: undefined } : { done, value };
      },
      async return(): Promise<Piece> {
        await reader.cancel();
        return { done: true, value: undefined };
      },
    };
  }
  return iteratorOf(body);
}

/** The iterator of a sequence; a promise of one is a mistake. */
export function iteratorOf<T>(
  sequence: AsyncIterable<T> | Iterable<T>,
): AsyncIterator<T, unknown> | Iterator<T, unknown> {
  return Symbol.asyncIterator in sequence
    ? immediate(sequence[Symbol.asyncIterator](), '[Symbol.asyncIterator]()')
    : immediate(sequence[Symbol.iterator](), '[Symbol.iterator]()');
}

/** Ends a body that will not be sent. */
export async function discard(body: string | Uint8Array | BodySource | null): Promise<void> {
  if (body instanceof BodySource) await body.end();
}
