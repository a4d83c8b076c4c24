import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { RawConnection, eventually, type Line, pause, requestHead, Run, within } from './world.ts';

const REQUESTS = 100;
const STREAMS = 100;
const UPLOADS = 20;

test('SIGTERM answers or ends everything in flight, cleans up in order, and exits', async () => {
  const run = new Run(['--import', 'tsx', 'test/fixtures/draining-server.ts']);
  after(() => run.end('SIGKILL'));
  const url = await run.heard(/^ready (.*)$/m);

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
  await eventually('everything is in flight', async () => {
    const counts = (await (await fetch(`${url}/counts`)).json()) as Record<string, number>;
    return counts['running'] === REQUESTS && counts['streaming'] === STREAMS;
  });

  const exited = run.end('SIGTERM');
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
  assert.equal(await within(exited), 0, run.said);
  const took = performance.now() - last;
  assert.ok(took < 500, `${took} ms after the last answer`);
  const counts = JSON.parse(/^pool (.*)$/m.exec(run.stdout)?.[1] ?? '{}') as Record<string, number>;
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
  const wire = await RawConnection.open(port);
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

test('SIGTERM ends a server in order as soon as it says that it serves', async () => {
  const program = `
    import { App } from './src/index.ts';
    import { serve } from './src/adapters/node.ts';
    const info = () => process.kill(process.pid, 'SIGTERM');
    await serve(new App({ title: 'Brief', version: '1' }), { port: 0, logger: { ...console, info } });`;
  const run = new Run(['--import', 'tsx', '--input-type=module', '-e', program]);
  assert.equal(await run.end(), 0, run.said);
});
