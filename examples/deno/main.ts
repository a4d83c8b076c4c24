import process from 'node:process';
import { app } from '../platforms/app.ts';

/** The part of Deno's types that is used. */
interface ServeHandlerInfo {
  readonly remoteAddr: { readonly hostname: string };
}
declare const Deno: {
  serve(
    options: { port: number },
    handler: (request: Request, info: ServeHandlerInfo) => Promise<Response>,
  ): { shutdown(): Promise<void> };
};

// #region serve
await app.start();
const server = Deno.serve({ port: Number(process.env['PORT'] ?? 8000) }, (request, { remoteAddr }) =>
  app.fetch(request, { clientAddress: remoteAddr.hostname }),
);

async function end(): Promise<void> {
  const ended = server.shutdown();
  await app.close();
  await ended;
  process.exit(0);
}
process.on('SIGTERM', () => void end());
// #endregion serve
