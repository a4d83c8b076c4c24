import { HTTPException, isForClient, RequestAbandonedError } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import {
  CLOSE,
  type MessageKind,
  type SocketConnection,
  type SocketEvents,
  type SocketTransport,
  type Upgrade,
} from '../http/socket.ts';
import { type WebUpgrade, webUpgrade } from '../http/web-socket.ts';
import { PlannedConnection, type ConnectionParts } from './socket-connection.ts';
import { SocketLink } from './socket-link.ts';

export interface SessionParts extends ConnectionParts {
  readonly compress: boolean;
  readonly receives: MessageKind;
  readonly sends: MessageKind;
  /** Logs what is not meant for the client. */
  readonly report: (error: unknown, exchange: Exchange) => void;
}

/** Runs the handler and leaves handler-lifetime generators; rejects with what comes out. */
export type Handle = (connection: SocketConnection) => Promise<void>;

/** One socket from its upgrade until it closes: the handler runs while it is open. */
export class SocketSession implements Upgrade {
  readonly maxMessage: number;
  readonly compress: boolean;
  readonly idle: number;
  readonly receives: MessageKind;
  readonly sends: MessageKind;
  readonly #parts: SessionParts;
  readonly #exchange: Exchange;
  readonly #handle: Handle;
  /** The error that ended the handler, if any. */
  failure: { readonly error: unknown } | undefined = undefined;
  #link: SocketLink | undefined = undefined;
  #over: () => void = () => {};

  constructor(parts: SessionParts, exchange: Exchange, handle: Handle) {
    this.maxMessage = exchange.limits.message;
    this.compress = parts.compress;
    this.idle = exchange.limits.idle;
    this.receives = parts.receives;
    this.sends = parts.sends;
    this.#parts = parts;
    this.#exchange = exchange;
    this.#handle = handle;
  }

  get platform(): WebUpgrade | undefined {
    return webUpgrade();
  }

  whenOver(listener: () => void): void {
    this.#over = listener;
  }

  open(transport: SocketTransport): SocketEvents {
    const link = (this.#link = new SocketLink(transport, this.receives, this.#exchange.limits));
    void this.#run(link).then(() => this.#over());
    return link;
  }

  giveUp(): void {
    this.#exchange.expire(new RequestAbandonedError());
    this.#link?.cut();
  }

  /** Settles once the handler has ended and the socket has closed. */
  async #run(link: SocketLink): Promise<void> {
    const { closing, limits } = this.#exchange;
    const forget = closing.whenBegun(() => {
      link.end(CLOSE.goingAway, 'The server is about to close');
      this.#exchange.expire(new RequestAbandonedError());
    });
    const closed = this.#afterClose(link, forget);
    try {
      await this.#handle(new PlannedConnection(link, this.#parts, limits));
      link.end(CLOSE.normal, '');
    } catch (error) {
      this.failure = { error };
      this.#fail(link, error);
    }
    await closed;
  }

  async #afterClose({ closed }: SocketLink, forget: () => void): Promise<void> {
    await closed;
    forget();
    this.#exchange.expire(new RequestAbandonedError());
  }

  /** Closes according to the handler's error, and logs faults of the server's own. */
  #fail(link: SocketLink, error: unknown): void {
    const { report } = this.#parts;
    const wasOpen = !link.closing;
    const kind = kindOf(error);
    if (kind === 'refusal') link.end(CLOSE.policyViolation, reasonOf(error as HTTPException));
    else link.end(CLOSE.internalError, 'Internal error');
    if (kind === 'refusal' || kind === 'other') report(error, this.#exchange);
    // An error meant only for the client would leave a close for our own fault without an entry.
    else if (wasOpen) report(new Error('The handler of a socket failed', { cause: error }), this.#exchange);
  }
}

/** Whether an error refuses, is not to be logged, or is any other; checking a Proxy runs somebody else's code. */
function kindOf(error: unknown): 'refusal' | 'quiet' | 'other' {
  try {
    if (error instanceof HTTPException) return 'refusal';
    return isForClient(error) ? 'quiet' : 'other';
  } catch {
    return 'other';
  }
}

/** Its members may be getters that throw, or anything. */
function reasonOf(error: HTTPException): string {
  try {
    const { detail, message } = error;
    const text: unknown = typeof detail === 'string' ? detail : message;
    return typeof text === 'string' ? text : '';
  } catch {
    return '';
  }
}
