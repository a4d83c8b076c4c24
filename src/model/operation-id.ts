import type { OperationDeclaration } from './operation.ts';

/** Gives an operation its id: by default `<controller>_<method>` in lower camel case. */
export type OperationIdOf = (operation: {
  readonly controller: string;
  readonly handler: string;
  readonly method: string;
  readonly path: string;
}) => string;

/** The id that the route declares, or that the app generates, or the default. */
export function idOf(declaration: OperationDeclaration, ofApp: OperationIdOf | undefined): string {
  return declaration.options.operationId ?? ofApp?.(partsOf(declaration)) ?? defaultId(declaration);
}

function partsOf({ controllerName, handler, method, template }: OperationDeclaration): Parameters<OperationIdOf>[0] {
  return {
    controller: controllerName,
    handler: String(handler),
    method,
    path: template.pattern,
  };
}

function defaultId({ idPrefix, handler }: OperationDeclaration): string {
  return `${idPrefix}_${String(handler)}`;
}

/** What default ids begin with: a controller that is included several times has different ones each time. */
export function idPrefixOf(controllerName: string, prefix: string): string {
  const words = `${prefix} ${controllerName}`.split(/[^\p{L}\p{N}$_]+/u).filter((word) => word !== '');
  const camel = words.map(
    (word, index) => (index === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1),
  );
  return camel.join('');
}
