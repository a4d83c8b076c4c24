import { joinPaths, parsePath, type PathTemplate } from '../http/path.ts';
import {
  DECLARATION,
  type DependsDeclaration,
  type ErrorsDeclaration,
  type ListedDependency,
  type ResponseDeclarations,
  type RouteDeclaration,
} from '../metadata/declarations.ts';
import { type Class, controllerOf, errorHandlersOf, isStandardMode, routesOf } from '../metadata/store.ts';
import { readAnswers } from './answers.ts';
import type { AppNodes } from './app-nodes.ts';
import { checkOperation, checkTogether } from './check.ts';
import type { Graph, Slot } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { Mistakes } from './mistakes.ts';
import { type BodyUse, isPublic, type Operation, type OperationDeclaration } from './operation.ts';
import type { Overrides } from './overrides.ts';
import { type NamedInput, readParameters } from './parameters.ts';
import { Providers } from './provider.ts';
import { checkSchemes, readSecurity } from './security.ts';

/** Controllers that are taken into an app together. */
export interface Include {
  readonly controllers: readonly Class[];
  readonly prefix: string;
  readonly tags: readonly string[];
  readonly dependencies: readonly ListedDependency[];
  readonly responses: ResponseDeclarations;
}

/** Gives an operation its id: by default `<controller>_<method>` in lower camel case. */
export type OperationIdOf = (operation: {
  readonly controller: string;
  readonly handler: string;
  readonly method: string;
  readonly path: string;
}) => string;

export interface AppDeclaration {
  readonly dependencies: readonly ListedDependency[];
  readonly includes: readonly Include[];
  readonly operationId: OperationIdOf | undefined;
  readonly requireSecurity: boolean;
  readonly responses: ResponseDeclarations | undefined;
  readonly errors: ErrorsDeclaration;
}

const NONE: Overrides = new Map();

/** Reads everything that was declared, once; throws one DeclarationError with all mistakes. */
export function readModel(app: AppDeclaration, nodes: AppNodes): readonly Operation[] {
  const mistakes = new Mistakes();
  const providers = new Providers(mistakes);
  const operations = app.includes.flatMap((include) =>
    include.controllers
      .flatMap((controller) => readController(app, include, controller, mistakes))
      .map((declaration) => {
        const operation = readOperation(app, declaration, NONE, nodes, providers, mistakes);
        checkOperation(operation, mistakes);
        checkSchemes(operation.graph, mistakes);
        if (app.requireSecurity && isPublic(operation) && declaration.options.public !== true) {
          const place = { class: declaration.controller.name, method: String(declaration.handler) };
          mistakes.add('UNSECURED_OPERATION', place, 'no scheme guards it, and it does not say `public: true`');
        }
        return operation;
      }),
  );
  checkTogether(operations, mistakes);
  mistakes.throwIfAny();
  return operations;
}

/** Reads the operations again with other dependencies in place of some. */
export function readUnderOverrides(
  app: AppDeclaration,
  operations: readonly Operation[],
  overrides: Overrides,
  nodes: AppNodes,
): readonly Operation[] {
  const mistakes = new Mistakes();
  const providers = new Providers(mistakes);
  // What is documented stays required: a 401 of a replaced guard is challenged as that of the guard would be.
  const read = operations.map(({ declaration, security }) => {
    return { ...readOperation(app, declaration, overrides, nodes, providers, mistakes), security };
  });
  // A replacement that depends on itself is refused also where no operation uses it.
  for (const dependable of overrides.keys()) {
    const input: DependsDeclaration = { kind: 'depends', dependable, cache: true, scopes: [] };
    new GraphBuilder(overrides, nodes, providers, mistakes).use({ key: undefined, input, place: {} });
  }
  mistakes.throwIfAny();
  return read;
}

function readOperation(
  app: AppDeclaration,
  declaration: OperationDeclaration,
  overrides: Overrides,
  nodes: AppNodes,
  providers: Providers,
  mistakes: Mistakes,
): Operation {
  const builder = new GraphBuilder(overrides, nodes, providers, mistakes);
  for (const named of declaration.listed) builder.use(named);
  const provider = providers.read(declaration.controller);
  const controller = provider === undefined ? ({ kind: 'absent' } as const) : builder.useController(provider);
  const parameters = declaration.parameters.map((named) => builder.use(named));
  const { slots } = builder;
  const graph: Graph = { slots, controller, parameters, appNodes: [...builder.appNodes] };
  const traits = slots.flatMap((slot) => (slot.kind === 'dependency' ? [slot.provider.traits] : []));
  for (const {
    provider: { traits: own },
  } of builder.appNodes)
    traits.push(own);
  const id = declaration.options.operationId ?? (app.operationId ?? defaultId)(idParts(declaration));
  const place = { class: declaration.controller.name, method: String(declaration.handler) };
  const [ofApp, ofInclude, ...near] = declaration.responses;
  const responses = [ofApp, ofInclude, ...traits.map((trait) => trait.responses), ...near];
  const answers = readAnswers(declaration.options, responses, app.errors, (text) => {
    mistakes.add('INVALID_RESPONSE', place, text);
  });
  return { declaration, id, graph, body: bodyOf(slots), answers, security: readSecurity(graph), traits };
}

