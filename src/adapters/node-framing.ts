import { FrameworkError } from '../http/errors.ts';
import { isNamed } from './node-target.ts';

type Piece = IteratorResult<string | Uint8Array, unknown>;

/** What a body is read from. */
export interface Source {
  next(): Promise<Piece>;
  end(): Promise<void>;
}

/** Headers without those that say where the body ends, which is for the adapter to say (RFC 9112 §6). */
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
 * A body that declares its length: `begin` is called once with what can be sent of that.
 *
 * Up to two pieces are waited for, by which a body that was there as a whole is known. A longer one whose length turns
 * out to be another than it declared fails: no byte of it may be taken for the next answer, and no end for its own.
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
      throw new FrameworkError(`A body of ${declared} bytes was declared, and another one came`);
    }
    return piece;
  }
  return { next, end: () => source.end() };
}
