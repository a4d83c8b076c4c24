import { randomBytes } from 'node:crypto';
import type { App } from 'portico';
import { serve } from 'portico/node';
import { createApp } from './app.ts';
import { database } from './database.ts';
import { addUser } from './users.ts';

/** Adds the first user, who can add others, unless it exists. */
export async function addAdministrator(app: App): Promise<void> {
  const given = process.env['ADMIN_PASSWORD'];
  const password = given ?? randomBytes(15).toString('base64url');
  await using scope = app.scope();
  const client = await scope.get(database);
  const added = await addUser(client, { username: 'admin', password, scopes: ['profile:read', 'users:write'] });
  if (added !== undefined && given === undefined) console.log(`Sign in as 'admin' with the password '${password}'.`);
}

async function main(): Promise<void> {
  const app = createApp();
  await app.start();
  await addAdministrator(app);
  // Without the number of proxies in front, all clients would count as one address.
  const trustProxy = Number(process.env['TRUST_PROXY'] ?? 0);
  await serve(app, { port: Number(process.env['PORT'] ?? 8000), trustProxy });
}

if (process.argv[1] === import.meta.filename) await main();
