import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';

/** A channel of PostgreSQL: what one process says, all that listen hear, itself included. */
export interface Channel {
  /** A text of less than 8 000 bytes. */
  say(text: string): Promise<void>;
  close(): Promise<void>;
}

/** Hears texts in the order in which they were said; `lost` is called when nothing is heard any more. */
export interface Listener {
  hear(text: string): void;
  lost(error: Error): void;
}

const NAME = 'rooms';

/** The server at `DATABASE_URL`, or without one an embedded database, which is this process's alone. */
export function openChannel(listener: Listener): Promise<Channel> {
  const url = process.env['DATABASE_URL'];
  return url === undefined ? openEmbedded(listener) : openOnServer(url, listener);
}

/** A connection of its own, since one that listens cannot go back to a pool. */
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
