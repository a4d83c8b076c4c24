import {
  Controller,
  Depends,
  OAuth2Error,
  OAuth2PasswordRequestForm,
  OnError,
  Post,
  RequestValidationError,
} from 'portico';
import { tokens } from './access-tokens.ts';
import { type Audit, audit } from './audit.ts';
import { authenticatedUser } from './authenticate.ts';
import { type Client, type Database, database } from './database.ts';
import { Tokens } from './schemas.ts';
import { grantScopes } from './scopes.ts';
import {
  endSession,
  endSessionOf,
  issueRefreshToken,
  openSession,
  redeemRefreshToken,
  RefreshTokenReused,
  type Session,
} from './sessions.ts';
import { type Settings, settings } from './settings.ts';
import { type RefreshForm, refreshForm, type RevocationForm, revocationForm } from './token-forms.ts';
import { transaction } from './transaction.ts';
import { findActiveUser, type UserRecord } from './users.ts';

const OPTIONS = { public: true, limits: { body: 4_096 } };

@Controller('/token', { tags: ['login'] })
export class TokenController {
  constructor(
    @Depends(settings) private readonly settings: Settings,
    @Depends(database) private readonly database: Database,
    @Depends(audit) private readonly audit: Audit,
  ) {}

  // #region login
  @Post({ ...OPTIONS, response: Tokens })
  async login(
    @Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm,
    @Depends(authenticatedUser) user: UserRecord,
    @Depends(transaction) client: Client,
  ) {
    const scopes = grantScopes(form.scopes, user.scopes);
    const session = await openSession(client, { username: user.username, scopes }, this.settings);
    return this.#issue(client, session, scopes);
  }
  // #endregion login

  // #region refresh
  @Post('/refresh', { ...OPTIONS, response: Tokens })
  async refresh(@Depends(refreshForm) form: RefreshForm, @Depends(transaction) client: Client) {
    const session = await redeemRefreshToken(client, form.refreshToken);
    const user = await findActiveUser(client, session.username);
    if (user === undefined) throw new OAuth2Error('invalid_grant', 'The account is closed');
    const allowed: readonly string[] = user.scopes;
    const scopes = grantScopes(
      form.scopes,
      session.scopes.filter((scope) => allowed.includes(scope)),
    );
    return this.#issue(client, session, scopes);
  }

  /** Runs after the rollback of the transaction, so what it writes is kept. */
  @OnError(RefreshTokenReused)
  async endReused(error: RefreshTokenReused): Promise<never> {
    await endSession(this.database, error.session);
    this.audit('refresh token used twice', { username: error.session.username });
    throw error;
  }
  // #endregion refresh

  // #region revoke
  /** Logs out. Unknown and already revoked tokens get the same response (RFC 7009 §2.2). */
  @Post('/revoke', OPTIONS)
  async revoke(@Depends(revocationForm) { token }: RevocationForm) {
    const username = await endSessionOf(this.database, token);
    if (username !== undefined) this.audit('session ended', { username });
  }
  // #endregion revoke

  /** The password form does this automatically. */
  @OnError(RequestValidationError)
  invalid({ issues }: RequestValidationError): never {
    const description = issues.map(({ loc, msg }) => `${loc.slice(1).join('.')}: ${msg}`).join('; ');
    throw new OAuth2Error('invalid_request', description);
  }

  async #issue(client: Client, session: Session, scopes: readonly string[]): Promise<Tokens> {
    // RFC 9068 §2.2 requires a client id; this program has one client, its own, without a secret.
    const issued = await tokens.issue(session.username, { scopes, clientId: 'first-party' });
    return { ...issued, refresh_token: await issueRefreshToken(client, session, this.settings) };
  }
}
