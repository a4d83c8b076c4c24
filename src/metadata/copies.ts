import { packageFile } from './call-site.ts';

/** The version of the package; a test compares it with package.json. */
const VERSION = '0.1.0';

/** A copy of the package that the program has loaded. */
export interface Copy {
  readonly version: string;
  /** A file of it, where the platform tells. */
  readonly file: string | undefined;
}

const LOADED: unique symbol = Symbol.for('portico.copies');

const own: Copy = {
  version: VERSION,
  get file() {
    return packageFile();
  },
};

loadedCopies().push(own);

/**
 * Copies of other versions, with this one first; none where all agree.
 *
 * Copies of one version read each other's declarations: what they leave behind has keys that they share.
 */
export function disagreeingCopies(): readonly Copy[] {
  const others = loadedCopies().filter(({ version }) => version !== VERSION);
  return others.length === 0 ? [] : [own, ...others];
}

function loadedCopies(): Copy[] {
  const program = globalThis as { [LOADED]?: Copy[] };
  return (program[LOADED] ??= []);
}
