import assert from 'node:assert/strict';
import { App, Controller, DeclarationError, Path, Route } from 'portico';
import { Log } from './log.ts';

export type AppOptions = ConstructorParameters<typeof App>[0];
export type Controllers = NonNullable<AppOptions['controllers']>;
export type ControllerClass = Controllers[number];
export type Mistake = DeclarationError['mistakes'][number];

/** An app of these controllers that keeps its log to itself. */
export function appOf(controllers: Controllers, options: Partial<AppOptions> = {}): App {
  return new App({ title: 'Test', version: '1.0.0', logger: new Log(), controllers, ...options });
}

/** The mistakes that a declaration is refused for. */
export function mistakesOf(declare: () => unknown): readonly Mistake[] {
  try {
    declare();
  } catch (error) {
    if (!(error instanceof DeclarationError)) throw error;
    return error.mistakes;
  }
  return assert.fail('the declaration was accepted');
}

let tables = 0;

/**
 * A controller with a method for each `METHOD /path`, which answers its own declaration and the path variables.
 *
 * @param path the controller's own path, whose variables every method takes too
 */
export function tableController(declarations: readonly string[], path = ''): ControllerClass {
  const Table = class {};
  Object.defineProperty(Table, 'name', { value: `Table${tables++}` });
  for (const [index, declaration] of declarations.entries()) {
    const [method = '', route = ''] = declaration.split(' ');
    const names = Array.from(`${path}${route}`.matchAll(/[:*{]([A-Za-z_]\w*)/g), ([, name = '']) => name);
    const key = `route${index}`;
    const value = (...values: unknown[]): unknown => ({
      route: declaration,
      params: Object.fromEntries(names.map((name, at) => [name, values[at]])),
    });
    Object.defineProperty(Table.prototype, key, { value, configurable: true, writable: true });
    for (const [at, name] of names.entries()) decorate(Path(name), Table.prototype, key, at);
    decorate(Route(method, route), Table.prototype, key, Object.getOwnPropertyDescriptor(Table.prototype, key));
  }
  decorate(Controller(path), Table);
  return Table;
}

/** Applies a decorator as the compiler would, where no class is written out. */
export function decorate(decorator: unknown, ...target: readonly unknown[]): void {
  (decorator as (...target: readonly unknown[]) => void)(...target);
}

/** Throws a value that need not be an error. */
export function raise(value: unknown): never {
  throw value as Error;
}
