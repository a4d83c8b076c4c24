import { createHash, randomBytes } from 'node:crypto';
import { dependency } from 'portico';
import { hashPassword } from './passwords.ts';
import type { Item } from './schemas.ts';

export interface UserRecord {
  readonly username: string;
  readonly passwordHash: string;
  readonly active: boolean;
  /** The scopes that the user can grant to a client. */
  readonly scopes: readonly string[];
}

export interface Session {
  readonly username: string;
  readonly scopes: readonly string[];
  /** In milliseconds since the epoch. */
  readonly expires: number;
}

export const SESSION_SECONDS = 900;

/** The user that exists from the start. */
export const DEMO = { username: 'demo', password: process.env['DEMO_PASSWORD'] ?? 'demo' };

/** All data of the application, in memory. */
export class Store {
  readonly users = new Map<string, UserRecord>();
  readonly items = new Map<number, Item>();
  readonly #sessions = new Map<string, Session>();

  /** Stores only a digest of the token, so that a leaked store contains no usable tokens. */
  openSession(username: string, scopes: readonly string[]): string {
    const token = randomBytes(32).toString('base64url');
    this.#sessions.set(digest(token), { username, scopes, expires: Date.now() + SESSION_SECONDS * 1_000 });
    return token;
  }

  /** The session of a token that was issued and has not expired. */
  session(token: string): Session | undefined {
    const session = this.#sessions.get(digest(token));
    if (session === undefined || session.expires > Date.now()) return session;
    this.#sessions.delete(digest(token));
    return undefined;
  }
}

// #region store
export const store = dependency(
  async function store() {
    const opened = new Store();
    const passwordHash = await hashPassword(DEMO.password);
    opened.users.set(DEMO.username, {
      username: DEMO.username,
      passwordHash,
      active: true,
      scopes: ['items:read', 'items:write'],
    });
    return opened;
  },
  { lifetime: 'app' },
);
// #endregion store

function digest(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
