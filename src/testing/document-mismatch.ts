/** The app to check, or anything that responds like it. */
export interface Checked {
  request(path: string, init?: RequestInit): Promise<Response>;
}

/** A request whose response is not as documented. */
export interface DocumentMismatch {
  readonly operationId: string;
  readonly method: string;
  /** The path as it is documented. */
  readonly path: string;
  /** How they disagree. */
  readonly message: string;
  /** The smallest request that shows it, and its response, as text. */
  readonly request: string;
  readonly response: string;
}
