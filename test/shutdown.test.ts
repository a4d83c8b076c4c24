import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Connection, eventually, type Line, pause, requestHead, within } from './world.ts';

const root = join(import.meta.dirname, '..');
const REQUESTS = 100;
const STREAMS = 100;
const UPLOADS = 20;

test('SIGTERM answers or ends everything in flight, cleans up in order, and exits', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/draining.ts'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const exited = once(child, 'exit');
  await eventually('it listens', () => /^ready /m.test(said));
  const url = /^ready (.*)$/m.exec(said)?.[1] ?? '';

  let last = 0;
  const ended = <T>(value: T): T => {
    last = performance.now();
    return value;
  };
  const requests = Array.from({ length: REQUESTS }, async () => {
    const response = await fetch(`${url}/slow`);
    return ended([response.status, await response.json()]);
  });
  const streams = Array.from({ length: STREAMS }, async () => ended(await (await fetch(`${url}/events`)).text()));
  const uploads = await Promise.all(Array.from({ length: UPLOADS }, () => beginUpload(Number(new URL(url).port))));
  for (let tries = 0; ; tries++) {
    const counts = (await (await fetch(`${url}/counts`)).json()) as Record<string, number>;
    if (counts['running'] === REQUESTS && counts['streaming'] === STREAMS) break;
    assert.ok(tries < 100, JSON.stringify(counts));
    await pause(50);
  }

  child.kill('SIGTERM');
  await pause(50);
  const uploaded = uploads.map(async (finish) => ended(await finish()));
  assert.deepEqual(
    await within(Promise.all(requests)),
    requests.map(() => [200, 'slow']),
  );
  assert.deepEqual(new Set(await within(Promise.all(streams))), new Set(['data: 1\n\n']));
  assert.deepEqual(
    await within(Promise.all(uploaded)),
    uploads.map(() => [200, '7']),
  );
  const [code] = (await within(exited)) as [number | null];
  const took = performance.now() - last;
  assert.equal(code, 0, said);
  assert.ok(took < 500, `${took} ms after the last answer`);
  const counts = JSON.parse(/^pool (.*)$/m.exec(said)?.[1] ?? '{}') as Record<string, number>;
  const { running, streaming, cleaned = 0, left, tasks, answered } = counts;
  // The pool is ended last, and once; requests for the counts have connections as well.
  assert.deepEqual(
    { running, streaming, left, tasks, answered },
    { running: REQUESTS, streaming: STREAMS, left: STREAMS, tasks: REQUESTS, answered: REQUESTS + UPLOADS },
  );
  assert.ok(cleaned > REQUESTS + STREAMS + UPLOADS, `${cleaned} cleanups`);
});

/** Sends half of a form; the result sends the rest, and gives the answer. */
async function beginUpload(port: number): Promise<() => Promise<[status: number, text: string]>> {
  const before = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
  const rest = 'content\r\n--b--\r\n';
  const wire = await Connection.open(port);
  const lines: Line[] = [
    ['Content-Type', 'multipart/form-data; boundary=b'],
    ['Content-Length', String(before.length + rest.length)],
  ];
  wire.write(requestHead('POST', '/upload', lines), before);
  return async () => {
    wire.write(rest);
    await wire.rest();
    const { status, body } = wire.answers[0] ?? assert.fail(wire.text);
    return [status, body];
  };
}
