import { serve } from 'portico/node';
import { app } from '../platforms/app.ts';

await serve(app, { port: Number(process.env['PORT'] ?? 8000) });
