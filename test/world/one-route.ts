import { App, Controller, Get, Post } from 'portico';
import type { AppOptions } from './app.ts';
import { Log } from './log.ts';
import type { AnyInput } from './recorder.ts';
import { type Answer, answer } from './requests.ts';

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
  /** The path of the operation, `/` unless set. */
  pattern?: string;
  options?: Partial<AppOptions>;
  routeOptions?: Record<string, unknown>;
}

/** An app with one operation at `/`, declared by calling the decorators by hand so that the number of inputs can vary. */
export class OneRoute {
  readonly log = new Log();
  readonly app: App;
  private readonly method: string;

  constructor(places: Places) {
    this.method = places.method ?? 'GET';
    this.app = new App({
      title: 'Test',
      version: '1',
      docs: false,
      logger: this.log,
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
  const method: any = (places.method === 'POST' ? Post : Get)(places.pattern ?? '/', {
    dependencies: route ?? [],
    ...places.routeOptions,
  });
  method(Built.prototype, 'handle', Object.getOwnPropertyDescriptor(Built.prototype, 'handle'));
  Controller('/', { dependencies: controller ?? [] })(Built);
  return Built;
}
