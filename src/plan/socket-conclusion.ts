import { FrameworkError, HTTPException } from '../http/errors.ts';
import type { Eventual } from '../http/promise.ts';
import { finalize, type Reply } from '../http/reply.ts';
import { webUpgrade } from '../http/web-socket.ts';
import type { SocketConnection } from '../http/socket.ts';
import type { SocketUse } from '../model/socket.ts';
import type { OpenSockets, Surroundings } from './compile.ts';
import { type ConclusionParts, HttpConclusion } from './conclude.ts';
import type { Execution } from './execution.ts';
import { type EnteredGenerator, leaveAll, unwind } from './generators.ts';
import { compileRead, compileWrite } from './messages.ts';
import { type SessionParts, SocketSession } from './socket-session.ts';

/**
 * Turns the outcome of a socket's steps into an upgrade; refusals and errors are answered like those of any operation.
 */
export class SocketConclusion extends HttpConclusion {
  readonly #errors: ConclusionParts['errors'];
  readonly #session: SessionParts;
  readonly #ofApp: OpenSockets;
  readonly #ofRoute: OpenSockets = { count: 0 };
  readonly #maxOfApp: number;

  constructor(parts: ConclusionParts, use: SocketUse, { sockets, limits }: Surroundings) {
    super(parts);
    this.#errors = parts.errors;
    this.#session = {
      read: compileRead(use.receive),
      write: compileWrite(use.send),
      onInvalid: use.onInvalid,
      compress: use.compress,
      receives: use.receive.kind,
      sends: use.send.kind,
      report: (error, exchange) => parts.errors.report(error, exchange),
    };
    this.#ofApp = sockets;
    this.#maxOfApp = limits.sockets;
  }

  /** The value is the handler, ready to be called with its connection. */
  override succeed(execution: Execution, value: unknown): Reply | Eventual<Reply> {
    const { exchange } = execution;
    const { incoming, limits, closing } = exchange;
    const canUpgrade = incoming.upgrades === 'platform' ? webUpgrade() !== undefined : incoming.upgrades === true;
    if (!canUpgrade) return this.fail(execution, new HTTPException(501, undefined, { cause: NO_SOCKETS }));
    const isFull = this.#ofApp.count >= this.#maxOfApp || this.#ofRoute.count >= limits.sockets;
    if (isFull || closing.begun) return this.fail(execution, new HTTPException(503));
    this.#ofApp.count++;
    this.#ofRoute.count++;
    const session = new SocketSession(this.#session, exchange, (connection) => handle(execution, value, connection));
    const cleanUp = (error: unknown): Promise<void> =>
      this.#cleanUp(execution, session.failure ?? (error === undefined ? error : { error }));
    exchange.cleanup = cleanUp;
    return finalize({ status: 101, headers: [], body: null, upgrade: session }, exchange);
  }

  async #cleanUp({ entered = [], exchange }: Execution, failure?: { readonly error: unknown }): Promise<void> {
    this.#ofApp.count--;
    this.#ofRoute.count--;
    await leaveAll(entered, (second) => this.#errors.reportLate(second, exchange), failure);
  }
}

const NO_SOCKETS = new FrameworkError(
  'This platform has no WebSockets, and the app is not served by an adapter that supports them',
);

/** Runs the handler, then leaves handler-lifetime generators, into which an error is thrown first. */
async function handle(execution: Execution, value: unknown, connection: SocketConnection): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  try {
    await (value as (connection: SocketConnection) => unknown)(connection);
  } catch (error) {
    failure = { error };
  }
  await unwind(takeHandlers(execution.entered), failure);
}

/** Removes and returns the handler-lifetime generators. */
function takeHandlers(entered: EnteredGenerator[] = []): EnteredGenerator[] {
  const taken = entered.filter(({ lifetime }) => lifetime === 'handler');
  const kept = entered.filter(({ lifetime }) => lifetime !== 'handler');
  entered.splice(0, entered.length, ...kept);
  return taken;
}
