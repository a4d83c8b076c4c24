/**
 * Where something was declared; the platform formats the stack on first access, which is when a mistake is reported.
 */
export interface CallSite {
  readonly stack?: string | undefined;
}

/** A line of the user's code. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Only a few frames of the package lie between a decorator's caller and this call. */
const FRAMES = 6;

const sites = new WeakMap<object, CallSite>();
const own = capture();

/** Remembers where a declaration was made. */
export function keepCallSite<D extends object>(declaration: D): D {
  sites.set(declaration, capture());
  return declaration;
}

export function callSiteOf(declaration: object | undefined): CallSite | undefined {
  return declaration && sites.get(declaration);
}

/**
 * The nearest line outside of the package; undefined if the platform does not provide it, or everything is one bundle.
 */
export function sourceLineOf(site: CallSite | undefined): SourceLine | undefined {
  const inside = packageFiles();
  return linesOf(site).find(({ file }) => !file.startsWith('node:') && !inside.test(file));
}

/** The file that this module is in: it distinguishes copies of the package. */
export function packageFile(): string | undefined {
  return linesOf(own)[0]?.file;
}

function capture(): CallSite {
  const platform = Error as { stackTraceLimit?: number };
  const limit = platform.stackTraceLimit;
  if (limit === undefined) return new Error();
  try {
    platform.stackTraceLimit = FRAMES;
    return new Error();
  } catch {
    // Built-ins may have been frozen.
    return new Error();
  } finally {
    restore(platform, limit);
  }
}

function restore(platform: { stackTraceLimit?: number }, limit: number): void {
  try {
    platform.stackTraceLimit = limit;
  } catch {
    return;
  }
}

/** The frames of a stack as V8 writes them, `at name (file:line:column)`, and as others do, `name@file:line:column`. */
function linesOf(site: CallSite | undefined): SourceLine[] {
  const stack = stackOf(site);
  return stack.split('\n').flatMap((text) => {
    const match = /^(?:\s*at (?:.*? \()?|[^@]*@)(.+?):(\d+):(\d+)\)?$/.exec(text);
    if (match === null) return [];
    const [, file = '', line, column] = match;
    return [{ file: pathOf(file), line: Number(line), column: Number(column) }];
  });
}

/** The program may have replaced the formatting of stacks, and that may throw. */
function stackOf(site: CallSite | undefined): string {
  try {
    const stack: unknown = site?.stack;
    return typeof stack === 'string' ? stack : '';
  } catch {
    return '';
  }
}

function pathOf(file: string): string {
  if (!file.startsWith('file://')) return file;
  try {
    return decodeURIComponent(file.slice(7).replace(/^\/(?=[A-Za-z]:)/, ''));
  } catch {
    return file;
  }
}

let known: RegExp | undefined;

/** The folder of the package, or its single file if it has been bundled with a program. */
function packageFiles(): RegExp {
  return (known ??= compilePackageFiles(packageFile() ?? ''));
}

function compilePackageFiles(file: string): RegExp {
  const folder = /^(.*[\\/])(?:metadata[\\/][^\\/]+|(?:index|shared-[A-Z0-9]+)\.js)$/.exec(file)?.[1];
  const escaped = (folder ?? file).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`[\\\\/]node_modules[\\\\/]portico[\\\\/]|^${escaped}${folder === undefined ? '$' : ''}`);
}
