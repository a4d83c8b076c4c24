import type { App } from '../app.ts';
import { CLOSE, sizeOf, type SocketEvents, type SocketTransport, type Upgrade, UPGRADE } from '../http/socket.ts';
import type { WebUpgrade } from '../http/web-socket.ts';

/** The part of Bun's `ServerWebSocket` that is used. */
export interface BunSocket {
  readonly data: unknown;
  /** Bytes that were sent; -1 if they are queued, 0 if they were dropped. */
  send(data: string | Uint8Array): number;
  ping(): unknown;
  close(code?: number, reason?: string): void;
  terminate(): void;
}

/** The part of Bun's `Server` that is used. */
export interface BunServer {
  upgrade(request: Request, options: { readonly data: unknown; readonly headers: Headers }): boolean;
  requestIP(request: Request): { readonly address: string } | null;
}

/** The argument of `Bun.serve`, and a default export for Bun. */
export interface BunHandler {
  fetch(request: Request, server: BunServer): Promise<Response | undefined>;
  readonly websocket: {
    readonly maxPayloadLength: number;
    readonly backpressureLimit: number;
    readonly idleTimeout: number;
    readonly perMessageDeflate: boolean;
    open(socket: BunSocket): void;
    message(socket: BunSocket, data: string | Uint8Array): void;
    pong(socket: BunSocket): void;
    drain(socket: BunSocket): void;
    close(socket: BunSocket, code: number, reason: string): void;
  };
}

/** One socket from handshake to close. */
class BunConnection {
  readonly upgrade: Upgrade;
  events: SocketEvents | undefined = undefined;
  /** Called once the peer accepts more. */
  #waiting: (() => void)[] = [];

  constructor(upgrade: Upgrade) {
    this.upgrade = upgrade;
  }

  open(socket: BunSocket): void {
    const transport: SocketTransport = {
      send: (data, done) => {
        if (socket.send(data) !== -1) return true;
        this.#waiting.push(done);
        return false;
      },
      ping: () => void socket.ping(),
      close: (code, reason) => socket.close(code, reason),
      terminate: () => socket.terminate(),
    };
    this.events = this.upgrade.open(transport);
  }

  drain(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}

/** Bytes of a message that Bun accepts or queues at most: the app's own limits are lower, or close with 1009. */
const MOST = 16 * 1_048_576;

/**
 * The app for Bun, with its sockets: `export default toBun(app)`, or an argument of `Bun.serve`.
 *
 * Bun cannot pause a peer: one that sends faster than it is read is closed with 1013.
 */
export function toBun(app: App): BunHandler {
  return {
    fetch: (request, server) => answer(app, request, server),
    websocket: {
      maxPayloadLength: MOST,
      backpressureLimit: MOST,
      idleTimeout: 0,
      perMessageDeflate: false,
      open: (socket) => of(socket).open(socket),
      message(socket, data) {
        const { upgrade, events } = of(socket);
        const size = sizeOf(data);
        if (size > upgrade.maxMessage) socket.close(CLOSE.tooBig, 'The message is too big');
        else events?.message(typeof data === 'string' ? data : new Uint8Array(data));
      },
      pong: (socket) => of(socket).events?.pong(),
      drain: (socket) => of(socket).drain(),
      close: (socket, code, reason) => of(socket).events?.close({ code, reason }),
    },
  };
}

function of({ data }: BunSocket): BunConnection {
  return data as BunConnection;
}

/** Undefined once the request has become a socket, as Bun requires. */
async function answer(app: App, request: Request, server: BunServer): Promise<Response | undefined> {
  let isSocket = false;
  const upgrade: WebUpgrade = (_, accepted, headers, lost) => {
    isSocket = server.upgrade(request, { data: new BunConnection(accepted), headers });
    if (!isSocket) lost();
    return new Response(null, { status: 400 });
  };
  const response = await app.fetch(request, { clientAddress: server.requestIP(request)?.address, [UPGRADE]: upgrade });
  return isSocket ? undefined : response;
}
