import { app } from '../platforms/app.ts';

/** The part of Bun that is used; `bun-types` has all of it. */
interface BunServer {
  requestIP(request: Request): { readonly address: string } | null;
  stop(): Promise<void>;
}
declare const Bun: {
  serve(options: { port: number; fetch(request: Request, server: BunServer): Promise<Response> }): BunServer;
};

// #region serve
await app.start();
const server = Bun.serve({
  port: Number(process.env['PORT'] ?? 8000),
  fetch: (request, socket) => app.fetch(request, { clientAddress: socket.requestIP(request)?.address }),
});

process.on('SIGTERM', async () => {
  const stopped = server.stop();
  await app.close();
  await stopped;
  process.exit(0);
});
// #endregion serve
