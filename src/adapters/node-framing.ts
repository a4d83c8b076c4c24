import { FrameworkError } from '../http/errors.ts';
import { indexOfHeader, without } from '../http/headers.ts';

type Piece = IteratorResult<string | Uint8Array, unknown>;

/** The iterator that a body is read from. */
export interface Source {
  next(): Promise<Piece>;
  end(): Promise<void>;
}

/** Headers without those for framing, which the adapter sets (RFC 9112 §6). */
export function unframed(headers: readonly string[]): readonly string[] {
  const isFramed = indexOfHeader(headers, 'content-length') >= 0 || indexOfHeader(headers, 'transfer-encoding') >= 0;
  return isFramed ? without(headers, FRAMING) : headers;
}

const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

/** The length that headers declare, if they declare one. */
export function lengthIn(headers: readonly string[]): number | undefined {
  const index = indexOfHeader(headers, 'content-length');
  if (index === -1 || indexOfHeader(headers, 'content-length', index + 2) >= 0) return undefined;
  const value = headers[index + 1] as string;
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/**
 * A body with a declared length: `begin` is called once with the length that can be sent.
 *
 * Up to two pieces are awaited, which recognises a body that was available as a whole. A longer body whose length
 * differs from the declared one fails: no byte may be read as part of the next response, and a missing end must be
 * noticed.
 */
export function measured(source: Source, declared: number, begin: (length: number | undefined) => void): Source {
  const held: Piece[] = [];
  let length = 0;
  let promised: number | undefined;
  let begun = false;
  async function read(): Promise<Piece> {
    const piece = await source.next();
    if (piece.done !== true) length += Buffer.byteLength(piece.value);
    return piece;
  }
  async function start(): Promise<void> {
    const first = await read();
    held.push(first);
    if (first.done !== true && length <= declared) held.push(await read());
    if (held.at(-1)?.done === true) promised = length;
    else if (length <= declared) promised = declared;
    begun = true;
    begin(promised);
  }
  async function next(): Promise<Piece> {
    if (!begun) await start();
    const piece = held.shift() ?? (await read());
    if (promised !== undefined && (length > promised || (piece.done === true && length < promised))) {
      throw new FrameworkError(`A body of ${declared} bytes was declared, but its length differs`);
    }
    return piece;
  }
  return { next, end: () => source.end() };
}
