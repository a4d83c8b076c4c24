import type { WebUpgrade } from './web-socket.ts';

/** A message on the wire: JSON and text are text frames, bytes are binary frames. */
export type MessageKind = 'json' | 'text' | 'bytes';

/** How a socket closed: the code and the reason of RFC 6455 §7.1.5 and §7.1.6; 1006 if none were sent. */
export interface SocketClosure {
  readonly code: number;
  readonly reason: string;
}

/** An open socket, as its handler has it. */
export interface SocketConnection<Receive = unknown, Send = unknown> extends AsyncIterable<Receive> {
  /**
   * Sends one message, and resolves once the peer has accepted it, so that awaiting it provides backpressure.
   *
   * Rejects with a ResponseValidationError for a value that does not fit, and with a SocketClosedError once closed.
   */
  readonly send: (value: Send) => Promise<void>;
  /** Closes with 1000 unless another code is given; throws a RangeError for one that cannot be sent (RFC 6455 §7.4). */
  readonly close: (code?: number, reason?: string) => void;
  /** Settles once the socket has closed, and never rejects. */
  readonly closed: Promise<SocketClosure>;
}

/** One open WebSocket as a platform presents it; nothing of it throws. */
export interface SocketTransport {
  /**
   * Sends text as a string, anything else as binary; true where the peer's side has accepted it at once.
   *
   * Otherwise `done` is called once it has, or never will, and not before this has returned.
   */
  send(data: string | Uint8Array, done: (error?: unknown) => void): boolean;
  /** Sends a ping; absent on platforms that send them by themselves. */
  ping?(): void;
  /** Begins the closing handshake. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a close frame. */
  terminate(): void;
  /** Pauses and resumes reading, where the platform can. */
  pause?(): void;
  resume?(): void;
}

/** Events of a WebSocket that a platform reports. */
export interface SocketEvents {
  /** Text is a string, everything else is binary. */
  message(data: string | Uint8Array): void;
  pong(): void;
  /** Reported once. */
  close(closure: SocketClosure): void;
}

/** How an adapter opens a connection whose handshake has been accepted. */
export interface Upgrade {
  /** Bytes of one message; more closes with 1009. */
  readonly maxMessage: number;
  readonly compress: boolean;
  /** Milliseconds between pings, for a platform that sends them by itself; 0 for none. */
  readonly idle: number;
  readonly receives: MessageKind;
  readonly sends: MessageKind;
  /** How the platform makes a socket of a Web request; undefined where `fetch` alone cannot. */
  readonly platform: WebUpgrade | undefined;
  /** Called when the socket is open. */
  open(transport: SocketTransport): SocketEvents;
  /** Calls back once both the socket and its handler have ended. */
  whenOver(listener: () => void): void;
  /** Cuts the socket; its handler is not awaited. */
  giveUp(): void;
}

/**
 * The key under which an adapter passes `fetch` its function for making sockets.
 *
 * A symbol because platforms pass `fetch` objects of their own, one of which has an `upgrade`; a shared one because the
 * adapter may come from another copy of the package than the app.
 */
export const UPGRADE: unique symbol = Symbol.for('portico.upgrade');

/** Codes of RFC 6455 §7.4.1 and of its registry. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  unsupportedData: 1003,
  abnormal: 1006,
  invalidData: 1007,
  policyViolation: 1008,
  tooBig: 1009,
  internalError: 1011,
  tryAgainLater: 1013,
} as const;

/** Rejects sending on a socket that has closed or is closing. */
export class SocketClosedError extends Error {
  override readonly name: string = 'SocketClosedError';
  readonly code: number;
  readonly reason: string;

  constructor({ code, reason }: SocketClosure) {
    super(`The socket has closed with ${code}${reason === '' ? '' : `: ${reason}`}`);
    this.code = code;
    this.reason = reason;
  }
}

/** Bytes of a reason: a control frame has no more (RFC 6455 §5.5). */
const MAX_REASON = 123;
const encoder = new TextEncoder();

/** A reason that fits its frame: a longer one is cut between characters. */
export function shortReason(text: string): string {
  if (encoder.encode(text).length <= MAX_REASON) return text;
  let reason = '';
  let left = MAX_REASON - encoder.encode('…').length;
  for (const character of text) {
    left -= encoder.encode(character).length;
    if (left < 0) break;
    reason += character;
  }
  return `${reason}…`;
}

/** Throws for a code or a reason that cannot be sent (RFC 6455 §7.4.2). */
export function checkClosure(code: number, reason: string): void {
  const registered = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
  if (!Number.isInteger(code) || !(registered || (code >= 3000 && code <= 4999))) {
    throw new RangeError(`${code} is not a close code that can be sent`);
  }
  // It may be anything where types are not checked, and the connection would stay open.
  if (typeof reason !== 'string') throw new TypeError('The reason of a close is a text');
  if (encoder.encode(reason).length > MAX_REASON) {
    throw new RangeError(`The reason of a close is at most ${MAX_REASON} bytes`);
  }
}

/** Characters up to which testing a text for ASCII is faster than encoding it. */
const SHORT = 1_024;
const NOT_ASCII = /[^\0-\x7f]/;

/** Bytes of a message. */
export function sizeOf(data: string | Uint8Array): number {
  if (typeof data !== 'string') return data.byteLength;
  return data.length <= SHORT && !NOT_ASCII.test(data) ? data.length : encoder.encode(data).length;
}
