import { Controller } from '../decorators/controller.ts';
import { Path } from '../decorators/inputs.ts';
import { Get } from '../decorators/routes.ts';
import type { ControllerOptions } from '../metadata/declarations.ts';
import type { Class } from '../metadata/store.ts';
import { file } from './file.ts';
import { type FileInOptions, LocalFile } from './local-file.ts';

/** Options of the controller, with dependencies of its own, and of every file. */
export interface StaticFilesOptions extends ControllerOptions, FileInOptions {
  /** The file served for a folder, `index.html` unless set, or `false` for none. */
  readonly index?: string | false;
  /** The controller's name, also in operation ids; derived from the path unless set. */
  readonly name?: string;
  /** States that the files are meant to have no security. */
  readonly public?: boolean;
  readonly includeInSchema?: boolean;
}

/** A controller that serves the files of a folder at a path. */
export function staticFiles(path: string, root: string | URL, options: StaticFilesOptions = {}): Class {
  const { index = 'index.html', name = nameOf(path), public: isPublic, includeInSchema, ...ofController } = options;
  const indexFile = index === false ? undefined : index;
  const StaticFiles = class {
    read(rest: string): LocalFile {
      return new LocalFile(root, rest, options, indexFile);
    }
  };
  Object.defineProperty(StaticFiles, 'name', { value: `${name}Controller` });
  const { prototype } = StaticFiles;
  const descriptor: TypedPropertyDescriptor<(rest: string) => LocalFile> = {};
  Path('path')(prototype, 'read', 0);
  Get('/*path', {
    response: file(),
    responses: indexFile === undefined ? {} : { 308: { description: 'The folder is at its path with a slash' } },
    ...(isPublic === undefined ? {} : { public: isPublic }),
    ...(includeInSchema === undefined ? {} : { includeInSchema }),
  })(prototype, 'read', descriptor);
  Controller(path, ofController)(StaticFiles);
  return StaticFiles;
}

/** `AssetsFiles` for `/assets`. */
function nameOf(path: string): string {
  const words = path.split(/[^A-Za-z\d]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return `${words.join('') || 'Static'}Files`;
}
