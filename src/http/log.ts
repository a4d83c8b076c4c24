/** Where faults are told: anything with these three methods, such as `console` or pino. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Escapes control characters, so that what a client sent cannot forge or colour a line of the log. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The stack of an error and of its causes, or the printed value where something else was thrown. */
export function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown value: ${printable(describeValue(error))}`;
  try {
    const stack = error.stack ?? `${error.name}: ${error.message}`;
    return error.cause === undefined ? stack : `${stack}\ncaused by: ${stackOf(error.cause)}`;
  } catch {
    // Getters and circular causes are somebody else's code.
    return 'an error that cannot be printed';
  }
}

function describeValue(value: unknown): string {
  try {
    return (typeof value === 'string' ? value : JSON.stringify(value)) ?? typeof value;
  } catch {
    return typeof value;
  }
}

/** Writes errors to a logger; one that fails itself must not change an answer. */
export class ErrorLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(error: unknown, where: string): void {
    try {
      this.#logger.error(`Unhandled error in ${printable(where)}\n${stackOf(error)}`);
    } catch {
      return;
    }
  }
}
