import type { Eventual } from './promise.ts';

/** One request as an adapter presents it; everything expensive is created on demand. */
export interface Incoming {
  readonly method: string;
  /** The request target in origin form (`/path?query`), undecoded, or `*`. */
  readonly target: string;
  /** The values of one header in the order they came, joined with `, `; the name is in lower case. */
  header(name: string): string | undefined;
  /** How many header lines carry this name, where the platform can tell; otherwise 1 or 0. */
  headerCount(name: string): number;
  /** The declared length of the body in bytes; 0 where none is declared. */
  readonly length: number;
  /** The whole body, synchronously where the adapter can; a 413 if more than `limit` bytes are declared or received. */
  read(limit: number): Uint8Array | Eventual<Uint8Array>;
  /** Whether the client has disconnected. */
  readonly gone: boolean;
  /** Calls back once if the client disconnects before the whole reply has been sent, and never after that. */
  whenGone(listener: () => void): void;
  /**
   * The request as a Web `Request`, whose body fails with a 413 once it has given more than `limit` bytes.
   *
   * `report` gets the errors of listeners of its signal, where that is not the platform's own.
   */
  toRequest(limit: () => number, report: (error: unknown) => void): Request;
  readonly clientAddress: string | undefined;
  /** What the platform adds to a request, such as the environment of a worker. */
  readonly platform?: unknown;
  /** Keeps the platform alive until a promise settles. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /**
   * Whether the adapter can make a socket of the connection; `platform` if it can where the platform can.
   *
   * False where an offer to upgrade has to be ignored, undefined where nothing can take one.
   */
  readonly upgrades?: boolean | 'platform' | undefined;
  /** Whether the Connection header is passed on wherever a client has sent it. */
  readonly passesConnection?: boolean | undefined;
  /** Reads a file of an optional package, where the platform can; undefined where it is not installed. */
  readAsset?(packageName: string, path: string): Promise<Uint8Array | undefined>;
}
