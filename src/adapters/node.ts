import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { ServerOptions as SecureOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { App } from '../app.ts';
import { discard } from '../http/body-source.ts';
import { HTTPException } from '../http/errors.ts';
import { attempt, type Logger } from '../http/log.ts';
import type { Reply } from '../http/reply.ts';
import { enqueue, lingerAtEnd, refuseBytes, refuseDetached } from './node-connection.ts';
import type { UpgradeListener } from './node-handback.ts';
import { type HeadWriter, headWriterFor } from './node-head.ts';
import { NodeIncoming } from './node-incoming.ts';
import { send } from './node-send.ts';
import { checkOptions, listen, proxyCount, Shutdown } from './node-server.ts';
import { asksForSocket, openSockets, warningOfUpgrades } from './node-socket.ts';
import { type Head, readHead } from './node-target.ts';

export type { UpgradeListener } from './node-handback.ts';

export interface ListenerOptions {
  /** How many proxies in front add to `X-Forwarded-For`; `true` is one. None is trusted unless set. */
  readonly trustProxy?: boolean | number;
}

export interface ServeOptions extends ListenerOptions {
  /** 8000 unless set; 0 picks a free port. */
  readonly port?: number;
  /** `127.0.0.1` unless set. */
  readonly host?: string;
  readonly tls?: SecureOptions;
  /** Node's own limits of the same names; times in milliseconds. */
  readonly limits?: {
    readonly headersTimeout?: number;
    readonly requestTimeout?: number;
    readonly keepAliveTimeout?: number;
    readonly connectionsCheckingInterval?: number;
    readonly maxHeaderSize?: number;
    readonly maxConnections?: number;
  };
  /** Milliseconds to answer requests in flight when the server is closed, 10 000 unless set. */
  readonly shutdownTimeout?: number;
  /**
   * Writes response heads instead of Node: less CPU for each, but tools that patch `writeHead` see no call.
   *
   * Off unless set, and if this version of Node would send anything different.
   */
  readonly fastWrite?: boolean;
  readonly logger?: Logger;
}

/** A running server. */
export interface Served {
  readonly url: string;
  readonly port: number;
  /** Answers requests in flight, then closes the app; may be called again. */
  close(): Promise<void>;
}

/** The app as a listener of a `node:http` server; warns if that gets a request before a listener that opens sockets. */
export function toNodeListener(app: App, options: ListenerOptions = {}): RequestListener {
  return warningOfUpgrades(app, listenerOf(app, options, { closing: false }));
}

/**
 * The sockets of the app as a listener of the 'upgrade' event of a `node:http` server.
 *
 * A request that asks to be upgraded to anything else goes on without it, as a server may have it (RFC 9110 §7.8).
 * Rejects where the package `ws` is not installed.
 */
export async function toNodeUpgradeListener(app: App, options: ListenerOptions = {}): Promise<UpgradeListener> {
  return (await openSockets(app, proxyCount(options.trustProxy))).take;
}

/** Stands in for a refused head, of which nothing may be used. */
const REFUSED: Head = { target: '/', length: 0, chunked: false };

interface State {
  /** Whether it is about to close, and tells its clients. */
  closing: boolean;
  /** Writes response heads, if Node does not. */
  heads?: HeadWriter | undefined;
}

function listenerOf(
  app: App,
  { trustProxy }: ListenerOptions,
  state: State,
): (message: IncomingMessage, response: ServerResponse, continues?: boolean) => void {
  const trustedProxies = proxyCount(trustProxy);
  /** Connections that are about to end: nothing that follows on them may be processed (RFC 9112 §9.6). */
  const ending = new Set<Socket>();
  const end = (reply: Reply, response: ServerResponse): void => {
    const { socket } = response.req;
    ending.add(socket);
    socket.once('close', () => ending.delete(socket));
    lingerAtEnd(socket);
    send(reply, response, true);
  };
  const answer = (reply: Reply, incoming: NodeIncoming): void => {
    const { response } = incoming;
    try {
      if (state.closing || incoming.unread) end(reply, response);
      else send(reply, response, false, state.heads);
    } catch (error) {
      void discard(reply.body);
      end({ ...app.refuse(error, incoming), after: reply.after }, response);
    }
  };
  function handle(message: IncomingMessage, response: ServerResponse, continues: boolean): void {
    if (ending.size > 0 && ending.has(message.socket)) return;
    const head = readHead(message);
    if (typeof head === 'number') {
      const refused = new NodeIncoming(message, response, REFUSED, false, trustedProxies);
      end(app.refuse(new HTTPException(head), refused), response);
      return;
    }
    const incoming = new NodeIncoming(message, response, head, continues, trustedProxies);
    app.handle(incoming, answer);
  }
  return function take(message, response, continues = false) {
    if (response.socket === null) enqueue(response, () => handle(message, response, continues));
    else handle(message, response, continues);
  };
}

/**
 * Serves an app over HTTP until it is closed or the process gets SIGTERM or SIGINT.
 *
 * App-lifetime dependencies are made before it listens. Rejects if that fails, if it cannot listen on the address, and
 * for invalid options; whatever was made for the app is then closed.
 */
export async function serve(app: App, options: ServeOptions = {}): Promise<Served> {
  const { port = 8000, host = '127.0.0.1', tls, shutdownTimeout = 10_000, logger = console } = options;
  checkOptions(port, host, shutdownTimeout);
  const state: State = { closing: false };
  const server = await createServerFor(app, options, state, logger);
  const hasSockets = app.operations.some(({ socket }) => socket !== undefined);
  const sockets = hasSockets ? await openSockets(app, proxyCount(options.trustProxy)) : undefined;
  if (sockets !== undefined) server.on('upgrade', sockets.take);
  const shutdown = new Shutdown(server, app, shutdownTimeout, logger, sockets);
  let address: AddressInfo;
  try {
    await app.start();
    address = await listen(server, port, host, logger);
  } catch (error) {
    await app.close();
    throw error;
  }
  const url = `${tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
  const docs = app.docsPath === undefined ? '' : `, documented at ${url}${app.docsPath}`;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    state.closing = true;
    app.drain();
    return (closed ??= shutdown.run().finally(() => {
      process.off('SIGTERM', exit);
      process.off('SIGINT', exit);
    }));
  };
  const exit = (): void => void close().then(() => process.exit(0));
  // Before others read that it serves. A terminal and npm both pass Ctrl-C on: the second time changes nothing.
  process.on('SIGTERM', exit);
  process.on('SIGINT', exit);
  attempt(() => logger.info(`Serving on ${url}${docs}`));
  return { url, port: address.port, close };
}

async function createServerFor(app: App, options: ServeOptions, state: State, logger: Logger): Promise<Server> {
  const { tls, limits: { maxConnections, ...timeouts } = {} } = options;
  const listener = listenerOf(app, options, state);
  // Saves the events of an absent body, which is worth 7 % of a GET; not supported by Node 20 and 22.
  const settings = {
    ...timeouts,
    optimizeEmptyRequests: true,
    // Node would answer by itself, and go on to process what follows.
    requireHostHeader: false,
    /* c8 ignore next 2 -- Node 24 and later ask; earlier versions need other requests than for a socket given back */
    shouldUpgradeCallback: (message: IncomingMessage): boolean =>
      server.listenerCount('upgrade') > 0 && asksForSocket(message),
  };
  /* c8 ignore next 4 -- tsx adds a branch to import() */
  const server: Server =
    tls === undefined
      ? createServer(settings, listener)
      : (await import('node:https')).createServer({ ...settings, ...tls }, listener);
  // Node silently drops headers over this count; the size of all headers bounds them instead.
  server.maxHeadersCount = 0;
  if (maxConnections !== undefined) server.maxConnections = maxConnections;
  if (options.fastWrite === true) {
    state.heads = headWriterFor(server.keepAliveTimeout);
    if (state.heads === undefined)
      attempt(() => logger.warn('fastWrite is off: this version of Node.js writes response heads differently'));
  }
  const continues: RequestListener = (message, response) => listener(message, response, true);
  server.on('checkContinue', continues).on('checkExpectation', listener);
  // Node would drop the connection with its pending responses.
  server.on('connect', (_, socket) => refuseDetached(socket as Socket, 501));
  server.on('clientError', (error, socket) => refuseBytes(error, socket as Socket));
  return server;
}
