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
 * Committed when the handler has returned and before its answer is sent; rolled back by any error.
 *
 * It begins with its first query: a client that is still sending its body holds no connection, and neither does a
 * password that is being hashed.
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
