import type { input as inputOf, output } from 'zod';
import type { Content } from '../content/content.ts';
import type { RequestValidationError } from '../http/errors.ts';
import { SOCKET } from '../http/handshake.ts';
import type { SocketConnection } from '../http/socket.ts';
import { SOCKETS } from '../kinds/socket.ts';
import { keepCallSite } from '../metadata/call-site.ts';
import type { Schema } from '../content/declarations.ts';
import type { MessageOption, RouteOptions } from '../metadata/declarations.ts';
import { recordRoute } from '../metadata/store.ts';
import { type Input, input } from './input.ts';

/**
 * A message as its handler sees it: a string for `text()`, a `Uint8Array` for `bytes()`, the output of a schema for
 * JSON.
 */
type Raw<V> = string extends V ? string : Uint8Array;
export type Received<S> = S extends Content<infer V> ? Raw<V> : S extends Schema ? output<S> : unknown;
/** What a handler may send; with codecs, what they encode. */
export type Sendable<S> = S extends Content<infer V> ? Raw<V> : S extends Schema ? inputOf<S> | output<S> : unknown;

/** Options of a socket: those of a route that concern what happens before the upgrade, and its own. */
export interface SocketOptions<
  R extends MessageOption = MessageOption,
  S extends MessageOption = MessageOption,
> extends Omit<RouteOptions, 'response' | 'status'> {
  /** Messages received: a schema of JSON, `text()` or `bytes()`; any JSON unless set. */
  readonly receive?: R;
  /** Messages sent; any JSON unless set. */
  readonly send?: S;
  /**
   * Who may connect from a browser: `*`, or origins such as `https://example.com`.
   *
   * Unless set, only pages of the same host if credentials come from a cookie or by HTTP authentication, which a
   * browser sends no matter which page asks; otherwise any page.
   */
  readonly origins?: string | readonly string[];
  /** Compresses messages if the client can too (RFC 7692), on Node; off unless set. */
  readonly compress?: boolean;
  /**
   * Called with an invalid message; the socket stays open unless this closes it. Without it, the socket closes with
   * 1007.
   */
  readonly onInvalid?: (error: RequestValidationError, socket: SocketConnection<Received<R>, Sendable<S>>) => unknown;
}

/** Shown when a decorator does not compile: the connection of the socket, and the type of the parameter for it. */
export interface ConnectionMismatch<Connection, Parameter> {
  readonly 'the connection cannot be passed to this parameter': [Connection, Parameter];
}

type ConnectionOf<M> = M extends (...parameters: infer P) => unknown
  ? Extract<P[number], SocketConnection<unknown, never>>
  : never;

/** The decorator that makes a method the handler of a socket, if its parameter accepts the connection. */
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
 * A WebSocket: dependencies run before the upgrade, and the method runs while it is open.
 *
 * The socket closes with 1000 when the method ends, with 1008 if it throws an HTTPException, and with 1011 and a log
 * entry if it throws anything else.
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
  const socket = { receive, send, origins, compress, onInvalid, stages: SOCKETS };
  const declaration = keepCallSite({ method: SOCKET, path, options, socket });
  return (prototype, name) => {
    // In standard mode the class's own decorator reports the mistake for all of its methods.
    if (typeof name !== 'object') recordRoute(prototype, name, declaration);
  };
}

/* oxlint-disable typescript/no-explicit-any -- @Socket compares what it receives and sends with the parameter */
/** The open socket, for the handler of a `@Socket`. */
export function Connection(): Input<SocketConnection<any, any>> {
  return input({ kind: 'request', what: 'connection', read: ({ connection }) => connection });
}
/* oxlint-enable typescript/no-explicit-any */
