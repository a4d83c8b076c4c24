import cluster, { type Worker } from 'node:cluster';
import type { Logger } from '../http/log.ts';

/** Milliseconds before a crashed worker is replaced, so that one that keeps crashing does not keep the machine busy. */
const PAUSE = 1_000;

interface Report {
  readonly portico: 'serving';
  readonly address: string;
}

/** Runs workers until they have all ended; resolves to the exit code. */
export function runWorkers(count: number): Promise<number> {
  return new Promise((resolve) => {
    const workers = new Set<Worker>();
    let phase: 'starting' | 'serving' | 'ending' = 'starting';
    let code = 0;
    let serving = 0;
    const fork = (): void => {
      if (phase === 'ending') return;
      workers.add(cluster.fork());
    };
    const end = (signal: NodeJS.Signals): void => {
      phase = 'ending';
      for (const worker of workers) worker.process.kill(signal);
      if (workers.size === 0) resolve(code);
    };
    cluster.on('message', (_, message: Partial<Report> | undefined) => {
      if (message?.portico !== 'serving') return;
      serving += 1;
      // One starts first, so that an error of FILE is reported once.
      if (serving === 1) for (let more = 1; more < count; more += 1) fork();
      if (phase !== 'starting' || serving < count) return;
      phase = 'serving';
      console.info(`${message.address} (${count} workers)`);
    });
    cluster.on('exit', (worker, status, signal) => {
      workers.delete(worker);
      if (phase === 'serving') {
        console.error(`Worker ${worker.process.pid} ended with ${signal || `code ${status}`} and is being replaced`);
        setTimeout(fork, PAUSE);
      } else if (phase === 'starting') {
        code = 1;
        end('SIGTERM');
      } else if (workers.size === 0) resolve(code);
    });
    process.once('SIGTERM', end);
    process.once('SIGINT', end);
    fork();
  });
}

/** In a worker: a logger that sends info messages to the primary, which logs once for all workers. */
export function reportToPrimary(): Logger {
  return {
    info: (address) => process.send?.({ portico: 'serving', address } satisfies Report),
    warn: (message) => console.warn(message),
    error: (message) => console.error(message),
  };
}
