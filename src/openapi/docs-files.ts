import type { Incoming } from '../http/incoming.ts';
import type { Reply } from '../http/reply.ts';

export interface Asset {
  readonly body: Uint8Array;
  readonly tag: string;
}

/** Files of an optional package, cached with their tags once they have been read. */
export class DocsFiles {
  readonly #package: string;
  readonly #kept = new Map<string, Asset>();

  constructor(packageName: string) {
    this.#package = packageName;
  }

  /** Undefined if the package is not installed, or the platform has no files. */
  async read(path: string, incoming: Incoming): Promise<Asset | undefined> {
    const kept = this.#kept.get(path);
    if (kept !== undefined) return kept;
    const body = await incoming.readAsset?.(this.#package, path);
    if (body === undefined) return undefined;
    const asset = { body, tag: await tagOf(body) };
    this.#kept.set(path, asset);
    return asset;
  }
}

/** An entity tag derived from the content (RFC 9110 §8.8.3). */
export async function tagOf(content: string | Uint8Array): Promise<string> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `"${btoa(String.fromCharCode(...digest.subarray(0, 18)))}"`;
}

/**
 * The reply with its validator, or a 304 if the client already has it (RFC 9110 §13.1.2, §15.4.5).
 *
 * A 304 has the other headers too: middleware would add missing ones, which would replace those that the client stored.
 */
export function validated(reply: Reply, tag: string, cacheControl: string, incoming: Incoming): Reply {
  const headers = [...reply.headers, 'ETag', tag, 'Cache-Control', cacheControl];
  if (!isHeld(incoming.header('if-none-match'), tag)) return { ...reply, headers };
  const type = headers.indexOf('Content-Type');
  return { status: 304, headers: headers.toSpliced(type, 2), body: null };
}

/** Tags compare weakly here: a proxy that compresses weakens them. */
function isHeld(condition: string | undefined, tag: string): boolean {
  if (condition === undefined) return false;
  return condition.split(',').some((held) => held.trim() === '*' || held.trim().replace(/^W\//, '') === tag);
}
