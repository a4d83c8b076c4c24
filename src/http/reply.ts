import type { BodySource } from './body-source.ts';
import { FrameworkError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { headerIn, without } from './headers.ts';
import type { Upgrade } from './socket.ts';

/** Everything that an adapter sends. */
export interface Reply {
  readonly status: number;
  /** Names and values in turn; a name may repeat. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array | BodySource | null;
  /** Called once, when the body has been sent or will never be; an error says why it was cut short. */
  readonly after?: ((error?: unknown) => void | Promise<void>) | undefined;
  /** The connection becomes a socket, and `after` is called only where it does not. */
  readonly upgrade?: Upgrade | undefined;
}

/** JSON has no `undefined`: a value without JSON text becomes `null`. */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

/** The status, if it can be sent: interim responses and statuses that do not exist cannot. */
export function sendable(status: number): number {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new FrameworkError(`${String(status)} is not a status that can be sent`);
  }
  return status;
}

/** Merges what was set on the context, and ensures that no 401 is sent without its challenge. */
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
    // A body that brings its own content type keeps it.
    if (name === 'content-type' && typeof reply.body !== 'string') continue;
    if (name !== 'set-cookie') set.add(name);
    added.push(name, value);
  }
  return added.length === 0 ? reply : { ...reply, headers: [...without(reply.headers, set), ...added] };
}
