import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { eventually } from './waiting.ts';

/** Milliseconds after which something that should have happened is taken to hang. */
const PATIENCE = 60_000;

export const root = join(import.meta.dirname, '../..');

/** A command that runs, and what it has said so far. */
export class Run {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;
  #over = false;

  /** @param program the arguments of `command`, which is Node unless it is named */
  constructor(program: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = root, command = process.execPath) {
    const { PORT: _, NODE_OPTIONS: __, ...inherited } = process.env;
    this.#child = spawn(command, program, { cwd, env: { ...inherited, ...env }, timeout: 2 * PATIENCE });
    this.#child.stdout?.on('data', (chunk) => (this.stdout += chunk));
    this.#child.stderr?.on('data', (chunk) => (this.stderr += chunk));
    this.#ended = once(this.#child, 'close');
    this.#child.once('close', () => (this.#over = true));
  }

  get said(): string {
    return `${this.stdout}\n${this.stderr}`;
  }

  /** Resolves to the exit code, or the signal that ended the process. */
  async end(signal?: NodeJS.Signals): Promise<unknown> {
    if (signal !== undefined) this.#child.kill(signal);
    const [code, by] = await this.#ended;
    return code ?? by;
  }

  /** Waits until something holds, while the command runs. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const said = (): string => `it has only said:\n${this.said}`;
    const checked = async (): Promise<boolean> => {
      const over = this.#over;
      if (await holds()) return true;
      return over ? assert.fail(said()) : false;
    };
    await eventually(said, checked, PATIENCE);
  }

  /** What the first group matches, as soon as the pattern matches what the command has said. */
  async heard(pattern: RegExp): Promise<string> {
    await this.until(() => pattern.test(this.stdout));
    return pattern.exec(this.stdout)?.[1] ?? '';
  }

  /** The address that is told for the nth time. */
  async address(nth = 1): Promise<string> {
    const addresses = (): string[] => [...this.stdout.matchAll(/Serving on (\S+?),/g)].map(([, url = '']) => url);
    await this.until(() => addresses().length >= nth);
    return addresses()[nth - 1] ?? '';
  }
}

/** Asks on a connection of its own, as another client would. */
export function getText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
    }).on('error', reject);
  });
}
