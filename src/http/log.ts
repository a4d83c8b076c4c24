import { ignoreRejection } from './promise.ts';

/** Where errors are logged: anything with these three methods, such as `console` or pino. */
export interface Logger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * Escapes control characters and those that change the direction of text, so that text of a client or an upstream
 * cannot forge, colour or reorder a line of the log.
 */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- matching control characters is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The prefix of every line after the first of an entry, so that none can pass for an entry of its own. */
const CONTINUED = '\n    ';
/** How many nested causes are printed. */
const CAUSES = 8;

/** The stack of an error and of its causes, or the printed value if something else was thrown. */
export function stackOf(error: unknown): string {
  return linesOf(error, CAUSES).map(printable).join('\n');
}

/** An entry of several lines: what happened, and below it the stack, each line of which is marked. */
function entryOf(what: string, error: unknown): string {
  return [what, ...linesOf(error, CAUSES)].map(printable).join(CONTINUED);
}

function linesOf(error: unknown, causes: number): string[] {
  try {
    // The check itself may throw: a Proxy runs somebody else's code, like a getter.
    if (!(error instanceof Error)) return [`thrown value: ${describeValue(error)}`];
    const stack: unknown = error.stack ?? `${error.name}: ${error.message}`;
    const lines = String(stack).split('\n');
    const { cause } = error;
    if (cause === undefined || causes === 0) return lines;
    const [first = '', ...more] = linesOf(cause, causes - 1);
    return [...lines, `caused by: ${first}`, ...more];
  } catch {
    return ['an error that cannot be printed'];
  }
}

function describeValue(value: unknown): string {
  try {
    return (typeof value === 'string' ? value : JSON.stringify(value)) ?? typeof value;
  } catch {
    return typeof value;
  }
}

/** Writes to a logger; one that fails, synchronously or later, must not change a response. */
export class ErrorLog {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  write(error: unknown, where: string): void {
    attempt(() => this.#logger.error(entryOf(`Unhandled error in ${where}`, error)));
  }

  warn(message: string): void {
    attempt(() => this.#logger.warn(message));
  }
}

/** Calls a logger, which may fail, and be asynchronous whatever its type says. */
export function attempt(log: () => void): void {
  try {
    ignoreRejection(log());
  } catch {
    return;
  }
}
