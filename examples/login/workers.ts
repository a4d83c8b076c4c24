import type { App } from 'portico';
import { createApp } from './app.ts';
import { addAdministrator } from './main.ts';

/** For `portico start examples/login/workers.ts --workers 2`: each process makes an app of its own. */
export async function app(): Promise<App> {
  // Each process would have a database and a key of its own, and know nothing of what the others have let in.
  for (const name of ['DATABASE_URL', 'SIGNING_KEY']) {
    if (!process.env[name]) throw new Error(`Several processes need ${name}, which they share`);
  }
  const made = createApp();
  await addAdministrator(made);
  return made;
}
