import { serve } from 'portico/node';
import { app } from './app.ts';

const { HOST: host = '127.0.0.1', PORT: port = '8000' } = process.env;

await serve(app, { host, port: Number(port) });
