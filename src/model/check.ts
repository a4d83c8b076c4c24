import type { ZodType } from 'zod';
import { Router } from '../http/router.ts';
import { packageNameOf, type SchemeDeclaration } from '../metadata/scheme.ts';
import { schemasOfResponses } from './responses.ts';
import { checkMethod, checkPath } from './check-route.ts';
import { isForm, isInput, schemesOf, schemeSlots, type Slot, type Source } from './graph.ts';
import { modelledBy } from './input-kind.ts';
import type { Mistakes, Place, Report, Say } from './mistakes.ts';
import { type Operation, operationName, placeOf } from './operation.ts';
import { checkSchema, describeSchema, type Direction } from './schema.ts';

/** Checks one operation by itself. */
export function checkOperation(operation: Operation, mistakes: Mistakes): void {
  const { declaration, graph } = operation;
  const place = placeOf(declaration);
  const say: Say = (code, text, at = place, example = '') => mistakes.add(code, at, text, example);
  checkMethod(declaration.method, say);
  checkPath(operation, say);
  checkBody(operation, say);
  if (declaration.socket === undefined && graph.parameters.some(takesConnection)) {
    say('CONNECTION_MISPLACED', 'it has a @Connection() but is not a @Socket');
  }
  const inputs = graph.slots.filter(isInput);
  for (const slot of inputs) {
    const report: Report = (code, text) => say(code, text, placeOfInput(slot.place, place));
    checkSchema(slot.schema, 'input', report);
    modelledBy(slot).check(slot, report);
  }
  const parameters = inputs.map(modelledBy).find((kind) => kind.checkTogether !== undefined);
  parameters?.checkTogether?.(inputs, (text, slot) => say('INPUT_CONFLICT', text, { ...place, ...slot.place }));
  if (declaration.method === 'HEAD' && declaration.options.response !== undefined) {
    say('RESPONSE_WITHOUT_BODY', 'it declares a response, but responses to HEAD have no body (RFC 9110 §9.3.2)');
  }
}

/** What is wrong with an input of a dependency by itself is reported once, and not for each operation that uses it. */
function placeOfInput(input: Place, operation: Place): Place {
  const { shared, chain, site, method } = input;
  if (shared !== undefined) return input;
  return chain === undefined || method === undefined ? { ...operation, ...input } : { chain, site };
}

function takesConnection(source: Source): boolean {
  return source.kind === 'request' && source.input.what === 'connection';
}

/** Checks what operations must not share: a route, an id, and names with different meanings. */
export function checkTogether(operations: readonly Operation[], mistakes: Mistakes): void {
  const router = new Router<Operation>();
  const ids = new Map<string, Operation>();
  const schemes = new Map<string, { readonly operation: Operation; readonly scheme: SchemeDeclaration }>();
  const schemas = new Map<string, ZodType>();
  const clashing = new Set<ZodType>();
  for (const operation of operations) {
    const { declaration, id } = operation;
    const place = placeOf(declaration);
    const twin = router.add(declaration.method, declaration.template, operation);
    if (twin !== undefined) {
      const route = `${declaration.method} ${declaration.template.pattern}`;
      mistakes.add('DUPLICATE_ROUTE', place, `${route} is already the route of ${operationName(twin.declaration)}`);
    }
    const namesake = ids.get(id);
    if (namesake === undefined) ids.set(id, operation);
    else if (twin === undefined) {
      mistakes.add(
        'DUPLICATE_OPERATION_ID',
        place,
        `'${id}' is already the id of ${operationName(namesake.declaration)}; ${remedyOf(operation, namesake)}`,
      );
    }
    for (const slot of schemeSlots(operation.graph.slots)) {
      for (const scheme of schemesOf(slot)) {
        const known = schemes.get(scheme.schemeName);
        if (known === undefined) schemes.set(scheme.schemeName, { operation, scheme });
        else if (!isSameScheme(known.scheme, scheme)) {
          const other = operationName(known.operation.declaration);
          const text = `the scheme '${scheme.schemeName}' differs from that of ${other}; give one of them a schemeName`;
          mistakes.add('DUPLICATE_SCHEME_NAME', slot.place.shared === undefined ? place : slot.place, text);
        }
      }
    }
    for (const [schema, direction] of schemasOf(operation)) {
      const { named, duplicate } = describeSchema(schema, direction);
      if (named.size === 0 && duplicate === undefined) continue;
      const [clash, owner] =
        duplicate === undefined ? ([...named].find((one) => !agrees(schemas, ...one)) ?? []) : [duplicate, schema];
      if (owner === undefined || clashing.has(owner)) continue;
      clashing.add(owner);
      mistakes.add('DUPLICATE_SCHEMA_ID', place, `two different schemas have the id '${clash}'`);
    }
  }
}

