/**
 * The comparison on Node: `npm run bench -- [--quick] [--only a,b] [--pieces a,b] [--generations n] [--rounds n]
 * [--seconds s] [--node path] [--publish]`.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { compareServers, options } from './comparison.mjs';
import { servers } from './servers.mjs';

const { values } = parseArgs({ options: { ...options, node: { type: 'string', default: process.execPath } } });

await compareServers(values, {
  all: servers,
  quick: 'hand-written,portico,portico-async,portico-fast-write,fastify,hono',
  runtime: { node: spawnSync(values.node, ['--version'], { encoding: 'utf8' }).stdout.trim() },
  published: 'published',
});
