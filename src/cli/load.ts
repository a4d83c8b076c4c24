import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { App } from '../app.ts';
import { stackOf } from '../http/log.ts';
import type { DeclarationError } from '../model/mistakes.ts';
import { Failure } from './command.ts';

/** Imports FILE and returns the app that it exports. */
export async function loadApp(file: string): Promise<App> {
  const path = pathOf(file);
  const hint = /\.[cm]?tsx?$/.test(path) ? await handleTypeScript() : undefined;
  const app = await exportOf(path, file, hint);
  if (app === undefined) throw new Failure(`${file} does not export 'app'`);
  if (!isApp(app)) throw new Failure(`'app' of ${file} is neither an App nor a function that returns one`);
  return app;
}

/** The `app` export of FILE, called and awaited; a hint says what to do if Node does not know its syntax. */
async function exportOf(path: string, file: string, hint: string | undefined): Promise<unknown> {
  const unsettled = (): void => {
    console.error(`${file} waits for a promise that never settles`);
    process.exit(1);
  };
  process.once('beforeExit', unsettled);
  try {
    /* c8 ignore next -- tsx adds a branch to import() */
    const exported = (await import(pathToFileURL(path).href)) as { app?: unknown; default?: { app?: unknown } };
    const app = await (exported.app ?? exported.default?.app);
    return typeof app === 'function' ? await (app as () => unknown)() : app;
  } catch (error) {
    /* c8 ignore start -- there is a hint only without a loader, which the sources of this file need themselves */
    if (hint !== undefined && isSyntaxUnknown(error)) {
      throw new Failure(`${file} is TypeScript, ${hint}\n${error.message}`, { cause: error });
    }
    /* c8 ignore stop */
    throw new Failure(`${file} cannot be loaded\n${explain(error)}`, { cause: error });
  } finally {
    process.off('beforeExit', unsettled);
  }
}

/** The absolute path of FILE, which must exist. */
export function pathOf(file: string): string {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new Failure(`${file} does not exist`);
  return path;
}

/** The app of FILE for a command that prints its result: output of FILE itself goes to standard error. */
export function inspectApp(file: string): Promise<App> {
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error });
  return loadApp(file);
}

/** The App of FILE may come from another copy of the package, and so be an instance of another class. */
function isApp(value: unknown): value is App {
  if (typeof value !== 'object' || value === null) return false;
  const { fetch, openapi } = value as Partial<App>;
  return typeof fetch === 'function' && typeof openapi === 'function';
}

/**
 * Makes TypeScript with decorators importable; without tsx, returns a hint for when that fails.
 *
 * Node itself only strips types, and decorators are not types.
 */
async function handleTypeScript(): Promise<string | undefined> {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (/(?:^|[\s=/\\])tsx(?:$|[\s/\\])/.test(flags)) return undefined;
  let tsx: string;
  try {
    tsx = createRequire(resolve('package.json')).resolve('tsx');
  } catch {
    // Another loader may be in use, or FILE may not need one.
    const given = /--(?:import|require|loader|experimental-loader)\b|(?:^|\s)-r\b/.test(flags);
    /* c8 ignore next -- only without a loader, as above */
    return given ? undefined : 'which is loaded with tsx; install it with: npm install --save-dev tsx';
  }
  // The same as `node --import tsx`: its API cannot be required in every version.
  /* c8 ignore next -- tsx adds a branch to import() */
  await import(pathToFileURL(tsx).href);
  return undefined;
}

/** Node 20 does not support TypeScript, and later versions only erasable syntax. */
/* c8 ignore start -- called only where there is a hint */
function isSyntaxUnknown(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? String(error.code) : '';
  return error instanceof SyntaxError || code === 'ERR_UNKNOWN_FILE_EXTENSION' || code.endsWith('_TYPESCRIPT_SYNTAX');
}
/* c8 ignore stop */

/** How an error of FILE is printed: declaration errors need no stack. */
export function explain(error: unknown): string {
  if (isDeclarationError(error)) return error.message;
  const stack = stackOf(error);
  if (!/experimental ?decorators/i.test(stack)) return stack;
  /* c8 ignore next -- only under other settings than those of the sources, so that the two cannot be counted together */
  return `${stack}\nParameter decorators need "experimentalDecorators": true in the tsconfig.json of the working directory, which must include the file.`;
}

/** Checked by its shape, for the same reason as an App. */
function isDeclarationError(error: unknown): error is DeclarationError {
  return error instanceof Error && error.name === 'DeclarationError' && 'mistakes' in error;
}
