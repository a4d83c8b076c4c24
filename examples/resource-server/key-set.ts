import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

/** Keys cannot be had, so that nobody can say whether a token is good. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

export interface KeySetOptions {
  /** Milliseconds until keys are fetched again, so that one which was withdrawn is not accepted for ever. */
  readonly maxAge?: number;
  /** Milliseconds between two attempts, however the first one ended and whoever asks. */
  readonly cooldown?: number;
}

// #region key-set
/** The keys of an identity provider: fetched when first needed, kept, and fetched again for a key that is not there. */
export class KeySet {
  readonly #fetchKeys: () => Promise<JSONWebKeySet>;
  readonly #maxAge: number;
  readonly #cooldown: number;
  #keys: ReturnType<typeof createLocalJWKSet> | undefined;
  #failure: unknown;
  #fetchedAt = -Infinity;
  #attemptedAt = -Infinity;
  #attempt: Promise<void> | undefined;

  constructor(fetchKeys: () => Promise<JSONWebKeySet>, { maxAge = 600_000, cooldown = 30_000 }: KeySetOptions = {}) {
    this.#fetchKeys = fetchKeys;
    this.#maxAge = maxAge;
    this.#cooldown = cooldown;
  }

  /** The key that a token names, for `jwtVerify`. */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    if (performance.now() - this.#fetchedAt >= this.#maxAge) await this.#refresh();
    const known = await this.#lookUp(header, token);
    if (known !== undefined) return known;
    await this.#refresh();
    const added = await this.#lookUp(header, token);
    if (added !== undefined) return added;
    // It may be a key that the provider has begun to use since: not known to be bad, and never accepted.
    if (this.#failure !== undefined) throw new KeysUnavailable('No keys', { cause: this.#failure });
    throw new errors.JWKSNoMatchingKey();
  };

  async #lookUp(...[header, token]: Parameters<JWTVerifyGetKey>) {
    try {
      return await this.#keys?.(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  /** One attempt for all who ask meanwhile, and none during the cooldown. */
  async #refresh(): Promise<void> {
    if (this.#attempt === undefined && performance.now() - this.#attemptedAt >= this.#cooldown) {
      this.#attempt = this.#fetch().finally(() => (this.#attempt = undefined));
    }
    await this.#attempt;
  }

  /** A failure leaves the keys as they are. */
  async #fetch(): Promise<void> {
    this.#attemptedAt = performance.now();
    try {
      this.#keys = createLocalJWKSet(await this.#fetchKeys());
      this.#fetchedAt = performance.now();
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error;
      console.warn('The keys of the identity provider could not be fetched:', error);
    }
  }
}
// #endregion key-set
