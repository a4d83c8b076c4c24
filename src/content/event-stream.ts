import { endIterator } from '../http/body-source.ts';
import type { Closing } from '../http/closing.ts';
import { itemsOf } from './sequence.ts';

const COMMENT = ':\n\n';
/** Milliseconds until the first comment, with which the head of the response goes out where no event came so far. */
const FIRST_COMMENT = 250;
const DONE = { done: true, value: undefined } as const;

type Text = (event: never) => string | Promise<string>;

/** The text of events as they come, comments in the pauses, and an end when the app is about to close. */
export function eventStream(value: unknown, text: Text, keepAlive: number, closing: Closing): AsyncIterable<string> {
  const items = itemsOf(value);
  return { [Symbol.asyncIterator]: () => new EventStream(items, text, keepAlive, closing) };
}

/** Not a generator: it has to end while the next event is awaited, which may never come. */
class EventStream implements AsyncIterator<string, undefined> {
  readonly #items: ReturnType<typeof itemsOf>;
  readonly #text: Text;
  readonly #keepAlive: number;
  /** Takes back what listens for the end of the app. */
  #forget: () => void = () => {};
  #ended: Promise<void> | undefined = undefined;
  /** The event that is awaited: it goes on being so while comments are sent. */
  #pending: Promise<string | undefined> | undefined = undefined;
  #begun = false;
  /** Ends the wait that is on. */
  #wake: ((text: string | undefined) => void) | undefined = undefined;

  constructor(items: ReturnType<typeof itemsOf>, text: Text, keepAlive: number, closing: Closing) {
    this.#items = items;
    this.#text = text;
    this.#keepAlive = keepAlive;
    this.#forget = closing.whenBegun(() => void this.return());
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    if (this.#ended === undefined) {
      this.#pending ??= this.#read();
      const text = await this.#wait(this.#pending);
      if (text !== undefined && this.#ended === undefined) return { done: false, value: text };
    }
    this.#forget();
    // What the events are made from is closed after them.
    await this.#ended;
    return DONE;
  }

  async return(): Promise<IteratorResult<string, undefined>> {
    this.#forget();
    this.#ended ??= endIterator(this.#items);
    this.#wake?.(undefined);
    await this.#ended;
    return DONE;
  }

  async #read(): Promise<string | undefined> {
    const { done, value } = await this.#items.next();
    return done === true ? undefined : this.#text(value as never);
  }

  /** The text of the event, a comment where it takes too long, or nothing where the stream is ended before. */
  #wait(pending: Promise<string | undefined>): Promise<string | undefined> {
    return new Promise((resolve) => {
      const pause = this.#begun ? this.#keepAlive : Math.min(this.#keepAlive, FIRST_COMMENT);
      const timer = pause === 0 ? undefined : setTimeout(() => resolve(COMMENT), pause);
      this.#begun = true;
      this.#wake = (text) => {
        clearTimeout(timer);
        resolve(text);
      };
      const settle = (): void => {
        clearTimeout(timer);
        this.#pending = undefined;
        resolve(pending);
      };
      pending.then(settle, () => {
        settle();
        void this.return();
      });
    });
  }
}
