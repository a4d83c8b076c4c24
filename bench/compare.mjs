/**
 * Two commits of Portico on the pieces of work:
 * `node compare.mjs <commitA> <commitB> [--quick] [--pieces a,b] [--generations n] [--rounds n] [--seconds s]
 * [--node path] [--fast-write] [--bun]`. A commit `.` is the folder above as it is, built before. The servers are those
 * of this folder for both, so a commit that lacks a name they import cannot be compared.
 * Exits with 1 when B costs at least `--threshold` (0.1) more than A on some piece.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { check } from './check.mjs';
import { coldStarts, measure, summarize, summary } from './measure.mjs';
import { pieces } from './pieces.mjs';
import { compileServers, placePortico, root } from './prepare.mjs';
import { requireTools, start } from './processes.mjs';
import { bunServers, servers } from './servers.mjs';
import { markdown, ratioText } from './table.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    pieces: { type: 'string' },
    generations: { type: 'string' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    'fast-write': { type: 'boolean', default: false },
    bun: { type: 'boolean', default: false },
    threshold: { type: 'string', default: '0.1' },
  },
});
if (positionals.length !== 2) throw new Error('usage: node compare.mjs <commitA> <commitB>');
requireTools();

const folder = mkdtempSync(join(tmpdir(), 'portico-compare-'));
const trees = [];

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`);
  return stdout.trim();
}

function checkout(commit, label) {
  if (commit === '.') return root;
  const tree = join(folder, label);
  run('git', ['worktree', 'add', '--detach', tree, commit], root);
  trees.push(tree);
  console.log(`${label} ${commit}: ${run('git', ['log', '-1', '--format=%h %s'], tree)}; npm ci, npm run build`);
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], tree);
  run('npm', ['run', 'build'], tree);
  return tree;
}

try {
  compileServers();
  const portico = (values.bun ? bunServers() : servers).find(({ name }) => name === 'portico');
  const [a, b] = positionals.map((commit, i) => {
    const label = i === 0 ? 'A' : 'B';
    const placed = placePortico(checkout(commit, label), label);
    if (placed === undefined) throw new Error(`${commit} is not built`);
    const env = values['fast-write'] ? { FAST_WRITE: '1' } : {};
    return { ...portico, name: label, title: `${label} ${commit}`, file: join(placed, portico.entry), env };
  });
  for (const server of [a, b]) {
    const running = await start(server, { node: values.node });
    const { wrong } = await check(running);
    await running.stop();
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }
  const { quick, node } = values;
  const keys = values.pieces?.split(',') ?? Object.keys(pieces);
  const measured = await measure([a, b], {
    keys,
    node,
    generations: Number(values.generations ?? (quick ? 2 : 5)),
    rounds: Number(values.rounds ?? (quick ? 3 : 4)),
    seconds: Number(values.seconds ?? (quick ? 0.5 : 1)),
    warmSeconds: quick ? 1 : 2,
  });
  const cold = await coldStarts([a, b], quick ? 5 : 11, { node });
  const work = summarize([a, b], keys, measured);
  const micro = (server, key) => work[server][key].microseconds.median.toFixed(1);
  const rows = [
    ...[a, b].map(({ name, title }) => [
      `${title}, CPU µs`,
      ...keys.map((key) => micro(name, key)),
      summary(measured.resident[name]).median.toFixed(0),
      summary(cold[name]).median.toFixed(0),
    ]),
    ['A / A (noise)', ...keys.map((key) => ratioText(work.A[key].ratio)), '', ''],
    ['A / B (above 1: B is cheaper)', ...keys.map((key) => ratioText(work.B[key].ratio)), '', ''],
  ];
  console.log(`\n${markdown(['', ...keys, 'RSS MB', 'cold start CPU ms'], rows)}`);
  const limit = 1 / (1 + Number(values.threshold));
  const slower = keys.filter((key) => work.B[key].ratio.median < limit);
  if (slower.length > 0) {
    console.log(`\nB costs over ${Math.round(Number(values.threshold) * 100)} % more on ${slower.join(', ')}`);
    process.exitCode = 1;
  }
} finally {
  for (const tree of trees) spawnSync('git', ['worktree', 'remove', '--force', tree], { cwd: root });
  rmSync(folder, { recursive: true, force: true });
}
