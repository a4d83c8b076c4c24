import { spawn, spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { commonHeaders } from './pieces.mjs';

/** The core that a server and its load share. */
export const core = process.env.BENCH_CORE ?? '0';
const pinned = ['-b', '0', 'taskset', '-c', core];

/** While others are measured a server rests; V8 takes that for idleness and shrinks its young generation, for good. */
const asBusy = ['--no-memory-reducer'];

let nextPort = 18_000 + (process.pid % 200) * 50;

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

/** Nanoseconds of CPU by thread. */
export function threadsOf(pid) {
  const threads = new Map();
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      threads.set(task, Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0]));
    } catch {
      // the thread ended between the two calls
    }
  }
  return threads;
}

/** Nanoseconds of CPU that all threads of a process have used, so that garbage collection counts. */
export function cpuOf(pid) {
  return cpuSince(pid, new Map());
}

/** The same since `threadsOf`. By thread: one that ended since, as idle helpers of Bun do, must not take its past along. */
export function cpuSince(pid, before) {
  let total = 0;
  for (const [task, used] of threadsOf(pid)) total += used - (before.get(task) ?? 0);
  return total;
}

export function residentMegabytes(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

/**
 * Starts a server by its `command`, otherwise by Node, and waits until it accepts connections; on the core of the load,
 * or with `shares: false` on any. What it prints goes to the file `output`, or nowhere.
 */
export async function start(server, { node = process.execPath, flags = [], shares = true, output } = {}) {
  const port = nextPort++;
  const program = [...(server.command ?? [node, ...asBusy]), ...flags, server.file];
  const [command, ...args] = shares ? ['chrt', ...pinned, ...program] : program;
  const child = spawn(command, args, {
    env: { ...process.env, NODE_ENV: 'production', ...server.env, PORT: String(port) },
    stdio: ['ignore', output === undefined ? 'ignore' : openSync(output, 'a'), 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  const gone = new Promise((resolve) => child.once('exit', resolve));
  for (let tries = 0; !(await accepts(port)); tries += 1) {
    if (child.exitCode !== null || tries > 3000) {
      child.kill('SIGKILL');
      throw new Error(`${server.name} did not start: ${errors.slice(0, 2000)}`);
    }
    await sleep(10);
  }
  return {
    server,
    port,
    pid: child.pid,
    errors: () => errors,
    async stop(signal = 'SIGKILL') {
      child.kill(signal);
      await gone;
    },
  };
}

/** One request on a connection of its own. */
export function send(port, { method, path, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const outgoing = request(
      { port, host: '127.0.0.1', method, path, agent: false, headers: { ...commonHeaders, ...headers, ...length } },
      (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.setTimeout(5000, () => outgoing.destroy(new Error('no answer within 5 s')));
    outgoing.end(body);
  });
}

const toLua = (text) => JSON.stringify(text);

/** The Lua script that makes wrk send one piece of work. */
export function luaScript({ method, headers = {}, body }) {
  const lines = [`wrk.method = ${toLua(method)}`];
  for (const [name, value] of Object.entries({ ...commonHeaders, ...headers })) {
    lines.push(`wrk.headers[${toLua(name)}] = ${toLua(value)}`);
  }
  if (body !== undefined) lines.push(`wrk.body = ${toLua(body)}`);
  return `${lines.join('\n')}\n`;
}

export function requireTools() {
  for (const [tool, from] of [
    ['wrk', 'wrk'],
    ['chrt', 'util-linux'],
    ['taskset', 'util-linux'],
  ]) {
    if (spawnSync('which', [tool]).status !== 0) {
      throw new Error(`${tool} is missing: apt-get install ${from} (Linux only)`);
    }
  }
}

/** Requests that wrk counted in so many seconds from the core of the server, over 64 connections unless the piece says. */
export function load(port, { request: { path }, connections = 64 }, script, seconds) {
  return new Promise((resolve, reject) => {
    const child = spawn(
      'chrt',
      [...pinned, 'wrk', '-t1', `-c${connections}`, '-d60s', '-s', script, `http://127.0.0.1:${port}${path}`],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    // wrk takes whole seconds only; at SIGINT it stops and prints what it has counted.
    const timer = setTimeout(() => child.kill('SIGINT'), seconds * 1000);
    child.once('close', () => {
      clearTimeout(timer);
      const requests = Number(/(\d+) requests in/.exec(text)?.[1] ?? 0);
      const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
      const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
      if (requests === 0) reject(new Error(`wrk counted no request: ${text}`));
      else if (broken && broken.slice(1, 4).some((n) => n !== '0')) reject(new Error(`wrk met errors: ${broken[0]}`));
      else resolve({ requests, failed });
    });
  });
}
