import { randomBytes, randomUUID } from 'node:crypto';
import { OAuth2Error } from 'portico';
import type { Client } from './database.ts';
import { digest } from './digest.ts';
import { secondsFromNow, type Settings } from './settings.ts';

const REFUSAL = 'The refresh token is unknown, has expired or has been revoked';

/** A login; all refresh tokens issued for it end with it. */
export interface Session {
  readonly id: string;
  readonly username: string;
  /** The granted scopes; a refreshed token has these or fewer (RFC 6749 §6). */
  readonly scopes: readonly string[];
}

// #region reuse
/** A refresh token was used twice: one of the two users is a thief (RFC 9700 §4.14.2). */
export class RefreshTokenReused extends OAuth2Error {
  readonly session: Session;

  constructor(session: Session) {
    super('invalid_grant', REFUSAL);
    this.session = session;
  }
}
// #endregion reuse

export async function openSession(
  client: Client,
  { username, scopes }: Omit<Session, 'id'>,
  { sessionSeconds }: Settings,
): Promise<Session> {
  const session = { id: randomUUID(), username, scopes };
  await client.query('delete from sessions where ends_at <= $1', [new Date()]);
  await client.query('insert into sessions (id, username, scopes, ends_at) values ($1, $2, $3, $4)', [
    session.id,
    username,
    scopes,
    secondsFromNow(sessionSeconds),
  ]);
  return session;
}

// #region rotation
/** 256 random bits, of which only a digest is stored, so that a leaked database contains no usable tokens. */
export async function issueRefreshToken(client: Client, { id }: Session, settings: Settings): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  const expires = secondsFromNow(settings.refreshTokenSeconds);
  const text = 'insert into refresh_tokens (digest, session_id, expires_at) values ($1, $2, $3)';
  await client.query(text, [digest(token), id, expires]);
  return token;
}

/** Uses up a refresh token, and returns the session that it belongs to. */
export async function redeemRefreshToken(client: Client, token: string): Promise<Session> {
  // The rows stay locked until the transaction ends, so a second request with the same token sees it used.
  const { rows } = await client.query<{ id: string; username: string; scopes: string[]; used: boolean; ends: Date }>(
    `select id, username, scopes, used, least(expires_at, ends_at) as ends
     from refresh_tokens join sessions on id = session_id where digest = $1 for update`,
    [digest(token)],
  );
  const [found] = rows;
  if (found === undefined) throw new OAuth2Error('invalid_grant', REFUSAL);
  const { used, ends, ...session } = found;
  if (used) throw new RefreshTokenReused(session);
  if (ends <= new Date()) throw new OAuth2Error('invalid_grant', REFUSAL);
  await client.query('update refresh_tokens set used = true where digest = $1', [digest(token)]);
  return session;
}
// #endregion rotation

// #region revocation
/** Ends the session of a refresh token, used or not, and returns its user name. */
export async function endSessionOf(client: Client, token: string): Promise<string | undefined> {
  const { rows } = await client.query<{ username: string }>(
    `delete from sessions where id = (select session_id from refresh_tokens where digest = $1) returning username`,
    [digest(token)],
  );
  return rows[0]?.username;
}

export async function endSession(client: Client, { id }: Session): Promise<void> {
  await client.query('delete from sessions where id = $1', [id]);
}

export async function endAllSessions(client: Client, username: string): Promise<void> {
  await client.query('delete from sessions where username = $1', [username]);
}
// #endregion revocation
