import type { Ajv2020 } from 'ajv/dist/2020.js';
import type * as FastCheckModule from 'fast-check';

export type FastCheck = typeof FastCheckModule;

/** The optional packages for checking a document. */
export interface Peers {
  readonly fc: FastCheck;
  readonly Ajv: typeof Ajv2020;
}

/** Loads them on first use, so that an app under test needs neither. */
export async function loadPeers(): Promise<Peers> {
  try {
    /* c8 ignore next -- tsx adds a branch to import() */
    const [fc, { Ajv2020: Ajv }] = await Promise.all([import('fast-check'), import('ajv/dist/2020.js')]);
    return { fc, Ajv };
  } catch (error) {
    throw new Error(
      'Checking a document needs fast-check and ajv; install them with: npm install --save-dev fast-check ajv',
      { cause: error },
    );
  }
}
