import { type HTTPAuthorizationCredentials, HTTPBearer, OpenIdConnect } from '../security/bearer.ts';
import type { SecurityScheme } from '../security/scheme.ts';
import { discoveryUrl } from './identity-provider.ts';

/** The values of schemes that a token can be taken from. */
export type TokenCredentials = string | HTTPAuthorizationCredentials | undefined;

/** A scheme that reads a token, such as `OAuth2PasswordBearer` or `HTTPBearer`. */
export type TokenScheme = SecurityScheme<TokenCredentials>;

export function tokenIn(credentials: Exclude<TokenCredentials, undefined>): string {
  return typeof credentials === 'string' ? credentials : credentials.credentials;
}

/** The default scheme of an issuer's tokens: documented by its discovery document if it has one. */
export function schemeOf(issuer: string | undefined): TokenScheme {
  return issuer === undefined ? new HTTPBearer() : new OpenIdConnect({ openIdConnectUrl: discoveryUrl(issuer) });
}
