import type { App } from './app.ts';

/** What a Worker passes to its handlers; `env` holds its bindings. */
export interface WorkerPlatform<Env = unknown> {
  readonly env: Env;
  readonly context: WorkerContext;
}

/** The part of a Worker's execution context that is used. */
export interface WorkerContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** A module Worker. */
export interface WorkerHandler {
  fetch(request: Request, env: unknown, context: WorkerContext): Promise<Response>;
}

/** The app as a Cloudflare module Worker: `export default toWorker(app)`; `ctx.platform` is its `{ env, context }`. */
export function toWorker(app: App): WorkerHandler {
  return {
    fetch(request, env, context) {
      const platform: WorkerPlatform = { env, context };
      const clientAddress = request.headers.get('cf-connecting-ip') ?? undefined;
      const response = app.fetch(request, {
        clientAddress,
        platform,
        waitUntil: (promise) => context.waitUntil(promise),
      });
      // When the client disconnects, a Worker ends whatever it was not asked to wait for, including a handler's
      // cleanups.
      context.waitUntil(response);
      return response;
    },
  };
}
