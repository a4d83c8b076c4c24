import type * as Jose from 'jose';

export type { Jose };

let loading: Promise<typeof Jose> | undefined;

/** The library that does all cryptography; loaded when first needed, since it is an optional peer. */
export function loadJose(): Promise<typeof Jose> {
  /* c8 ignore next -- tsx adds a branch to import() */
  return (loading ??= import('jose').catch((cause: unknown) => {
    loading = undefined;
    throw new Error("Tokens are verified and signed by the package 'jose', which cannot be loaded: npm install jose", {
      cause,
    });
  }));
}
