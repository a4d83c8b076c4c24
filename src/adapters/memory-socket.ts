import type { App } from '../app.ts';
import {
  CLOSE,
  checkClosure,
  type MessageKind,
  sizeOf,
  type SocketClosure,
  SocketClosedError,
  type SocketEvents,
  type SocketTransport,
  type Upgrade,
  UPGRADE,
} from '../http/socket.ts';
import { SocketInbox } from '../http/socket-inbox.ts';
import type { WebUpgrade } from '../http/web-socket.ts';

/** The client's end of an in-memory socket. */
export interface TestSocket<Receive = unknown, Send = unknown> extends AsyncIterable<Receive>, AsyncDisposable {
  /**
   * Sends a message as the socket declares it: a value as JSON, text, or a `Uint8Array`, which is always sent as bytes.
   */
  send(value: Send | Uint8Array): Promise<void>;
  /** Closes with 1000 unless another code is given. */
  close(code?: number, reason?: string): void;
  /** How it closed: the code and the reason of whoever closed it. */
  readonly closed: Promise<SocketClosure>;
}

export interface ConnectOptions {
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[] | Headers;
}

/** Rejects `connect` if the handshake is refused. */
export class ConnectError extends Error {
  override readonly name: string = 'ConnectError';
  /** The refusing response. */
  readonly response: Response;

  constructor(path: string, response: Response) {
    super(`The socket ${path} was refused with ${response.status}`);
    this.response = response;
  }
}

/**
 * Opens a socket of an app in memory; rejects with a ConnectError, which has the response, if it is refused.
 *
 * `Receive` and `Send` are the types that the test assumes; nothing checks them here.
 */
export async function connect<Receive = unknown, Send = unknown>(
  app: App,
  path: string,
  { headers }: ConnectOptions = {},
): Promise<TestSocket<Receive, Send>> {
  const fields = new Headers(headers as Headers | undefined);
  const own = { host: 'localhost', upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' };
  for (const [name, value] of Object.entries({ ...own, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' })) {
    if (!fields.has(name)) fields.set(name, value);
  }
  let peer: TestSocket | undefined;
  const upgrade: WebUpgrade = (_, accepted) => {
    peer = new Peer(accepted);
    return new Response();
  };
  const response = await app.fetch(new Request(`http://localhost${path}`, { headers: fields }), { [UPGRADE]: upgrade });
  if (peer === undefined) throw new ConnectError(path, response);
  return peer as TestSocket<Receive, Send>;
}

/** What is delivered to an end, at once unless that end is not read. */
class Deliveries {
  #held = false;
  readonly #waiting: (() => void)[] = [];

  add(deliver: () => void): void {
    if (this.#held) this.#waiting.push(deliver);
    else deliver();
  }

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const deliver of this.#waiting.splice(0)) deliver();
  }
}

/** Both ends: the other one receives messages in a later turn, as from a network. */
class Peer implements TestSocket {
  readonly closed: Promise<SocketClosure>;
  readonly #receives: MessageKind;
  readonly #sends: MessageKind;
  readonly #maxMessage: number;
  readonly #inbox: SocketInbox<unknown>;
  readonly #server: SocketEvents;
  readonly #toClient = new Deliveries();
  readonly #toServer = new Deliveries();
  #closing: SocketClosure | undefined = undefined;
  #settle: (closure: SocketClosure) => void = () => {};

  constructor(upgrade: Upgrade) {
    this.#receives = upgrade.sends;
    this.#sends = upgrade.receives;
    this.#maxMessage = upgrade.maxMessage;
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    this.#inbox = new SocketInbox({
      pause: () => this.#toClient.hold(),
      resume: () => this.#toClient.release(),
    });
    this.#server = upgrade.open(this.#transport());
  }

  async send(value: unknown): Promise<void> {
    if (this.#closing !== undefined) throw new SocketClosedError(this.#closing);
    const data =
      value instanceof Uint8Array || (typeof value === 'string' && this.#sends !== 'json')
        ? value
        : JSON.stringify(value);
    await Promise.resolve();
    if (sizeOf(data) > this.#maxMessage) return this.#end({ code: CLOSE.tooBig, reason: '' });
    await new Promise<void>((resolve) => {
      this.#toServer.add(() => {
        this.#server.message(data);
        resolve();
      });
    });
  }

  close(code: number = CLOSE.normal, reason: string = ''): void {
    checkClosure(code, reason);
    queueMicrotask(() => {
      this.#toServer.release();
      this.#end({ code, reason });
    });
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    return { next: () => this.#inbox.next() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }

  #transport(): SocketTransport {
    return {
      send: (data, done) => {
        queueMicrotask(() => {
          this.#toClient.add(() => {
            this.#inbox.put(this.#receives === 'json' ? JSON.parse(data as string) : data, data);
            done(this.#closing);
          });
        });
        return false;
      },
      close: (code, reason) => queueMicrotask(() => this.#end({ code, reason })),
      terminate: () => this.#end({ code: CLOSE.abnormal, reason: '' }),
      pause: () => this.#toServer.hold(),
      resume: () => this.#toServer.release(),
    };
  }

  #end(closure: SocketClosure): void {
    if (this.#closing !== undefined) return;
    this.#closing = closure;
    this.#toClient.release();
    this.#inbox.end(false);
    this.#server.close(closure);
    this.#settle(closure);
  }
}
