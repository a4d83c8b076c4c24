import { CLOSE, sizeOf, type SocketEvents, type SocketTransport, type Upgrade } from './socket.ts';

/** The part of a platform's WebSocket that is used. */
interface PlatformSocket {
  binaryType?: string;
  /** Bytes waiting to be sent; some platforms do not report them. */
  readonly bufferedAmount?: number;
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  addEventListener(type: string, listener: (event: never) => void): void;
}

/** What platforms define on the global object. */
interface Platform {
  /** https://docs.deno.com/api/deno/~/Deno.upgradeWebSocket */
  readonly Deno?: {
    readonly upgradeWebSocket?: (
      request: Request,
      options: { readonly idleTimeout: number },
    ) => { readonly socket: PlatformSocket; readonly response: Response };
  };
  /** https://developers.cloudflare.com/workers/runtime-apis/websockets/ */
  readonly WebSocketPair?: new () => { readonly 0: unknown; readonly 1: PlatformSocket & { accept(): void } };
}

/** Upgrades a request to a socket, and returns the response that says so; `lost` is called if it never opens. */
export type WebUpgrade = (request: Request, upgrade: Upgrade, headers: Headers, lost: () => void) => Response;

/** The upgrade function of this platform; undefined where `fetch` alone cannot make sockets. */
export function webUpgrade(): WebUpgrade | undefined {
  const { Deno, WebSocketPair } = globalThis as Platform;
  if (Deno?.upgradeWebSocket !== undefined) return upgradeOnDeno(Deno.upgradeWebSocket);
  return WebSocketPair === undefined ? undefined : upgradeOnWorkers(WebSocketPair);
}

/** The platform sends the pings; there is no place for other headers. */
function upgradeOnDeno(upgradeWebSocket: NonNullable<NonNullable<Platform['Deno']>['upgradeWebSocket']>): WebUpgrade {
  return (request, upgrade, _, lost) => {
    const { socket, response } = upgradeWebSocket(request, { idleTimeout: Math.ceil(upgrade.idle / 1000) });
    let isOpen = false;
    socket.addEventListener('open', () => {
      isOpen = true;
      adopt(socket, upgrade);
    });
    socket.addEventListener('close', () => {
      if (!isOpen) lost();
    });
    return response;
  };
}

function upgradeOnWorkers(WebSocketPair: NonNullable<Platform['WebSocketPair']>): WebUpgrade {
  return (_, upgrade, headers) => {
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    adopt(server, upgrade);
    // The platform's own member, by which it knows what to connect the client with.
    return new Response(null, { status: 101, headers, webSocket: client } as ResponseInit);
  };
}

/** Bytes that may wait before senders do, and milliseconds between checks: no event reports when they drain. */
const HIGH = 65_536;
const LOOK = 10;

function adopt(socket: PlatformSocket, upgrade: Upgrade): void {
  socket.binaryType = 'arraybuffer';
  let isOver = false;
  const events: SocketEvents = upgrade.open(transportOf(socket, () => end(CLOSE.abnormal, '')));
  function end(code: number, reason: string): void {
    if (isOver) return;
    isOver = true;
    events.close({ code, reason });
  }
  socket.addEventListener('message', ({ data }: { readonly data: string | ArrayBuffer }) => {
    const message = typeof data === 'string' ? data : new Uint8Array(data);
    if (sizeOf(message) <= upgrade.maxMessage) events.message(message);
    else close(socket, CLOSE.tooBig, 'The message is too big');
  });
  socket.addEventListener('close', ({ code = CLOSE.abnormal, reason = '' }: { code?: number; reason?: string }) => {
    // Some platforms leave replying to a close to their users.
    close(socket, code, reason);
    end(code, reason);
  });
  socket.addEventListener('error', () => end(CLOSE.abnormal, ''));
}

function transportOf(socket: PlatformSocket, end: () => void): SocketTransport {
  return {
    send(data, done) {
      try {
        socket.send(data);
      } catch (error) {
        queueMicrotask(() => done(error));
        return false;
      }
      const look = (): void => {
        if (hasRoom(socket)) done();
        else setTimeout(look, LOOK);
      };
      if (hasRoom(socket)) return true;
      setTimeout(look, LOOK);
      return false;
    },
    close: (code, reason) => close(socket, code, reason),
    terminate() {
      close(socket, CLOSE.goingAway, '');
      end();
    },
  };
}

function hasRoom({ bufferedAmount = 0 }: PlatformSocket): boolean {
  return bufferedAmount <= HIGH;
}

/** A socket that is already closed, or a code that this platform reserves, is no reason to fail. */
function close(socket: PlatformSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    try {
      socket.close();
    } catch {
      return;
    }
  }
}
