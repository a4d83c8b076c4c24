/** Bounds on what one request may make the server hold or do, in bytes and counts. */
export interface Limits {
  /** Bytes of a request body. */
  readonly body: number;
  /** Nesting of a JSON body. */
  readonly depth: number;
  /** Fields of a form. */
  readonly fields: number;
  /** Files of a multipart form. */
  readonly files: number;
  /** Parts of a multipart form. */
  readonly parts: number;
  /** Bytes of one part's headers. */
  readonly partHeaders: number;
  /** `name=value` pairs of a query string, and pairs of a Cookie header. */
  readonly queryPairs: number;
  /** Issues in one 422. */
  readonly issues: number;
  /** Bytes of one message of a socket. */
  readonly message: number;
  /** Bytes sent to a socket that its peer has not read yet. */
  readonly backlog: number;
  /** Open sockets: of the app, or of one route that sets its own limit. */
  readonly sockets: number;
  /** Milliseconds between pings of a socket; one that is unanswered by the next ping cuts it. 0 sends none. */
  readonly idle: number;
  /** Milliseconds for everything that comes before a socket opens. */
  readonly handshake: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  body: 1_048_576,
  depth: 64,
  fields: 1_000,
  files: 100,
  parts: 1_000,
  partHeaders: 16_384,
  queryPairs: 1_000,
  issues: 100,
  message: 1_048_576,
  backlog: 1_048_576,
  sockets: 10_000,
  idle: 30_000,
  handshake: 10_000,
});
