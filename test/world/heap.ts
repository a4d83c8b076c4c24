import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { turn } from './waiting.ts';

let collect: (() => void) | undefined;

/** Collects what nothing refers to any more; a reference from a chain of weak ones goes a collection later. */
export async function collected(): Promise<void> {
  setFlagsFromString('--expose-gc');
  collect ??= runInNewContext('gc') as () => void;
  for (let count = 0; count < 3; count++) {
    // What has been read from a `WeakRef` stays until the turn ends.
    await turn();
    collect();
  }
}
