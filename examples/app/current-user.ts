import { Depends, dependency, HTTPException, OAuth2PasswordBearer, Scopes } from 'portico';
import { store } from './store.ts';

// #region chain
export const oauth2Scheme = new OAuth2PasswordBearer({
  tokenUrl: 'token',
  scopes: { 'items:read': 'Read items.', 'items:write': 'Add and remove items of your own.' },
});

/** The session of a token that has the scopes that the route requires. */
const currentSession = dependency(
  { token: Depends(oauth2Scheme), store: Depends(store), required: Scopes() },
  ({ token, store, required }) => {
    const session = store.session(token);
    if (session === undefined) throw new HTTPException(401, 'The token is unknown or has expired');
    if (!required.scopes.every((scope) => session.scopes.includes(scope))) {
      throw new HTTPException(403, 'The token does not allow this');
    }
    return session;
  },
);

const currentUser = dependency({ session: Depends(currentSession), store: Depends(store) }, ({ session, store }) => {
  const user = store.users.get(session.username);
  if (user === undefined) throw new HTTPException(401, 'The user does not exist any longer');
  return user;
});

/** Routes depend on this: the user of a valid token, unless the account is closed. */
export const activeUser = dependency({ user: Depends(currentUser) }, ({ user }) => {
  if (!user.active) throw new HTTPException(401, 'The account is closed');
  return user;
});
// #endregion chain
