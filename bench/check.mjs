/** Do all servers answer alike? `node check.mjs [--bun] [--only a,b]` */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { further, pieces } from './pieces.mjs';
import { prepare } from './prepare.mjs';
import { send, start } from './processes.mjs';
import { bunServers, servers as onNode } from './servers.mjs';

function differences({ answer, refused }, reply) {
  const found = [];
  if (refused) {
    if (reply.status < 400 || reply.status > 499) found.push(`status ${reply.status} instead of 4xx`);
    return found;
  }
  if (reply.status !== answer.status) found.push(`status ${reply.status} instead of ${answer.status}`);
  if (answer.body !== undefined) {
    const type = (reply.headers['content-type'] ?? '').split(';')[0].trim();
    if (type !== 'application/json') found.push(`content type ${type || 'absent'}`);
    let body;
    try {
      body = JSON.parse(reply.text);
    } catch {
      found.push(`no JSON: ${reply.text.slice(0, 200)}`);
    }
    if (body !== undefined && !isDeepStrictEqual(body, answer.body)) found.push(`body ${reply.text.slice(0, 300)}`);
    if (answer.bytes !== undefined && Buffer.byteLength(reply.text) !== answer.bytes) {
      found.push(`${Buffer.byteLength(reply.text)} bytes instead of ${answer.bytes}`);
    }
  }
  if (answer.text !== undefined && reply.text !== answer.text) found.push(`text ${reply.text.slice(0, 300)}`);
  if (answer.challenge && !/^bearer\b/i.test(reply.headers['www-authenticate'] ?? '')) found.push('no challenge');
  return found;
}

/** Every way in which a running server differs from what is asked of all of them. */
export async function check(running) {
  const wrong = [];
  const all = [...Object.entries(pieces).map(([key, piece]) => ({ name: `piece ${key}`, ...piece })), ...further];
  const cases = all.filter(({ large }) => !large || running.server.large);
  for (const one of cases) {
    const reply = await send(running.port, one.request);
    for (const difference of differences(one, reply)) wrong.push(`${running.server.name}, ${one.name}: ${difference}`);
  }
  return { cases: cases.length, wrong };
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({ options: { bun: { type: 'boolean', default: false }, only: { type: 'string' } } });
  const { servers } = prepare({ only: values.only, all: values.bun ? bunServers() : onNode });
  let failed = 0;
  for (const server of servers) {
    const running = await start(server);
    try {
      const { cases, wrong } = await check(running);
      console.log(`${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${server.title}: ${cases} requests`);
      for (const line of wrong) console.log(`     ${line}`);
      failed += wrong.length;
    } finally {
      await running.stop();
    }
  }
  process.exitCode = failed > 0 ? 1 : 0;
}
