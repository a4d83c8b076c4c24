import type { Tell } from './refusal.ts';
import type { Claims, TokenReader } from './claims.ts';

export interface KeepingOptions {
  /** How many tokens. */
  readonly size: number;
  /** Milliseconds; a token that expires earlier is kept only until then. */
  readonly maxAge: number;
}

interface Kept {
  /** As text, so that changes by one request do not affect the next. */
  readonly text: string;
  readonly until: number;
}

/** Caches the claims of valid tokens, and verifies each once for all callers. */
export class KeptTokens implements TokenReader {
  readonly #reader: TokenReader;
  readonly #options: KeepingOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #pending = new Map<string, Promise<string>>();

  constructor(reader: TokenReader, options: KeepingOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  async read(token: string, tell: Tell): Promise<Claims> {
    return JSON.parse(this.#known(token) ?? (await this.#ask(token, tell))) as Claims;
  }

  #known(token: string): string | undefined {
    const kept = this.#kept.get(token);
    if (kept === undefined) return undefined;
    const left = kept.until - Date.now();
    // Setting back the clock must not make a token last longer.
    if (left > 0 && left <= this.#options.maxAge) return kept.text;
    this.#kept.delete(token);
    return undefined;
  }

  #ask(token: string, tell: Tell): Promise<string> {
    const pending = this.#pending.get(token);
    if (pending !== undefined) return pending;
    const asking = this.#read(token, tell).finally(() => this.#pending.delete(token));
    this.#pending.set(token, asking);
    return asking;
  }

  async #read(token: string, tell: Tell): Promise<string> {
    const claims = await this.#reader.read(token, tell);
    const text = JSON.stringify(claims);
    const expires = typeof claims['exp'] === 'number' ? claims['exp'] * 1_000 : Infinity;
    const until = Math.min(expires, Date.now() + this.#options.maxAge);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size >= this.#options.size) this.#kept.delete(oldest);
    if (this.#options.size > 0) this.#kept.set(token, { text, until });
    return text;
  }
}
