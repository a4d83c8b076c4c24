import { HTTPException } from './errors.ts';
import type { Incoming } from './incoming.ts';
import { isSameOrigin } from './origin.ts';

/** The method that sockets are registered under. */
export const SOCKET = 'SOCKET';

/** Which pages may open a socket: any, those of the app's own origin, or those of the listed origins. */
export type Origins = 'any' | 'same' | ReadonlySet<string>;

/** How a socket treats what comes before it opens. */
export interface Handshake {
  /** Why a handshake is refused before any code of the app runs. */
  refusal(incoming: Incoming): HTTPException | undefined;
  /** The error of a GET that does not ask for a socket. */
  absence(): HTTPException;
}

export function handshakeFrom(origins: Origins): Handshake {
  return {
    refusal: (incoming) => handshakeFault(incoming, origins),
    absence: () => upgradeRequired('This is a WebSocket'),
  };
}

/**
 * Whether a GET asks for a WebSocket (RFC 6455 §4.2.1).
 *
 * Without the connection option an Upgrade header means nothing (RFC 9110 §7.8); some platforms keep that to themselves.
 */
export function isHandshake({ method }: { readonly method: string }, incoming: Incoming): boolean {
  if (method !== 'GET') return false;
  const upgrade = incoming.header('upgrade');
  if (upgrade === undefined || !hasMember(upgrade, WEBSOCKET) || incoming.upgrades === false) return false;
  if (incoming.upgrades === true) return true;
  const connection = incoming.header('connection');
  return connection === undefined ? incoming.passesConnection !== true : hasMember(connection, OPTION);
}

const WEBSOCKET = /^websocket$/i;
const OPTION = /^upgrade$/i;

function hasMember(list: string, member: RegExp): boolean {
  return list.split(',').some((item) => member.test(item.trim()));
}

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** RFC 6455 §4.2.2. */
function handshakeFault(incoming: Incoming, origins: Origins): HTTPException | undefined {
  if (incoming.header('sec-websocket-version') !== '13') {
    return upgradeRequired('The version of the WebSocket protocol is 13', { 'Sec-WebSocket-Version': '13' });
  }
  const key = incoming.header('sec-websocket-key');
  if (key === undefined || !KEY.test(key)) return new HTTPException(400, 'The key of the handshake is invalid');
  const origin = incoming.header('origin');
  // Browsers always send one, and other clients cannot be misused by a page.
  if (origin === undefined || origins === 'any') return undefined;
  const allowed = origins === 'same' ? isSameOrigin(origin, incoming) : origins.has(origin);
  return allowed ? undefined : new HTTPException(403, 'This origin may not connect');
}

/** A 426, which says what to upgrade to (RFC 9110 §15.5.22 and §7.8). */
function upgradeRequired(detail: string, headers: Readonly<Record<string, string>> = {}): HTTPException {
  return new HTTPException(426, detail, { headers: { Upgrade: 'websocket', Connection: 'Upgrade', ...headers } });
}
