import type { Exchange } from './exchange.ts';
import { guardListeners } from './listeners.ts';

/** Logs the error of a listener of a request's signal, or of the app's. */
type Report = (error: unknown, exchange?: Exchange) => void;

/** Signals that the app is about to close, so that streams and sockets that would run forever can end. */
export class Closing {
  readonly report: Report;
  #begun = false;
  #signal: AbortController | undefined = undefined;
  readonly #listeners = new Set<() => void>();

  constructor(report: Report) {
    this.report = report;
  }

  get begun(): boolean {
    return this.#begun;
  }

  /** Created on first use. */
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#signal = new AbortController();
      guardListeners(this.#signal.signal, (error) => this.report(error));
      if (this.#begun) this.#signal.abort();
    }
    return this.#signal.signal;
  }

  /** Calls the listener when closing begins, or at once if it has; the result removes the listener. */
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
