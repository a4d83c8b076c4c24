import type { ControllerOptions } from '../metadata/declarations.ts';
import { type Class, recordController, recordStandardMode } from '../metadata/store.ts';

/** Makes a class a controller: its decorated methods are routes below `path`. */
export function Controller(path?: string, options?: ControllerOptions): (target: Class, mode?: unknown) => void;
export function Controller(options: ControllerOptions): (target: Class, mode?: unknown) => void;
export function Controller(
  first: string | ControllerOptions = '',
  second: ControllerOptions = {},
): (target: Class, mode?: unknown) => void {
  const [path, options] = typeof first === 'string' ? [first, second] : ['', first];
  return (target, mode) => {
    recordController(target, { path, options });
    if (mode !== undefined) recordStandardMode(target);
  };
}
