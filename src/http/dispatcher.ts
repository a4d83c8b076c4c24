import { Closing } from './closing.ts';
import type { Endpoint } from './endpoint.ts';
import type { ErrorReplies } from './error-replies.ts';
import { HTTPException } from './errors.ts';
import { Exchange } from './exchange.ts';
import { isHandshake, SOCKET } from './handshake.ts';
import type { Incoming } from './incoming.ts';
import type { Limits } from './limits.ts';
import { type Middleware, type Respond, type RoundParts, wrapAll } from './middleware.ts';
import type { PendingWork } from './pending-work.ts';
import { type Eventual, isEventual } from './promise.ts';
import { finalize, type Reply } from './reply.ts';
import { type Match, Router } from './router.ts';

/** A whole request: from what an adapter presents, through middleware and router, to the reply that it sends. */
export class Dispatcher {
  readonly closing: Closing;
  /** Whether every request is refused with a 503. */
  closed = false;
  #router = new Router<Endpoint>();
  /** The sockets, where there are any: a socket and a GET may have one path. */
  #sockets: Router<Endpoint> | undefined = undefined;
  readonly #limits: Limits;
  readonly #errors: ErrorReplies;
  readonly #pending: PendingWork;
  readonly #respond: Respond;

  constructor(middleware: readonly Middleware[], limits: Limits, parts: RoundParts) {
    const { errors } = parts;
    this.closing = new Closing((error, exchange) => {
      if (exchange === undefined) errors.log.write(error, 'a listener of ctx.closing');
      else errors.reportLate(error, exchange);
    });
    this.#limits = limits;
    this.#errors = errors;
    this.#pending = parts.pending;
    this.#respond = wrapAll(middleware, (exchange) => this.#dispatch(exchange), parts);
  }

  /** Serves these endpoints from now on. */
  serve(endpoints: readonly Endpoint[]): void {
    const router = new Router<Endpoint>();
    const sockets = new Router<Endpoint>();
    for (const endpoint of endpoints) {
      (endpoint.handshake === undefined ? router : sockets).add(endpoint.method, endpoint.template, endpoint);
    }
    this.#router = router;
    this.#sockets = endpoints.some(({ handshake }) => handshake !== undefined) ? sockets : undefined;
  }

  /** Handles one request; `send` gets the reply, synchronously unless something has to be awaited. */
  handle<I extends Incoming>(incoming: I, send: (reply: Reply, incoming: I) => void): void {
    const exchange = new Exchange(incoming, this.closing, this.#limits);
    const reply = this.closed ? this.#errors.reply(new HTTPException(503), exchange) : this.#respond(exchange);
    if (!isEventual(reply)) return send(this.#pending.follow(reply, exchange), incoming);
    this.#pending.begin();
    const settle = (settled: Reply): void => {
      this.#pending.end();
      send(this.#pending.follow(settled, exchange), incoming);
    };
    reply.then(settle);
  }

  /** The reply to a request that is refused before it reaches middleware, or whose own reply cannot be sent. */
  refuse(error: unknown, incoming: Incoming): Reply {
    return this.#errors.refuse(error, new Exchange(incoming, this.closing, this.#limits));
  }

  #dispatch(exchange: Exchange): Reply | Eventual<Reply> {
    let match: Match<Endpoint> | undefined;
    try {
      if (this.#sockets !== undefined && isHandshake(exchange, exchange.incoming)) {
        match = this.#sockets.find(SOCKET, exchange.path);
        const refusal = match?.route.handshake?.refusal(exchange.incoming);
        if (refusal !== undefined) return this.#refuse(refusal, exchange, match?.route);
      }
      match ??= this.#router.find(exchange.method, exchange.path);
    } catch (error) {
      return this.#errors.reply(error, exchange);
    }
    if (match === undefined) return this.#unrouted(exchange);
    const endpoint = match.route;
    exchange.endpoint = endpoint;
    exchange.pathValues = match.values;
    const reply = endpoint.run(exchange);
    if (endpoint.deadline === undefined || !isEventual(reply)) return reply;
    if (this.#errors.callsUser(exchange)) exchange.keepContext();
    return endpoint.deadline.within(reply, exchange);
  }

  #refuse(refusal: HTTPException, exchange: Exchange, endpoint: Endpoint | undefined): Reply | Promise<Reply> {
    exchange.endpoint = endpoint;
    return this.#errors.reply(refusal, exchange);
  }

  /** OPTIONS is answered for every known path (RFC 9110 §9.3.7), and a 405 says what is allowed (§15.5.6). */
  #unrouted(exchange: Exchange): Reply | Promise<Reply> {
    const { method, path } = exchange;
    const allowed = this.#router.allowed(path);
    const socket = this.#sockets?.find(SOCKET, path)?.route;
    if (socket?.handshake !== undefined) {
      if (method === 'GET') return this.#refuse(socket.handshake.absence(), exchange, socket);
      for (const served of ['GET', 'OPTIONS']) if (!allowed.includes(served)) allowed.push(served);
    }
    const headers = ['Allow', allowed.join(', ')];
    if (method === 'OPTIONS' && (path === '*' || allowed.length > 0)) {
      return finalize({ status: 204, headers: path === '*' ? [] : headers, body: null }, exchange);
    }
    if (allowed.length === 0) return this.#errors.reply(new HTTPException(404), exchange);
    return this.#errors.reply(new HTTPException(405), exchange, headers);
  }
}
