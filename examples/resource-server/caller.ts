import { errors } from 'jose';
import { Depends, dependency, HTTPException, OpenIdConnect, Scopes } from 'portico';
import { verifyAccessToken } from './access-token.ts';
import { discoveryUrl, fetchKeys } from './identity-provider.ts';
import { KeySet, KeysUnavailable } from './key-set.ts';
import { ISSUER } from './settings.ts';

const openIdConnect = new OpenIdConnect({ openIdConnectUrl: discoveryUrl(ISSUER) });

// #region caller
/** Asks for nothing until a token comes: a provider that cannot be reached keeps no app from starting. */
export const keySet = dependency(
  function keySet() {
    return new KeySet(() => fetchKeys(ISSUER));
  },
  { lifetime: 'app' },
);

const accessToken = dependency(
  { token: Depends(openIdConnect), keys: Depends(keySet) },
  async ({ token, keys }) => {
    try {
      return await verifyAccessToken(token, keys);
    } catch (cause) {
      if (cause instanceof errors.JOSEError) throw new HTTPException(401, 'The token is not valid here', { cause });
      if (!(cause instanceof KeysUnavailable)) throw cause;
      throw new HTTPException(503, 'Tokens cannot be verified', { headers: { 'Retry-After': '30' }, cause });
    }
  },
  { responses: { 503: { description: 'The keys of the identity provider cannot be had' } } },
);

/** What routes depend on: the token of whoever calls, if it has the scopes that the route requires. */
export const caller = dependency({ token: Depends(accessToken), required: Scopes() }, ({ token, required }) => {
  if (required.scopes.every((scope) => token.scopes.has(scope))) return token;
  throw new HTTPException(403, 'The token does not allow this');
});
// #endregion caller
