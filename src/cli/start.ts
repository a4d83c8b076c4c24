import cluster from 'node:cluster';
import { type Command, readArguments, UsageError } from './command.ts';
import { ENVIRONMENT_OPTION, readEnvironment } from './environment.ts';
import { ADDRESS_OPTIONS, ignoreRepeatedInterrupts, readAddress, serveFile } from './serve.ts';
import { reportToPrimary, runWorkers } from './workers.ts';

const usage = `Usage: portico start FILE [--port PORT] [--host HOST] [--workers N] [--env-file FILE]...

Serves the app that FILE exports until the process gets SIGTERM or SIGINT.

  --port PORT      the port, 0 for any free one (default: the environment variable PORT, else 8000)
  --host HOST      the address to listen on (default: 127.0.0.1)
  --workers N      the number of processes that share the port (default: 1)
  --env-file FILE  a file of environment variables; may be repeated
`;

/** `portico start` */
export const start: Command = { usage, run };

async function run(args: readonly string[]): Promise<number> {
  const { file, values } = readArguments(args, {
    ...ADDRESS_OPTIONS,
    ...ENVIRONMENT_OPTION,
    workers: { type: 'string' },
  });
  readEnvironment(values['env-file']);
  const address = readAddress(values);
  const workers = Number(/^[1-9]\d{0,3}$/.exec(values.workers ?? '1')?.[0]);
  if (Number.isNaN(workers)) throw new UsageError(`--workers '${values.workers}' is not a number from 1 to 9999`);
  if (workers > 1 && cluster.isPrimary) return runWorkers(workers);
  if (cluster.isPrimary) return serveFile(file, address);
  ignoreRepeatedInterrupts();
  return serveFile(file, { ...address, logger: reportToPrimary() });
}
