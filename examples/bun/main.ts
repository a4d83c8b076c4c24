import { app } from '../platforms/app.ts';

/** The part of Bun's types that is used; `bun-types` has all of them. */
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

async function end(): Promise<void> {
  const ended = server.stop();
  await app.close();
  await ended;
  process.exit(0);
}
process.on('SIGTERM', () => void end());
// #endregion serve
