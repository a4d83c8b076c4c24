import type { PathTemplate } from '../http/path.ts';
import type {
  DependsDeclaration,
  ErrorsDeclaration,
  ListedDependency,
  ResponseDeclarations,
} from '../metadata/declarations.ts';
import { disagreeingCopies } from '../metadata/copies.ts';
import type { Class } from '../metadata/store.ts';
import { readAnswers } from './answers.ts';
import type { AppNodes } from './app-nodes.ts';
import { readController } from './controllers.ts';
import { checkOperation, checkTogether } from './check.ts';
import type { Graph, Slot } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { Mistakes } from './mistakes.ts';
import { type BodyUse, isPublic, type Operation, type OperationDeclaration, placeOf } from './operation.ts';
import { type Overrides, readOverrides } from './overrides.ts';
import { Providers } from './provider.ts';
import { checkSchemes, readSecurity } from './security.ts';
import { readSocket } from './socket.ts';

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
  /** What stands for what in this app. */
  readonly overrides: Overrides;
}

/** Reads everything that was declared, once; throws one DeclarationError with all mistakes. */
export function readModel(app: AppDeclaration, nodes: AppNodes): readonly Operation[] {
  const mistakes = new Mistakes();
  checkCopies(mistakes);
  const overrides = readOverrides(app.overrides, mistakes);
  const providers = new Providers(mistakes);
  const operations = app.includes.flatMap((include) =>
    include.controllers
      .flatMap((controller) => readController(app, include, controller, mistakes))
      .map((declaration) => {
        const operation = readOperation(app, declaration, overrides, nodes, providers, mistakes);
        checkOperation(operation, mistakes);
        checkSchemes(operation.graph, mistakes);
        if (app.requireSecurity && isPublic(operation) && declaration.options.public !== true) {
          mistakes.add(
            'UNSECURED_OPERATION',
            placeOf(declaration),
            'no scheme guards it, and it does not say `public: true`',
          );
        }
        return operation;
      }),
  );
  checkTogether(operations, mistakes);
  checkOverrides(overrides, nodes, providers, mistakes);
  mistakes.throwIfAny();
  return operations;
}

/** Reads the operations again with other dependencies in place of some. */
export function readUnderOverrides(
  app: AppDeclaration,
  operations: readonly Operation[],
  declared: Overrides,
  nodes: AppNodes,
): readonly Operation[] {
  const mistakes = new Mistakes();
  const overrides = readOverrides(new Map([...app.overrides, ...declared]), mistakes);
  const providers = new Providers(mistakes);
  // What is documented stays required: a 401 of a replaced guard is challenged as that of the guard would be.
  const read = operations.map(({ declaration, security }) => {
    return { ...readOperation(app, declaration, overrides, nodes, providers, mistakes), security };
  });
  checkOverrides(overrides, nodes, providers, mistakes);
  mistakes.throwIfAny();
  return read;
}

/** A replacement that depends on itself is refused also where no operation uses it. */
function checkOverrides(overrides: Overrides, nodes: AppNodes, providers: Providers, mistakes: Mistakes): void {
  for (const dependable of overrides.keys()) {
    const input: DependsDeclaration = { kind: 'depends', dependable, cache: true, scopes: [] };
    new GraphBuilder(overrides, nodes, providers, mistakes).use({ key: undefined, input, place: {} });
  }
}

function checkCopies(mistakes: Mistakes): void {
  const copies = disagreeingCopies();
  if (copies.length === 0) return;
  const list = [...new Set(copies.map(({ version, file }) => `${version} (${file ?? 'of an unknown place'})`))].join(
    ', ',
  );
  mistakes.add(
    'SEVERAL_COPIES',
    {},
    `the program has loaded several versions of portico: ${list}; install one of them for all`,
  );
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
  const id = declaration.options.operationId ?? app.operationId?.(idParts(declaration)) ?? defaultId(declaration);
  const place = placeOf(declaration);
  const [ofApp, ofInclude, ...near] = declaration.responses;
  const responses = [ofApp, ofInclude, ...traits.map((trait) => trait.responses), ...near];
  const { options, socket } = declaration;
  const usual = socket === undefined ? options : { status: 101 };
  const answers = readAnswers(usual, responses, app.errors, (text) => {
    mistakes.add('INVALID_RESPONSE', place, text);
  });
  return {
    declaration,
    id,
    graph,
    body: bodyOf(slots),
    socket: socket && readSocket(socket, slots, (text) => mistakes.add('INVALID_SOCKET', place, text)),
    answers,
    security: readSecurity(graph),
    traits,
  };
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

/** One controller in several places has ids of its own in each. */
function defaultId({ controllerName, handler, idPrefix }: OperationDeclaration): string {
  const words = `${idPrefix} ${controllerName}`.split(/[^\p{L}\p{N}$_]+/u).filter((word) => word !== '');
  const camel = words.map(
    (word, index) => (index === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1),
  );
  return `${camel.join('')}_${String(handler)}`;
}
