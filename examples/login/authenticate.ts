import { Ctx, Depends, dependency, OAuth2Error, OAuth2PasswordRequestForm } from 'portico';
import { countedAttempt } from './attempts.ts';
import { audit } from './audit.ts';
import { database } from './database.ts';
import { passwordVerifier } from './passwords.ts';
import { Username } from './schemas.ts';
import { findActiveUser } from './users.ts';

// #region authenticate
/** The user whose name and password were sent. Every failure gets the same response, after the same work. */
export const authenticatedUser = dependency(
  {
    form: Depends(OAuth2PasswordRequestForm),
    takeBack: Depends(countedAttempt),
    database: Depends(database),
    passwordVerifier: Depends(passwordVerifier),
    audit: Depends(audit),
    context: Ctx(),
  },
  async ({ form, takeBack, database, passwordVerifier, audit, context: { clientAddress: address } }) => {
    const named = Username.safeParse(form.username).success;
    const user = named ? await findActiveUser(database, form.username) : undefined;
    const matches = await passwordVerifier.verify(form.password, user?.passwordHash);
    if (user === undefined || !matches) {
      audit('login failed', { username: user?.username, address });
      throw new OAuth2Error('invalid_grant', 'Wrong user name or password');
    }
    await takeBack();
    audit('login succeeded', { username: user.username, address });
    return user;
  },
);
// #endregion authenticate
