import type { ErrorsDeclaration, ResponseDeclarations } from '../content/declarations.ts';
import type { DependsDeclaration, ListedDependency } from '../metadata/declarations.ts';
import { disagreeingCopies } from '../metadata/copies.ts';
import type { Class } from '../metadata/store.ts';
import { readResponses } from './responses.ts';
import type { AppNodes } from './app-nodes.ts';
import { readController } from './controllers.ts';
import { checkOperation, checkTogether } from './check.ts';
import { checkResponses, checkUsual } from './check-responses.ts';
import type { Graph, Slot } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { Mistakes } from './mistakes.ts';
import {
  type BodyUse,
  isPublic,
  type Operation,
  type OperationDeclaration,
  type PlacedResponses,
  placeOf,
} from './operation.ts';
import { idOf, type OperationIdOf } from './operation-id.ts';
import { type Overrides, readOverrides } from './overrides.ts';
import { type Provider, Providers } from './provider.ts';
import { checkSchema } from './schema.ts';
import { checkSchemes, readSecurity } from './security.ts';
import { readSocket } from './socket.ts';

/** Controllers that are included in an app together. */
export interface Include {
  readonly controllers: readonly Class[];
  readonly prefix: string;
  readonly tags: readonly string[];
  readonly dependencies: readonly ListedDependency[];
  readonly responses: ResponseDeclarations;
}

export interface AppDeclaration {
  readonly dependencies: readonly ListedDependency[];
  readonly includes: readonly Include[];
  readonly operationId: OperationIdOf | undefined;
  readonly requireSecurity: boolean;
  readonly responses: ResponseDeclarations | undefined;
  readonly errors: ErrorsDeclaration;
  /** Replacements in this app. */
  readonly overrides: Overrides;
}

/** Reads everything that was declared, once; throws one DeclarationError with all mistakes. */
export function readModel(app: AppDeclaration, nodes: AppNodes): readonly Operation[] {
  const mistakes = new Mistakes();
  checkCopies(mistakes);
  checkSchema(app.errors.schema, 'output', { shared: 'errors of the app' }, mistakes);
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

/** Reads the operations again with some dependencies replaced. */
export function readUnderOverrides(
  app: AppDeclaration,
  operations: readonly Operation[],
  declared: Overrides,
  nodes: AppNodes,
): readonly Operation[] {
  const mistakes = new Mistakes();
  const overrides = readOverrides(new Map([...app.overrides, ...declared]), mistakes);
  const providers = new Providers(mistakes);
  // Documented security stays: a 401 of a replaced guard has the challenge that the guard's own would have.
  const read = operations.map(({ declaration, security }) => {
    return { ...readOperation(app, declaration, overrides, nodes, providers, mistakes), security };
  });
  checkOverrides(overrides, nodes, providers, mistakes);
  mistakes.throwIfAny();
  return read;
}

/** A replacement that depends on itself is refused even if no operation uses it. */
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
  const used = slots.flatMap((slot) => (slot.kind === 'dependency' ? [slot.provider] : []));
  for (const node of builder.appNodes) used.push(node.provider);
  const place = placeOf(declaration);
  const { options, socket } = declaration;
  const usual = socket === undefined ? options : { status: 101 };
  const responses = responsesOf(declaration, used);
  for (const { responses: own, place: at } of responses) checkResponses(own, at, mistakes);
  if (socket === undefined) checkUsual(options, place, mistakes);
  return {
    declaration,
    id: idOf(declaration, app.operationId),
    graph,
    body: bodyOf(slots),
    socket: socket && readSocket(socket, slots, (text) => mistakes.add('INVALID_SOCKET', place, text)),
    responses: readResponses(
      usual,
      responses.map((one) => one.responses),
      app.errors,
    ),
    security: readSecurity(graph),
    traits: used.map(({ traits }) => traits),
  };
}

/** The declared responses, the farthest first: of app, include, dependencies, controllers and route. */
function responsesOf(
  { responses: [ofApp, ofInclude, ...near] }: OperationDeclaration,
  used: readonly Provider[],
): readonly PlacedResponses[] {
  const ofDependencies = used.map(({ name, traits }) => {
    return { place: { chain: [name || '(anonymous)'] }, responses: traits.responses };
  });
  return [ofApp, ofInclude, ...ofDependencies, ...near].filter((one) => one !== undefined);
}

function bodyOf(slots: readonly Slot[]): BodyUse {
  const json = slots.filter((slot) => slot.kind === 'body');
  if (json.length > 0) return { kind: 'json', slots: json };
  const form = slots.flatMap((slot) =>
    slot.kind === 'file' || ((slot.kind === 'text' || slot.kind === 'fields') && slot.from === 'form') ? [slot] : [],
  );
  return form.length > 0 ? { kind: 'form', slots: form } : { kind: 'none' };
}
