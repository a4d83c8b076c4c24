import type { Tell } from './refusal.ts';

/** The claims of a token, or of an introspection response. */
export type Claims = Readonly<Record<string, unknown>>;

/**
 * Verifies a token and returns its claims. Throws a Refusal if it is invalid, Unavailable if that cannot be determined.
 */
export interface TokenReader {
  read(token: string, tell: Tell): Promise<Claims>;
}
