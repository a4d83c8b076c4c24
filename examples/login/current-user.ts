import { Depends, dependency, HTTPException } from 'portico';
import { accessToken } from './access-tokens.ts';
import { database } from './database.ts';
import { findActiveUser } from './users.ts';

// #region chain
/** Looked up for each request, so that closing an account takes effect at once. */
export const currentUser = dependency(
  { token: Depends(accessToken), database: Depends(database) },
  async ({ token, database }) => {
    const user = await findActiveUser(database, token.subject);
    if (user === undefined) throw new HTTPException(401, 'Invalid authentication credentials');
    return user;
  },
);
// #endregion chain
