import { FrameworkError } from '../http/errors.ts';
import { isNamed } from './node-target.ts';

type Piece = IteratorResult<string | Uint8Array, unknown>;

/** The iterator that a body is read from. */
export interface Source {
  next(): Promise<Piece>;
  end(): Promise<void>;
}

/** Headers without those for framing, which the adapter sets (RFC 9112 §6). */
export function unframed(headers: readonly string[]): readonly string[] {
  for (let index = 0; index < headers.length; index += 2) {
    if (!isFraming(headers[index] as string)) continue;
    return headers.filter((_, at) => !isFraming(headers[at - (at % 2)] as string));
  }
  return headers;
}

function isFraming(name: string): boolean {
  return isNamed(name, 'content-length') || isNamed(name, 'transfer-encoding');
}

/** The length that headers declare, if they declare one. */
export function lengthIn(headers: readonly string[]): number | undefined {
  let length: number | undefined;
  for (let index = 0; index < headers.length; index += 2) {
    if (!isNamed(headers[index] as string, 'content-length')) continue;
    const value = headers[index + 1] as string;
    if (length !== undefined || !/^\d{1,15}$/.test(value)) return undefined;
    length = Number(value);
  }
  return length;
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
