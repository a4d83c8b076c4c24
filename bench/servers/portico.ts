import { serve } from 'portico/node';
import { app } from './portico-app.ts';

await serve(app, {
  port: Number(process.env.PORT),
  host: '127.0.0.1',
  ...(process.env.FAST_WRITE ? { fastWrite: true } : {}),
});
