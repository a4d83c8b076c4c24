import { app } from '../readme.ts';

// oxlint-disable-next-line no-default-export -- these platforms take the default export
export default { fetch: app.fetch };
