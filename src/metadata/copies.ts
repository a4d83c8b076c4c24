import { packageFile } from './call-site.ts';

/** The version of the package; a test compares it with package.json. */
const VERSION = '0.1.0';

/** A copy of the package that the program has loaded. */
export interface Copy {
  readonly version: string;
  /** A file of it, if the platform provides it. */
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
 * Copies of other versions, preceded by this one; empty if all agree.
 *
 * Copies of one version read each other's declarations: they store them under shared keys.
 */
export function disagreeingCopies(): readonly Copy[] {
  const others = loadedCopies().filter(({ version }) => version !== VERSION);
  return others.length === 0 ? [] : [own, ...others];
}

function loadedCopies(): Copy[] {
  const program = globalThis as { [LOADED]?: Copy[] };
  return (program[LOADED] ??= []);
}
