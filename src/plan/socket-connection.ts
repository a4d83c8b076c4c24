import type { RequestValidationError } from '../http/errors.ts';
import type { Limits } from '../http/limits.ts';
import { ignoreRejection } from '../http/promise.ts';
import { CLOSE, type SocketClosure, type SocketConnection } from '../http/socket.ts';
import type { Reading, ReadMessage, WriteMessage } from './messages.ts';
import type { SocketLink } from './socket-link.ts';

export interface ConnectionParts {
  /** Undefined if messages are passed on as they are. */
  readonly read: ReadMessage | undefined;
  readonly write: WriteMessage;
  readonly onInvalid: ((error: RequestValidationError, socket: never) => unknown) | undefined;
}

type Next = IteratorResult<unknown, undefined>;

/** A link as its handler sees it: messages are read on demand, and checked in both directions. */
export class PlannedConnection implements SocketConnection {
  readonly closed: Promise<SocketClosure>;
  readonly #link: SocketLink;
  readonly #parts: ConnectionParts;
  readonly #limits: Limits;
  /** Messages are sent in the order of `send` calls, even if checking one takes time. */
  #last: Promise<unknown> | undefined = undefined;

  constructor(link: SocketLink, parts: ConnectionParts, limits: Limits) {
    this.#link = link;
    this.#parts = parts;
    this.#limits = limits;
    this.closed = link.closed;
  }

  readonly send = (value: unknown): Promise<void> => {
    try {
      const data = this.#parts.write(value);
      if (this.#last === undefined && !(data instanceof Promise)) return this.#link.send(data);
      return unheard(this.#sendInTurn(data));
    } catch (error) {
      return unheard(rejection(error));
    }
  };

  readonly close = (code: number = CLOSE.normal, reason: string = ''): void => this.#link.endBy(code, reason);

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    // Leaving a loop does not close the socket: another loop may follow.
    return { next: () => this.#next() };
  }

  async #sendInTurn(data: ReturnType<WriteMessage>): Promise<void> {
    const turn = Promise.all([data, this.#last]);
    const settled = Promise.allSettled([turn]);
    this.#last = settled;
    const [written] = await turn;
    if (this.#last === settled) this.#last = undefined;
    return this.#link.send(written);
  }

  #next(): Promise<Next> {
    const next = this.#link.inbox.next();
    const { read } = this.#parts;
    return read === undefined ? next : next.then((one) => this.#read(one, read));
  }

  #read(next: IteratorResult<string | Uint8Array, undefined>, read: ReadMessage): Next | Promise<Next> {
    if (next.done === true) return next;
    const reading = read(next.value, this.#limits);
    return reading instanceof Promise ? reading.then((settled) => this.#pass(settled)) : this.#pass(reading);
  }

  #pass(reading: Reading): Next | Promise<Next> {
    if ('value' in reading) return { done: false, value: reading.value };
    return this.#refuse(reading.error).then(() => this.#next());
  }

  async #refuse(error: RequestValidationError): Promise<void> {
    const { onInvalid } = this.#parts;
    if (onInvalid !== undefined) {
      await onInvalid(error, this as never);
      return;
    }
    const [first] = error.issues;
    const place = first?.loc.slice(1).join('.') ?? '';
    this.#link.end(CLOSE.invalidData, `${place === '' ? '' : `${place}: `}${first?.msg ?? 'The message is invalid'}`);
  }
}

/** A send that nobody awaits must not end the process: that the socket is closed is also visible elsewhere. */
function unheard(sent: Promise<void>): Promise<void> {
  ignoreRejection(sent);
  return sent;
}

async function rejection(error: unknown): Promise<never> {
  throw error;
}
