import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type Fault, faults } from './fixtures/throwing-faults.ts';
import { places } from './fixtures/throwing-places.ts';
import { inMemory, type Open, overSocket, play } from './fixtures/throwing-play.ts';
import { settled } from './world.ts';

// User code misbehaves in every place in which it may stand, in every way that it can. All pairs take a minute:
// THROWING_FAULTS=100 runs them, THROWING_SEED repeats a choice, THROWING_PLACE runs one place.

const seed = Number(process.env['THROWING_SEED'] ?? 1);
const only = process.env['THROWING_PLACE'];
const count = process.env['THROWING_FAULTS'];
/** Places whose timers run at the same time. */
const AT_ONCE = 12;

const unhandled: unknown[] = [];
const collect = (error: unknown): void => void unhandled.push(error);
before(() => void process.on('unhandledRejection', collect).on('uncaughtException', collect));
after(() => void process.off('unhandledRejection', collect).off('uncaughtException', collect));

const modes: readonly [name: string, faults: number, open: Open][] = [
  ['in memory', 10, inMemory],
  ['over a socket', 2, overSocket(false)],
  ['over a socket with fastWrite', 2, overSocket(true)],
];
for (const [mode, usual, open] of modes) {
  describe(`${mode}, every fault is answered, logged once and cleaned up after`, { concurrency: AT_ONCE }, () => {
    for (const [index, place] of places.entries()) {
      if (only !== undefined && only !== place.name) continue;
      // serve() has made it before the first request.
      if (place.shared && place.phase === 'before' && open !== inMemory) continue;
      it(place.name, async () => {
        // A promise that user code keeps to itself is its own affair.
        const possible = faults.filter(({ awaited }) => !awaited || place.returned);
        const some = Math.min(Number(count ?? usual), possible.length);
        const choice = fc.shuffledSubarray([...possible], { minLength: some, maxLength: some });
        const [sample = []] = fc.sample<Fault[]>(choice, { seed: seed + index, numRuns: 1 });
        assert.deepEqual(await play(place, sample, open), [], `THROWING_SEED=${seed}`);
      });
    }
  });
}

describe('the process', () => {
  it('has no unhandled rejection or exception', async () => {
    await settled();
    assert.deepEqual(unhandled, [], `THROWING_SEED=${seed}`);
  });
});
