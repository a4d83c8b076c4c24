import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A subcommand of `portico`. */
export interface Command {
  readonly usage: string;
  /** Resolves to the exit code; rejects with a `UsageError` or a `Failure` if it can say what is wrong. */
  run(args: readonly string[]): Promise<number>;
}

/** The command was called incorrectly; reported with its usage. */
export class UsageError extends Error {}

/** The command failed for a reason that needs no stack. */
export class Failure extends Error {}

export type OptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** The single argument of a command, usually FILE, and its options. */
export interface Arguments<O extends OptionsConfig> {
  readonly file: string;
  readonly values: ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values'];
}

/** Reads the arguments of a command that takes one FILE, or one argument of another name. */
export function readArguments<const O extends OptionsConfig>(
  args: readonly string[],
  options: O,
  name = 'FILE',
): Arguments<O> {
  const { positionals, values } = parse(args, options);
  const [file, ...others] = positionals;
  if (file === undefined || file === '') throw new UsageError(`${name} is missing`);
  if (others.length > 0) throw new UsageError(`Only one ${name} is allowed, but there is also '${others.join("' '")}'`);
  return { file, values };
}

function parse<const O extends OptionsConfig>(
  args: readonly string[],
  options: O,
): ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error });
  }
}

/** Writes to standard output, and resolves once it is written. */
export function print(text: string): Promise<void> {
  return new Promise((resolve) => {
    // A reader such as `head` may close the pipe early.
    process.stdout.once('error', () => resolve());
    process.stdout.write(text, () => resolve());
  });
}

/** Columns of the terminal; output to a file or a pipe has no width. */
export function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;
}
