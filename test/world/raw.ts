import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseAnswers, type RawAnswer } from './raw-answers.ts';
import type { Line } from './requests.ts';
import { within } from './waiting.ts';

export interface ConnectionOptions {
  /** Whether answers have no content, as to HEAD. */
  readonly head?: boolean;
  /** Leaves the sending half open when the server has ended its own. */
  readonly allowHalfOpen?: boolean;
}

/** A connection on which anything can be sent, and what has come on it so far. */
export class RawConnection {
  /** Whether the server has ended its half. */
  ended = false;
  closed = false;
  error: Error | undefined;
  #received = Buffer.alloc(0);
  #wake = (): void => {};

  private constructor(
    readonly socket: Socket,
    private readonly head: boolean,
  ) {
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('end', () => (this.ended = true));
    // A reset after the answer is what a server does that refuses to read on; the close follows.
    socket.on('error', (error) => (this.error = error));
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  static async open(
    port: number,
    { head = false, allowHalfOpen = false }: ConnectionOptions = {},
  ): Promise<RawConnection> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen });
    await once(socket, 'connect');
    return new RawConnection(socket, head);
  }

  /** What has come, one character for each byte. */
  get text(): string {
    return this.#received.toString('latin1');
  }

  /** The answers that have come whole. */
  get answers(): RawAnswer[] {
    return parseAnswers(this.#received, this.head);
  }

  /** Their statuses in the order in which they came, interim ones included. */
  get statuses(): number[] {
    return this.answers.map(({ status }) => status);
  }

  /** Sends text as Latin-1; false where the connection takes no more for now. */
  write(...parts: readonly (string | Buffer)[]): boolean {
    return this.socket.write(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
    );
  }

  /** Waits until what has come matches. */
  async until(pattern: RegExp): Promise<string> {
    await this.wait(() => pattern.test(this.text));
    assert.match(this.text, pattern);
    return this.text;
  }

  /** Everything until the connection is closed. */
  async rest(): Promise<string> {
    await this.wait(() => false);
    return this.text;
  }

  /** Waits until something holds of what has come, or the connection is closed. */
  async wait(holds: () => boolean): Promise<void> {
    const came = async (): Promise<void> => {
      while (!this.closed && !holds()) await new Promise<void>((resolve) => (this.#wake = resolve));
    };
    await within(came()).catch((error: unknown) => {
      this.destroy();
      throw new Error(`so far ${JSON.stringify(this.text)}`, { cause: error });
    });
  }

  destroy(): void {
    this.socket.destroy();
  }
}

export interface Exchange {
  readonly answers: RawAnswer[];
  readonly statuses: number[];
  /** Whether the server closed the connection. */
  readonly closed: boolean;
  readonly text: string;
}

export interface ExchangeOptions {
  /** How many final answers to wait for. */
  readonly answers?: number;
  /** Waits for the server to close the connection instead. */
  readonly untilClose?: boolean;
  readonly head?: boolean;
  /** Ends the sending half after the last byte. */
  readonly end?: boolean;
}

/** Sends bytes on a connection of their own, and reads the answers. */
export async function exchange(port: number, bytes: string | Buffer, options: ExchangeOptions = {}): Promise<Exchange> {
  const { answers: expected = 1, untilClose = false, head = false, end = false } = options;
  const connection = await RawConnection.open(port, { head });
  connection.write(bytes);
  if (end) connection.socket.end();
  await connection.wait(() => !untilClose && connection.statuses.filter((status) => status >= 200).length >= expected);
  const { answers, statuses, closed, text } = connection;
  connection.destroy();
  return { answers, statuses, closed, text };
}

/** The bytes of a request up to and including the empty line. */
export function requestHead(method: string, path: string, lines: readonly Line[]): string {
  const fields = [['Host', 'localhost'], ...lines].map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
}
