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

/** Only a few frames of the package lie between a decorator's caller and the capture; each costs time and memory. */
const FRAMES = 5;

// A property, because an entry in a WeakMap takes longer than the capture. Shared by all copies of the package.
const SITE = Symbol.for('portico.site');

interface Sited {
  [SITE]?: CallSite;
}

const own = keepCallSite({});

/** Remembers where a declaration was made. */
export function keepCallSite<D extends object>(declaration: D): D {
  const limit = (Error as Platform).stackTraceLimit;
  limitStacks(limit && FRAMES);
  (declaration as Sited)[SITE] = new Error();
  limitStacks(limit);
  return declaration;
}

export function callSiteOf(declaration: (object & Sited) | undefined): CallSite | undefined {
  return declaration?.[SITE];
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
  return linesOf(callSiteOf(own))[0]?.file;
}

interface Platform {
  stackTraceLimit?: number;
}

function limitStacks(frames: number | undefined): void {
  if (frames === undefined) return;
  try {
    (Error as Platform).stackTraceLimit = frames;
  } catch {
    // Built-ins may have been frozen.
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
  return (known ??= compilePackageFiles(packageFile()));
}

function compilePackageFiles(file = ''): RegExp {
  const place = file.replace(/(?<=[\\/])(?:metadata[\\/][^\\/]+|(?:index|shared-[A-Z0-9]+)\.js)$/, '');
  const escaped = place.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`[\\\\/]node_modules[\\\\/]portico[\\\\/]|^${escaped}(?:(?<=[\\\\/])|$)`);
}
