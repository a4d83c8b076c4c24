import { spawn } from 'node:child_process';
import { type Command, readArguments } from './command.ts';
import { ADDRESS_OPTIONS, readAddress, serveFile } from './serve.ts';

const usage = `Usage: portico dev FILE [--port PORT] [--host HOST]

Serves the app that FILE exports, and again whenever FILE or something that it imports has changed.

  --port PORT  the port; the environment variable PORT, else 8000, unless set
  --host HOST  the address to listen on, 127.0.0.1 unless set
`;

/** Tells the process that is started again and again from the one that sees to that. */
const WATCHED = 'PORTICO_WATCHED';

/** Milliseconds to answer what is in flight; a stream that is left open must not hold up the restart. */
const SHUTDOWN_TIMEOUT = 500;

/** `portico dev` */
export const dev: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, ADDRESS_OPTIONS);
  const address = readAddress(values);
  if (process.env[WATCHED] !== undefined) return serveFile(file, { ...address, shutdownTimeout: SHUTDOWN_TIMEOUT });
  const [program = ''] = process.argv.slice(1);
  const watch = ['--watch', '--watch-preserve-output', ...process.execArgv, program, 'dev', ...args];
  const child = spawn(process.execPath, watch, { stdio: 'inherit', env: { ...process.env, [WATCHED]: '1' } });
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGINT', () => child.kill('SIGINT'));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 0));
  });
}
