/**
 * Deoptimisations after warm-up, by function: `node deopts.mjs [--server portico] [--orders 4] [--node path]`. All pieces
 * of work are mixed in several orders, one process for each. What is thrown away again and again has no one shape to
 * work on, or is in a loop of guesses.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { does } from './measure.mjs';
import { pieces } from './pieces.mjs';
import { prepare } from './prepare.mjs';
import { load, luaScript, requireTools, start } from './processes.mjs';
import { servers as all } from './servers.mjs';
import { markdown } from './table.mjs';

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'portico' },
    orders: { type: 'string', default: '4' },
    node: { type: 'string', default: process.execPath },
  },
});
requireTools();
const { servers, skipped } = prepare({ only: values.server, all });
if (servers.length === 0) throw new Error(skipped.join('\n'));
const [server] = servers;
const folder = mkdtempSync(join(tmpdir(), 'portico-deopts-'));
const keys = Object.keys(pieces).filter((key) => does(server, key));

/** The pieces from the nth one on, every second time backwards. */
function order(n) {
  const turned = [...keys.slice(n % keys.length), ...keys.slice(0, n % keys.length)];
  return n % 2 === 0 ? turned : turned.reverse();
}

const begin = /^\[bailout \(kind: (\S+), reason: ([^)]*)\): begin\. deoptimizing \S+ <JSFunction ([^ >]*)/gm;

try {
  const found = new Map();
  for (let n = 0; n < Number(values.orders); n += 1) {
    const log = join(folder, `${n}.log`);
    writeFileSync(log, '');
    const flags = ['--trace-deopt'];
    const running = await start(server, { node: values.node, flags, output: log });
    try {
      const once = async (seconds) => {
        for (const key of order(n)) {
          const script = join(folder, `${key}.lua`);
          writeFileSync(script, luaScript(pieces[key].request));
          await load(running.port, pieces[key], script, seconds);
        }
      };
      await once(2);
      await once(1);
      const warm = readFileSync(log, 'utf8').length;
      await once(1);
      await once(1);
      for (const [, kind, reason, name] of readFileSync(log, 'utf8').slice(warm).matchAll(begin)) {
        const key = `${name || '(anonymous)'}, ${kind.replace('deopt-', '')}: ${reason}`;
        const times = found.get(key) ?? Array.from({ length: Number(values.orders) }, () => 0);
        times[n] += 1;
        found.set(key, times);
      }
    } finally {
      await running.stop();
    }
  }
  const node = spawnSync(values.node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const sum = (times) => times.reduce((total, count) => total + count, 0);
  const rows = [...found]
    .toSorted(([, one], [, other]) => sum(other) - sum(one))
    .map(([key, times]) => [key, ...times.map(String)]);
  const total = Array.from({ length: Number(values.orders) }, (_, n) => sum([...found.values()].map((one) => one[n])));
  console.log(`${server.title} on Node ${node}, deoptimisations after warm-up, by the order of the pieces\n`);
  console.log(markdown(['', ...total.map((_, n) => order(n).join(''))], [...rows, ['all', ...total.map(String)]]));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
