import type { Tell } from './refusal.ts';

/** The claims of a token, or what an introspection endpoint says of it. */
export type Claims = Readonly<Record<string, unknown>>;

/** Finds out what a token says. Throws a Refusal for one that is not valid here, Unavailable where nobody can say. */
export interface TokenReader {
  read(token: string, tell: Tell): Promise<Claims>;
}
