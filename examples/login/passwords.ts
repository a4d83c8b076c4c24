import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import { dependency } from 'portico';

// #region passwords
/** Argon2id, the library's default, with 19 MiB, two passes and one lane (OWASP Password Storage). */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** The hash contains its salt and cost, so existing hashes stay valid when the cost is raised. */
export function hashPassword(password: string): Promise<string> {
  return hash(password, COST);
}

/** Verifies passwords; for unknown users against a placeholder, so that it takes the same time. */
export class PasswordVerifier {
  readonly #placeholder: string;

  constructor(placeholder: string) {
    this.#placeholder = placeholder;
  }

  async verify(password: string, passwordHash: string | undefined): Promise<boolean> {
    const matches = await verify(passwordHash ?? this.#placeholder, password);
    return matches && passwordHash !== undefined;
  }
}

export const passwordVerifier = dependency(
  async function passwordVerifier() {
    return new PasswordVerifier(await hashPassword(randomBytes(32).toString('base64url')));
  },
  { lifetime: 'app' },
);
// #endregion passwords
