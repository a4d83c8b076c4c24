import type { Deadline } from './deadline.ts';
import type { ErrorHandlers } from './error-handlers.ts';
import type { Exchange } from './exchange.ts';
import type { Handshake } from './handshake.ts';
import type { Limits } from './limits.ts';
import type { Logger } from './log.ts';
import type { PathTemplate } from './path.ts';
import type { Eventual } from './promise.ts';
import type { Reply } from './reply.ts';

/** Something that is served at one method and path: an operation or a page. */
export interface Endpoint {
  readonly method: string;
  readonly template: PathTemplate;
  /** Those of the app unless set. */
  readonly limits?: Limits | undefined;
  readonly logger?: Logger | undefined;
  readonly deadline?: Deadline | undefined;
  /** Headers of all its replies, names and values in turn. */
  readonly headers?: readonly string[] | undefined;
  /** Set for a socket. */
  readonly handshake?: Handshake | undefined;
  /** The error handlers of its controller. */
  readonly handlers?: ErrorHandlers | undefined;
  /** The reply to a value that an error handler gives; throws where it does not fit what is declared. */
  replyToValue?(value: unknown, exchange: Exchange): Reply | Promise<Reply>;
  /** Never throws or rejects. */
  run(exchange: Exchange): Reply | Eventual<Reply>;
}
