import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Run } from './world.ts';

test('a request that has listened on its signal, several times, leaves nothing on the heap', async () => {
  const run = new Run(['--expose-gc', '--import', 'tsx', 'test/fixtures/signals.ts']);
  assert.equal(await run.end(), 0, run.said);
  const grown = JSON.parse(run.stdout.split('\n').at(-1) ?? '') as Record<string, number>;
  // A listener that stays is more than a thousand bytes for each request; 60,000 requests in memory leave next to nothing.
  for (const [way, limit] of [
    ['in memory', 40],
    ['over a socket', 400],
  ] as const) {
    const { [way]: bytes = Infinity } = grown;
    assert.ok(bytes < limit, `${bytes} bytes for each request ${way}`);
  }
});

test('an open connection keeps nothing of what was made of its last body', async () => {
  const run = new Run(['--expose-gc', '--import', 'tsx', 'test/fixtures/kept.ts']);
  assert.equal(await run.end(), 0, run.said);
  assert.deepEqual(JSON.parse(run.stdout.split('\n').at(-1) ?? ''), { made: 6, kept: 0 });
});
