import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { WebSocketServer } from 'ws';
import type { App } from '../app.ts';
import { discard } from '../http/body-source.ts';
import { HTTPException } from '../http/errors.ts';
import { isHandshake } from '../http/handshake.ts';
import { pairsOf } from '../http/headers.ts';
import type { Reply } from '../http/reply.ts';
import type { Upgrade } from '../http/socket.ts';
import { pendingOn, refuseDetached } from './node-connection.ts';
import { giveBack, type UpgradeListener } from './node-handback.ts';
import { NodeIncoming } from './node-incoming.ts';
import { send } from './node-send.ts';
import { type Head, readHead } from './node-target.ts';
import { adopt } from './node-transport.ts';

/** Stands in for a refused head, of which nothing may be used. */
const REFUSED: Head = { target: '/', length: 0, chunked: false };
/** Milliseconds a peer has to answer a close that its own bytes caused. */
const CLOSE_TIME = 5_000;
/** Headers that concern a body, or that the handshake sets itself. */
const NOT_OF_A_HANDSHAKE = /^(?:content-|transfer-|connection$|upgrade$|sec-websocket-)/i;

/** A request that may become a socket; it already owns the connection. */
class NodeUpgrade extends NodeIncoming {
  readonly message: IncomingMessage;
  readonly socket: Socket;
  /** The bytes after the head. */
  readonly first: Buffer;

  constructor(message: IncomingMessage, socket: Socket, first: Buffer, head: Head, trustedProxies: number) {
    super(message, responseOn(message, socket), head, false, trustedProxies);
    this.message = message;
    this.socket = socket;
    this.first = first;
  }

  override get upgrades(): boolean {
    return true;
  }
}

/** The sockets of one server. */
export class NodeSockets {
  readonly #app: App;
  readonly #WebSocketServer: typeof WebSocketServer;
  readonly #trustedProxies: number;
  /** One for each combination of message limits. */
  readonly #servers = new Map<string, WebSocketServer>();
  readonly #open = new Set<Socket>();
  /** Headers of the handshake in progress. */
  #headers: readonly string[] = [];

  constructor(app: App, Server: typeof WebSocketServer, trustedProxies: number) {
    this.#app = app;
    this.#WebSocketServer = Server;
    this.#trustedProxies = trustedProxies;
  }

  /** Cuts the rest: for Node, these connections no longer belong to the server. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  readonly take: UpgradeListener = (message, stream, first) => {
    const socket = stream as Socket;
    const asks = asksForSocket(message);
    // The connection still belongs to them, and a client has no reason not to wait. Without an answer, a client may
    // send the request that could do without the upgrade again.
    if (pendingOn(socket).length > 0) refuseDetached(socket, asks ? 400 : undefined);
    else if (asks) this.#handle(message, socket, first);
    else giveBack(message, socket, first);
  };

  #handle(message: IncomingMessage, socket: Socket, first: Buffer): void {
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    // A client that resets the connection has disconnected, which its close reports.
    socket.on('error', () => {});
    const head = readHead(message);
    const known = typeof head === 'number' ? REFUSED : head;
    const incoming = new NodeUpgrade(message, socket, first, known, this.#trustedProxies);
    if (typeof head === 'number') this.#send(this.#app.refuse(new HTTPException(head), incoming), incoming);
    else this.#app.handle(incoming, (reply) => this.#answer(reply, incoming));
  }

  #answer(reply: Reply, incoming: NodeUpgrade): void {
    try {
      if (reply.upgrade === undefined) this.#send(reply, incoming);
      else this.#upgrade(reply, reply.upgrade, incoming);
    } catch (error) {
      void discard(reply.body);
      this.#send({ ...this.#app.refuse(error, incoming), after: reply.after }, incoming);
    }
  }

  #send(reply: Reply, { response, socket }: NodeUpgrade): void {
    response.once('finish', () => socket.destroySoon());
    send(reply, response, true);
  }

  #upgrade({ headers, after }: Reply, upgrade: Upgrade, { message, socket, first, response }: NodeUpgrade): void {
    response.detachSocket(socket);
    // A client may offer several protocols, of which `ws` would refuse a list.
    message.headers.upgrade = 'websocket';
    this.#headers = headers;
    let isOpen = false;
    this.#serverFor(upgrade).handleUpgrade(message, socket, first, (webSocket) => {
      isOpen = true;
      adopt(webSocket, upgrade);
    });
    this.#headers = [];
    if (isOpen) return;
    if (socket.destroyed) return void after?.();
    response.assignSocket(socket);
    throw new HTTPException(400, 'The handshake is invalid');
  }

  #serverFor({ maxMessage, compress }: Upgrade): WebSocketServer {
    const key = `${maxMessage} ${compress}`;
    const known = this.#servers.get(key);
    if (known !== undefined) return known;
    const settings = { noServer: true, clientTracking: false, closeTimeout: CLOSE_TIME };
    const server = new this.#WebSocketServer({
      ...settings,
      maxPayload: maxMessage,
      perMessageDeflate: compress,
      handleProtocols: () => false,
    });
    // It would answer by itself what it refuses.
    server.on('wsClientError', () => {});
    server.on('headers', (lines) => {
      for (const [name, value] of pairsOf(this.#headers)) {
        if (!NOT_OF_A_HANDSHAKE.test(name)) lines.push(`${name}: ${value}`);
      }
    });
    this.#servers.set(key, server);
    return server;
  }
}

/** Makes sockets of the upgrades that servers are asked for; rejects where `ws` is not installed. */
export async function openSockets(app: App, trustedProxies: number): Promise<NodeSockets> {
  return new NodeSockets(app, await loadServer(), trustedProxies);
}

/**
 * Whether a requested upgrade is one to a socket: a server may ignore all others, and has to ignore those of HTTP/1.0
 * (RFC 9110 §7.8).
 */
export function asksForSocket({ method = '', headers, httpVersion }: IncomingMessage): boolean {
  return isHandshake({ method }, { upgrades: httpVersion !== '1.0', header: () => headers.upgrade } as never);
}

/** A listener that warns at the first request: one for upgrades may be added until then. */
export function warningOfUpgrades(app: App, listener: RequestListener): RequestListener {
  let isFirst = true;
  return function take(message, response) {
    if (isFirst) {
      isFirst = false;
      const { server } = message.socket as { server?: Server };
      const text = 'this server has no listener for upgrades, such as toNodeUpgradeListener() gives';
      if (server?.listenerCount('upgrade') === 0) app.warnOfSockets(text);
    }
    listener(message, response);
  };
}

async function loadServer(): Promise<typeof WebSocketServer> {
  try {
    /* c8 ignore next -- tsx adds a branch to import() */
    return (await import('ws')).WebSocketServer;
    /* c8 ignore start -- tested on the built package, without ws */
  } catch (error) {
    throw new Error('@Socket needs the package ws on Node.js: npm install ws', { cause: error });
  }
  /* c8 ignore stop */
}

/** Node has detached its own response from the connection: creates another for requests that do not become a socket. */
function responseOn(message: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  socket.on('drain', () => response.emit('drain'));
  return response;
}
