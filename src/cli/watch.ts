import { type ChildProcess, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Milliseconds without a further change before the restart: one save is often several changes. */
const PAUSE = 100;

/** Milliseconds after which a program that does not end is killed. */
const PATIENCE = 2_000;

/**
 * Reports changes of files by watching their folders.
 *
 * `node --watch` watches the files themselves, and loses one that an editor or Git replaces.
 */
class FileWatch {
  readonly #names = new Map<string, Set<string>>();
  readonly #changed: (path: string) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(changed: (path: string) => void) {
    this.#changed = changed;
  }

  add(path: string): void {
    const folder = dirname(path);
    const names = this.#names.get(folder) ?? new Set();
    names.add(basename(path));
    if (this.#names.has(folder)) return;
    try {
      watch(folder, (_, name) => {
        /* c8 ignore next -- not every platform names the file */
        if (name === null) this.#schedule(folder);
        else if (names.has(name)) this.#schedule(join(folder, name));
      }).on('error', () => this.#names.delete(folder));
      this.#names.set(folder, names);
    } catch {
      // An import may point to a folder that does not exist, which only a change elsewhere can fix.
    }
  }

  #schedule(path: string): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, PAUSE, path);
  }
}

/** A Node program that is run again. */
export interface Watched {
  /** The arguments of Node. */
  readonly program: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The files to watch besides those that the program imports; called at every start. */
  readonly watched: () => readonly string[];
}

/** Runs a program again whenever one of its files has changed; resolves to the exit code. */
export function runWatched({ program, env, watched }: Watched): Promise<number> {
  return new Promise((resolve) => {
    let child: ChildProcess | undefined;
    let phase: 'running' | 'restarting' | 'ending' = 'running';
    const start = (): void => {
      phase = 'running';
      for (const path of watched()) files.add(path);
      // The messages that `node --watch` gets from its child: the imported files.
      const reporting = { ...process.env, ...env, WATCH_REPORT_DEPENDENCIES: '1' };
      child = spawn(process.execPath, program, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: reporting });
      child.on('message', (message) => importedBy(message).forEach((path) => files.add(path)));
      child.once('exit', (code) => {
        child = undefined;
        if (phase === 'ending') resolve(0);
        else if (phase === 'restarting') start();
        else console.error(`Ended with ${code === null ? 'a signal' : `code ${code}`}; waiting for a change`);
      });
    };
    const restart = (path: string): void => {
      if (phase === 'ending') return;
      console.info(`\n${relative('', path)} has changed`);
      if (child === undefined) start();
      else {
        phase = 'restarting';
        endWithin(PATIENCE, child, 'SIGTERM');
      }
    };
    const end = (signal: NodeJS.Signals): void => {
      phase = 'ending';
      if (child === undefined) resolve(0);
      else endWithin(PATIENCE, child, signal);
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    const files = new FileWatch(restart);
    start();
  });
}

/**
 * On exit Node waits for an attached debugger, and an endless loop receives no signals: neither may hold up the
 * restart.
 */
function endWithin(milliseconds: number, child: ChildProcess, signal: NodeJS.Signals): void {
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), milliseconds);
  child.once('exit', () => clearTimeout(timer));
}

/** The files that a message of Node reports, except those of installed packages. */
function importedBy(message: unknown): string[] {
  // The program may send messages of its own, such as null.
  const reported = Object(message) as Record<string, unknown[] | undefined>;
  const { 'watch:import': urls = [], 'watch:require': paths = [] } = reported;
  // Built-in modules are reported by name, or as null.
  return [...urls, ...paths]
    .filter((where) => typeof where === 'string')
    .map((where) => (where.startsWith('file:') ? fileURLToPath(where) : where))
    .filter((path) => isAbsolute(path) && !path.includes(`${sep}node_modules${sep}`));
}
