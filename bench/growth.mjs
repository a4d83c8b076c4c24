/** What grows with the size of an application: `node growth.mjs [--only routes,dependencies,document,types] [--peers]`. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { typedRoutes } from './growth/types.mjs';
import { median, slice } from './measure.mjs';
import { compileServers, placePortico, root } from './prepare.mjs';
import { core, cpuOf, luaScript, requireTools, residentMegabytes, send, start } from './processes.mjs';
import { markdown } from './table.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'routes,dependencies,document,types' },
    peers: { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
  },
});
const wanted = new Set(values.only.split(','));

compileServers();
const target = placePortico(root, 'growth');
if (target === undefined) throw new Error('Portico is not built: npm run build in the folder above');
for (const name of readdirSync(join(here, 'growth'))) {
  if (name.startsWith('portico-')) copyFileSync(join(here, 'growth', name), join(target, name));
}

function runNode(file, env, flags = []) {
  const { status, stdout, stderr } = spawnSync(
    'chrt',
    ['-b', '0', 'taskset', '-c', core, values.node, ...flags, file],
    {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    },
  );
  if (status !== 0) throw new Error(`${file} failed:\n${stderr}`);
  return JSON.parse(stdout);
}

async function routes(title, file, counts) {
  const folder = mkdtempSync(join(tmpdir(), 'portico-growth-'));
  const rows = [];
  try {
    for (const count of counts) {
      const server = { name: title, file, env: { ROUTES: String(count) } };
      const last = (odd) => {
        const i = count - (odd ? 1 : 2);
        const prefix = `/resource${Math.floor(i / 50)}`;
        return odd ? `${prefix}/7/of${i}` : `${prefix}/static${i}`;
      };
      const starts = [];
      const memory = [];
      const micro = [[], []];
      for (let time = 0; time < 3; time += 1) {
        const running = await start(server, { node: values.node });
        try {
          const reply = await send(running.port, { method: 'GET', path: last(false) });
          if (reply.status !== 200) throw new Error(`${title}: ${reply.status} ${reply.text}`);
          starts.push(cpuOf(running.pid) / 1e6);
          memory.push(residentMegabytes(running.pid));
          for (const [which, odd] of [false, true].entries()) {
            const piece = { request: { method: 'GET', path: last(odd) }, answer: { status: 200 } };
            const script = join(folder, 'request.lua');
            writeFileSync(script, luaScript(piece.request));
            await slice(running, piece, script, 1);
            micro[which].push(await slice(running, piece, script, 1));
          }
        } finally {
          await running.stop();
        }
      }
      rows.push([
        `${title}, ${count.toLocaleString('en')} routes`,
        median(starts).toFixed(0),
        median(memory).toFixed(0),
        median(micro[0]).toFixed(1),
        median(micro[1]).toFixed(1),
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return rows;
}

if (wanted.has('routes')) {
  requireTools();
  const counts = [10, 100, 1000, 5000];
  const rows = await routes('Portico', join(target, 'portico-routes.mjs'), counts);
  if (values.peers) {
    rows.push(...(await routes('Fastify', join(here, 'growth/fastify-routes.mjs'), counts)));
    rows.push(...(await routes('Hono', join(here, 'growth/hono-routes.mjs'), counts)));
  }
  const head = ['', 'start CPU ms', 'RSS MB at start', 'static µs', 'parametric µs'];
  console.log(`${markdown(head, rows)}\n`);
}

if (wanted.has('dependencies')) {
  const found = [1, 2, 3].map(() => runNode(join(target, 'portico-dependencies.mjs'), {}));
  const sizes = ['1', '5', '20', '100'];
  const row = (kind) => sizes.map((size) => median(found.map((one) => one[kind][size])).toFixed(0));
  const rows = Object.keys(found[0]).map((kind) => [kind, ...row(kind)]);
  console.log(`${markdown(['ns per request over a handler without dependencies', ...sizes], rows)}\n`);
}

if (wanted.has('document')) {
  const rows = [10, 100, 1000].map((operations) => {
    const env = { OPERATIONS: String(operations) };
    const found = [1, 2, 3].map(() => runNode(join(target, 'portico-document.mjs'), env, ['--expose-gc']));
    const of = (key) => median(found.map((one) => one[key]));
    return [
      `${operations.toLocaleString('en')} operations`,
      of('declared').toFixed(0),
      of('made').toFixed(0),
      of('described').toFixed(0),
      of('again').toFixed(1),
      (of('heap') / 1e6).toFixed(1),
      (of('bytes') / 1e3).toFixed(0),
    ];
  });
  const head = ['', 'declare ms', 'new App ms', 'document ms', 'again ms', 'document heap MB', 'JSON kB'];
  console.log(`${markdown(head, rows)}\n`);
}

if (wanted.has('types')) {
  const tsc = join(here, 'node_modules/typescript/bin/tsc');
  const instantiations = [0, 1, 200].map((count) => {
    const file = join(target, `routes-${count}.ts`);
    writeFileSync(file, typedRoutes(count));
    const config = join(target, `tsconfig.${count}.json`);
    const options = {
      target: 'es2022',
      module: 'nodenext',
      strict: true,
      skipLibCheck: true,
      experimentalDecorators: true,
      noEmit: true,
      types: [],
    };
    writeFileSync(config, JSON.stringify({ compilerOptions: options, files: [file] }));
    const { status, stdout } = spawnSync(values.node, [tsc, '-p', config, '--extendedDiagnostics'], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`the generated routes do not compile:\n${stdout.slice(0, 2000)}`);
    const number = (name) => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1]);
    return { count, instantiations: number('Instantiations'), types: number('Types'), seconds: number('Check time') };
  });
  const [none] = instantiations;
  const rows = instantiations.map((one) => [
    `${one.count} routes`,
    String(one.instantiations),
    String(one.instantiations - none.instantiations),
    String(one.types),
    one.seconds.toFixed(2),
  ]);
  console.log(markdown(['', 'instantiations', 'over none', 'types', 'check s'], rows));
}
