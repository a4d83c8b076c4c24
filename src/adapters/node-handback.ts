import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { pairsOf } from '../http/headers.ts';

/** Takes a request that asks for an upgrade. */
export type UpgradeListener = (message: IncomingMessage, socket: Duplex, first: Buffer) => void;

/**
 * Lets a server answer a request as if it had not asked for an upgrade, which a server is free to ignore (RFC 9110 §7.8).
 *
 * Once Node has an 'upgrade' listener it takes every such request off its connection, that of clients which offer `h2c`
 * with each request too, bodies included. So the connection begins anew, with the same bytes less the offer.
 */
export function giveBack(message: IncomingMessage, socket: Socket, first: Buffer): void {
  const { server, _httpMessage: answering } = socket as { server?: Server; _httpMessage?: unknown };
  // Answers that are under way belong to what the connection was before.
  if (answering || server === undefined) {
    socket.destroy();
    return;
  }
  const { method, url, httpVersion, rawHeaders } = message;
  const lines = Array.from(pairsOf(rawHeaders)).filter(([name]) => !/^upgrade$/i.test(name));
  const fields = lines.map(
    ([name, value]) => `${name}: ${name.toLowerCase() === 'connection' ? kept(value) : value}\r\n`,
  );
  const head = `${method} ${url} HTTP/${httpVersion}\r\n${fields.join('')}\r\n`;
  socket.unshift(Buffer.concat([Buffer.from(head, 'latin1'), first]));
  server.emit('encrypted' in socket ? 'secureConnection' : 'connection', socket);
}

/** The options of a connection without the one that offers an upgrade. */
function kept(value: string): string {
  const options = value.split(',').map((option) => option.trim());
  return options.filter((option) => !/^(?:upgrade|http2-settings)$/i.test(option)).join(', ');
}
