import { type Command, readArguments, UsageError } from './command.ts';
import {
  checkEnvironment,
  ENVIRONMENT_OPTION,
  filesInDevelopment,
  pathsInDevelopment,
  readEnvironment,
} from './environment.ts';
import { pathOf } from './load.ts';
import { ADDRESS_OPTIONS, ignoreRepeatedInterrupts, readAddress, serveFile } from './serve.ts';
import { configurationFiles } from './tsconfig.ts';
import { runWatched } from './watch.ts';

const usage = `Usage: portico dev FILE [--port PORT] [--host HOST] [--env-file FILE]... [--inspect[=[HOST:]PORT]]

Serves the app that FILE exports, and restarts when FILE, a module that it imports, a file of environment variables or
tsconfig.json changes.

  --port PORT      the port, 0 for any free one (default: the environment variable PORT, else 8000)
  --host HOST      the address to listen on (default: 127.0.0.1)
  --env-file FILE  a file of environment variables; may be repeated (default: .env, if it exists)
  --inspect        let a debugger attach (default: at 127.0.0.1:9229)
`;

/** Set in the process that is restarted, not in the one that restarts it. */
const WATCHED = 'PORTICO_WATCHED';

/** Milliseconds to answer requests in flight: an open stream must not hold up the restart. */
const SHUTDOWN_TIMEOUT = 500;

const INSPECT = /^--inspect(?:=(?:.+:)?\d{1,5})?$/;

/** `portico dev` */
export const dev: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { inspect, others } = withoutInspect(args);
  const { file, values } = readArguments(others, { ...ADDRESS_OPTIONS, ...ENVIRONMENT_OPTION });
  const files = values['env-file'];
  if (process.env[WATCHED] === undefined) {
    readAddress(values);
    checkEnvironment(files);
    const path = pathOf(file);
    return runWatched({
      // Node interprets --env-file anywhere in its arguments, unless "--" comes before it.
      program: [...process.execArgv, ...inspect, '--', ...process.argv.slice(1)],
      env: { [WATCHED]: '1' },
      watched: () => [path, ...pathsInDevelopment(files), ...configurationFiles()],
    });
  }
  ignoreRepeatedInterrupts();
  process.once('disconnect', () => process.exit());
  readEnvironment(filesInDevelopment(files));
  return serveFile(file, { ...readAddress(values), shutdownTimeout: SHUTDOWN_TIMEOUT });
}

/** `parseArgs` does not support options with optional values. */
function withoutInspect(args: readonly string[]): Record<'inspect' | 'others', string[]> {
  const inspect = args.filter((arg) => arg === '--inspect' || arg.startsWith('--inspect='));
  const wrong = inspect.find((arg) => !INSPECT.test(arg));
  if (wrong !== undefined) throw new UsageError(`'${wrong}' is not --inspect or --inspect=[HOST:]PORT`);
  return { inspect: inspect.slice(-1), others: args.filter((arg) => !inspect.includes(arg)) };
}
