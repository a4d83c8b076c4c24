import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Dice } from './dice.ts';

/** Milliseconds between two looks at the clock. */
const SLICE = 50;

/** How the bytes of a connection go out. */
export interface Delivery {
  /** Where the bytes are split into packets. */
  readonly cuts: readonly number[];
  /** Milliseconds between the packets, 0 for the next turn. */
  readonly pause: number;
  /** Milliseconds until the answer is read. */
  readonly deaf: number;
}

export function makeDelivery(dice: Dice, length: number): Delivery {
  const everywhere = dice.chance(3) && length < 400;
  const count = dice.of([0, 0, 1, 1, 2, 3, 8]);
  const cuts = everywhere
    ? Array.from({ length }, (_, at) => at)
    : Array.from({ length: count }, () => dice.below(length + 1));
  return {
    cuts: cuts.toSorted((a, b) => a - b),
    pause: dice.of([0, 0, 0, 1, 3]),
    deaf: dice.chance(8) ? dice.below(20) : 0,
  };
}

/** A connection of a client that may do anything. */
export class Wire {
  received = '';
  isClosed = false;
  readonly #socket: Socket;
  #wake = (): void => {};

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => {
      this.received += text;
      this.#wake();
    });
    this.#socket.on('error', () => {});
    this.#socket.once('close', () => {
      this.isClosed = true;
      this.#wake();
    });
  }

  /** Sends bytes in packets. */
  async send(bytes: string, { cuts, pause: time, deaf }: Delivery): Promise<void> {
    if (deaf > 0) {
      this.#socket.pause();
      setTimeout(() => this.#socket.resume(), deaf);
    }
    let start = 0;
    for (const end of [...cuts, bytes.length]) {
      if (end === start || this.isClosed) continue;
      this.#socket.write(Buffer.from(bytes.slice(start, end), 'latin1'));
      start = end;
      if (end < bytes.length) await pause(time);
    }
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /**
   * Waits until something holds or the connection has been closed; false if neither comes in time.
   *
   * Time in which this process does not run, because others do, counts little.
   */
  async until(holds: () => boolean, time: number): Promise<boolean> {
    let left = time;
    while (!this.isClosed && !holds()) {
      if (left <= 0) return false;
      const start = Date.now();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, SLICE));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      left -= Math.min(Date.now() - start, 2 * SLICE);
    }
    return true;
  }

  /** Ends the client's half. */
  end(): void {
    this.#socket.end();
  }

  /** Leaves without a word, by a reset or not. */
  async leave(resets = false): Promise<void> {
    if (this.#socket.connecting) await once(this.#socket, 'connect').catch(() => {});
    if (this.isClosed) return;
    const closed = once(this.#socket, 'close').catch(() => {});
    // Node never frees a connection that is reset while its half is being ended.
    if (resets && this.#socket.writable) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
    await closed;
  }
}
