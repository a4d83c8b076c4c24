import { HTTPException } from './errors.ts';

/** What a client sent under each name: one value, or several in order. */
export type Pairs<V = string> = ReadonlyMap<string, V | readonly V[]>;

/** Adds a value to those already sent under its name. */
export function addPair<V>(pairs: Map<string, V | V[]>, name: string, value: V): void {
  const known = pairs.get(name);
  if (known === undefined) pairs.set(name, value);
  else if (Array.isArray(known)) known.push(value);
  else pairs.set(name, [known, value]);
}

/**
 * Decodes one component of `application/x-www-form-urlencoded` as the URL standard does: broken escapes stay as they
 * are.
 */
function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return new URLSearchParams(`=${text}`).get('') as string;
  }
}

/**
 * Reads a query string or urlencoded body.
 *
 * More than `limit` pairs are refused with `status` before any is decoded.
 */
export function parsePairs(text: string, limit: number, status: number): Pairs {
  const pairs = new Map<string, string | string[]>();
  const read = text.includes('%') || text.includes('+') ? decode : String;
  let count = 0;
  // Searched again only once the last one has been passed: a text without any is searched once.
  let equals = text.indexOf('=');
  for (let start = 0; start <= text.length;) {
    let end = text.indexOf('&', start);
    if (end === -1) end = text.length;
    if (end > start) {
      if (++count > limit) throw new HTTPException(status, `More than ${limit} fields`);
      if (equals !== -1 && equals < start) equals = text.indexOf('=', start);
      const split = equals === -1 || equals > end ? end : equals;
      const name = read(text.slice(start, split));
      const value = split === end ? '' : read(text.slice(split + 1, end));
      addPair(pairs, name, value);
    }
    start = end + 1;
  }
  return pairs;
}

/** Reads the comma-separated lists under one name of a query string; `%2C` is data (RFC 6570 §3.2.8). */
export function parseCommaLists(text: string, name: string): string[] {
  const items: string[] = [];
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    const key = equals === -1 ? pair : pair.slice(0, equals);
    if (pair === '' || decode(key) !== name) continue;
    for (const item of (equals === -1 ? '' : pair.slice(equals + 1)).split(',')) items.push(decode(item));
  }
  return items;
}

/**
 * Reads a header that is a list: empty items are dropped (RFC 9110 §5.6.1).
 *
 * A comma within a quoted string (§5.6.4) is part of its item, which is kept as it was sent, quotes included. Where a
 * quote is never closed, quotes are characters like others.
 */
export function parseHeaderList(value: string): string[] {
  const items = (value.includes('"') ? splitUnquoted(value) : undefined) ?? value.split(',');
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function splitUnquoted(value: string): string[] | undefined {
  const items: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < value.length; at++) {
    const character = value[at];
    if (character === '"') isQuoted = !isQuoted;
    else if (character === '\\' && isQuoted) at++;
    else if (character === ',' && !isQuoted) {
      items.push(value.slice(start, at));
      start = at + 1;
    }
  }
  return isQuoted ? undefined : [...items, value.slice(start)];
}

/**
 * Reads a Cookie header (RFC 6265 §4.2): values lose their quotes and are percent-decoded where they can be.
 *
 * More than `limit` cookies are refused with 431.
 */
export function parseCookies(header: string, limit: number): Pairs {
  const pairs = new Map<string, string | string[]>();
  const parts = header.split(';', limit + 1);
  if (parts.length > limit) throw new HTTPException(431, `More than ${limit} cookies`);
  for (const part of parts) {
    const equals = part.indexOf('=');
    if (equals === -1) continue;
    const name = part.slice(0, equals).trim();
    const raw = part.slice(equals + 1).trim();
    const value = decodeCookie(raw.length >= 2 && raw.startsWith('"') && raw.endsWith('"') ? raw.slice(1, -1) : raw);
    addPair(pairs, name, value);
  }
  return pairs;
}

function decodeCookie(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
