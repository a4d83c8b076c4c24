/**
 * Where a server spends its time: `node profile.mjs [--server portico] [--pieces a,b] [--seconds 4] [--top 25] [--bun]`.
 * Self time by function, scaled to the CPU microseconds of a request; the profiler itself costs some.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { does } from './measure.mjs';
import { pieces } from './pieces.mjs';
import { prepare } from './prepare.mjs';
import { core, cpuSince, load, luaScript, requireTools, start, threadsOf } from './processes.mjs';
import { bunServers, servers as onNode } from './servers.mjs';
import { markdown } from './table.mjs';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'portico' },
    pieces: { type: 'string' },
    seconds: { type: 'string', default: '4' },
    top: { type: 'string', default: '25' },
    node: { type: 'string', default: process.execPath },
    bun: { type: 'boolean', default: false },
  },
});
requireTools();
const { servers, skipped } = prepare({ only: values.server, all: values.bun ? bunServers() : onNode });
if (servers.length === 0) throw new Error(skipped.join('\n'));
const folder = mkdtempSync(join(tmpdir(), 'portico-profile-'));

function placeOf({ url, lineNumber }) {
  if (url === '') return 'V8';
  if (url.startsWith('node:')) return url;
  const module = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/.exec(url);
  return `${module ? `${module[1]}/${module[2]}` : basename(url)}:${lineNumber + 1}`;
}

function selfTimes({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map();
  for (const [i, id] of samples.entries()) {
    const { callFrame } = byId.get(id);
    const key = `${callFrame.functionName || '(anonymous)'} ${placeOf(callFrame)}`;
    found.set(key, (found.get(key) ?? 0) + timeDeltas[i]);
  }
  return found;
}

try {
  for (const key of values.pieces?.split(',') ?? Object.keys(pieces).filter((key) => does(servers[0], key))) {
    const file = join(folder, `${key}.cpuprofile`);
    const script = join(folder, `${key}.lua`);
    writeFileSync(script, luaScript(pieces[key].request));
    const server = { ...servers[0], env: { ...servers[0].env, PROFILE: file } };
    const preload = fileURLToPath(new URL('profiler.mjs', import.meta.url));
    const running = await start(server, { node: values.node, flags: ['--import', preload], shares: false });
    try {
      await load(running.port, pieces[key], script, 2);
      process.kill(running.pid, 'SIGUSR2');
      await sleep(200);
      // Only now, so that the thread that takes the samples keeps a core of its own.
      spawnSync('taskset', ['-cp', core, String(running.pid)]);
      spawnSync('chrt', ['-b', '-p', '0', String(running.pid)]);
      const before = threadsOf(running.pid);
      const { requests } = await load(running.port, pieces[key], script, Number(values.seconds));
      const used = cpuSince(running.pid, before) / requests / 1000;
      process.kill(running.pid, 'SIGUSR2');
      for (let tries = 0; !existsSync(file) && tries < 100; tries += 1) await sleep(100);
      await sleep(300);
      const times = selfTimes(JSON.parse(readFileSync(file, 'utf8')));
      times.delete('(idle) V8');
      const total = [...times.values()].reduce((sum, time) => sum + time, 0);
      const rows = [...times]
        .toSorted(([, one], [, other]) => other - one)
        .slice(0, Number(values.top))
        .map(([name, time]) => [name, ((used * time) / total).toFixed(2), `${((100 * time) / total).toFixed(1)} %`]);
      console.log(`${server.title}, piece ${key}: ${used.toFixed(1)} µs per request, the profiler included`);
      console.log(`${markdown(['function', 'self µs', 'share'], rows)}\n`);
    } finally {
      await running.stop();
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
