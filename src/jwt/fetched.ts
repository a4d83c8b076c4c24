import { ProviderFault } from './json-request.ts';
import { type Tell, Unavailable } from './refusal.ts';

export interface FetchedOptions {
  /** Milliseconds until it is fetched again. */
  readonly maxAge: number;
  /** Milliseconds between two attempts that only a token triggers. */
  readonly cooldown: number;
}

/** Milliseconds between attempts while there is no value at all, if the cooldown is longer. */
const FIRST_COOLDOWN = 5_000;

/** Cloudflare ties a fetch to the request that started it: another request that awaits it might wait forever. */
const SHARES_FETCHES =
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent !== 'Cloudflare-Workers';

/** A value from the provider: fetched when first needed, once for all callers, and cached for a while. */
export class Fetched<T extends object | string> {
  readonly #fetch: () => Promise<T>;
  readonly #what: string;
  readonly #options: FetchedOptions;
  #value: T | undefined = undefined;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;
  #askedAgainAt = -Infinity;
  #attempt: Promise<boolean> | undefined = undefined;

  /** `what` is its name in messages. */
  constructor(fetch: () => Promise<T>, what: string, options: FetchedOptions) {
    this.#fetch = fetch;
    this.#what = what;
    this.#options = options;
  }

  /**
   * The value, no older than its age while the provider can be reached, and whether it was fetched for this call.
   *
   * Throws Unavailable if there is none.
   */
  async current(tell: Tell): Promise<{ readonly value: T; readonly isNew: boolean }> {
    const { maxAge } = this.#options;
    const isDue = !isWithin(this.#fetchedAt, maxAge) && !isWithin(this.#failedAt, this.#pause);
    const isNew = isDue && (await this.#begin(tell));
    if (this.#value === undefined) throw this.#unavailable();
    return { value: this.#value, isNew };
  }

  /**
   * A replacement for a value that lacks something, fetched at most once per cooldown.
   *
   * Throws Unavailable if the provider may have what is missing but cannot be reached.
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
    return this.#value as T;
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

  /** Keeps the value on failure; never rejects. */
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

/** Setting back the clock must not make a value last longer. */
function isWithin(since: number, milliseconds: number): boolean {
  const age = Date.now() - since;
  return age >= 0 && age < milliseconds;
}
