import { type Command, readArguments } from './command.ts';
import { pathOf } from './load.ts';
import { ADDRESS_OPTIONS, ignoreRepeatedInterrupts, readAddress, serveFile } from './serve.ts';
import { runWatched } from './watch.ts';

const usage = `Usage: portico dev FILE [--port PORT] [--host HOST]

Serves the app that FILE exports, and again whenever FILE or something that it imports has changed.

  --port PORT  the port, 0 for any free one; the environment variable PORT, else 8000, unless set
  --host HOST  the address to listen on, 127.0.0.1 unless set
`;

/** Tells the process that is started again and again from the one that sees to that. */
const WATCHED = 'PORTICO_WATCHED';

/** Milliseconds to answer what is in flight: a stream that is left open must not hold up the restart. */
const SHUTDOWN_TIMEOUT = 500;

/** `portico dev` */
export const dev: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, ADDRESS_OPTIONS);
  const address = readAddress(values);
  if (process.env[WATCHED] === undefined) {
    const program = [...process.execArgv, ...process.argv.slice(1)];
    return runWatched(pathOf(file), program, { [WATCHED]: '1' });
  }
  ignoreRepeatedInterrupts();
  process.once('disconnect', () => process.exit());
  return serveFile(file, { ...address, shutdownTimeout: SHUTDOWN_TIMEOUT });
}
