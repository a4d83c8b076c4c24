import { toWorker } from 'portico/workers';
import { app } from '../platforms/app.ts';

// oxlint-disable-next-line no-default-export -- a module Worker is the default export
export default toWorker(app);
