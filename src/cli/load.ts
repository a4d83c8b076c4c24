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
  const hint = /\.[cm]?tsx?$/.test(path) ? await handleTypeScript() : undefined;
  const app = await exportOf(path, file, hint);
  if (app === undefined) throw new Failure(`${file} does not export 'app'`);
  if (!isApp(app)) throw new Failure(`'app' of ${file} is neither an App nor a function that gives one`);
  return app;
}

/** What FILE exports as `app`, made and awaited; a hint says what to do where Node does not know its syntax. */
async function exportOf(path: string, file: string, hint: string | undefined): Promise<unknown> {
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
    if (hint === undefined || !isSyntaxUnknown(error)) {
      throw new Failure(`${file} cannot be loaded\n${explain(error)}`, { cause: error });
    }
    throw new Failure(`${file} is TypeScript, ${hint}\n${error.message}`, { cause: error });
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
 * Sees to it that TypeScript with decorators can be imported; where there is no tsx it gives what to do if that fails.
 *
 * What Node does by itself is to strip types, and decorators are not types.
 */
async function handleTypeScript(): Promise<string | undefined> {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/(?:^|[\s=/\\])tsx(?:$|[\s/\\])/.test(flags)) return undefined;
  let tsx: string;
  try {
    tsx = createRequire(resolve('package.json')).resolve('tsx');
  } catch {
    // Another loader may have been given, or there is nothing in FILE that needs one.
    const given = /--(?:import|require|loader|experimental-loader)\b|(?:^|\s)-r\b/.test(flags);
    return given ? undefined : 'which is loaded with tsx; install it with: npm install --save-dev tsx';
  }
  // The same as `node --import tsx`: its interface for programs cannot be required in every version.
  await import(pathToFileURL(tsx).href);
  return undefined;
}

/** Node 20 knows no TypeScript, and later versions only what can be stripped. */
function isSyntaxUnknown(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return error instanceof SyntaxError || code === 'ERR_UNKNOWN_FILE_EXTENSION' || code.endsWith('_TYPESCRIPT_SYNTAX');
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
