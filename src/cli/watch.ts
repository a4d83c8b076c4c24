import { type ChildProcess, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { basename, dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Milliseconds without a further change before the restart: one save is often several changes. */
const PAUSE = 100;

/**
 * Runs a program of Node again whenever `file` or something that it imports has changed; resolves to the exit code.
 *
 * Folders are watched, not files: `node --watch` loses sight of a file that an editor or Git replaces by another.
 */
export function runWatched(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const watched = new Map<string, Set<string>>();
    let child: ChildProcess | undefined;
    let phase: 'running' | 'restarting' | 'ending' = 'running';
    let timer: NodeJS.Timeout | undefined;

    const add = (path: string): void => {
      const folder = dirname(path);
      const names = watched.get(folder);
      if (names !== undefined) {
        names.add(basename(path));
        return;
      }
      const fresh = new Set([basename(path)]);
      watched.set(folder, fresh);
      watch(folder, (_, name) => {
        if (name === null || fresh.has(name)) timer = (clearTimeout(timer), setTimeout(restart, PAUSE));
      }).on('error', () => watched.delete(folder));
    };
    const start = (): void => {
      phase = 'running';
      // What node --watch has its own child tell it: the files that are imported.
      const reporting = { ...process.env, ...env, WATCH_REPORT_DEPENDENCIES: '1' };
      child = spawn(process.execPath, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'], env: reporting });
      child.on('message', (message) => importedBy(message).forEach(add));
      child.once('exit', (code) => {
        child = undefined;
        if (phase === 'ending') resolve(0);
        else if (phase === 'restarting') start();
        else console.error(`Ended with ${code === null ? 'a signal' : `code ${code}`}; waiting for a change`);
      });
    };
    const restart = (): void => {
      if (phase === 'ending') return;
      console.info(`\nA file has changed`);
      if (child === undefined) start();
      else {
        phase = 'restarting';
        child.kill('SIGTERM');
      }
    };
    const end = (signal: NodeJS.Signals): void => {
      phase = 'ending';
      if (child === undefined) resolve(0);
      else child.kill(signal);
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    add(file);
    start();
  });
}

/** The files that a message of Node's own tells of, but those of installed packages. */
function importedBy(message: unknown): string[] {
  const { 'watch:import': urls = [], 'watch:require': paths = [] } = message as Record<string, string[] | undefined>;
  const files = urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
  return [...files, ...paths].filter((path) => !path.includes(`${sep}node_modules${sep}`));
}
