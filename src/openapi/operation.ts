import type { OperationObject, RequestBodyObject, SchemaObject, SecurityRequirementObject } from 'openapi3-ts/oas31';
import type { TextSlot } from '../model/graph.ts';
import type { BodyUse, Operation } from '../model/operation.ts';
import { acceptsAbsence, type JsonSchema } from '../model/schema.ts';
import type { Components } from './components.ts';
import { describeParameters } from './parameters.ts';
import { describeResponses } from './responses.ts';

/** The operation object of one operation; `pathNames` are what its path calls its variables, in order. */
export function describeOperation(
  operation: Operation,
  components: Components,
  pathNames: readonly string[],
): OperationObject {
  const { declaration, id, graph, body, security } = operation;
  const { options, tags, handler } = declaration;
  const renamed = new Map(declaration.template.names.map((name, index) => [name, pathNames[index] ?? name]));
  const parameters = describeParameters(graph.slots, components).map((parameter) => {
    return parameter.in === 'path' ? { ...parameter, name: renamed.get(parameter.name) ?? parameter.name } : parameter;
  });
  return {
    operationId: id,
    summary: options.summary ?? titleCase(String(handler)),
    ...(options.description === undefined ? {} : { description: options.description }),
    tags: [...tags],
    ...(options.deprecated === true ? { deprecated: true } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body.kind === 'none' ? {} : { requestBody: describeBody(body, components) }),
    responses: describeResponses(operation, components),
    ...(security.length === 0 ? {} : { security: describeSecurity(operation) }),
    ...options.extensions,
  };
}

function describeBody(body: Exclude<BodyUse, { kind: 'none' }>, components: Components): RequestBodyObject {
  const required = body.slots.some(({ schema }) => !acceptsAbsence(schema));
  if (body.kind === 'json') {
    const [first] = body.slots;
    const schema =
      first?.name === undefined && first !== undefined
        ? components.schemaOf(first.schema, 'input')
        : objectOf(
            body.slots.map(({ name = '', schema: own }) => [name, own]),
            components,
          );
    return { required, content: { 'application/json': { schema: schema as SchemaObject } } };
  }
  const schema = describeForm(body, components) as SchemaObject;
  const hasFiles = body.slots.some(({ kind }) => kind === 'file');
  return {
    required,
    content: {
      ...(hasFiles ? {} : { 'application/x-www-form-urlencoded': { schema } }),
      'multipart/form-data': { schema },
    },
  };
}

function describeForm({ slots }: Extract<BodyUse, { kind: 'form' }>, components: Components): JsonSchema {
  const [only] = slots;
  if (slots.length === 1 && only?.kind === 'fields') return components.schemaOf(only.schema, 'input');
  const named = slots.flatMap((slot): [string, (typeof slot)['schema']][] =>
    slot.kind === 'fields' ? [] : [[slot.name, slot.schema]],
  );
  const form = objectOf(named, components);
  for (const slot of slots) {
    if (slot.kind !== 'fields') continue;
    const { properties = {}, required = [] } = components.resolved(slot.schema, 'input');
    form.properties = { ...form.properties, ...properties };
    form.required = [...new Set([...(form.required ?? []), ...required])];
  }
  return form;
}

function objectOf(named: readonly (readonly [string, TextSlot['schema']])[], components: Components): JsonSchema {
  const required = named.flatMap(([name, schema]) => (acceptsAbsence(schema) ? [] : [name]));
  const properties = Object.fromEntries(named.map(([name, schema]) => [name, components.schemaOf(schema, 'input')]));
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

/** Scopes are for the schemes that have any (OpenAPI 3.1, Security Requirement Object). */
function describeSecurity({ security }: Operation): SecurityRequirementObject[] {
  return security.map((requirement) =>
    Object.fromEntries(
      requirement.map(({ scheme, scopes }) => [scheme.schemeName, scheme.declaredScopes === null ? [] : [...scopes]]),
    ),
  );
}

/** `readItems` as `Read Items`. */
function titleCase(name: string): string {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .trim();
  return words.replace(/(^| )([a-z])/g, (_, space: string, letter: string) => space + letter.toUpperCase());
}
