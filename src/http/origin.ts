import type { Incoming } from './incoming.ts';

/** Whether a text is what a browser sends as `Origin` (Fetch, "`Origin` header"). */
export function isOrigin(text: string): boolean {
  if (text.includes('*')) return false;
  if (/^https?:/i.test(text)) return URL.canParse(text) && new URL(text).origin === text;
  // Apps and extensions have origins of their own schemes, which URL does not take apart.
  return text === 'null' || /^[a-z][a-z\d+.-]*:\/\/[^\s/?#]+$/.test(text);
}

/**
 * Whether a page of this origin is of the host that the request names.
 *
 * The scheme is not compared: behind a proxy that ends TLS nobody here knows it.
 */
export function isSameOrigin(origin: string, incoming: Incoming): boolean {
  const host = incoming.header('host');
  if (host === undefined || !/^https?:/.test(origin) || !isOrigin(origin)) return false;
  const { protocol, host: own } = new URL(origin);
  // A port may be said that is the scheme's own.
  const asked = `${protocol}//${host}`;
  return URL.canParse(asked) && new URL(asked).host === own;
}
