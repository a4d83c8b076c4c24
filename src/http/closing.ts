/** Tells that the app is about to close: streams and sockets that would go on for ever end then. */
export class Closing {
  #begun = false;
  #signal: AbortController | undefined = undefined;
  readonly #listeners = new Set<() => void>();

  get begun(): boolean {
    return this.#begun;
  }

  /** Made when it is first asked for. */
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#signal = new AbortController();
      if (this.#begun) this.#signal.abort();
    }
    return this.#signal.signal;
  }

  /** Calls back when it begins, or at once; the result takes the listener back. */
  whenBegun(listener: () => void): () => void {
    if (this.#begun) listener();
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#signal?.abort();
    for (const listener of this.#listeners) listener();
    this.#listeners.clear();
  }
}
