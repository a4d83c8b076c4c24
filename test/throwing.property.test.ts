import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type Fault, faults } from './fixtures/throwing/faults.ts';
import type { Place } from './fixtures/throwing/place.ts';
import { places } from './fixtures/throwing/places.ts';
import { begin, keptRequests, play } from './fixtures/throwing/play.ts';
import { inMemory, type Open, overSocket } from './fixtures/throwing/ways-in.ts';
import { settled } from './world.ts';

// User code misbehaves in every place in which it may stand, in every way that it can. All pairs take some minutes:
// THROWING_FAULTS=100 runs them, THROWING_SEED repeats a choice, THROWING_PLACE runs one place.

const seed = Number(process.env['THROWING_SEED'] ?? 1);
const only = process.env['THROWING_PLACE'];
const count = process.env['THROWING_FAULTS'];
const isSample = only === undefined && count === undefined;
/** Places whose timers run at the same time. */
const AT_ONCE = 24;

const unhandled: unknown[] = [];
const collect = (error: unknown): void => void unhandled.push(error);
before(() => void process.on('unhandledRejection', collect).on('uncaughtException', collect));
after(() => void process.off('unhandledRejection', collect).off('uncaughtException', collect));

const modes: readonly [name: string, faults: number, open: Open][] = [
  ['in memory', 5, inMemory],
  ['over a socket', 1, overSocket(false)],
  ['over a socket with fastWrite', 1, overSocket(true)],
];
for (const [at, [mode, usual, open]] of modes.entries()) {
  describe(`${mode}, every fault is answered, logged once and cleaned up after`, { concurrency: AT_ONCE }, () => {
    after(async () => assert.deepEqual(await keptRequests(), []));
    for (const [index, place] of places.entries()) {
      if (only !== undefined && only !== place.name) continue;
      // Half of the places for each way over a socket, and for the beginning.
      if (at > 0 && isSample && (index + at) % 2 === 0) continue;
      // serve() has made it before the first request.
      if (place.shared && place.phase === 'before' && open !== inMemory) continue;
      it(place.name, async () => {
        assert.deepEqual(await play(place, sampleOf(place, index, usual), open), [], `THROWING_SEED=${seed}`);
      });
    }
  });
}

describe(
  'while an app is declared, every fault is a mistake or leaves an app that answers',
  { concurrency: AT_ONCE },
  () => {
    for (const [index, place] of places.entries()) {
      if (only !== undefined && only !== place.name) continue;
      if (isSample && index % 2 === 0) continue;
      it(place.name, async () => {
        assert.deepEqual(await begin(place, sampleOf(place, index, 1)), [], `THROWING_SEED=${seed}`);
      });
    }
  },
);

function sampleOf(place: Place, index: number, usual: number): Fault[] {
  // A promise that user code keeps to itself is its own affair.
  const possible = faults.filter(({ awaited }) => !awaited || place.returned);
  const some = Math.min(Number(count ?? usual), possible.length);
  const choice = fc.shuffledSubarray([...possible], { minLength: some, maxLength: some });
  const [sample = []] = fc.sample<Fault[]>(choice, { seed: seed + index, numRuns: 1 });
  return sample;
}

describe('the process', () => {
  it('has no unhandled rejection or exception', async () => {
    await settled();
    assert.deepEqual(unhandled, [], `THROWING_SEED=${seed}`);
  });
});
