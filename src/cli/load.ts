import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { App } from '../app.ts';
import { stackOf } from '../http/log.ts';
import type { DeclarationError } from '../model/mistakes.ts';
import { Failure } from './command.ts';

/** Imports FILE and gives the app that it exports. */
export async function loadApp(file: string): Promise<App> {
  const path = pathOf(file);
  if (/\.[cm]?tsx?$/.test(path)) await handleTypeScript(file);
  const app = await exportOf(path, file);
  if (app === undefined) throw new Failure(`${file} does not export 'app'`);
  if (!isApp(app)) throw new Failure(`'app' of ${file} is neither an App nor a function that gives one`);
  return app;
}

/** What FILE exports as `app`, made and awaited. */
async function exportOf(path: string, file: string): Promise<unknown> {
  const unsettled = (): void => {
    console.error(`${file} waits for a promise that nothing settles`);
    process.exit(1);
  };
  process.once('beforeExit', unsettled);
  try {
    const exported = (await import(pathToFileURL(path).href)) as { app?: unknown; default?: { app?: unknown } };
    const app = await (exported.app ?? exported.default?.app);
    return typeof app === 'function' ? await (app as () => unknown)() : app;
  } catch (error) {
    throw new Failure(`${file} cannot be loaded\n${explain(error)}`, { cause: error });
  } finally {
    process.off('beforeExit', unsettled);
  }
}

/** The absolute path of FILE, which must be there. */
export function pathOf(file: string): string {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new Failure(`${file} does not exist`);
  return path;
}

/** The app of FILE for a command whose result is what it prints: what FILE prints goes to standard error. */
export function inspectApp(file: string): Promise<App> {
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
  return loadApp(file);
}

/** FILE may have an App of another copy of the package, which is an instance of another class. */
function isApp(value: unknown): value is App {
  if (typeof value !== 'object' || value === null) return false;
  const { fetch, openapi } = value as Partial<App>;
  return typeof fetch === 'function' && typeof openapi === 'function';
}

/**
 * Sees to it that TypeScript with decorators can be imported.
 *
 * What Node does by itself is to strip types, and decorators are not types.
 */
async function handleTypeScript(file: string): Promise<void> {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/(?:^|[\s=/\\])tsx(?:$|[\s/\\])/.test(flags)) return;
  let tsx: string;
  try {
    tsx = createRequire(resolve('package.json')).resolve('tsx');
  } catch (error) {
    // Another loader may have been given.
    if (/--(?:import|require|loader|experimental-loader)\b|(?:^|\s)-r\b/.test(flags)) return;
    const text = `${file} is TypeScript, which is loaded with tsx; install it with: npm install --save-dev tsx`;
    throw new Failure(text, { cause: error });
  }
  // The same as `node --import tsx`: its interface for programs cannot be required in every version.
  await import(pathToFileURL(tsx).href);
}

/** What an error of FILE is told by: wrong declarations need no stack. */
export function explain(error: unknown): string {
  if (isDeclarationError(error)) return error.message;
  const stack = stackOf(error);
  if (!/experimental ?decorators/i.test(stack)) return stack;
  return `${stack}\nDecorators of parameters need "experimentalDecorators": true in the tsconfig.json of the working directory, and files that it includes.`;
}

/** By its shape, for the same reason as an App. */
function isDeclarationError(error: unknown): error is DeclarationError {
  return error instanceof Error && error.name === 'DeclarationError' && 'mistakes' in error;
}
