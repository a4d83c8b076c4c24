import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';

export interface Frame {
  readonly opcode: number;
  /** Text as UTF-8, everything else byte by byte. */
  readonly data: string;
}

export interface FrameOptions {
  readonly final?: boolean;
  /** The three reserved bits. */
  readonly rsv?: number;
  readonly masked?: boolean;
}

/** A frame as a client sends it, or should not. */
export function encodeFrame(
  opcode: number,
  payload: string | Buffer,
  { final = true, rsv = 0, masked = true }: FrameOptions = {},
): Buffer {
  const data = Buffer.from(payload as string);
  const short = data.length < 126 ? data.length : data.length < 65_536 ? 126 : 127;
  const length = Buffer.alloc(short === 126 ? 2 : short === 127 ? 8 : 0);
  if (length.length === 2) length.writeUInt16BE(data.length);
  if (length.length === 8) length.writeBigUInt64BE(BigInt(data.length));
  const start = Buffer.from([(final ? 0x80 : 0) | (rsv << 4) | opcode, (masked ? 0x80 : 0) | short]);
  if (!masked) return Buffer.concat([start, length, data]);
  const mask = Buffer.from([1, 2, 3, 4]);
  return Buffer.concat([start, length, mask, data.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

export interface OpenOptions {
  /** Nothing is read afterwards. */
  readonly deaf?: boolean;
  readonly tls?: ConnectionOptions;
}

/** The client's end of a WebSocket, frame by frame, so that every one of them may be wrong. */
export class FrameSocket {
  static readonly key = 'dGhlIHNhbXBsZSBub25jZQ==';
  readonly head: string;
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  #received: Buffer;
  #wake = (): void => {};
  #over = false;

  private constructor(socket: Socket, head: string, rest: Buffer) {
    this.#socket = socket;
    this.head = head;
    this.#received = rest;
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#over = true;
        this.#wake();
        resolve();
      });
    });
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
  }

  static async open(
    port: number,
    path: string,
    headers: Record<string, string> = {},
    { deaf = false, tls }: OpenOptions = {},
  ): Promise<FrameSocket> {
    const socket = await requested(port, path, headers, tls);
    let received = Buffer.alloc(0);
    while (!received.includes('\r\n\r\n')) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      received = Buffer.concat([received, chunk]);
    }
    const end = received.indexOf('\r\n\r\n') + 4;
    const head = received.subarray(0, end).toString('latin1');
    assert.match(head, /^HTTP\/1\.1 101 /, head);
    const opened = new FrameSocket(socket, head, received.subarray(end));
    if (deaf) socket.pause();
    return opened;
  }

  /** The whole answer to a handshake that is refused, once the server has ended the connection. */
  static async refused(port: number, path: string, headers: Record<string, string> = {}): Promise<string> {
    const socket = await requested(port, path, headers);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(socket, 'close');
    return Buffer.concat(chunks).toString();
  }

  get buffered(): number {
    return this.#socket.writableLength;
  }

  raw(bytes: Buffer): boolean {
    return this.#socket.write(bytes);
  }

  /** Sends a masked frame; false where the connection takes no more for now. */
  frame(opcode: number, payload: string | Buffer, final = true): boolean {
    return this.raw(encodeFrame(opcode, payload, { final }));
  }

  /** The next frame, which no server masks. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      assert.ok(!this.#over, 'the connection has ended');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** The code and the reason of the close frame that comes, whatever comes before it. */
  async closing(): Promise<{ code: number; reason: string }> {
    for (;;) {
      const { opcode, data } = await this.next();
      if (opcode !== 0x8) continue;
      const bytes = Buffer.from(data, 'latin1');
      return { code: bytes.length < 2 ? 1005 : bytes.readUInt16BE(), reason: bytes.subarray(2).toString() };
    }
  }

  /** Whatever comes until the connection has ended. */
  async rest(): Promise<Frame[]> {
    const frames: Frame[] = [];
    await this.ended;
    for (let frame = this.#take(); frame !== undefined; frame = this.#take()) frames.push(frame);
    return frames;
  }

  end(): void {
    this.#socket.destroy();
  }

  #take(): Frame | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const opcode = bytes.readUInt8() & 0x0f;
    const short = bytes.readUInt8(1);
    const start = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < start) return undefined;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (bytes.length < start + length) return undefined;
    this.#received = bytes.subarray(start + length);
    return { opcode, data: bytes.subarray(start, start + length).toString(opcode === 0x1 ? 'utf8' : 'latin1') };
  }
}

async function requested(
  port: number,
  path: string,
  headers: Record<string, string>,
  tls?: ConnectionOptions,
): Promise<Socket> {
  const address = { port, host: '127.0.0.1', noDelay: true };
  const socket = tls === undefined ? connect(address) : connectSecurely({ ...tls, ...address });
  socket.on('error', () => {});
  await once(socket, tls === undefined ? 'connect' : 'secureConnect');
  const fields = {
    Host: `127.0.0.1:${port}`,
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': FrameSocket.key,
    ...headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  return socket;
}
