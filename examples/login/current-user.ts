import { Depends, dependency, HTTPException, OAuth2PasswordBearer, Scopes } from 'portico';
import { accessTokens } from './access-tokens.ts';
import { database } from './database.ts';
import { SCOPES } from './schemas.ts';
import { findActiveUser } from './users.ts';

// #region chain
const oauth2Scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', refreshUrl: 'token/refresh', scopes: SCOPES });

/** What a valid token says, where it has the scopes that the route requires. */
const claims = dependency(
  { token: Depends(oauth2Scheme), accessTokens: Depends(accessTokens), required: Scopes() },
  async ({ token, accessTokens, required }) => {
    const claims = await accessTokens.verify(token);
    if (claims === undefined) throw new HTTPException(401, 'The token is invalid or has expired');
    if (!required.scopes.every((scope) => claims.scopes.includes(scope))) {
      throw new HTTPException(403, 'The token does not allow this');
    }
    return claims;
  },
);

/** Looked up for each request: an account that has been closed is out at once, whatever its tokens say. */
export const currentUser = dependency(
  { claims: Depends(claims), database: Depends(database) },
  async ({ claims, database }) => {
    const user = await findActiveUser(database, claims.username);
    if (user === undefined) throw new HTTPException(401, 'The token is invalid or has expired');
    return user;
  },
);
// #endregion chain
