import { setTimeout as pause } from 'node:timers/promises';

/** What a process holds. */
export interface Level {
  /** MiB after a collection. */
  readonly heap: number;
  readonly sockets: number;
  /** Everything else that keeps the process alive, its timers included. */
  readonly handles: number;
}

const MIB = 1_048_576;

function now(): Level {
  globalThis.gc?.();
  globalThis.gc?.();
  const kinds = process.getActiveResourcesInfo();
  const sockets = kinds.filter((kind) => /^TCPSocket|^TLS/.test(kind)).length;
  return {
    heap: Math.round((process.memoryUsage().heapUsed / MIB) * 10) / 10,
    sockets,
    handles: kinds.length - sockets,
  };
}

/** Waits until the connections have been closed, which may linger for five seconds, and measures. */
export async function measure(): Promise<Level> {
  for (let tries = 0; tries < 30 && now().sockets > 0; tries++) await pause(500);
  await pause(200);
  return now();
}

/** Whether more is held than before, beyond what caches and the collector account for. */
export function hasGrown(before: Level, after: Level): boolean {
  return after.heap - before.heap > 10 || after.sockets > before.sockets || after.handles > before.handles + 5;
}
