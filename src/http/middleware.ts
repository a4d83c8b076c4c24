import type { Context } from './context.ts';
import { discard } from './body-source.ts';
import type { ErrorReplies } from './error-replies.ts';
import { FrameworkError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Eventual } from './promise.ts';
import { mergeOutgoing, outputOf, pairsOf, type Reply, replyTo, sendable } from './reply.ts';
import { hasNoContent } from './status.ts';

/** Lets the rest of the request run; afterwards `ctx.response` is what will be sent. */
export type Next = () => Promise<void>;

/** Runs around everything; a value that it returns without calling `next` is the answer. */
export type Middleware = (context: Context, next: Next) => unknown;

/** The rest of a request, which never rejects. */
export type Respond = (exchange: Exchange) => Reply | Eventual<Reply>;

const PLAIN = outputOf(200);

/** Puts middleware around the rest of a request, the first outermost. */
export function wrapAll(middleware: readonly Middleware[], respond: Respond, errors: ErrorReplies): Respond {
  return middleware.reduceRight<Respond>((inner, outer) => wrap(outer, inner, errors), respond);
}

function wrap(middleware: Middleware, inner: Respond, errors: ErrorReplies): Respond {
  return async function respondWithMiddleware(exchange) {
    const { context } = exchange;
    let reply: Reply | undefined;
    let called = false;
    const kept = [...(exchange.outgoing?.headers ?? [])];
    try {
      const value = await middleware(context, async () => {
        if (called) throw new FrameworkError('A middleware called next() twice');
        called = true;
        reply = show(await inner(exchange), context);
      });
      if (value !== undefined) {
        if (reply !== undefined) drop(reply, context, kept);
        reply = show(mergeOutgoing(await replyTo(value, PLAIN, exchange), exchange), context);
      }
      if (reply === undefined) throw new FrameworkError('A middleware neither called next() nor returned an answer');
      return shown(reply, context);
    } catch (error) {
      if (reply !== undefined) drop(reply, context, kept);
      return shown(show(await errors.reply(error, exchange), context), context);
    }
  };
}

/** Forgets a reply in whose place another is sent: nothing of its head may describe the other's body. */
function drop(reply: Reply, { response }: Context, kept: readonly (readonly [string, string])[]): void {
  void discard(reply.body);
  response.status = undefined;
  setHeaders(response.headers, kept);
}

function setHeaders(headers: Headers, fields: Iterable<readonly [string, string]>): void {
  for (const name of Array.from(headers.keys())) headers.delete(name);
  for (const [name, value] of fields) headers.append(name, value);
}

/** Puts a reply's status and headers where middleware sees and may change them. */
function show(reply: Reply, { response }: Context): Reply {
  response.status = reply.status;
  setHeaders(response.headers, pairsOf(reply.headers));
  return reply;
}

/** The reply as it was left on the context. */
function shown(reply: Reply, context: Context): Reply {
  const { headers } = context.response;
  const status = sendable(context.response.status ?? reply.status);
  const silent = hasNoContent(status);
  if (silent) void discard(reply.body);
  return { status, headers: [...headers].flat(), body: silent ? null : reply.body };
}
