/** Servers of one runtime, checked, measured side by side, shown and written down. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { check } from './check.mjs';
import { coldStarts, does, measure, summarize, summary } from './measure.mjs';
import { pieces } from './pieces.mjs';
import { plot } from './plot.mjs';
import { prepare, root } from './prepare.mjs';
import { requireTools, start } from './processes.mjs';
import { packagesOf } from './servers.mjs';
import { tables } from './table.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The options that every comparison has. */
export const options = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string' },
  pieces: { type: 'string' },
  generations: { type: 'string' },
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  publish: { type: 'boolean', default: false },
};

const tty = process.stderr.isTTY;
const progress = (text) => process.stderr.write(tty ? `\r\x1b[K${text}` : '');
const finished = () => tty && process.stderr.write('\r\x1b[K');
const number = (text, otherwise) => (text === undefined ? otherwise : Number(text));

/** What a user who installs this server has in node_modules, by name and version. */
function installed(server) {
  if (!server.portico) return packagesOf(server.packages, join(here, 'package-lock.json'));
  const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const names = [...Object.keys(own.dependencies ?? {}), 'zod'];
  return [{ name: own.name, version: own.version }, ...packagesOf(names, join(root, 'package-lock.json'))];
}

async function checkAll(servers, node) {
  for (const server of servers) {
    const running = await start(server, { node });
    try {
      const { wrong } = await check(running);
      if (wrong.length > 0) throw new Error(`the servers do not answer alike:\n${wrong.join('\n')}`);
    } finally {
      await running.stop();
    }
  }
}

function write(result, name) {
  const folder = join(here, 'results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(join(folder, `${name}.svg`), plot(result));
  console.log(`written: results/${name}.json, results/${name}.svg`);
}

/**
 * Compares the servers of `all`, its first one the reference; `quick` names those of a quick run, `runtime` the
 * version by the name of what runs them, `published` the result that is kept.
 */
export async function compareServers(values, { all, quick: quickServers, runtime, published }) {
  const { quick, node } = values;
  const keys = values.pieces?.split(',') ?? Object.keys(pieces).filter((key) => does(all[0], key));
  for (const key of keys) if (!pieces[key]) throw new Error(`${key} is no piece of work`);
  const generations = number(values.generations, quick ? 2 : 5);
  const rounds = number(values.rounds, 3);
  const seconds = number(values.seconds, quick ? 0.5 : 1);
  const warmSeconds = quick ? 1 : 2;

  requireTools();
  const [reference] = all;
  const selected = values.only ?? (quick ? quickServers : undefined);
  const only = selected?.split(',').includes(reference.name) === false ? `${reference.name},${selected}` : selected;
  const { servers, skipped } = prepare({ only, all });
  for (const line of skipped) console.log(`left out: ${line}`);
  await checkAll(servers, node);
  console.log(`${servers.length} servers answer alike; measuring ${keys.join(', ')}`);

  const began = Date.now();
  const cold = await coldStarts(servers, quick ? 3 : 9, { node, progress });
  const measured = await measure(servers, { keys, generations, rounds, seconds, warmSeconds, node, progress });
  finished();
  const work = summarize(servers, keys, measured);

  const result = {
    date: new Date(began).toISOString().slice(0, 10),
    machine: { processor: cpus()[0].model, cores: cpus().length, kernel: `Linux ${release()}`, ...runtime },
    method: { generations, rounds, seconds, warmSeconds, connections: 64 },
    pieces: keys,
    servers: servers.map((server) => {
      const found = installed(server);
      return {
        name: server.name,
        title: server.title,
        versions: Object.fromEntries(
          server.packages.map((name) => [name, found.find((one) => one.name === name)?.version]),
        ),
        packages: found.length,
        work: work[server.name],
        resident: summary(measured.resident[server.name]),
        coldStart: summary(cold[server.name]),
      };
    }),
    samples: measured.samples.map((sample) => ({
      ...sample,
      microseconds: Number(sample.microseconds.toFixed(2)),
      referenceBefore: Number(sample.referenceBefore.toFixed(2)),
      referenceAfter: Number(sample.referenceAfter.toFixed(2)),
      ratio: Number(sample.ratio.toFixed(3)),
    })),
  };

  console.log(`\n${tables(result)}\n`);
  const { processor, cores } = result.machine;
  const [[name, version]] = Object.entries(runtime);
  const time = new Date(began).toISOString().replace(/[:.]/g, '-');
  console.log(
    `ratio: CPU of ${reference.title} / CPU of this one; median ± half the interquartile range (worst generation).`,
  );
  console.log(`${processor}, ${cores} cores, ${name} ${version}, ${Math.round((Date.now() - began) / 1000)} s.`);
  write(result, values.publish ? published : `${name}-${quick ? 'quick' : 'full'}-${time}`);
}
