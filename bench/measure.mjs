import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pieces } from './pieces.mjs';
import { cpuOf, cpuSince, load, luaScript, residentMegabytes, send, start, threadsOf } from './processes.mjs';

export function median(values) {
  return quantile(values, 0.5);
}

export function quantile(values, at) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * at;
  const low = Math.floor(position);
  return sorted[low] + (sorted[Math.ceil(position)] - sorted[low]) * (position - low);
}

/** The middle, and half of the range that the middle half of the values fills. */
export function summary(values) {
  return {
    median: median(values),
    spread: (quantile(values, 0.75) - quantile(values, 0.25)) / 2,
    low: Math.min(...values),
    high: Math.max(...values),
    count: values.length,
  };
}

/**
 * The summary of some samples, with the median of each generation: a process settles in a faster or a slower state, so
 * one generation is one throw of the dice.
 */
function byGeneration(samples, valueOf) {
  const numbers = [...new Set(samples.map(({ generation }) => generation))];
  const of = (number) => samples.filter(({ generation }) => generation === number).map(valueOf);
  return { ...summary(samples.map(valueOf)), generations: numbers.map((number) => median(of(number))) };
}

/** Not every server does the pieces of large bodies. */
export const does = (server, key) => !pieces[key].large || server.large === true;

/** CPU microseconds of a server process per request that wrk counted, over one slice of time. */
export async function slice(running, piece, script, seconds) {
  const { answer } = piece;
  const before = threadsOf(running.pid);
  const { requests, failed } = await load(running.port, piece, script, seconds);
  const used = cpuSince(running.pid, before);
  const expected = answer.status < 400 ? 0 : requests;
  if (failed !== expected) throw new Error(`${running.server.name}: ${failed} of ${requests} answers were refusals`);
  return used / requests / 1000;
}

/**
 * Every server beside the first one, the reference, on every piece: in each generation fresh processes, each warmed on
 * all pieces; in each round reference, server, reference, server, …, reference, the order reversed every second time.
 */
export async function measure(servers, options) {
  const { keys, generations, rounds, seconds, warmSeconds, node, progress = () => undefined } = options;
  const [reference, ...others] = servers;
  const samples = [];
  const resident = new Map(servers.map((server) => [server.name, []]));
  const folder = mkdtempSync(join(tmpdir(), 'portico-bench-'));
  const scripts = {};
  for (const key of keys) {
    scripts[key] = join(folder, `${key}.lua`);
    writeFileSync(scripts[key], luaScript(pieces[key].request));
  }
  try {
    for (let generation = 0; generation < generations; generation += 1) {
      const running = new Map();
      try {
        for (const server of servers) running.set(server.name, await start(server, { node }));
        for (const server of servers) {
          progress(`generation ${generation + 1} of ${generations}: warming ${server.name}`);
          for (const key of keys) {
            if (does(server, key)) await slice(running.get(server.name), pieces[key], scripts[key], warmSeconds);
          }
        }
        for (let round = 0; round < rounds; round += 1) {
          const order = round % 2 === 0 ? others : [...others].reverse();
          for (const key of keys) {
            progress(`generation ${generation + 1} of ${generations}: round ${round + 1} of ${rounds}, piece ${key}`);
            const take = (server) => slice(running.get(server.name), pieces[key], scripts[key], seconds);
            let before = await take(reference);
            for (const server of order.filter((one) => does(one, key))) {
              const candidate = await take(server);
              const after = await take(reference);
              samples.push({
                piece: key,
                server: server.name,
                generation,
                round,
                microseconds: candidate,
                referenceBefore: before,
                referenceAfter: after,
                ratio: (before + after) / 2 / candidate,
              });
              before = after;
            }
          }
        }
        for (const server of servers) resident.get(server.name).push(residentMegabytes(running.get(server.name).pid));
      } finally {
        for (const one of running.values()) await one.stop();
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { samples, resident: Object.fromEntries(resident) };
}

/** CPU milliseconds from the start of the process until its first answer, for every server in turn. */
export async function coldStarts(servers, times, { node, progress = () => undefined } = {}) {
  const found = new Map(servers.map((server) => [server.name, []]));
  for (let time = 0; time < times; time += 1) {
    progress(`cold start ${time + 1} of ${times}`);
    for (const server of time % 2 === 0 ? servers : [...servers].reverse()) {
      const running = await start(server, { node });
      try {
        await send(running.port, pieces.a.request);
        found.get(server.name).push(cpuOf(running.pid) / 1e6);
      } finally {
        await running.stop();
      }
    }
  }
  return Object.fromEntries(found);
}

/** Per server and piece: the ratio reference/server and the microseconds; per piece the reference against itself. */
export function summarize(servers, keys, { samples }) {
  const [reference, ...others] = servers;
  const of = (server, key) => samples.filter((sample) => sample.server === server && sample.piece === key);
  const rows = {};
  const own = {};
  for (const key of keys) {
    const all = samples.filter((sample) => sample.piece === key);
    if (all.length === 0) continue;
    own[key] = {
      ratio: byGeneration(all, (sample) => sample.referenceBefore / sample.referenceAfter),
      microseconds: byGeneration(all, (sample) => (sample.referenceBefore + sample.referenceAfter) / 2),
    };
  }
  rows[reference.name] = own;
  for (const server of others) {
    rows[server.name] = {};
    for (const key of keys) {
      const mine = of(server.name, key);
      if (mine.length === 0) continue;
      rows[server.name][key] = {
        ratio: byGeneration(mine, (sample) => sample.ratio),
        microseconds: byGeneration(mine, (sample) => sample.microseconds),
      };
    }
  }
  return rows;
}
