import type { ParameterObject, SchemaObject } from 'openapi3-ts/oas31';
import type { ListStyle } from '../metadata/declarations.ts';
import { acceptsUndefined } from '../model/absence.ts';
import { isAnyText } from '../model/check-inputs.ts';
import type { FieldsSlot, Slot, TextSlot } from '../model/graph.ts';
import { wireName } from '../model/value-slots.ts';
import { describeSchema, type JsonSchema } from '../model/schema.ts';
import { takesList } from '../model/text-forms.ts';
import type { Operation } from '../model/operation.ts';
import type { Components } from './components.ts';
import type { DescribedInputs } from './input-kind.ts';

/** OpenAPI's name of each style, in a path and elsewhere. */
const STYLES: Readonly<Record<ListStyle, Pick<ParameterObject, 'style' | 'explode'>>> = {
  form: { style: 'form', explode: true },
  comma: { style: 'form', explode: false },
  space: { style: 'spaceDelimited', explode: false },
  pipe: { style: 'pipeDelimited', explode: false },
};

/** One entry for each place and name, whichever inputs read it; required if one of them requires it. */
export function describeParameters({ graph: { slots } }: Operation, components: Components): DescribedInputs {
  const parameters = new Map<string, ParameterObject[]>();
  for (const slot of slots) {
    for (const parameter of parametersOf(slot, components)) {
      const name = parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name;
      const key = `${parameter.in} ${name}`;
      parameters.set(key, [...(parameters.get(key) ?? []), parameter]);
    }
  }
  return { parameters: [...parameters.values()].map(merged) };
}

/** Merges several inputs of one parameter into one schema. */
function merged(parameters: readonly ParameterObject[]): ParameterObject {
  const [first, ...others] = parameters as [ParameterObject, ...ParameterObject[]];
  if (others.length === 0) return first;
  const required = parameters.some((parameter) => parameter.required === true);
  const all = parameters.map(({ schema }) => schema as JsonSchema);
  // What is absent has a default only if it is that of every input.
  const haveOne = new Set(all.map((schema) => JSON.stringify(schema.default))).size === 1;
  const distinct = new Map<string, JsonSchema>();
  for (const schema of all) {
    const { default: _, ...own } = schema;
    distinct.set(JSON.stringify(own), haveOne ? schema : own);
  }
  const schemas = [...distinct.values()];
  // Any text is a string, even one that looks like a number.
  const telling = schemas.filter((schema) => !isAnyText(schema));
  const [only, ...more] = telling.length === 0 ? schemas.slice(0, 1) : telling;
  const described = Object.assign({}, ...parameters.toReversed()) as ParameterObject;
  const schema = more.length === 0 ? only : { allOf: [only, ...more] };
  return { ...described, name: first.name, required, schema: schema as SchemaObject };
}

function parametersOf(slot: Slot, components: Components): ParameterObject[] {
  if (slot.kind === 'text' && slot.from !== 'form') return [ofText(slot, slot.from, components)];
  if (slot.kind === 'fields' && slot.from !== 'form') return ofFields(slot, slot.from, components);
  return [];
}

function ofText(slot: TextSlot, place: ParameterObject['in'], components: Components): ParameterObject {
  const { name, schema } = slot;
  const required = place === 'path' || !acceptsUndefined(schema);
  return parameterOf(name, place, required, components.schemaOf(schema, 'input'), styleOf(slot, schema));
}

function ofFields(slot: FieldsSlot, place: ParameterObject['in'], components: Components): ParameterObject[] {
  return slot.object.fields.map(({ key, schema, required }) => {
    const name = wireName(slot.from, key);
    return parameterOf(name, place, required, components.schemaOf(schema, 'input'), styleOf(slot, schema));
  });
}

/** Omitted if it is the default of its place. */
function styleOf(
  { style, from }: TextSlot | FieldsSlot,
  schema: TextSlot['schema'],
): Pick<ParameterObject, 'style' | 'explode'> {
  if (style === undefined || !takesList(describeSchema(schema, 'input'))) return {};
  return from === 'path' ? { style: 'simple', explode: false } : STYLES[style];
}

function parameterOf(
  name: string,
  place: ParameterObject['in'],
  required: boolean,
  json: JsonSchema,
  style: Pick<ParameterObject, 'style' | 'explode'>,
): ParameterObject {
  const { description, deprecated, ...schema } = json;
  return {
    name,
    in: place,
    required,
    ...(description === undefined ? {} : { description }),
    ...(deprecated === true ? { deprecated: true } : {}),
    ...style,
    schema: schema as SchemaObject,
  };
}
