/**
 * The comparison on Bun: `npm run bun -- [--quick] [--only a,b] [--pieces a,b] [--generations n] [--rounds n]
 * [--seconds s] [--bun path] [--publish]`.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { compareServers, options } from './comparison.mjs';
import { bunServers } from './servers.mjs';

const { values } = parseArgs({ options: { ...options, bun: { type: 'string' } } });
const servers = bunServers(values.bun);

await compareServers(values, {
  all: servers,
  runtime: { bun: spawnSync(servers[0].command[0], ['--version'], { encoding: 'utf8' }).stdout.trim() },
  published: 'bun',
});
