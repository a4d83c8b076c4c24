import type { Context } from '../http/context.ts';
import { HTTPException } from '../http/errors.ts';
import type { Middleware } from '../http/middleware.ts';

/** Headers that describe a body, and are left out of a 304 (RFC 9110 §15.4.5). */
const OF_THE_BODY = ['Content-Type', 'Content-Length', 'Content-Encoding', 'Content-Language', 'Content-Range'];

const encoder = new TextEncoder();

/**
 * Adds an `ETag`, a hash of the bytes, to 200 responses to GET and HEAD, and answers 304 if the client has them already
 * (RFC 9110 §13.1.2).
 *
 * A stream gets none. A tag that a response brings is kept, and compared like any other. The handler runs in any case.
 */
export function etag(): Middleware {
  return async function answerConditions(context, next): Promise<void> {
    await next();
    const { method, response } = context;
    if ((method !== 'GET' && method !== 'HEAD') || response.status !== 200) return;
    const { headers } = response;
    const tag = headers.get('ETag') ?? (await tagOf(response.body));
    if (tag === undefined) return;
    headers.set('ETag', tag);
    if (!matches(context.header('if-none-match'), tag)) return;
    response.status = 304;
    response.body = null;
    for (const name of OF_THE_BODY) headers.delete(name);
  };
}

/**
 * Throws a 412 `HTTPException` where `If-Match` or `If-None-Match` does not hold, for handlers that change something
 * (RFC 9110 §13.2.2).
 *
 * `tag` is the current entity tag, quotes included; undefined if there is no representation. Call it after authorizing
 * the change, and in the same transaction. Throws a TypeError for a malformed tag.
 */
export function checkPreconditions(context: Context, tag: string | undefined): void {
  if (tag !== undefined && !WHOLE_TAG.test(tag)) throw new TypeError(`${JSON.stringify(tag)} is not an entity tag`);
  const expected = context.header('if-match');
  if (expected !== undefined && !isExpected(expected, tag)) throw new HTTPException(412);
  if (tag !== undefined && matches(context.header('if-none-match'), tag)) throw new HTTPException(412);
}

/** 144 bits of a SHA-256, as a strong tag: equal tags mean equal bytes. */
async function tagOf(body: unknown): Promise<string | undefined> {
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  if (!(bytes instanceof Uint8Array)) return undefined;
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the types of the Web have two kinds of bytes
  const hash = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>);
  return `"${btoa(String.fromCharCode(...new Uint8Array(hash, 0, 18)))}"`;
}

const TAG = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

const WHOLE_TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/** Strong comparison with any of the tags (RFC 9110 §8.8.3.2), by which a weak tag equals none. */
function isExpected(condition: string, tag: string | undefined): boolean {
  if (tag === undefined) return false;
  if (condition.trim() === '*') return true;
  return Array.from(condition.matchAll(TAG), ([whole]) => whole).includes(tag) && !tag.startsWith('W/');
}

/** Weak comparison with any of the tags (RFC 9110 §8.8.3.2). */
function matches(condition: string | undefined, tag: string): boolean {
  if (condition === undefined) return false;
  if (condition.trim() === '*') return true;
  const own = opaqueOf(tag);
  return Array.from(condition.matchAll(TAG), ([, opaque]) => opaque).includes(own);
}

function opaqueOf(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
