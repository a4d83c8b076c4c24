import type { EncodingObject, MediaTypeObject, RequestBodyObject, SchemaObject } from 'openapi3-ts/oas31';
import { acceptsUndefined } from '../model/absence.ts';
import { essenceOf } from '../model/file-types.ts';
import { fileTypesOf, formPartOf, holdsFile } from '../model/form-part.ts';
import { type BodySlot, type FormSlot, isForm } from '../model/graph.ts';
import type { Operation } from '../model/operation.ts';
import { describeSchema, type JsonSchema, partsOf } from '../model/schema.ts';
import { isFile } from '../model/text-forms.ts';
import type { Components } from './components.ts';
import type { DescribedInputs } from './input-kind.ts';

type NamedSlot = Exclude<FormSlot, { kind: 'fields' }>;

/** The JSON body of an operation; required if a request without one is refused. */
export function describeJson({ graph }: Operation, components: Components): DescribedInputs {
  const slots = graph.slots.filter((slot) => slot.kind === 'body');
  const [first] = slots;
  const schema =
    first !== undefined && first.name === undefined
      ? components.schemaOf(first.schema, 'input')
      : merged(slots.map((slot) => keyed(slot, components)));
  const required = slots.some((slot) => !acceptsUndefined(slot.schema));
  return { requestBody: { required, content: { 'application/json': { schema: schema as SchemaObject } } } };
}

/** The form of an operation; required if a request without one is refused. */
export function describeForm({ graph }: Operation, components: Components): DescribedInputs {
  return { requestBody: formBody(graph.slots.filter(isForm), components) };
}

/** A form with a file is only multipart; any other is documented as urlencoded, and multipart is accepted too. */
function formBody(slots: readonly FormSlot[], components: Components): RequestBodyObject {
  const encodings = slots.flatMap((slot) => encodingsOf(slot));
  const hasFile = slots.some(({ schema }) => holdsFile(describeSchema(schema, 'input')));
  const media: MediaTypeObject = {
    schema: formSchema(slots, hasFile, components) as SchemaObject,
    ...(encodings.length === 0 ? {} : { encoding: Object.fromEntries(encodings) }),
  };
  return {
    required: slots.some((slot) => isRequired(slot)),
    content: { [hasFile ? 'multipart/form-data' : 'application/x-www-form-urlencoded']: media },
  };
}

function formSchema(slots: readonly FormSlot[], hasFile: boolean, components: Components): JsonSchema {
  const [only] = slots;
  if (slots.length === 1 && only?.kind === 'fields' && !hasFile) return components.schemaOf(only.schema, 'input');
  const form = merged(
    slots.map((slot) => (slot.kind === 'fields' ? components.resolved(slot.schema, 'input') : keyed(slot, components))),
  );
  return withoutTypes(form) as JsonSchema;
}

/** One field as an object schema with only that property. */
function keyed({ name = '', schema }: BodySlot | NamedSlot, components: Components): JsonSchema {
  const properties = { [name]: components.schemaOf(schema, 'input') };
  return { type: 'object', properties, ...(acceptsUndefined(schema) ? {} : { required: [name] }) };
}

/** Merges objects that are sent as one; whatever several say about a name, or about unknown names, applies together. */
function merged(objects: readonly JsonSchema[]): JsonSchema {
  const [first] = objects;
  if (first !== undefined && objects.length === 1) return first;
  if (objects.some((object) => partsOf(object).length > 0)) return { allOf: [...objects] };
  const properties = new Map<string, JsonSchema>();
  const required = new Set<string>();
  let further: JsonSchema | boolean | undefined;
  for (const object of objects) {
    const { properties: its = {}, required: needed = [], additionalProperties: own } = object;
    for (const [name, property] of Object.entries(its)) {
      properties.set(name, both(properties.get(name), property as JsonSchema));
    }
    for (const name of needed) required.add(name);
    if (own !== undefined) further = further === false || own === false ? false : both(further, own as JsonSchema);
  }
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.size === 0 ? {} : { required: [...required] }),
    ...(further === undefined ? {} : { additionalProperties: further }),
  };
}

function both(one: JsonSchema | true | undefined, other: JsonSchema): JsonSchema {
  if (one === undefined || one === true || JSON.stringify(one) === JSON.stringify(other)) return other;
  const { allOf = [one], ...rest } = one;
  return { allOf: [...(Object.keys(rest).length === 0 ? allOf : [one]), other] };
}

/** The encoding of parts that are not text (OpenAPI 3.1, Encoding Object). */
function encodingsOf(slot: FormSlot): readonly (readonly [string, EncodingObject])[] {
  const fields = slot.kind === 'fields' ? slot.object.fields : [{ key: slot.name, schema: slot.schema }];
  return fields.flatMap(({ key, schema }) => {
    const described = describeSchema(schema, 'input');
    const types = formPartOf(described) === 'json' ? ['application/json'] : fileTypesOf(described);
    return types.length === 0 ? [] : [[key, { contentType: types.join(', ') }] as const];
  });
}

function isRequired(slot: FormSlot): boolean {
  if (slot.kind !== 'fields') return !acceptsUndefined(slot.schema);
  return slot.object.variants.every((fields) => fields.some(({ required }) => required));
}

/**
 * The encoding lists the types of a file that may have several; in a schema they would be alternatives.
 *
 * Unencoded content has no `contentEncoding` (OpenAPI 3.1, section 4.8.14.3).
 */
function withoutTypes(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(withoutTypes);
  if (typeof json !== 'object' || json === null) return json;
  if (!isFile(json as JsonSchema))
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withoutTypes(value)]));
  const { anyOf: _, contentEncoding: __, contentMediaType = '', ...file } = json as JsonSchema;
  return /\/(?!\*)/.test(contentMediaType) ? { ...file, contentMediaType: essenceOf(contentMediaType) } : file;
}
