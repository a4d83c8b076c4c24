import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import type { SendOptions, SendResult } from '@fastify/send';

/** The part of a request that is read. */
export interface FileRequest {
  readonly method: string;
  /** Conditions and ranges by their names in lower case; without a prototype, because it is queried with `in`. */
  readonly headers: Readonly<Record<string, string>>;
}

export type Send = (request: FileRequest, path: string, options: SendOptions) => Promise<SendResult>;

const require = createRequire(import.meta.url);

/** The `send` of the optional package `@fastify/send`; throws where it is not installed. */
export function loadSend(): Send {
  try {
    return require('@fastify/send') as Send;
    /* c8 ignore start -- the package is installed wherever the sources are tested */
  } catch (error) {
    throw new Error('portico/files needs a package that is not installed: npm install @fastify/send@4', {
      cause: error,
    });
  }
  /* c8 ignore stop */
}

/** A stream of a file that closes as soon as it is abandoned: its own iterator would first wait for a piece. */
export class FilePieces implements AsyncIterator<Uint8Array, undefined> {
  readonly #stream: Readable;
  readonly #pieces: AsyncIterator<Uint8Array>;

  constructor(stream: Readable) {
    this.#stream = stream;
    this.#pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    // A stream that fails before it is read reports that when it is read.
    stream.on('error', () => {});
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    return this.#pieces.next();
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#stream.destroy();
    return { done: true, value: undefined };
  }
}
