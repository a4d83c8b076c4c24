import pg, { type QueryResultRow } from 'pg';
import { Depends, dependency } from 'portico';
import { Pool as EmbeddedPool } from '../database/pool.ts';
import { settings } from './settings.ts';

/** In production, create tables with migrations instead. */
const TABLES = `
  create table if not exists users (
    username text primary key,
    password_hash text not null,
    active boolean not null default true,
    scopes text[] not null
  );
  create table if not exists sessions (
    id uuid primary key,
    username text not null references users on delete cascade,
    scopes text[] not null,
    ends_at timestamptz not null
  );
  create index if not exists sessions_username on sessions (username);
  create table if not exists refresh_tokens (
    digest text primary key,
    session_id uuid not null references sessions on delete cascade,
    expires_at timestamptz not null,
    used boolean not null default false
  );
  create index if not exists refresh_tokens_session on refresh_tokens (session_id);
  create table if not exists attempts (
    key text primary key,
    count integer not null,
    ends_at timestamptz not null
  );
`;

export interface Client {
  query<R extends QueryResultRow>(text: string, values?: unknown[]): Promise<{ rows: R[] }>;
}

export interface Connection extends Client {
  release(): void;
}

/** A connection pool; each query that is run on it directly is a transaction of its own. */
export interface Database extends Client {
  connect(): Promise<Connection>;
  end(): Promise<void>;
}

// #region open
async function connectTo(connectionString: string): Promise<Database> {
  const pool = new pg.Pool({ connectionString });
  // A broken idle connection is replaced; without a listener the error would end the process.
  pool.on('error', ({ message }) => console.error(`PostgreSQL: ${message}`));
  await pool.query(TABLES);
  return pool;
}

async function embed(): Promise<Database> {
  const pool = await EmbeddedPool.open(TABLES);
  return {
    connect: () => pool.connect(),
    end: () => pool.end(),
    async query(text, values) {
      const connection = await pool.connect();
      try {
        return await connection.query(text, values);
      } finally {
        connection.release();
      }
    },
  };
}

export const database = dependency(
  { settings: Depends(settings) },
  async function* database({ settings: { databaseUrl } }) {
    const opened = await (databaseUrl === undefined ? embed() : connectTo(databaseUrl));
    try {
      yield opened;
    } finally {
      await opened.end();
    }
  },
  { lifetime: 'app' },
);
// #endregion open
