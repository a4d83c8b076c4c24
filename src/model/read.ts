import type { ErrorsDeclaration, ResponseDeclarations } from '../content/declarations.ts';
import type { DependsDeclaration, ListedDependency } from '../metadata/declarations.ts';
import { disagreeingCopies } from '../metadata/copies.ts';
import type { Class } from '../metadata/store.ts';
import { readResponses } from './responses.ts';
import type { AppNodes } from './app-nodes.ts';
import { readController } from './controllers.ts';
import { checkOperation, checkTogether } from './check.ts';
import { checkResponses, checkUsual } from './check-responses.ts';
import { type Graph, isForm, type Slot } from './graph.ts';
import { GraphBuilder } from './graph-builder.ts';
import { Mistakes, type Place } from './mistakes.ts';
import {
  type BodyUse,
  isPublic,
  type Operation,
  type OperationDeclaration,
  type PlacedResponses,
  placeOf,
} from './operation.ts';
import { idOf, type OperationIdOf } from './operation-id.ts';
import { Dependables, type Overrides, readOverrides } from './overrides.ts';
import { type Provider, Providers } from './provider.ts';
import { checkSchema } from './schema.ts';
import { checkSchemes, readSecurity } from './security.ts';
import type { ModelledSocket } from './socket.ts';

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
  const shared: Place = { shared: 'errors of the app' };
  checkSchema(app.errors.schema, 'output', (code, text) => mistakes.add(code, shared, text));
  const overrides = readOverrides(app.overrides, mistakes);
  const dependables = new Dependables(overrides, new Providers(mistakes));
  const operations = app.includes.flatMap((include) =>
    include.controllers
      .flatMap((controller) => readController(app, include, controller, mistakes))
      .map((declaration) => {
        const operation = readOperation(app, declaration, dependables, nodes, mistakes);
        checkOperation(operation, mistakes);
        checkSchemes(operation.graph, mistakes);
        if (app.requireSecurity && isPublic(operation) && declaration.options.public !== true) {
          mistakes.add(
            'UNSECURED_OPERATION',
            placeOf(declaration),
            'it has no security scheme and does not say `public: true`',
          );
        }
        return operation;
      }),
  );
  checkTogether(operations, mistakes);
  checkOverrides(overrides, dependables, nodes, mistakes);
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
  const dependables = new Dependables(overrides, new Providers(mistakes));
  // Documented security stays: a 401 of a replaced guard has the challenge that the guard's own would have.
  const read = operations.map(({ declaration, security }) => {
    return { ...readOperation(app, declaration, dependables, nodes, mistakes), security };
  });
  checkOverrides(overrides, dependables, nodes, mistakes);
  mistakes.throwIfAny();
  return read;
}

/** A replacement that depends on itself is refused even if no operation uses it. */
function checkOverrides(overrides: Overrides, dependables: Dependables, nodes: AppNodes, mistakes: Mistakes): void {
  for (const dependable of overrides.keys()) {
    const input: DependsDeclaration = { kind: 'depends', dependable, cache: true, scopes: [] };
    new GraphBuilder(dependables, nodes, mistakes).use({ key: undefined, input, place: {} });
  }
}

function checkCopies(mistakes: Mistakes): void {
  const copies = disagreeingCopies();
  if (copies.length === 0) return;
  const list = [...new Set(copies.map(({ version, file }) => `${version} (${file ?? 'unknown location'})`))].join(', ');
  mistakes.add(
    'SEVERAL_COPIES',
    {},
    `the program has loaded several versions of portico: ${list}; install a single version`,
  );
}

function readOperation(
  app: AppDeclaration,
  declaration: OperationDeclaration,
  dependables: Dependables,
  nodes: AppNodes,
  mistakes: Mistakes,
): Operation {
  const builder = new GraphBuilder(dependables, nodes, mistakes);
  for (const named of declaration.listed) builder.use(named);
  const controller = builder.useController(dependables.providers.readClass(declaration.controller));
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
    socket:
      socket &&
      (socket.stages as ModelledSocket).read(socket, slots, (text) => mistakes.add('INVALID_SOCKET', place, text)),
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
  { responses: { far, near } }: OperationDeclaration,
  used: readonly Provider[],
): readonly PlacedResponses[] {
  const ofDependencies = used.flatMap(({ name, traits: { responses } }) => {
    return responses === undefined ? [] : [{ place: { chain: [name || '(anonymous)'] }, responses }];
  });
  return [...far, ...ofDependencies, ...near];
}

function bodyOf(slots: readonly Slot[]): BodyUse {
  const json = slots.filter((slot) => slot.kind === 'body');
  if (json.length > 0) return { kind: 'json', slots: json };
  const form = slots.filter(isForm);
  return form.length > 0 ? { kind: 'form', slots: form } : { kind: 'none' };
}
