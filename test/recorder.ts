import { setImmediate as turn } from 'node:timers/promises';
import {
  App,
  Controller,
  dependency,
  Get,
  HTTPException,
  Post,
  RequestValidationError,
  type Dependency,
  type Input,
} from 'portico';

export type AnyInput = Input<any>;
export type AppOptions = ConstructorParameters<typeof App>[0];
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

/** Collects what is logged; `text()` is every string and error message in it. */
export class Logs {
  readonly errors: unknown[][] = [];
  readonly logger = {
    info(): void {},
    warn: (...line: unknown[]): void => void this.errors.push(line),
    error: (...line: unknown[]): void => void this.errors.push(line),
  };

  text(): string {
    return this.errors.map((line) => messages(line).join(' ')).join('\n');
  }

  clear(): void {
    this.errors.length = 0;
  }
}

function messages(value: unknown, depth = 0): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > 4) return [];
  const parts: unknown[] = value instanceof Error ? [value.message, value.cause] : [];
  if (value instanceof AggregateError) parts.push(...value.errors);
  return [...parts, ...Object.values(value)].flatMap((part) => messages(part, depth + 1));
}

/** Every kind of place in which an operation may ask for something. */
export interface Places {
  app?: AnyInput[];
  include?: AnyInput[];
  controller?: AnyInput[];
  route?: AnyInput[];
  construct?: AnyInput[];
  inputs?: AnyInput[];
  handle?: (...values: any[]) => unknown;
  method?: 'GET' | 'POST';
  options?: Partial<AppOptions>;
  routeOptions?: Record<string, unknown>;
}

export interface Answer {
  status: number;
  body: any;
  headers: Headers;
}

/** An app with one operation at `/`, declared by calling the decorators by hand so that the number of inputs can vary. */
export class OneRoute {
  readonly logs = new Logs();
  readonly app: App;
  private readonly method: string;

  constructor(places: Places) {
    this.method = places.method ?? 'GET';
    this.app = new App({
      title: 'Test',
      version: '1',
      docs: false,
      logger: this.logs.logger,
      dependencies: places.app ?? [],
      ...places.options,
    });
    this.app.include([controllerOf(places)], { dependencies: places.include ?? [] });
  }

  request(path = '/', init: RequestInit = {}): Promise<Response> {
    return this.app.request(path, { method: this.method, ...init });
  }

  /** Sends a request, reads the answer to its end, and waits for what comes after it. */
  async ask(path = '/', init: RequestInit = {}): Promise<Answer> {
    return answer(await this.request(path, init));
  }
}

export function controllerOf({ controller, route, construct = [], inputs = [], ...places }: Places): new () => object {
  const handle = places.handle ?? ((...values: unknown[]) => values);
  class Built {
    handle(...values: unknown[]): unknown {
      return handle(...values);
    }
  }
  const decorate = (input: AnyInput, target: object, key: string | undefined, index: number): void =>
    (input as any)(target, key, index);
  construct.forEach((input, index) => decorate(input, Built, undefined, index));
  inputs.forEach((input, index) => decorate(input, Built.prototype, 'handle', index));
  const method: any = (places.method === 'POST' ? Post : Get)('/', {
    dependencies: route ?? [],
    ...places.routeOptions,
  });
  method(Built.prototype, 'handle', Object.getOwnPropertyDescriptor(Built.prototype, 'handle'));
  Controller('/', { dependencies: controller ?? [] })(Built);
  return Built;
}

export async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  await settled();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // streams and empty bodies stay text
  }
  return { status: response.status, body, headers: response.headers };
}

/** Lets everything that waits on promises and immediates only run to its end. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
}

export interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Turns a hang into a failure. */
export async function within<T>(promise: Promise<T>, milliseconds = 10_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const guard = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still waiting after ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, guard]);
  } finally {
    clearTimeout(timer);
  }
}
