import type { input as inputOf, output } from 'zod';
import type { Content } from '../content/content.ts';
import type { RequestValidationError } from '../http/errors.ts';
import { SOCKET } from '../http/handshake.ts';
import type { SocketConnection } from '../http/socket.ts';
import { keepCallSite } from '../metadata/call-site.ts';
import type { Schema } from '../content/declarations.ts';
import type { MessageOption, RouteOptions } from '../metadata/declarations.ts';
import { recordRoute } from '../metadata/store.ts';
import { type Input, input } from './input.ts';

/** What a message is for its handler: text for `text()`, a `Uint8Array` for `bytes()`, what a schema makes of JSON. */
type Raw<V> = string extends V ? string : Uint8Array;
export type Received<S> = S extends Content<infer V> ? Raw<V> : S extends Schema ? output<S> : unknown;
/** What a handler may send; a schema with codecs takes what they encode. */
export type Sendable<S> = S extends Content<infer V> ? Raw<V> : S extends Schema ? inputOf<S> | output<S> : unknown;

/** Options of a socket: those of a route that have to do with everything before the upgrade, and its own. */
export interface SocketOptions<
  R extends MessageOption = MessageOption,
  S extends MessageOption = MessageOption,
> extends Omit<RouteOptions, 'response' | 'status'> {
  /** What comes in: a schema of JSON, `text()` or `bytes()`; any JSON unless set. */
  readonly receive?: R;
  /** What goes out; any JSON unless set. */
  readonly send?: S;
  /**
   * Who may connect from a browser: `*`, or origins such as `https://example.com`.
   *
   * Pages of the same host alone unless set where credentials come from a cookie or by HTTP authentication, which a
   * browser sends whoever asks it to; any page elsewhere.
   */
  readonly origins?: string | readonly string[];
  /** Compresses messages where the client can as well (RFC 7692), on Node; off unless set. */
  readonly compress?: boolean;
  /** Called with an invalid message; the socket stays open unless this closes it. Without it, 1007 closes it. */
  readonly onInvalid?: (error: RequestValidationError, socket: SocketConnection<Received<R>, Sendable<S>>) => unknown;
}

/** Why a decorator does not compile: the connection of the socket, and the parameter that takes it. */
export interface ConnectionMismatch<Connection, Parameter> {
  readonly 'the connection cannot be passed to this parameter': [Connection, Parameter];
}

type ConnectionOf<M> = M extends (...parameters: infer P) => unknown
  ? Extract<P[number], SocketConnection<unknown, never>>
  : never;

/** What makes a method the handler of a socket, if the connection fits the parameter that takes it. */
export interface SocketDecorator<C> {
  <M extends (...parameters: never[]) => unknown>(
    prototype: object,
    method: PropertyKey,
    descriptor: TypedPropertyDescriptor<M> &
      ([C] extends [ConnectionOf<M>]
        ? unknown
        : [ConnectionOf<M>] extends [never]
          ? unknown
          : ConnectionMismatch<C, ConnectionOf<M>>),
  ): void;
}

/**
 * A WebSocket: what is depended on runs before the upgrade, and the method while it is open.
 *
 * The method's end closes with 1000, an HTTPException with 1008, any other error with 1011 and an entry in the log.
 */
export function Socket<R extends MessageOption = MessageOption, S extends MessageOption = MessageOption>(
  path?: string,
  options?: SocketOptions<R, S>,
): SocketDecorator<SocketConnection<Received<R>, Sendable<S>>>;
export function Socket<R extends MessageOption = MessageOption, S extends MessageOption = MessageOption>(
  options: SocketOptions<R, S>,
): SocketDecorator<SocketConnection<Received<R>, Sendable<S>>>;
export function Socket(first: string | SocketOptions = '', second: SocketOptions = {}): SocketDecorator<never> {
  const [path, all] = typeof first === 'string' ? [first, second] : ['', first];
  const { receive, send, origins, compress, onInvalid, ...options } = all;
  const socket = { receive, send, origins, compress, onInvalid };
  const declaration = keepCallSite({ method: SOCKET, path, options, socket });
  return (prototype, name) => {
    // In standard mode the class's own decorator reports the mistake for all of its methods.
    if (typeof name !== 'object') recordRoute(prototype, name, declaration);
  };
}

/* oxlint-disable typescript/no-explicit-any -- what it receives and sends is held against the parameter by @Socket */
/** The open socket, for the handler of a `@Socket`. */
export function Connection(): Input<SocketConnection<any, any>> {
  return input({ kind: 'request', what: 'connection', read: ({ connection }) => connection });
}
/* oxlint-enable typescript/no-explicit-any */
