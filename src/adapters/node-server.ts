import { setMaxListeners } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { App } from '../app.ts';
import { attempt, type Logger, printable } from '../http/log.ts';
import type { NodeSockets } from './node-socket.ts';

/** Options that Node would misread: a port given as text is the name of a pipe, and no host means every one. */
export function checkOptions(port: unknown, host: unknown, shutdownTimeout: unknown): void {
  if (!Number.isInteger(port) || (port as number) < 0 || (port as number) > 65_535) {
    throw new RangeError(`Cannot listen on port ${shown(port)}: a port is an integer from 0 to 65535`);
  }
  if (typeof host !== 'string' || host === '') {
    throw new TypeError(`Cannot listen on host ${shown(host)}: a host is a name or an address`);
  }
  // A longer timer would fire at once.
  if (!(typeof shutdownTimeout === 'number' && shutdownTimeout >= 0 && shutdownTimeout < 2 ** 31)) {
    throw new RangeError(`shutdownTimeout is milliseconds from 0 to 2147483647, and not ${shown(shutdownTimeout)}`);
  }
}

/** How many proxies are trusted. */
export function proxyCount(trustProxy: boolean | number = 0): number {
  const count = Number(trustProxy);
  if (Number.isInteger(count) && count >= 0) return count;
  throw new RangeError(`trustProxy is a count of proxies, and not ${shown(trustProxy)}`);
}

/** An option as it appears in an error. */
function shown(value: unknown): string {
  return typeof value === 'string' ? `'${printable(value)}'` : String(value);
}

/** Listens; rejects with the reason if it cannot. Later errors of the server are logged. */
export function listen(server: Server, port: number, host: string, logger: Logger): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      const reason = error.code === 'EADDRINUSE' ? 'the port is taken' : error.message;
      reject(new Error(`Cannot listen on ${host}:${port}: ${reason}`, { cause: error }));
    };
    server.once('error', refuse);
    server.listen(port, host, () => {
      server
        .off('error', refuse)
        .on('error', (error) => attempt(() => logger.error(`The server failed: ${String(error)}`)));
      resolve(server.address() as AddressInfo);
    });
  });
}

/** A listening server, and how it is shut down. */
export class Shutdown {
  readonly #server: Server;
  readonly #app: App;
  readonly #timeout: number;
  readonly #logger: Logger;
  readonly #sockets: NodeSockets | undefined;
  /** Connections without any bytes yet, which Node considers busy with their first request. */
  readonly #silent = new Set<Socket>();

  /** `timeout` is the milliseconds that the whole shutdown may take. */
  constructor(server: Server, app: App, timeout: number, logger: Logger, sockets?: NodeSockets) {
    this.#sockets = sockets;
    this.#server = server;
    this.#app = app;
    this.#timeout = timeout;
    this.#logger = logger;
    // One signal for all requests, any number of which may listen.
    setMaxListeners(0, app.closing);
    server.on('connection', (socket: Socket) => {
      // It may be given back to the server any number of times.
      if (socket.bytesRead > 0) return;
      this.#silent.add(socket);
      socket.once('close', () => this.#silent.delete(socket));
    });
  }

  /** Resolves when everything has ended in order; after the time limit, the rest is cut and abandoned. */
  async run(): Promise<void> {
    let late: (() => void) | undefined;
    const given = new Promise<void>((resolve) => (late = resolve));
    const cut = setTimeout(() => this.#cut(late), this.#timeout);
    await Promise.race([this.#end(), given]);
    clearTimeout(cut);
  }

  async #end(): Promise<void> {
    const end = Date.now() + this.#timeout;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#closeIdle();
    // A connection whose response started before closing was announced turns idle later.
    const idle = setInterval(() => this.#closeIdle(), 50);
    await closed;
    clearInterval(idle);
    await this.#app.closeWithin(Math.max(0, end - Date.now()));
  }

  #closeIdle(): void {
    this.#server.closeIdleConnections();
    for (const socket of this.#silent) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  }

  #cut(late?: () => void): void {
    attempt(() => this.#logger.warn(`Not everything ended within ${this.#timeout} ms; cutting the rest`));
    this.#server.closeAllConnections();
    this.#sockets?.cut();
    setTimeout(() => late?.(), GRACE);
  }
}

/** Milliseconds for cleanups of requests that were cut, and for those of the app. */
const GRACE = 900;
