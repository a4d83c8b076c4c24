import { sizeOf } from './socket.ts';

/** How many messages, and how many bytes, may wait before the peer is paused. */
const ROOM = 16;
const BYTES = 262_144;

interface Flow {
  pause?(): void;
  resume?(): void;
}

/** Messages received and not yet read; the peer is paused while there are too many. */
export class SocketInbox<M> implements AsyncIterator<M, undefined> {
  readonly #flow: Flow;
  readonly #waiting: { readonly message: M; readonly size: number }[] = [];
  readonly #readers: ((message: IteratorResult<M, undefined>) => void)[] = [];
  /** Bytes waiting. */
  size = 0;
  #held = false;
  #ended = false;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  /** Whether the peer is paused. */
  get held(): boolean {
    return this.#held;
  }

  /** Adds a message; `sent` is its form on the wire. */
  put(message: M, sent: string | Uint8Array): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) return reader({ done: false, value: message });
    const size = sizeOf(sent);
    this.size += size;
    this.#waiting.push({ message, size });
    if (this.#held || (this.#waiting.length < ROOM && this.size < BYTES)) return;
    this.#held = true;
    this.#flow.pause?.();
  }

  /** No more messages come; those waiting may still be read, unless they are dropped. */
  end(drop: boolean): void {
    this.#ended = true;
    if (drop) this.#waiting.length = this.size = 0;
    this.#release();
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<M, undefined>> {
    const first = this.#waiting.shift();
    if (first === undefined) {
      if (this.#ended) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve) => void this.#readers.push(resolve));
    }
    this.size -= first.size;
    if (this.#waiting.length === 0) this.#release();
    return Promise.resolve({ done: false, value: first.message });
  }

  #release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#flow.resume?.();
  }
}
