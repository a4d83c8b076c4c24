import type { App } from 'portico';
import { createApp } from './app.ts';
import { addAdministrator } from './main.ts';

/** For `portico start examples/login/workers.ts --workers 2`: each process creates its own app. */
export async function app(): Promise<App> {
  // Otherwise each process would have its own database and key, and refuse the tokens of the others.
  for (const name of ['DATABASE_URL', 'SIGNING_KEY']) {
    if (!process.env[name]) throw new Error(`Several processes need ${name}, which they share`);
  }
  const made = createApp();
  await addAdministrator(made);
  return made;
}
