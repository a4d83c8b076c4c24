import { Depends, dependency } from 'portico';
import { Pool } from './pool.ts';

const SCHEMA = `
  create table accounts (
    name text primary key,
    token_digest text not null unique,
    balance integer not null default 100
  );
  create table transfers (
    id integer primary key generated always as identity,
    payer text not null references accounts,
    payee text not null references accounts deferrable initially deferred,
    amount integer not null check (amount > 0)
  );
`;

// #region pool
/** Opened before the first request, closed by app.close(). */
const pool = dependency(
  async function* pool() {
    const opened = await Pool.open(SCHEMA);
    try {
      yield opened;
    } finally {
      await opened.end();
    }
  },
  { lifetime: 'app' },
);
// #endregion pool

// #region transaction
/** One transaction for everything in a request; committed before the response is sent, rolled back on any error. */
export const transaction = dependency(
  { pool: Depends(pool) },
  async function* transaction({ pool }) {
    const client = await pool.connect();
    try {
      await client.query('begin');
      yield client;
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  },
  { lifetime: 'handler' },
);
// #endregion transaction
