import type { HeaderObject, ReferenceObject, ResponseObject, ResponsesObject, SchemaObject } from 'openapi3-ts/oas31';
import { hasNoContent, phraseOf } from '../http/status.ts';
import type { ResponseDeclaration, ResponseDeclarations } from '../metadata/declarations.ts';
import type { Operation } from '../model/operation.ts';
import type { Components } from './components.ts';

const CHALLENGE: HeaderObject = {
  description: 'How to authenticate (RFC 9110, section 11.6.1).',
  required: true,
  schema: { type: 'string' },
};

const ERROR: SchemaObject = { type: 'object', properties: { detail: {} }, required: ['detail'] };

const ISSUES: SchemaObject = {
  type: 'object',
  properties: {
    detail: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          type: { type: 'string' },
          loc: { type: 'array', items: { type: ['string', 'integer'] } },
          msg: { type: 'string' },
          input: {},
        },
        required: ['type', 'loc', 'msg'],
      },
    },
  },
  required: ['detail'],
};

/** Answers that follow from the graph, by their name under `components.responses`. */
const SHARED: Readonly<Record<string, { readonly status: number; readonly response: ResponseObject }>> = {
  Unauthorized: { status: 401, response: { ...json(401, ERROR), headers: { 'WWW-Authenticate': CHALLENGE } } },
  Forbidden: {
    status: 403,
    response: { ...json(403, ERROR), headers: { 'WWW-Authenticate': { ...CHALLENGE, required: false } } },
  },
  ValidationError: { status: 422, response: json(422, ISSUES) },
};

/** All answers of an operation: what it declares, what its dependencies declare, and what follows from its graph. */
export function describeResponses(operation: Operation, components: Components): ResponsesObject {
  const { declaration, traits } = operation;
  const { response, status = 200 } = declaration.options;
  const declared: Record<string, ResponseDeclaration> = {};
  for (const { responses } of traits) Object.assign(declared, responses);
  Object.assign(declared, declaration.responses);
  const responses: Record<string, ResponseObject | ReferenceObject> = {};
  for (const name of impliedBy(operation)) {
    const code = SHARED[name]?.status ?? 0;
    if (declared[code] === undefined) responses[code] = { $ref: `#/components/responses/${name}` };
  }
  const own = declared[status];
  const usual: ResponseDeclaration = { ...(response === undefined ? {} : { schema: response }), ...own };
  responses[status] = describeResponse(status, usual, components, usual.schema === undefined);
  for (const [code, other] of Object.entries(declared)) {
    if (Number(code) !== status) responses[code] = describeResponse(Number(code), other, components, false);
  }
  return responses;
}

/** The shared answers that some operation refers to. */
export function sharedResponses(operations: readonly Operation[]): Record<string, ResponseObject> {
  const used = new Set(operations.flatMap(impliedUndeclared));
  return Object.fromEntries(
    [...used].toSorted().map((name) => [name, SHARED[name]?.response ?? { description: name }]),
  );
}

function impliedUndeclared(operation: Operation): readonly string[] {
  const { declaration, traits } = operation;
  const declared: ResponseDeclarations[] = [declaration.responses, ...traits.map(({ responses = {} }) => responses)];
  return impliedBy(operation).filter((name) => !declared.some((responses) => (SHARED[name]?.status ?? 0) in responses));
}

function impliedBy({ security, graph, traits }: Operation): readonly string[] {
  const scoped = security.some((requirement) => requirement.some(({ scopes }) => scopes.length > 0));
  const validates =
    graph.slots.some(({ kind }) => kind !== 'dependency') && !traits.some(({ invalid }) => invalid !== undefined);
  return [
    ...(security.length > 0 ? ['Unauthorized'] : []),
    ...(scoped ? ['Forbidden'] : []),
    ...(validates ? ['ValidationError'] : []),
  ];
}

/** `anything` says that the answer is JSON of no declared shape. */
function describeResponse(
  status: number,
  declared: ResponseDeclaration,
  components: Components,
  anything: boolean,
): ResponseObject {
  const description = declared.description ?? phraseOf(status);
  if (hasNoContent(status)) return { description };
  if (declared.schema !== undefined) {
    return {
      description,
      content: { 'application/json': { schema: components.schemaOf(declared.schema, 'output') as SchemaObject } },
    };
  }
  return anything ? { description, content: { 'application/json': { schema: {} } } } : { description };
}

function json(status: number, schema: SchemaObject): ResponseObject {
  return { description: phraseOf(status), content: { 'application/json': { schema } } };
}
