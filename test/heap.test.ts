import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Run } from './world.ts';

/** What a program says at its end, in JSON. */
async function measured(fixture: string, ...flags: string[]): Promise<Record<string, number>> {
  const run = new Run(['--expose-gc', ...flags, '--import', 'tsx', `test/fixtures/${fixture}`]);
  assert.equal(await run.end(), 0, run.said);
  return JSON.parse(run.stdout.split('\n').at(-1) ?? '') as Record<string, number>;
}

test('a request that has listened on its signal, several times, leaves nothing on the heap', async () => {
  const grown = await measured('signals.ts');
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
  assert.deepEqual(await measured('kept.ts'), { made: 6, kept: 0 });
});

test('young collections are enough for what a request leaves, before its functions are optimized', async () => {
  const left = await measured('short-lived.ts', '--no-opt', '--no-maglev');
  assert.equal(Object.keys(left).length, 28);
  // A request that is kept by one of the old generation is over 3,000 bytes; the error of a schema alone is 900.
  assert.deepEqual(
    Object.entries(left).filter(([, bytes]) => bytes > 2_000),
    [],
  );
});
