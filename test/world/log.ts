import { inspect } from 'node:util';

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A logger that keeps what it is told: texts as they are, everything else with all that it holds. */
export class Log {
  readonly entries: LogEntry[] = [];
  readonly info = (...values: unknown[]): void => this.#add('info', values);
  readonly warn = (...values: unknown[]): void => this.#add('warn', values);
  readonly error = (...values: unknown[]): void => this.#add('error', values);

  /** The text of each error. */
  get errors(): string[] {
    return this.entries.filter(({ level }) => level === 'error').map(({ text }) => text);
  }

  get text(): string {
    return this.entries.map(({ text }) => text).join('\n');
  }

  clear(): void {
    this.entries.length = 0;
  }

  #add(level: LogEntry['level'], values: readonly unknown[]): void {
    const texts = values.map((value) => (typeof value === 'string' ? value : inspect(value, { depth: 10 })));
    this.entries.push({ level, text: texts.join(' ') });
  }
}
