import { addressFault, fetchJson, ProviderFault } from './json-request.ts';

/** The metadata of an issuer (OpenID Connect Discovery 1.0 §3, RFC 8414 §2). */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly [name: string]: unknown;
}

/** OpenID Connect Discovery 1.0 §4 */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** RFC 8414 §3.1: inserted between the host and the path. */
function serverMetadataUrl(issuer: string): string {
  const { origin, pathname } = new URL(issuer);
  return `${origin}/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`;
}

/** The metadata of an issuer; throws a ProviderFault if it is unavailable or belongs to another issuer. */
export async function fetchMetadata(issuer: string, timeout: number): Promise<ProviderMetadata> {
  const metadata = await fetchJson(discoveryUrl(issuer), timeout).catch((error: unknown) => {
    const { status = 0 } = error as ProviderFault;
    // A plain OAuth server does not support OpenID Connect.
    if (status >= 400 && status < 500) return fetchJson(serverMetadataUrl(issuer), timeout);
    throw error;
  });
  if (typeof metadata !== 'object' || metadata === null) throw new ProviderFault('the metadata is not an object');
  // §4.3: a document of another issuer would lend this one the other's keys.
  if ((metadata as ProviderMetadata).issuer !== issuer)
    throw new ProviderFault('the metadata belongs to another issuer');
  return metadata as ProviderMetadata;
}

/** A URL from the metadata; throws a ProviderFault if it is missing or cannot be trusted. */
export function endpointOf(metadata: ProviderMetadata, name: string): string {
  const endpoint = metadata[name];
  const fault = endpoint === undefined ? 'is missing' : addressFault(endpoint);
  if (fault !== undefined) throw new ProviderFault(`the ${name} of the metadata ${fault}`);
  return endpoint as string;
}