function readController(
  app: AppDeclaration,
  include: Include,
  controller: Class,
  mistakes: Mistakes,
): OperationDeclaration[] {
  const declared = typeof controller === 'function' ? controllerOf(controller) : undefined;
  const name = typeof controller === 'function' ? controller.name : String(controller);
  if (declared === undefined) {
    mistakes.add('NOT_A_CONTROLLER', { class: name }, 'it is listed as a controller but has no @Controller decorator');
    return [];
  }
  if (isStandardMode(controller)) {
    const text =
      'its decorators run in standard mode, which has no parameter decorators; set "experimentalDecorators": true in the compilerOptions of tsconfig.json';
    mistakes.add('STANDARD_DECORATORS', { class: name }, text);
    return [];
  }
  const controllerName = name.replace(/(?<=.)Controller$/, '');
  const { path, options } = declared;
  return [...routesOf(controller)].flatMap(([handler, routes]) =>
    routes.flatMap((route): OperationDeclaration[] => {
      const place = { class: name, method: String(handler) };
      const template = parsePath(joinPaths(include.prefix, path, route.path));
      if (typeof template === 'string') {
        mistakes.add(
          'INVALID_PATH',
          place,
          `the path '${joinPaths(include.prefix, path, route.path)}' cannot be used: ${template}`,
        );
        return [];
      }
      const tags = [...new Set([...include.tags, ...(options.tags ?? []), ...(route.options.tags ?? [])])];
      return [
        {
          method: route.method,
          template,
          controller,
          controllerName,
          handler,
          options: route.options,
          tags: tags.length === 0 ? [controllerName] : tags,
          responses: [app.responses, include.responses, options.responses, route.options.responses],
          listed: readLists(app, include, options, route, place, mistakes),
          parameters: readParameters(controller, handler, mistakes),
          errorHandlers: errorHandlersOf(controller),
        },
      ];
    }),
  );
}

/** The lists of app, include, controller and route in this order, without what controller or route leave out. */
function readLists(
  app: AppDeclaration,
  include: Include,
  options: { readonly dependencies?: readonly ListedDependency[]; readonly without?: readonly unknown[] },
  route: RouteDeclaration,
  place: { readonly class: string; readonly method: string },
  mistakes: Mistakes,
): readonly NamedInput[] {
  const outer = [...app.dependencies, ...include.dependencies];
  const lists = [...outer, ...(options.dependencies ?? []), ...(route.options.dependencies ?? [])];
  const inputs = lists.flatMap((listed): NamedInput[] => {
    const input = (listed as Partial<ListedDependency> | undefined)?.[DECLARATION];
    if (input?.kind === 'depends') return [{ key: undefined, input, place }];
    mistakes.add(
      'NOT_DEPENDABLE',
      place,
      'a list of dependencies holds something that is not Depends(…) or Security(…)',
    );
    return [];
  });
  const without = [...(options.without ?? []), ...(route.options.without ?? [])];
  for (const left of without) {
    if (inputs.some(({ input }) => input?.kind === 'depends' && input.dependable === left)) continue;
    mistakes.add('UNKNOWN_WITHOUT', place, '`without` names something that is in no list');
  }
  return inputs.filter(({ input }) => input?.kind !== 'depends' || !without.includes(input.dependable));
}

function bodyOf(slots: readonly Slot[]): BodyUse {
  const json = slots.filter((slot) => slot.kind === 'body');
  if (json.length > 0) return { kind: 'json', slots: json };
  const form = slots.flatMap((slot) =>
    slot.kind === 'file' || ((slot.kind === 'text' || slot.kind === 'fields') && slot.from === 'form') ? [slot] : [],
  );
  return form.length > 0 ? { kind: 'form', slots: form } : { kind: 'none' };
}

function idParts({ controllerName, handler, method, template }: OperationDeclaration): Parameters<OperationIdOf>[0] {
  return {
    controller: controllerName,
    handler: String(handler),
    method,
    path: (template satisfies PathTemplate).pattern,
  };
}

function defaultId({ controller, handler }: Parameters<OperationIdOf>[0]): string {
  return `${controller.charAt(0).toLowerCase()}${controller.slice(1)}_${handler}`;
}
