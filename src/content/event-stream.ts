import { endIterator } from '../http/body-source.ts';
import type { Closing } from '../http/closing.ts';
import { itemsOf } from './sequence.ts';

const COMMENT = ':\n\n';
/** Milliseconds until the first comment, which sends the head of the response if there has been no event so far. */
const FIRST_COMMENT = 250;
/** How often to look for a reader in the time that it may wait: reading the clock for each event costs 5 % of it. */
const LOOKS = 8;

type Text = (event: never) => string | Promise<string>;
type Piece = IteratorResult<string, undefined>;

const DONE: Piece = { done: true, value: undefined };

/** The text of events as they come, with comments in pauses; ends when the app is about to close. */
export function eventStream(value: unknown, text: Text, keepAlive: number, closing: Closing): AsyncIterable<string> {
  const items = itemsOf(value);
  return { [Symbol.asyncIterator]: () => new EventStream(items, text, keepAlive, closing) };
}

/** A pending request for the next piece. */
interface Reader {
  readonly resolve: (piece: Piece | PromiseLike<Piece>) => void;
  readonly reject: (error: unknown) => void;
}

/** Not a generator: it has to be able to end while it awaits the next event, which may never come. */
class EventStream implements AsyncIterator<string, undefined> {
  readonly #items: ReturnType<typeof itemsOf>;
  readonly #text: Text;
  readonly #keepAlive: number;
  /** Removes the listener for the app's closing. */
  #forget: () => void = () => {};
  #ended: Promise<void> | undefined = undefined;
  #reader: Reader | undefined = undefined;
  /** The one that was waiting at the last look, and at how many looks. */
  #seen: Reader | undefined = undefined;
  #times = 0;
  /** Whether an event is awaited, also while comments are sent. */
  #awaited = false;
  /** The text that came, or the error, while no piece was requested. */
  #ready: { readonly text: string } | { readonly error: unknown } | undefined = undefined;
  #begun = false;
  /** One for the whole stream: setting and clearing one for each event costs as much as the event. */
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(items: ReturnType<typeof itemsOf>, text: Text, keepAlive: number, closing: Closing) {
    this.#items = items;
    this.#text = text;
    this.#keepAlive = keepAlive;
    this.#forget = closing.whenBegun(() => void this.return());
  }

  next(): Promise<Piece> {
    if (this.#ended !== undefined && this.#ready === undefined) return this.return();
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      if (this.#ready !== undefined) this.#hand(this.#ready);
      else if (!this.#awaited) this.#read();
      if (this.#timer === undefined && this.#keepAlive > 0 && this.#ended === undefined) this.#watch();
    });
  }

  /** Ends the stream, then its source, which has a limited time to finish. */
  async return(): Promise<Piece> {
    this.#forget();
    clearTimeout(this.#timer);
    const ended = (this.#ended ??= endIterator(this.#items));
    this.#reader?.resolve(ended.then(() => DONE));
    this.#reader = undefined;
    await ended;
    return DONE;
  }

  #read(): void {
    this.#awaited = true;
    try {
      // A thenable may call back more than once; a promise made from it does not.
      Promise.resolve(this.#items.next()).then(this.#take, this.#fail);
    } catch (error) {
      this.#fail(error);
    }
  }

  readonly #take = (item: IteratorResult<unknown, unknown>): void => {
    if (this.#ended !== undefined) return;
    try {
      const { done, value } = item;
      if (done === true) {
        this.#ended = Promise.resolve();
        void this.return();
        return;
      }
      const text = this.#text(value as never);
      if (typeof text === 'string') this.#give(text);
      else text.then(this.#give, this.#fail);
    } catch (error) {
      this.#fail(error);
    }
  };

  readonly #give = (text: string): void => {
    this.#awaited = false;
    if (this.#ended === undefined) this.#hand({ text });
  };

  readonly #fail = (error: unknown): void => {
    if (this.#ended !== undefined) return;
    this.#hand({ error });
    void this.return();
  };

  /** Settles the pending request, or keeps the result for the next one. */
  #hand(ready: { readonly text: string } | { readonly error: unknown }): void {
    const reader = this.#reader;
    this.#ready = reader === undefined ? ready : undefined;
    this.#reader = undefined;
    if (reader === undefined) return;
    this.#begun = true;
    if ('text' in ready) reader.resolve({ done: false, value: ready.text });
    else reader.reject(ready.error);
  }

  /** Sends a comment once a reader has waited long enough. */
  #watch(): void {
    const limit = this.#begun ? this.#keepAlive : Math.min(this.#keepAlive, FIRST_COMMENT);
    this.#timer = setTimeout(() => {
      this.#times = this.#reader !== undefined && this.#reader === this.#seen ? this.#times + 1 : 1;
      this.#seen = this.#reader;
      if (this.#seen !== undefined && this.#times === LOOKS) this.#hand({ text: COMMENT });
      this.#watch();
    }, limit / LOOKS);
  }
}
