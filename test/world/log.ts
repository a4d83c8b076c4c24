/** Keeps what an app logs. */
export class Log {
  readonly entries: { level: 'info' | 'warn' | 'error'; text: string }[] = [];
  readonly info = (...values: unknown[]): void => void this.entries.push({ level: 'info', text: values.join(' ') });
  readonly warn = (...values: unknown[]): void => void this.entries.push({ level: 'warn', text: values.join(' ') });
  readonly error = (...values: unknown[]): void => void this.entries.push({ level: 'error', text: values.join(' ') });

  get errors(): string[] {
    return this.entries.filter((entry) => entry.level === 'error').map((entry) => entry.text);
  }
}
