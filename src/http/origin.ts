import type { Incoming } from './incoming.ts';

/** Whether a text is what a browser sends as `Origin` (Fetch, "`Origin` header"). */
export function isOrigin(text: string): boolean {
  if (text.includes('*')) return false;
  if (/^https?:/i.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  // Apps and extensions have origins with schemes of their own, which `URL` does not parse.
  return text === 'null' || /^[a-z][a-z\d+.-]*:\/\/[^\s/?#]+$/.test(text);
}

/**
 * Whether this origin has the host that the request names.
 *
 * The scheme is not compared: behind a proxy that terminates TLS it is unknown here.
 */
export function isSameOrigin(origin: string, incoming: Incoming): boolean {
  const host = incoming.header('host');
  if (host === undefined || !/^https?:/.test(origin) || !isOrigin(origin)) return false;
  const { protocol, host: own } = new URL(origin);
  // The scheme's default port may be spelled out.
  const asked = `${protocol}//${host}`;
  return URL.canParse(asked) && new URL(asked).host === own;
}
