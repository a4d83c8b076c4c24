/**
 * What sockets cost: `node sockets.mjs [--idle 5000] [--talking 500] [--rounds 6] [--seconds 1] [--generations 2]`, after a
 * build in the folder above. Memory of an idle socket, and CPU of the server for a message that is sent back.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { median } from './measure.mjs';
import { core, cpuSince, requireTools, residentMegabytes, start, threadsOf } from './processes.mjs';
import { markdown } from './table.mjs';

const { values } = parseArgs({
  options: {
    idle: { type: 'string', default: '5000' },
    talking: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '1' },
    generations: { type: 'string', default: '2' },
  },
});
const { idle, talking, rounds, seconds, generations } = Object.fromEntries(
  Object.entries(values).map(([name, value]) => [name, Number(value)]),
);
// On one core and in turns: a server that has to wake a client elsewhere pays for it, the more the slower it is.
requireTools();
spawnSync('taskset', ['-cp', core, String(process.pid)]);
spawnSync('chrt', ['-b', '-p', '0', String(process.pid)]);

const PATHS = ['/text', '/json'];
const servers = ['ws', 'fastify', 'portico'].map((name) => ({
  name,
  file: fileURLToPath(new URL(`sockets/${name}.mjs`, import.meta.url)),
}));
const text = JSON.stringify({ id: 17, room: 'tea', text: 'a message of some words' });
const MASK = Buffer.from([1, 2, 3, 4]);
const request = Buffer.concat([
  Buffer.from([0x81, 0x80 | text.length]),
  MASK,
  Buffer.from(text).map((byte, index) => byte ^ MASK[index % 4]),
]);
/** Bytes of the message that comes back. */
const ANSWER = 2 + text.length;

/** The client's end of a socket, which looks at no more than the number of bytes. */
async function open(port, path) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  const [head] = await once(socket, 'data');
  if (!head.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error(head.toString());
  return socket;
}

async function openMany(port, path, count) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => open(port, path));
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

/** Messages that came back within some seconds, each socket sending the next one when it has the last. */
async function talk(sockets, time) {
  let messages = 0;
  let isOver = false;
  const leave = sockets.map((socket) => {
    let missing = ANSWER;
    const listener = ({ length }) => {
      missing -= length;
      if (missing > 0) return;
      messages++;
      missing = ANSWER;
      if (!isOver) socket.write(request);
    };
    socket.on('data', listener).write(request);
    return () => socket.off('data', listener);
  });
  await sleep(time * 1000);
  isOver = true;
  // The last answers are under way.
  await sleep(100);
  for (const each of leave) each();
  return messages;
}

/** Kilobytes of resident memory for each idle socket, garbage collected before and after. */
async function memoryOf({ port, pid, collect }) {
  // What is made with the first sockets is not theirs.
  for (const socket of await openMany(port, '/text', 200)) socket.destroy();
  const before = await collect(pid);
  const sockets = await openMany(port, '/text', idle);
  const after = await collect(pid);
  for (const socket of sockets) socket.destroy();
  await sleep(500);
  return ((after - before) * 1024) / idle;
}

/** Megabytes after a collection, which the server makes at a signal. */
async function collect(pid) {
  await sleep(300);
  process.kill(pid, 'SIGUSR2');
  await sleep(700);
  return residentMegabytes(pid);
}

const results = servers.map(() => ({ memory: [], cpu: PATHS.map(() => []), rate: PATHS.map(() => []) }));
const flags = ['--expose-gc', '--import', fileURLToPath(new URL('sockets/collects.mjs', import.meta.url))];
for (let generation = 0; generation < generations; generation++) {
  const running = [];
  for (const [index, server] of servers.entries()) {
    const process_ = await start(server, { flags });
    results[index].memory.push(await memoryOf({ ...process_, collect }));
    const sockets = [];
    for (const path of PATHS) sockets.push(await openMany(process_.port, path, talking));
    for (const each of sockets) await talk(each, seconds);
    running.push({ ...process_, sockets });
  }
  for (let round = 0; round < rounds; round++) {
    const order = [...running.entries()];
    if (round % 2 === 1) order.reverse();
    for (const [path] of PATHS.entries()) {
      for (const [index, { pid, sockets }] of order) {
        const before = threadsOf(pid);
        const messages = await talk(sockets[path], seconds);
        results[index].cpu[path].push(cpuSince(pid, before) / 1000 / messages);
        results[index].rate[path].push(messages / seconds);
      }
    }
  }
  for (const { stop } of running) await stop();
}
const number = (samples, digits) => median(samples).toFixed(digits);
console.log(
  markdown(
    ['', 'kB of an idle socket', 'text CPU µs', 'text a second', 'JSON CPU µs', 'JSON a second'],
    servers.map(({ name }, index) => {
      const { memory, cpu, rate } = results[index];
      return [name, number(memory, 1), number(cpu[0], 1), number(rate[0], 0), number(cpu[1], 1), number(rate[1], 0)];
    }),
  ),
);
process.exit();
