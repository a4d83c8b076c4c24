/** Remembers used proofs; several processes have to share one. */
export interface ReplayStore {
  /** Stores an id and returns whether it was new; `expiresAt` is in milliseconds since 1970. */
  add(id: string, expiresAt: number): boolean | Promise<boolean>;
}

/** The most proofs to remember at a time: a minute of more than a thousand requests per second. */
const MOST_PROOFS = 100_000;

/** Remembers proofs in this process only, and throws when it is full: forgetting an id would let it be used again. */
export class MemoryReplayStore implements ReplayStore {
  readonly #ids = new Map<string, number>();

  add(id: string, expiresAt: number): boolean {
    const now = Date.now();
    for (const [old, end] of this.#ids) {
      if (end > now) break;
      this.#ids.delete(old);
    }
    if (this.#ids.has(id)) return false;
    if (this.#ids.size >= MOST_PROOFS) throw new Error('No more proofs can be remembered');
    this.#ids.set(id, expiresAt);
    return true;
  }
}
