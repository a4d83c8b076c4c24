import { createHash } from 'node:crypto';

/**
 * Stored instead of a value that never needs to be read again.
 *
 * Not for passwords: a fast function is only secure for values that cannot be guessed.
 */
export function digest(value: string): string {
  return createHash('sha256').update(value).digest('base64url');
}
