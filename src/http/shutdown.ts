import type { Deadlines } from './deadline.ts';
import type { PendingWork } from './pending-work.ts';

/** Milliseconds that abandoned requests have to clean up. */
const LAST_GRACE = 500;

/** Waits for all requests and the work after them; whatever has not ended after so many milliseconds is abandoned. */
export async function settle(pending: PendingWork, deadlines: Deadlines, within: number | undefined): Promise<void> {
  const settled = pending.settle();
  if (within === undefined || (await inTime(settled, within))) return settled;
  // Nobody is left to answer: generators are left now, so that the values they depend on can be closed after them.
  deadlines.expireAll();
  pending.hurry();
  await inTime(settled, LAST_GRACE);
}

/** Whether a promise settles within so many milliseconds. */
async function inTime(promise: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), milliseconds)));
  const settled = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return settled;
}
