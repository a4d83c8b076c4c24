import { Depends, dependency } from 'portico';
import { type Client, type Connection, type Database, database } from './database.ts';

// #region transaction
async function begin(database: Database): Promise<Connection> {
  const connection = await database.connect();
  try {
    await connection.query('begin');
    return connection;
  } catch (error) {
    connection.release();
    throw error;
  }
}

/**
 * Committed when the handler has returned, before the response is sent; rolled back on any error.
 *
 * It begins with its first query, so that no connection is held while a client sends its body or a password is hashed.
 */
export const transaction = dependency(
  { database: Depends(database) },
  async function* transaction({ database }) {
    let begun: Promise<Connection> | undefined;
    const client: Client = {
      async query(text, values) {
        begun ??= begin(database);
        return (await begun).query(text, values);
      },
    };
    let ending = 'rollback';
    try {
      yield client;
      ending = 'commit';
    } finally {
      const connection = await begun;
      try {
        await connection?.query(ending);
      } finally {
        connection?.release();
      }
    }
  },
  { lifetime: 'handler' },
);
// #endregion transaction
