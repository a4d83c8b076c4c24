import type {
  HeaderObject,
  MediaTypeObject,
  ReferenceObject,
  ResponseObject,
  ResponsesObject,
  SchemaObject,
} from 'openapi3-ts/oas31';
import type { ZodType } from 'zod';
import { type Content, essenceOf } from '../content/content.ts';
import { hasNoContent, phraseOf } from '../http/status.ts';
import type { ErrorsDeclaration } from '../content/declarations.ts';
import type { DeclaredResponse } from '../model/responses.ts';
import type { Operation } from '../model/operation.ts';
import { acceptsAbsence, withoutNothing } from '../model/schema.ts';
import type { Components } from './components.ts';

const CHALLENGE: HeaderObject = {
  description: 'How to authenticate (RFC 9110, section 11.6.1).',
  required: true,
  schema: { type: 'string' },
};

/**
 * Responses that follow from the graph, by their name under `components.responses`; the last applies to every
 * operation.
 */
const IMPLIED = {
  Unauthorized: { key: '401', headers: { 'WWW-Authenticate': CHALLENGE } },
  Forbidden: { key: '403', headers: { 'WWW-Authenticate': { ...CHALLENGE, required: false } } },
  ValidationError: { key: 'validation', headers: undefined },
  Error: { key: 'default', headers: undefined },
} as const;

type Implied = keyof typeof IMPLIED;

/** All responses of an operation: those declared for it, and those that follow from its graph. */
export function describeResponses(operation: Operation, components: Components): ResponsesObject {
  const declared = operation.responses;
  const responses: Record<string, ResponseObject | ReferenceObject> = {};
  for (const name of impliedUndeclared(operation)) {
    responses[keyOf(name, declared.errors)] = { $ref: `#/components/responses/${name}` };
  }
  const usual = String(declared.status);
  responses[usual] = describeUsual(operation, components);
  for (const response of declared.declared) {
    if (response.key !== usual) responses[response.key] = describeResponse(response, operation, components);
  }
  return responses;
}

/** The shared responses that some operation refers to. */
export function sharedResponses(
  operations: readonly Operation[],
  components: Components,
): Record<string, ResponseObject> {
  const errors = operations[0]?.responses.errors;
  if (errors === undefined) return {};
  const used = new Set(operations.flatMap(impliedUndeclared));
  return Object.fromEntries([...used].toSorted().map((name) => [name, describeImplied(name, errors, components)]));
}

function describeImplied(name: Implied, errors: ErrorsDeclaration, components: Components): ResponseObject {
  const { headers } = IMPLIED[name];
  const key = keyOf(name, errors);
  const schema = name === 'ValidationError' ? (errors.validationSchema ?? errors.schema) : errors.schema;
  return {
    description: key === 'default' ? 'Any other error' : phraseOf(Number(key)),
    ...(headers === undefined ? {} : { headers }),
    content: describeContents([{ mediaType: errors.mediaType, schema }], components),
  };
}

function keyOf(name: Implied, { validationStatus }: ErrorsDeclaration): string {
  return name === 'ValidationError' ? String(validationStatus) : IMPLIED[name].key;
}

function impliedUndeclared(operation: Operation): readonly Implied[] {
  const { responses } = operation;
  return impliedBy(operation).filter((name) => responses.at(keyOf(name, responses.errors)) === undefined);
}

function impliedBy({ security, graph, traits }: Operation): readonly Implied[] {
  const scoped = security.some((requirement) => requirement.some(({ scopes }) => scopes.length > 0));
  const validates =
    graph.slots.some(({ kind }) => kind !== 'dependency') && !traits.some(({ invalid }) => invalid !== undefined);
  return [
    ...(security.length > 0 ? (['Unauthorized'] as const) : []),
    ...(scoped ? (['Forbidden'] as const) : []),
    ...(validates ? (['ValidationError'] as const) : []),
    'Error',
  ];
}

