import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as node from '../adapters/node.ts';
import type { App } from '../app.ts';
import { Failure, UsageError } from './command.ts';
import { loadApp } from './load.ts';

/** The options of commands that serve. */
export const ADDRESS_OPTIONS = { port: { type: 'string' }, host: { type: 'string' } } as const;

export function readAddress(values: { port?: string; host?: string }): Pick<node.ServeOptions, 'port' | 'host'> {
  const { port: flag, host } = values;
  const port = flag ?? (process.env['PORT'] || undefined);
  if (host === '') throw new UsageError('--host needs an address');
  if (port !== undefined && !(/^\d{1,5}$/.test(port) && Number(port) <= 65_535)) {
    throw new UsageError(`${flag === undefined ? 'PORT' : '--port'} '${port}' is not a number from 0 to 65535`);
  }
  return { ...(port !== undefined && { port: Number(port) }), ...(host !== undefined && { host }) };
}

/** Serves the app of FILE; `serve` ends the process on a signal. */
export async function serveFile(file: string, options: node.ServeOptions): Promise<never> {
  const app = await loadApp(file);
  const { serve } = await adapterOf(app, file);
  try {
    await serve(app, options);
  } catch (error) {
    const { message } = error as Error;
    throw message.startsWith('Cannot listen on ') ? new Failure(message, { cause: error }) : error;
  }
  return new Promise(() => {});
}

/**
 * For a supervised process: only the first signal counts, so that further ones do not cut the shutdown short.
 *
 * A terminal sends SIGINT to every process of the group, and the supervisor passes it on as well.
 */
export function ignoreRepeatedInterrupts(): void {
  process.on('SIGINT', () => {});
}

/** The adapter from the same copy of the package as the app, so that they recognise each other's errors. */
async function adapterOf(app: App, file: string): Promise<typeof node> {
  /* c8 ignore next -- tsx adds a branch to import() */
  const own = await import('../app.ts');
  if (!(app instanceof own.App)) {
    try {
      /* c8 ignore next -- tsx adds a branch to import() */
      return (await import(pathToFileURL(createRequire(resolve(file)).resolve('portico/node')).href)) as typeof node;
    } catch {
      // Any copy can serve the app; only some errors of broken requests are then answered less precisely.
    }
  }
  /* c8 ignore next -- tsx adds a branch to import() */
  return import('../adapters/node.ts');
}
