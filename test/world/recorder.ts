import { dependency, HTTPException, RequestValidationError, type Dependency, type Input } from 'portico';

export type AnyInput = Input<any>;
type Lifetime = 'app' | 'request' | 'handler';

export interface GeneratorBehaviour {
  lifetime?: Lifetime;
  inputs?: Record<string, AnyInput>;
  value?: unknown;
  /** Runs before the yield. */
  setup?: (values: Record<string, any>) => unknown;
  /** Runs with the error thrown in; returning swallows it. */
  caught?: (error: unknown) => unknown;
  /** Runs after the yield when no error was thrown in. */
  cleanup?: () => unknown;
}

/** What happened, in order. */
export class Recorder {
  readonly events: string[] = [];

  readonly note = (event: string): void => {
    this.events.push(event);
  };

  take(): string[] {
    return this.events.splice(0);
  }

  count(event: string): number {
    return this.events.filter((one) => one === event).length;
  }

  /** A dependency that notes `call NAME` and gives its name, or what `run` gives. */
  fn(name: string, inputs: Record<string, AnyInput> = {}, run: (values: any) => unknown = () => name): Dependency<any> {
    const { note } = this;
    const body = {
      [name](values: unknown) {
        note(`call ${name}`);
        return run(values);
      },
    }[name]!;
    return dependency(inputs, body);
  }

  /** A generator that notes `enter NAME` and then `exit NAME`, `throw NAME: ERROR`, or `abandon NAME` if it was neither. */
  generator(name: string, behaviour: GeneratorBehaviour = {}): Dependency<any> {
    const { note } = this;
    const { lifetime = 'request', inputs = {}, setup, caught, cleanup } = behaviour;
    const value = 'value' in behaviour ? behaviour.value : name;
    const body = {
      async *[name](values: Record<string, any>) {
        note(`enter ${name}`);
        await setup?.(values);
        let left = false;
        try {
          yield value;
          left = true;
          note(`exit ${name}`);
        } catch (error) {
          left = true;
          note(`throw ${name}: ${label(error)}`);
          if (!caught) throw error;
          await caught(error);
          return;
        } finally {
          if (!left) note(`abandon ${name}`);
        }
        await cleanup?.();
      },
    }[name]!;
    return dependency(inputs, body, { lifetime });
  }
}

export function label(error: unknown): string {
  if (error instanceof RequestValidationError) return 'validation';
  if (error instanceof HTTPException) return `http ${error.status}`;
  return error instanceof Error ? error.message : `not an Error (${String(error)})`;
}
