import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import type { App } from 'portico';
import { serve } from 'portico/node';
import { Log } from './log.ts';

export type Served = Awaited<ReturnType<typeof serve>>;

/** Whether servers of the tests write heads in place of Node; `fast-write.test.ts` says so. */
export function fastWrite(): boolean {
  return process.env['PORTICO_FAST_WRITE'] === '1';
}

/** Serves apps on free ports, and closes them after the tests of the suite. */
export function servers(): (app: App, options?: Parameters<typeof serve>[1]) => Promise<Served> {
  const open: Served[] = [];
  after(() => Promise.all(open.map((server) => server.close())));
  return async (app, options) => {
    const server = await serve(app, {
      port: 0,
      host: '127.0.0.1',
      logger: new Log(),
      fastWrite: fastWrite(),
      ...options,
    });
    open.push(server);
    return server;
  };
}

/** Lets a server of Node's own listen on a free port, and gives its address. */
export async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
