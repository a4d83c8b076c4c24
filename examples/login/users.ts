import type { Client } from './database.ts';
import { hashPassword } from './passwords.ts';
import type { NewUser } from './schemas.ts';

export interface UserRecord {
  readonly username: string;
  readonly passwordHash: string;
  readonly active: boolean;
  /** The scopes that the user can grant to a client. */
  readonly scopes: NewUser['scopes'];
}

type UserRow = { [K in keyof UserRecord]: UserRecord[K] };

const COLUMNS = 'username, password_hash as "passwordHash", active, scopes';

/** The user with this name, unless the account is closed. */
export async function findActiveUser(client: Client, username: string): Promise<UserRecord | undefined> {
  const text = `select ${COLUMNS} from users where username = $1 and active`;
  const { rows } = await client.query<UserRow>(text, [username]);
  return rows[0];
}

/** The new user, or undefined if the name is taken. */
export async function addUser(client: Client, user: NewUser): Promise<UserRecord | undefined> {
  const text = `
    insert into users (username, password_hash, scopes) values ($1, $2, $3)
    on conflict (username) do nothing returning ${COLUMNS}`;
  const { rows } = await client.query<UserRow>(text, [user.username, await hashPassword(user.password), user.scopes]);
  return rows[0];
}
