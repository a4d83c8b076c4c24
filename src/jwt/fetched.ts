import { ProviderFault } from './json-request.ts';
import { type Tell, Unavailable } from './refusal.ts';

export interface FetchedOptions {
  /** Milliseconds until it is fetched again. */
  readonly maxAge: number;
  /** Milliseconds between two attempts that nothing but a token asks for. */
  readonly cooldown: number;
}

/** Milliseconds between attempts while there is nothing at all to go on with, where the cooldown is longer. */
const FIRST_COOLDOWN = 5_000;

/** Cloudflare ties a fetch to the request that began it: another one that waits for it might wait for ever. */
const SHARES_FETCHES =
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent !== 'Cloudflare-Workers';

/** Something of the provider's: fetched when first needed, once for all who wait, and kept for a while. */
export class Fetched<T extends object | string> {
  readonly #fetch: () => Promise<T>;
  readonly #what: string;
  readonly #options: FetchedOptions;
  #value: T | undefined = undefined;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;
  #askedAgainAt = -Infinity;
  #attempt: Promise<boolean> | undefined = undefined;

  /** `what` is what messages call it. */
  constructor(fetch: () => Promise<T>, what: string, options: FetchedOptions) {
    this.#fetch = fetch;
    this.#what = what;
    this.#options = options;
  }

  /**
   * The value, no older than its age while the provider can be reached, and whether it was fetched for this call.
   *
   * Throws Unavailable where there is none.
   */
  async current(tell: Tell): Promise<{ readonly value: T; readonly isNew: boolean }> {
    const { maxAge } = this.#options;
    const isDue = !isWithin(this.#fetchedAt, maxAge) && !isWithin(this.#failedAt, this.#pause);
    const isNew = isDue && (await this.#begin(tell));
    if (this.#value === undefined) throw this.#unavailable();
    return { value: this.#value, isNew };
  }

  /**
   * The value in place of one that lacks something, fetched for that at most once in a cooldown.
   *
   * Throws Unavailable where the provider may have what is lacking and cannot be asked.
   */
  async newer(than: T, tell: Tell): Promise<T> {
    const { cooldown } = this.#options;
    if (this.#attempt === undefined && this.#value === than) {
      if (!isWithin(this.#askedAgainAt, cooldown) && !isWithin(this.#failedAt, cooldown)) {
        this.#askedAgainAt = Date.now();
        await this.#begin(tell);
      }
    } else await this.#attempt;
    if (this.#failedAt !== -Infinity) throw this.#unavailable();
    return this.#value ?? than;
  }

  get #pause(): number {
    const { cooldown } = this.#options;
    return this.#value === undefined ? Math.min(cooldown, FIRST_COOLDOWN) : cooldown;
  }

  #begin(tell: Tell): Promise<boolean> {
    if (this.#attempt !== undefined && SHARES_FETCHES) return this.#attempt;
    const attempt = this.#load(tell).finally(() => {
      if (this.#attempt === attempt) this.#attempt = undefined;
    });
    return (this.#attempt = attempt);
  }

  /** A failure leaves the value as it is; never rejects. */
  async #load(tell: Tell): Promise<boolean> {
    try {
      this.#value = await this.#fetch();
      this.#fetchedAt = Date.now();
      this.#failedAt = -Infinity;
      return true;
    } catch (error) {
      this.#failedAt = Date.now();
      tell(
        'warn',
        `${this.#what} cannot be fetched: ${error instanceof ProviderFault ? error.message : String(error)}`,
      );
      return false;
    }
  }

  #unavailable(): Unavailable {
    const remaining = this.#failedAt + this.#pause - Date.now();
    return new Unavailable(`${this.#what} cannot be fetched`, Math.max(1, Math.ceil(remaining / 1_000)));
  }
}

/** A clock that was set back makes nothing last longer. */
function isWithin(since: number, milliseconds: number): boolean {
  const age = Date.now() - since;
  return age >= 0 && age < milliseconds;
}
