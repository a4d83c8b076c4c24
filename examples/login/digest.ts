import { createHash } from 'node:crypto';

/**
 * What is kept in place of a value that nobody needs to read again.
 *
 * Not for passwords: a fast function is good enough only for what cannot be guessed.
 */
export function digest(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}
