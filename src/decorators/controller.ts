import { keepCallSite } from '../metadata/call-site.ts';
import type { ControllerDeclaration, ControllerOptions } from '../metadata/declarations.ts';
import { type Class, recordController, recordStandardMode } from '../metadata/store.ts';

/** The decorator that makes a class a controller. */
export interface ControllerDecorator {
  (target: abstract new (...inputs: never[]) => unknown, mode?: unknown): void;
}

/**
 * Makes a class a controller: its decorated methods are routes below `path`.
 *
 * A class that extends it inherits its routes and all options except `name` and `without`, but not its path.
 */
export function Controller(path?: string, options?: ControllerOptions): ControllerDecorator;
export function Controller(options: ControllerOptions): ControllerDecorator;
export function Controller(
  first: string | ControllerOptions = '',
  second: ControllerOptions = {},
): ControllerDecorator {
  const [path, options] = typeof first === 'string' ? [first, second] : ['', first];
  const declaration: ControllerDeclaration = keepCallSite({ path, options });
  return (target: Class, mode) => {
    recordController(target, declaration);
    if (mode !== undefined) recordStandardMode(target);
  };
}