/** A value without a declared response is any JSON. */
function describeUsual(operation: Operation, components: Components): ResponseObject {
  const { responses } = operation;
  const key = String(responses.status);
  const declared = responses.for(responses.status);
  const anything = hasNoContent(responses.status) || (declared?.contents.length ?? 0) > 0;
  const described =
    declared === undefined
      ? { description: phraseOf(responses.status) }
      : describeResponse({ ...declared, key }, operation, components);
  return anything ? described : { ...described, content: { 'application/json': { schema: {} } } };
}

function describeResponse(response: DeclaredResponse, operation: Operation, components: Components): ResponseObject {
  const { key, description, contents, examples } = response;
  const status = Number(key);
  const { errors } = operation.responses;
  const headers = { ...impliedHeaders(key, operation), ...describeHeaders(response, components) };
  // Errors that nobody declares, such as a 415, have these keys too.
  const isOpen = /^[45]XX$/.test(key) || key === 'default';
  const hasErrors = isOpen || (contents.length === 0 && status >= 400);
  const described = hasErrors ? [...contents, errors] : contents;
  const content = describeContents(described, components);
  const bodies = Object.entries<MediaTypeObject>(content).map(([type, body]): [string, MediaTypeObject] => [
    type,
    examples === undefined ? body : { ...body, examples },
  ]);
  return {
    description: description ?? (Number.isNaN(status) ? `Responses of ${key}` : phraseOf(status)),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(hasNoContent(status) || bodies.length === 0 ? {} : { content: Object.fromEntries(bodies) }),
  };
}

/** A refusal that is declared only by its description still has its challenge. */
function impliedHeaders(key: string, operation: Operation): Record<string, HeaderObject> {
  const name = (['Unauthorized', 'Forbidden'] as const).find((one) => IMPLIED[one].key === key);
  return name !== undefined && impliedBy(operation).includes(name) ? IMPLIED[name].headers : {};
}

function describeHeaders(
  { headers, contents }: DeclaredResponse,
  components: Components,
): Record<string, HeaderObject> {
  const described = Object.entries(headers).map(([name, schema]): [string, HeaderObject] => [
    name,
    {
      required: !acceptsAbsence(schema),
      schema: withoutNothing(schema, components.schemaOf(schema, 'output')) as SchemaObject,
    },
  ]);
  const fixed = contents.flatMap((content) => Object.entries(content.headers ?? {}));
  const redirects = contents.some((content) => essenceOf(content) === '');
  return {
    ...Object.fromEntries(fixed.map(([name, value]) => [name, { schema: { type: 'string', const: value } }])),
    ...(redirects ? { Location: { required: true, schema: { type: 'string', format: 'uri-reference' } } } : {}),
    ...Object.fromEntries(described),
  };
}

type Described = Pick<Content<never>, 'mediaType' | 'schema' | 'bodySchema' | 'itemSchema'>;

/** Contents by media type; several of one type are alternatives. */
function describeContents(contents: readonly Described[], components: Components): Record<string, MediaTypeObject> {
  const byType = new Map<string, MediaTypeObject[]>();
  for (const content of contents) {
    const type = essenceOf(content);
    if (type !== '') byType.set(type, [...(byType.get(type) ?? []), describeContent(content, components)]);
  }
  return Object.fromEntries(
    Array.from(byType, ([type, bodies]) => {
      const different = [...new Map(bodies.map((body) => [JSON.stringify(body), body])).values()];
      const [only] = different;
      const schemas = different.map(({ schema = {} }) => schema);
      return [type, different.length === 1 && only !== undefined ? only : { schema: { anyOf: schemas } }];
    }),
  );
}

/** OpenAPI can describe the items of a stream since 3.2. */
function describeContent({ schema, bodySchema, itemSchema }: Described, components: Components): MediaTypeObject {
  const described = (one: ZodType): SchemaObject => components.schemaOf(one, 'output') as SchemaObject;
  const body = schema === undefined ? ((bodySchema ?? {}) as SchemaObject) : described(schema);
  if (itemSchema === undefined) return { schema: body };
  if (components.version === '3.2') return { itemSchema: described(itemSchema) } as MediaTypeObject;
  return { schema: body, 'x-itemSchema': described(itemSchema) };
}
