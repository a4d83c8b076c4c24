import { Controller, Depends, OAuth2Error, OAuth2PasswordRequestForm, Post } from 'portico';
import { NO_PASSWORD, verifyPassword } from './passwords.ts';
import { Token } from './schemas.ts';
import { SESSION_SECONDS, type Store, store } from './store.ts';

// #region login
@Controller('/token', { tags: ['login'] })
export class TokenController {
  constructor(@Depends(store) private readonly store: Store) {}

  @Post({ response: Token, public: true })
  async login(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm) {
    const user = this.store.users.get(form.username);
    const matches = await verifyPassword(form.password, user?.passwordHash ?? NO_PASSWORD);
    if (user === undefined || !user.active || !matches) {
      throw new OAuth2Error('invalid_grant', 'Wrong user name or password');
    }
    const scopes = form.scopes.length > 0 ? form.scopes : user.scopes;
    if (!scopes.every((scope) => user.scopes.includes(scope))) throw new OAuth2Error('invalid_scope');
    const access_token = this.store.openSession(user.username, scopes);
    return { access_token, token_type: 'bearer' as const, expires_in: SESSION_SECONDS, scope: scopes.join(' ') };
  }
}
// #endregion login
