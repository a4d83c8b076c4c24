import type { RequestValidationError } from '../http/errors.ts';
import type { Limits } from '../http/limits.ts';
import { CLOSE, type SocketClosure, type SocketConnection } from '../http/socket.ts';
import type { ReadMessage, WriteMessage } from './messages.ts';
import type { SocketLink } from './socket-link.ts';

export interface ConnectionParts {
  readonly read: ReadMessage;
  readonly write: WriteMessage;
  readonly onInvalid: ((error: RequestValidationError, socket: never) => unknown) | undefined;
}

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
    const sent = this.#send(value);
    // An unawaited rejection must not end the process; that the socket has closed shows elsewhere too.
    sent.catch(() => {});
    return sent;
  };

  readonly close = (code: number = CLOSE.normal, reason: string = ''): void => this.#link.endBy(code, reason);

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    // Leaving a loop does not close the socket: another loop may follow.
    return { next: () => this.#next() };
  }

  async #send(value: unknown): Promise<void> {
    const before = this.#last;
    const data = this.#parts.write(value);
    if (before === undefined && !(data instanceof Promise)) return this.#link.send(data);
    const turn = Promise.all([data, before]);
    const settled = Promise.allSettled([turn]);
    this.#last = settled;
    const [written] = await turn;
    if (this.#last === settled) this.#last = undefined;
    return this.#link.send(written);
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    for (;;) {
      const next = await this.#link.inbox.next();
      if (next.done === true) return next;
      const reading = await this.#parts.read(next.value, this.#limits);
      if ('value' in reading) return { done: false, value: reading.value };
      await this.#refuse(reading.error);
    }
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