/** Classes of the same name need explicit names; minifiers give many classes the same name. */
function remedyOf({ declaration }: Operation, { declaration: other }: Operation): string {
  if (declaration.controller === other.controller) return 'give one of them an operationId';
  return "name one of the controllers, @Controller({ name: '…' }), also where a minifier renames classes";
}

/** All schemas of an operation, and which side of them is documented. */
export function schemasOf({ graph, responses }: Operation): readonly (readonly [ZodType, Direction])[] {
  const inputs = graph.slots.flatMap((slot) => documented(slot).map((schema) => [schema, 'input'] as const));
  return [...inputs, ...schemasOfResponses(responses).map((schema) => [schema, 'output'] as const)];
}

/** Fields that are parameters are documented one by one, and those of a form together. */
function documented(slot: Slot): readonly ZodType[] {
  if (slot.kind === 'dependency') return [];
  return slot.kind === 'fields' && slot.from !== 'form'
    ? slot.object.fields.map(({ schema }) => schema)
    : [slot.schema];
}

function isSameScheme(one: SchemeDeclaration, other: SchemeDeclaration): boolean {
  return one === other || (typeOf(one) === typeOf(other) && looksOf(one) === looksOf(other));
}

/** Another copy of the package has a different class for the same scheme. */
function typeOf({ constructor }: SchemeDeclaration): unknown {
  return packageNameOf(constructor) ?? constructor;
}

function looksOf(scheme: SchemeDeclaration): string {
  return JSON.stringify([scheme.describe(), scheme.challenge()]);
}

/** Schemas with the same id are identical, or at least documented alike on both sides. */
function agrees(known: Map<string, ZodType>, name: string, schema: ZodType): boolean {
  const first = known.get(name) ?? schema;
  known.set(name, first);
  if (first === schema) return true;
  return (['input', 'output'] as const).every((direction) => {
    return JSON.stringify(describeSchema(first, direction)) === JSON.stringify(describeSchema(schema, direction));
  });
}

function checkBody({ declaration, body, graph }: Operation, say: Say): void {
  if (body.kind === 'none') return;
  const { method, socket } = declaration;
  const at = body.slots[0]?.place;
  if ((method === 'GET' || method === 'HEAD' || socket !== undefined) && at !== undefined) {
    const { class: name, method: handler } = placeOf(declaration);
    const here = at.chain === undefined ? at : { class: name, method: handler, chain: at.chain, site: at.site };
    const text = 'it reads a body, but GET and HEAD have none (RFC 9110 §9.3.1)';
    say(
      'BODY_NOT_ALLOWED',
      text,
      at.shared === undefined ? here : at,
      `; ${operationName(declaration)} is a ${method}`,
    );
  }
  if (body.kind !== 'json') return;
  if (graph.slots.some(isForm)) say('BODY_CONFLICT', 'it reads the body as JSON and as a form');
  const names = body.slots.map(({ name }) => name);
  if (names.length > 1 && (names.includes(undefined) || new Set(names).size < names.length)) {
    say('BODY_CONFLICT', 'it reads several bodies, so each needs a name: Body(name, schema)');
  }
}
