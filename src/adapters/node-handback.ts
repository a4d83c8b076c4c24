import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pairsOf } from '../http/headers.ts';

/** Takes a request that asks for an upgrade. */
export type UpgradeListener = (message: IncomingMessage, socket: Duplex, first: Buffer) => void;

/**
 * Answers a request as if it had not asked for an upgrade, which a server may ignore (RFC 9110 §7.8).
 *
 * With an 'upgrade' listener, Node detaches every such request from its connection, including those of clients that
 * offer `h2c` each time, and their bodies. So the connection starts over, with the same bytes minus the offer.
 */
export function giveBack(message: IncomingMessage, socket: Socket, first: Buffer): void {
  // Node sets it for every connection that it reads requests from.
  const { server } = socket as Socket & { readonly server: Server };
  const { method, url, httpVersion, rawHeaders } = message;
  const lines = Array.from(pairsOf(rawHeaders)).filter(([name]) => !/^upgrade$/i.test(name));
  const fields = lines.map(
    ([name, value]) => `${name}: ${name.toLowerCase() === 'connection' ? kept(value) : value}\r\n`,
  );
  const head = `${method} ${url} HTTP/${httpVersion}\r\n${fields.join('')}\r\n`;
  socket.unshift(Buffer.concat([Buffer.from(head, 'latin1'), first]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}

/** The values of a Connection header without the one that offers an upgrade. */
function kept(value: string): string {
  const options = value.split(',').map((option) => option.trim());
  return options.filter((option) => !/^(?:upgrade|http2-settings)$/i.test(option)).join(', ');
}
