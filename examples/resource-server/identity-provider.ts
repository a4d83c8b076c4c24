import type { JSONWebKeySet } from 'jose';
import { z } from 'zod';
import { secureUrl } from './settings.ts';

const FETCH_TIMEOUT = 3_000;

// #region discovery
const Metadata = z.object({ issuer: z.string(), jwks_uri: z.string() });

/** OpenID Connect Discovery 1.0 §4 */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}

/** The keys with which a provider signs at present, found by way of its discovery document. */
export async function fetchKeys(issuer: string, timeout = FETCH_TIMEOUT): Promise<JSONWebKeySet> {
  const signal = AbortSignal.timeout(timeout);
  const metadata = Metadata.parse(await fetchJson(discoveryUrl(issuer), signal));
  // §4.3: a document that speaks for another issuer would lend it that one's keys.
  if (metadata.issuer !== issuer) throw new Error(`The provider calls itself '${metadata.issuer}', not '${issuer}'`);
  return (await fetchJson(secureUrl(metadata.jwks_uri), signal)) as JSONWebKeySet;
}

/** Redirects are refused: the address that was configured is the one that is trusted. */
async function fetchJson(url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { headers: { Accept: 'application/json' }, redirect: 'error', signal });
  if (response.ok) return response.json();
  await response.body?.cancel();
  throw new Error(`${url} answered ${response.status}`);
}
// #endregion discovery
