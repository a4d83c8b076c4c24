/** Addresses that lead out of the machine are HTTPS, or the keys that come from them could be anybody's. */
export function secureUrl(address: string): string {
  const { protocol, hostname } = new URL(address);
  const isLoopback = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback)) return address;
  throw new TypeError(`'${address}' is neither an https address nor one of this machine`);
}

/** The identity provider, letter for letter as its tokens have it in `iss`. */
export const ISSUER: string = secureUrl(process.env['ISSUER'] ?? 'http://127.0.0.1:9000');

/** This app, as clients reach it and as tokens for it have it in `aud`. */
export const RESOURCE: string = secureUrl(process.env['RESOURCE'] ?? 'http://127.0.0.1:8000');
