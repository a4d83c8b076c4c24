import type { BodySource } from './body-source.ts';
import { FrameworkError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { headerIn, without } from './headers.ts';
import type { Upgrade } from './socket.ts';

/** Everything an adapter has to send. */
export interface Reply {
  readonly status: number;
  /** Names and values in turn; a name may come again. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array | BodySource | null;
  /** To be called once, when the body has been sent or will never be; an error says why it was cut short. */
  readonly after?: ((error?: unknown) => void | Promise<void>) | undefined;
  /** The connection becomes a socket, and `after` is called only where it does not. */
  readonly upgrade?: Upgrade | undefined;
}

/** JSON has no `undefined`: what has no text is `null`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** A status as it is, if it can be sent: an interim response is none, and others do not exist. */
export function sendable(status: number): number {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new FrameworkError(`${String(status)} is not a status that can be sent`);
  }
  return status;
}

/** Merges what was set on the context, and sees to it that no 401 leaves without its challenge. */
export function finalize(reply: Reply, exchange: Exchange): Reply {
  const merged = exchange.outgoing === undefined ? reply : mergeOutgoing(reply, exchange);
  const { status, headers } = merged;
  if ((status !== 401 && status !== 403) || exchange.challenges === undefined) return merged;
  if (headerIn(headers, 'www-authenticate') !== undefined) return merged;
  const challenges = exchange.challenges(status).flatMap((challenge) => ['WWW-Authenticate', challenge]);
  return { ...merged, headers: [...headers, ...challenges] };
}

/** Merges the headers that were set on the context into a reply; they win over its own, cookies are added. */
export function mergeOutgoing(reply: Reply, exchange: Exchange): Reply {
  const { outgoing } = exchange;
  if (outgoing === undefined) return reply;
  const set = new Set<string>();
  const added: string[] = [];
  for (const [name, value] of outgoing.headers) {
    if (name === 'content-length') continue;
    // The content type of a body that brought its own is a fact about that body.
    if (name === 'content-type' && typeof reply.body !== 'string') continue;
    if (name !== 'set-cookie') set.add(name);
    added.push(name, value);
  }
  return added.length === 0 ? reply : { ...reply, headers: [...without(reply.headers, set), ...added] };
}
