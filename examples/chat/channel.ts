import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

/** A PostgreSQL channel: all processes that listen get each message, including the sender. */
export interface Channel {
  /** Sends a text of less than 8 000 bytes. */
  say(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Gets texts in the order in which they were sent; `lost` is called when the connection is lost. */
export interface Listener {
  hear(text: string): void;
  lost(error: Error): void;
}

const NAME = 'rooms';

/** The server at `DATABASE_URL`, or without one an embedded database, which only this process can use. */
export function openChannel(listener: Listener): Promise<Channel> {
  const url = process.env['DATABASE_URL'];
  return url === undefined ? openEmbedded(listener) : openOnServer(url, listener);
}

/** Not from a pool, because a connection that listens cannot be returned to it. */
async function openOnServer(url: string, listener: Listener): Promise<Channel> {
  const client = new pg.Client({ connectionString: url });
  client.on('notification', ({ payload = '' }) => listener.hear(payload));
  client.on('error', (error) => listener.lost(error));
  await client.connect();
  await client.query(`listen ${NAME}`);
  return {
    say: async (text) => void (await client.query('select pg_notify($1, $2)', [NAME, text])),
    close: () => client.end(),
  };
}

let embedded: Promise<PGlite> | undefined;

async function openEmbedded(listener: Listener): Promise<Channel> {
  const database = await (embedded ??= PGlite.create());
  const close = await database.listen(NAME, (text) => listener.hear(text));
  return { say: async (text) => void (await database.query('select pg_notify($1, $2)', [NAME, text])), close };
}
