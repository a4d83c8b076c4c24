import {
  CLOSE,
  checkClosure,
  type MessageKind,
  shortReason,
  sizeOf,
  type SocketClosure,
  SocketClosedError,
  type SocketEvents,
  type SocketTransport,
} from '../http/socket.ts';
import { ignoreRejection } from '../http/promise.ts';
import { SocketInbox } from '../http/socket-inbox.ts';
import type { Limits } from '../http/limits.ts';

/** Milliseconds a peer has to answer a close before it is cut. */
const CLOSE_TIME = 5_000;

/** One open socket: its messages in both directions, within their limits, and how it closes. */
export class SocketLink implements SocketEvents {
  readonly inbox: SocketInbox<string | Uint8Array>;
  readonly closed: Promise<SocketClosure>;
  readonly #transport: SocketTransport;
  readonly #receives: MessageKind;
  readonly #limits: Limits;
  readonly #sends = new Set<(error?: unknown) => void>();
  /** How it is being closed, once it is. */
  #closing: SocketClosure | undefined = undefined;
  #settle: (closure: SocketClosure) => void = () => {};
  #over = false;
  /** Whether a message could not be sent: the connection is lost, and will close. */
  #lost = false;
  #unsent = 0;
  #watch: ReturnType<typeof setInterval> | undefined = undefined;
  #cut: ReturnType<typeof setTimeout> | undefined = undefined;
  /** Whether something was received since the last ping. */
  #heard = true;

  constructor(transport: SocketTransport, receives: MessageKind, limits: Limits) {
    this.#transport = transport;
    this.#receives = receives;
    this.#limits = limits;
    this.inbox = new SocketInbox(transport);
    this.closed = new Promise((resolve) => (this.#settle = resolve));
    if (limits.idle > 0 && transport.ping !== undefined) this.#watch = setInterval(() => this.#ping(), limits.idle);
  }

  /** Whether it has ended, or is about to. */
  get closing(): boolean {
    return this.#closing !== undefined || this.#lost;
  }

  message(data: string | Uint8Array): void {
    this.#heard = true;
    if (this.#closing !== undefined) return;
    const isBinary = typeof data !== 'string';
    if (isBinary === (this.#receives === 'bytes')) return this.#take(data);
    this.end(CLOSE.unsupportedData, isBinary ? 'Messages are text' : 'Messages are binary');
  }

  /** A platform that cannot pause its peer would buffer whatever comes. */
  #take(data: string | Uint8Array): void {
    this.inbox.put(data, data);
    if (this.#transport.pause !== undefined) return;
    if (this.inbox.size > this.#limits.backlog + this.#limits.message) {
      this.end(CLOSE.tryAgainLater, 'Messages come faster than they are read');
    }
  }

  pong(): void {
    this.#heard = true;
  }

  close(closure: SocketClosure): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#watch);
    clearTimeout(this.#cut);
    // Messages received before the peer's own close may still be read.
    this.inbox.end(this.#closing !== undefined);
    const ended = (this.#closing ??= closure);
    for (const done of this.#sends) done(ended);
    this.#settle(ended);
  }

  /** Settles once the peer has accepted the message; a rejection that nobody awaits does not end the process. */
  send(data: string | Uint8Array): Promise<void> {
    if (this.#closing !== undefined) return refused(this.#closing);
    if (this.#unsent > 0 && this.#unsent + sizeOf(data) > this.#limits.backlog) {
      this.end(CLOSE.tryAgainLater, 'Messages are not read fast enough');
      return refused({ code: CLOSE.tryAgainLater, reason: '' });
    }
    let size = 0;
    let settle!: (error?: SocketClosedError) => void;
    const done = (error?: unknown): void => {
      if (!this.#sends.delete(done)) return;
      this.#unsent -= size;
      const failed = error !== undefined && error !== null;
      if (failed) this.#lost = true;
      settle(failed ? new SocketClosedError(this.#closing ?? ABNORMAL) : undefined);
    };
    if (this.#transport.send(data, done)) return ACCEPTED;
    size = sizeOf(data);
    this.#unsent += size;
    this.#sends.add(done);
    const sent = new Promise<void>((resolve, reject) => {
      settle = (error) => (error === undefined ? resolve() : reject(error));
    });
    ignoreRejection(sent);
    return sent;
  }

  /** Starts to close it, unless that has started; a peer that does not answer is cut. */
  end(code: number, text: string): void {
    if (this.#closing !== undefined) return;
    const reason = shortReason(text);
    this.#closing = { code, reason };
    clearInterval(this.#watch);
    this.inbox.end(true);
    this.#transport.close(code, reason);
    if (!this.#over) this.#cut = setTimeout(() => this.cut(), CLOSE_TIME);
  }

  /** The same for a user's code and reason. */
  endBy(code: number, reason: string): void {
    checkClosure(code, reason);
    this.end(code, reason);
  }

  cut(): void {
    this.#transport.terminate();
    this.close(ABNORMAL);
  }

  #ping(): void {
    // The close of a paused peer waits behind messages that nobody has read.
    if (!this.#heard && !this.inbox.held) return this.cut();
    this.#heard = false;
    this.#transport.ping?.();
  }
}

const ABNORMAL: SocketClosure = { code: CLOSE.abnormal, reason: '' };
/** One for all messages that are accepted at once. */
const ACCEPTED = Promise.resolve();

function refused(closure: SocketClosure): Promise<void> {
  const sent = Promise.reject(new SocketClosedError(closure));
  ignoreRejection(sent);
  return sent;
}
