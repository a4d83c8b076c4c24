import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';

// One turn of the event loop.
export { turn };

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

/** Lets everything that waits on promises and immediates only run to its end. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
}

/** Waits until something holds. */
export async function eventually(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  milliseconds = 5_000,
): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 10) {
    if (waited >= milliseconds) {
      assert.fail(`not within ${milliseconds} ms: ${typeof what === 'string' ? what : what()}`);
    }
    await pause(10);
  }
}

/** Turns a hang into a failure. */
export async function within<T>(promise: Promise<T>, milliseconds = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const guard = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting after ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, guard]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

/** A promise that a test resolves when it is time. */
export function gate(): Gate {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}
