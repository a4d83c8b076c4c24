/** What is checked: an app, or whatever answers in its place. */
export interface Checked {
  request(path: string, init?: RequestInit): Promise<Response>;
}

/** A request whose answer the document does not tell. */
export interface DocumentMismatch {
  readonly operationId: string;
  readonly method: string;
  /** The path as it is documented. */
  readonly path: string;
  /** How they disagree. */
  readonly message: string;
  /** The smallest request that shows it, and its answer, as text. */
  readonly request: string;
  readonly answer: string;
}
