import { serve } from 'portico/node';
import { app } from './app.ts';
import { DEMO } from './store.ts';

await serve(app, { port: Number(process.env['PORT'] ?? 8000) });
console.log(`Sign in as '${DEMO.username}' with the password '${DEMO.password}'.`);
