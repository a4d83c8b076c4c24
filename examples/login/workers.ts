// For `portico start examples/login/workers.ts --workers 4`: each process makes an app of its own.
export { createApp as app } from './app.ts';
