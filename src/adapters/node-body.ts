import { AsyncResource } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { BODY_TAKEN, FrameworkError, HTTPException, RequestAbandonedError } from '../http/errors.ts';
import { Later } from '../http/promise.ts';
import type { Pieces } from '../http/request-body.ts';

const EMPTY = new Uint8Array();

type Piece = IteratorResult<Uint8Array, undefined>;

/** The body of a `node:http` request: read as a whole, or in pieces. */
export class NodeBody {
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  /** Whether the client waits for a 100 before it sends the body. */
  #continues: boolean;
  /** Whether reading stopped at the limit. */
  #cut = false;
  #taken: 'partly' | 'wholly' | undefined = undefined;
  #whole: Later<Uint8Array> | undefined = undefined;

  constructor(message: IncomingMessage, response: ServerResponse, continues: boolean) {
    this.#message = message;
    this.#response = response;
    this.#continues = continues;
  }

  /** Whether unread bytes may still come, so that the connection cannot be reused. */
  get unread(): boolean {
    if (this.#cut || this.#continues) return true;
    return this.#whole === undefined && this.#taken !== 'wholly' && !this.#message.complete;
  }

  read(limit: number): Later<Uint8Array> {
    if (this.#taken !== undefined) throw new FrameworkError(BODY_TAKEN);
    return (this.#whole ??= this.#collect(limit));
  }

  /** The pieces on demand; a body that was already read as a whole is returned once more. */
  take(limit: number): Pieces {
    return this.#whole === undefined ? this.#pieces(limit) : copyOf(this.#whole);
  }

  #begin(): void {
    // It has already been closed: the client disconnected while something else was awaited.
    if (this.#message.destroyed) throw new RequestAbandonedError();
    if (this.#continues) this.#response.writeContinue();
    this.#continues = false;
  }

  #stop(): void {
    this.#cut = true;
    this.#message.removeAllListeners('data');
    // A response already sent because of the time limit can no longer end the connection; one that waits behind others
    // is destroyed when it is its turn.
    if (this.#response.headersSent) (this.#response.writableFinished ? this.#message : this.#response).destroy();
    else this.#message.pause();
  }

  #collect(limit: number): Later<Uint8Array> {
    this.#begin();
    const message = this.#message;
    const body = new Later<Uint8Array>();
    // Events are emitted in the asynchronous context of the connection; restore that of the request.
    const context = new AsyncResource('PorticoBody');
    let first: Buffer | undefined;
    let more: Buffer[] | undefined;
    let length = 0;
    let over = false;
    const giveUp = (error: Error): void => {
      over = true;
      context.runInAsyncScope(fail, undefined, body, error);
    };
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        this.#stop();
        giveUp(new HTTPException(413));
      } else if (first === undefined) {
        first = chunk;
      } else {
        (more ??= [first]).push(chunk);
      }
    });
    message.on('end', () => {
      if (over) return;
      over = true;
      const bytes = more === undefined ? (first ?? EMPTY) : Buffer.concat(more);
      context.runInAsyncScope(settle, undefined, body, bytes);
    });
    message.on('close', () => {
      if (!over) giveUp(new RequestAbandonedError());
    });
    return body;
  }

  #pieces(limit: number): Pieces {
    this.#begin();
    this.#taken = 'partly';
    const message = this.#message;
    const handover = new Handover(message);
    let length = 0;
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) {
        handover.give({ done: false, value: chunk });
      } else {
        this.#stop();
        handover.fail(new HTTPException(413));
      }
    });
    message.once('end', () => {
      this.#taken = 'wholly';
      handover.give({ done: true, value: undefined });
    });
    const abandon = (): void => handover.fail(new RequestAbandonedError());
    message.once('close', abandon);
    // A body still unread at the end of the response would block the next request of the connection.
    this.#response.once('close', () => {
      abandon();
      message.removeAllListeners('data').resume();
    });
    return {
      next: () => handover.next(),
      return: async () => void message.removeAllListeners('data').pause(),
    };
  }
}

/** Passes pieces from producer to consumer, one per request; the first failure is the last piece. */
class Handover {
  readonly #message: IncomingMessage;
  readonly #pieces: Piece[] = [];
  #error: Error | undefined = undefined;
  #asked: { resolve(piece: Piece): void; reject(error: Error): void } | undefined = undefined;

  constructor(message: IncomingMessage) {
    this.#message = message;
  }

  give(piece: Piece): void {
    // What is dropped after a failure ends, too, but the body is not complete.
    if (this.#error !== undefined) return;
    this.#message.pause();
    if (this.#asked === undefined) this.#pieces.push(piece);
    else this.#asked.resolve(piece);
    this.#asked = undefined;
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.#asked?.reject(this.#error);
    this.#asked = undefined;
  }

  next(): Promise<Piece> {
    const piece = this.#pieces.shift();
    if (piece !== undefined) return Promise.resolve(piece);
    if (this.#error !== undefined) return Promise.reject(this.#error);
    return new Promise((resolve, reject) => {
      this.#asked = { resolve, reject };
      this.#message.resume();
    });
  }
}

async function* copyOf(body: Later<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield await body;
}

function settle(body: Later<Uint8Array>, bytes: Uint8Array): void {
  body.settle(bytes);
}

function fail(body: Later<Uint8Array>, error: Error): void {
  body.fail(error);
}
