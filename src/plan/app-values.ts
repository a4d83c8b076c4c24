import { FrameworkError, messageOf } from '../http/errors.ts';
import type { AppNode } from '../model/app-nodes.ts';
import type { Run } from '../model/provider.ts';
import { type AnyGenerator, enter, type EnteredGenerator, leaveAll } from './generators.ts';
import { executionOutside } from './execution.ts';
import { compileInvoke } from './invoke.ts';

/** The holder of one app-lifetime value; `made` distinguishes an undefined value from a missing one. */
export interface Holder {
  value: unknown;
  made: boolean;
}

const OUTSIDE = executionOutside();

/** The app-lifetime values. */
export class AppValues {
  readonly #holders = new Map<AppNode, Holder>();
  readonly #making = new Map<AppNode, Promise<void>>();
  readonly #entered: EnteredGenerator[] = [];
  #closed = false;

  holder(node: AppNode): Holder {
    const known = this.#holders.get(node);
    if (known !== undefined) return known;
    const holder: Holder = { value: undefined, made: false };
    this.#holders.set(node, holder);
    return holder;
  }

  /** Makes missing values in order; concurrent calls share one attempt, and a failed attempt is repeated next time. */
  async make(nodes: Iterable<AppNode>): Promise<void> {
    if (this.#closed) throw new FrameworkError('The app has been closed');
    for (const node of nodes) await this.#make(node);
  }

  /** The same at startup, where only the error can say which of them failed. */
  async start(nodes: Iterable<AppNode>): Promise<void> {
    for (const node of nodes) {
      try {
        await this.make([node]);
      } catch (cause) {
        const text = `The dependency '${node.name}' of lifetime 'app' could not be made`;
        throw new FrameworkError(`${text}: ${messageOf(cause)}`, { cause });
      }
    }
  }

  /** Cleans up all values in reverse order of creation. */
  async close(report: (error: unknown, name: string) => void): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#making.values());
    await leaveAll(this.#entered, report);
    for (const holder of this.#holders.values()) {
      holder.made = false;
      holder.value = undefined;
    }
  }

  #make(node: AppNode): Promise<void> | undefined {
    if (this.holder(node).made) return undefined;
    const pending = this.#making.get(node);
    if (pending !== undefined) return pending;
    const making = this.#resolve(node).finally(() => this.#making.delete(node));
    this.#making.set(node, making);
    return making;
  }

  async #resolve(node: AppNode): Promise<void> {
    const { inputs, name } = node;
    // It is a mistake for one to depend on anything of a request; a parameter may be left to its default value.
    const run = node.provider.run as Exclude<Run, { takes: 'credentials' }>;
    const below = inputs.map((input) => input.node);
    await this.make(below.filter((each) => each !== undefined));
    const make = compileInvoke(
      run,
      inputs.map(({ key }) => key),
      below.map((each) => () => each && this.holder(each).value),
    );
    const result = make(OUTSIDE);
    const holder = this.holder(node);
    if (run.generator) {
      holder.value = await enter(result as AnyGenerator, name);
      this.#entered.push({ generator: result as AnyGenerator, name, lifetime: 'app' });
    } else {
      holder.value = await result;
    }
    holder.made = true;
  }
}
