/** What a message is on the wire: JSON and text are frames of text, bytes are binary ones. */
export type MessageKind = 'json' | 'text' | 'bytes';

/** How a socket ended: the code and the reason of RFC 6455 §7.1.5 and §7.1.6; 1006 where none were sent. */
export interface SocketClosure {
  readonly code: number;
  readonly reason: string;
}

/** An open socket, as its handler has it. */
export interface SocketConnection<Receive = unknown, Send = unknown> extends AsyncIterable<Receive> {
  /**
   * Sends one message, and resolves once the peer's side has taken it, so that who awaits it never goes faster.
   *
   * Rejects with a ResponseValidationError for what does not fit, and with a SocketClosedError after the end.
   */
  readonly send: (value: Send) => Promise<void>;
  /** Closes with 1000 unless another code is given; throws a RangeError for one that cannot be sent (RFC 6455 §7.4). */
  readonly close: (code?: number, reason?: string) => void;
  /** Settles once the socket has closed, and never rejects. */
  readonly closed: Promise<SocketClosure>;
}

/** One open WebSocket as a platform presents it; nothing of it throws. */
export interface SocketTransport {
  /** Text is a string, everything else is binary; `done` is called once the peer's side has taken it, or never will. */
  send(data: string | Uint8Array, done: (error?: unknown) => void): void;
  /** Asks for a pong; a platform that keeps watch by itself has none. */
  ping?(): void;
  /** Begins the closing handshake. */
  close(code: number, reason: string): void;
  /** Cuts the connection without a word. */
  terminate(): void;
  /** Stops and starts reading, where the platform can. */
  pause?(): void;
  resume?(): void;
}

/** What a platform tells of a WebSocket. */
export interface SocketEvents {
  /** Text is a string, everything else is binary. */
  message(data: string | Uint8Array): void;
  pong(): void;
  /** Told once. */
  close(closure: SocketClosure): void;
}

/** What an adapter makes of a connection whose handshake has been accepted. */
export interface Upgrade {
  /** Bytes of one message; more closes with 1009. */
  readonly maxMessage: number;
  readonly compress: boolean;
  /** Milliseconds between pings, for a platform that sends them by itself; 0 for none. */
  readonly idle: number;
  readonly receives: MessageKind;
  readonly sends: MessageKind;
  /** To be called when the socket is open. */
  open(transport: SocketTransport): SocketEvents;
  /** Calls back once both the socket and its handler have ended. */
  whenOver(listener: () => void): void;
  /** Cuts the socket; its handler is left to itself. */
  giveUp(): void;
}

/**
 * The key under which an adapter gives `fetch` its way to make sockets.
 *
 * Platforms call `fetch` with objects of their own, one of which has an `upgrade`. The adapter may be of another copy of
 * the package than the app.
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

/** What sending on a socket that has ended, or is about to, rejects with. */
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

/** A reason that fits its frame: longer ones are cut between characters. */
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

/** Throws a RangeError for a code or a reason that cannot be sent (RFC 6455 §7.4.2). */
export function checkClosure(code: number, reason: string): void {
  const registered = code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
  if (!Number.isInteger(code) || !(registered || (code >= 3000 && code <= 4999))) {
    throw new RangeError(`${code} is not a close code that can be sent`);
  }
  if (encoder.encode(reason).length > MAX_REASON) {
    throw new RangeError(`The reason of a close is at most ${MAX_REASON} bytes`);
  }
}

/** Bytes of a message. */
export function sizeOf(data: string | Uint8Array): number {
  // No text has fewer bytes than characters, and none more than three for each.
  return typeof data === 'string' ? encoder.encode(data).length : data.byteLength;
}
