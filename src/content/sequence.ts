import { endIterator, iteratorOf } from '../http/body-source.ts';
import { ResponseValidationError } from '../http/errors.ts';
import { ignoreRejection } from '../http/promise.ts';

/** Items that come one after another. */
export type Sequence<T> = AsyncIterable<T> | Iterable<T>;

type Items = AsyncIterator<unknown, unknown> | Iterator<unknown, unknown>;
type Piece = string | Uint8Array;

/** Converts one item; throws for one that does not fit. */
export type Convert = (item: never) => Piece | Promise<Piece>;

/** The items of a returned value; throws for a value that is not iterable. */
export function itemsOf(value: unknown): Items {
  if (typeof value === 'object' && value !== null) {
    if (Symbol.asyncIterator in value || Symbol.iterator in value) return iteratorOf(value as Sequence<unknown>);
  }
  throw new ResponseValidationError(`an iterable was expected, and ${kindOf(value)} was returned`);
}

/** The pieces of a body, one for each item of a returned value. */
export function mapItems(value: unknown, convert: Convert): AsyncIterable<Piece> {
  const items = itemsOf(value);
  return { [Symbol.asyncIterator]: () => new MappedItems(items, convert) };
}

/**
 * Not a generator: a generator that awaits an item delays `return` until the item arrives, and whatever the user's
 * iterator holds would be released only then.
 */
class MappedItems implements AsyncIterator<Piece, undefined> {
  readonly #items: Items;
  readonly #convert: Convert;

  constructor(items: Items, convert: Convert) {
    this.#items = items;
    this.#convert = convert;
  }

  async next(): Promise<IteratorResult<Piece, undefined>> {
    const item: unknown = await this.#items.next();
    // As `for await` does: otherwise a broken iterator would be an endless stream.
    if (typeof item !== 'object' || item === null) throw new TypeError(`an iterator returned ${kindOf(item)}`);
    const { done, value } = item as IteratorResult<unknown, unknown>;
    if (done === true) return { done: true, value: undefined };
    try {
      const piece = this.#convert(value as never);
      return { done: false, value: piece instanceof Promise ? await piece : piece };
    } catch (error) {
      // One that fails to end, or never does, must not stand in for the reason.
      await endIterator(this.#items);
      ignoreRejection(value);
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Piece, undefined>> {
    await this.#items.return?.();
    return { done: true, value: undefined };
  }
}

/** The kind of a value, in a word that reveals nothing of its content. */
export function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
