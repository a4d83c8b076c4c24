/** Remembers the proofs that have been used; one for several processes is what they share. */
export interface ReplayStore {
  /** Whether the id is new, which it is not from here on; `expiresAt` is in milliseconds since 1970. */
  add(id: string, expiresAt: number): boolean | Promise<boolean>;
}

/** Proofs that are remembered at a time: a minute of more than a thousand requests a second. */
const MOST_PROOFS = 100_000;

/** Remembers in this process alone, and throws where it is full: to forget an id would let it be used again. */
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
