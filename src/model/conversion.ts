import { z, type ZodType } from 'zod';
import { acceptsMissingKey } from './absence.ts';
import { innerSchemas } from '../content/codecs.ts';
import { correctUnion } from './discriminator.ts';
import type { Direction, JsonSchema } from './schema.ts';
import { correctText, patternOf } from './text-schema.ts';

type AnySchema = z.core.$ZodType;
type Correct = (schema: AnySchema, json: JsonSchema, direction: Direction) => void;

/** Corrections where zod's JSON Schema differs from what zod does, by kind of schema. */
const CORRECTIONS: Readonly<Partial<Record<string, Correct>>> = {
  array: correctArray,
  catch: correctCatch,
  number: correctNumber,
  object: correctObject,
  pipe: correctPipe,
  readonly: correctReadonly,
  record: correctRecord,
  string: correctText,
  success: correctSuccess,
  template_literal: correctText,
  tuple: correctTuple,
  union: correctUnion,
};

/**
 * Corrects zod's JSON Schema of one schema in place; inner schemas have already been corrected.
 *
 * One that refines or describes a named schema refers to that, and has of its own only what differs.
 */
export function correct(schema: AnySchema, json: JsonSchema, direction: Direction): void {
  CORRECTIONS[schema._zod.def.type]?.(schema, json, direction);
}

/** Bounds that nobody declared: those of safe integers and of all numbers. */
function correctNumber(_schema: AnySchema, json: JsonSchema): void {
  const { minimum = 0, maximum = 0 } = json;
  if (minimum === Number.MIN_SAFE_INTEGER || minimum === -Number.MAX_VALUE) delete json.minimum;
  if (maximum === Number.MAX_SAFE_INTEGER || maximum === Number.MAX_VALUE) delete json.maximum;
}

/** A value that the program may not change may still be sent by a client. */
function correctReadonly(schema: AnySchema, json: JsonSchema): void {
  if (!saysReadOnly(schema)) delete json.readOnly;
}

function saysReadOnly(schema: AnySchema): boolean {
  if (z.globalRegistry.get(schema)?.['readOnly'] === true) return true;
  const { innerType } = schema._zod.def as { innerType?: AnySchema };
  return innerType !== undefined && saysReadOnly(innerType);
}

/** A key is required exactly if its absence is refused, or if a response always has it. */
function correctObject(schema: AnySchema, json: JsonSchema, direction: Direction): void {
  if (json.$ref !== undefined) {
    delete json.required;
    delete json.additionalProperties;
    return;
  }
  const { shape, catchall } = schema._zod.def as z.core.$ZodObjectDef;
  const required: string[] = [];
  for (const key in shape) {
    const field = shape[key] as ZodType;
    const isRequired =
      direction === 'input' ? !acceptsMissingKey(field) : field._zod.optout === undefined && !holdsAnything(field);
    if (isRequired) required.push(key);
  }
  if (required.length > 0) json.required = required;
  else delete json.required;
  // Encoded objects drop unknown keys like others.
  if (direction === 'output' && catchall === undefined) json.additionalProperties = false;
}

const WRAPPERS = new Set(['nullable', 'readonly', 'lazy', 'union', 'default', 'prefault', 'catch', 'pipe']);

/** Whether a value may be undefined, which JSON omits from an object. */
function holdsAnything(schema: ZodType, depth = 0): boolean {
  const { type } = schema._zod.def;
  if (type === 'any' || type === 'unknown') return true;
  return WRAPPERS.has(type) && depth < 8 && innerSchemas(schema).some((inner) => holdsAnything(inner, depth + 1));
}

/** JSON writes undefined within a list as null. */
function correctArray(schema: AnySchema, json: JsonSchema, direction: Direction): void {
  const { element } = schema._zod.def as z.core.$ZodArrayDef;
  if (direction === 'output' && isSchema(json.items)) json.items = orNull(element, json.items);
}

function correctTuple(schema: AnySchema, json: JsonSchema, direction: Direction): void {
  const { items, rest } = schema._zod.def as z.core.$ZodTupleDef;
  const { prefixItems } = json;
  // No list of schemas may be empty (JSON Schema 2020-12 §10.3.1.1).
  if (prefixItems?.length === 0) delete json.prefixItems;
  else if (direction === 'output' && prefixItems !== undefined)
    json.prefixItems = prefixItems.map((one, index) => orNull(items[index], one as JsonSchema));
  if (direction === 'output' && isSchema(json.items)) json.items = orNull(rest, json.items);
}

function orNull(schema: AnySchema | null | undefined, json: JsonSchema): JsonSchema {
  return schema?._zod.optout === 'optional' ? { anyOf: [json, { type: 'null' }] } : json;
}

function isSchema(json: unknown): json is JsonSchema {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** A value that does not fit is replaced by one that does. */
function correctCatch(_schema: AnySchema, json: JsonSchema, direction: Direction): void {
  if (direction === 'input') orAnything(json);
}

/** A function accepts anything; what text becomes follows from the schema after it. */
function correctPipe(schema: AnySchema, json: JsonSchema, direction: Direction): void {
  const { in: first } = schema._zod.def as z.core.$ZodPipeDef;
  if (first._zod.def.type !== 'transform') correctStringbool(schema, json);
  else if (direction === 'input') orAnything(json);
}

/** A schema beside one that accepts anything: what text becomes still follows from the first. */
function orAnything(json: JsonSchema): void {
  const {
    default: fallback,
    title,
    description,
    deprecated,
    examples,
    id,
    ...inner
  } = json as JsonSchema & { id?: string };
  const kept = Object.entries({ id, title, description, deprecated, examples, default: fallback });
  for (const key of Object.keys(json)) delete (json as Record<string, unknown>)[key];
  Object.assign(json, Object.fromEntries(kept.filter(([, value]) => value !== undefined)), { anyOf: [inner, {}] });
}

/** Whether something fits is asked of anything. */
function correctSuccess(_schema: AnySchema, json: JsonSchema, direction: Direction): void {
  if (direction === 'input') delete json.type;
}

/** The words of `z.stringbool()`. */
function correctStringbool(schema: AnySchema, json: JsonSchema): void {
  const { truthy, falsy, case: letters } = bagOf(schema);
  if (!Array.isArray(truthy) || !Array.isArray(falsy) || json.type !== 'string') return;
  const words = [...(truthy as string[]), ...(falsy as string[])];
  if (letters === 'sensitive') json.enum = words;
  else json.pattern = `^(?:${words.map(anyCase).join('|')})$`;
}

/** The notes of a schema, with those of the schema that it was derived from by describing it. */
function bagOf({ _zod: { bag, parent } }: AnySchema): Readonly<Record<string, unknown>> {
  return parent === undefined ? bag : { ...bagOf(parent), ...bag };
}

function anyCase(word: string): string {
  return Array.from(word, (letter) => {
    const forms = new Set([letter.toLowerCase(), letter.toUpperCase()]);
    const [first = letter] = forms;
    return forms.size > 1 ? `[${[...forms].join('')}]` : first.replace(/[\^$\\.*+?()[\]{}|/]/, String.raw`\$&`);
  }).join('');
}

function correctRecord(schema: AnySchema, json: JsonSchema, direction: Direction): void {
  const { keyType, valueType, mode } = schema._zod.def as z.core.$ZodRecordDef;
  // JSON omits undefined values from an object.
  if (direction === 'output' && (valueType._zod.optout !== undefined || holdsAnything(valueType as ZodType)))
    delete json.required;
  if (mode === 'loose') correctLooseRecord(keyType, json);
}

/** A loose record passes through keys that it does not declare. */
function correctLooseRecord(keyType: AnySchema, json: JsonSchema): void {
  const { patternProperties, propertyNames = {}, additionalProperties: value = {} } = json;
  if (patternProperties !== undefined) {
    const { checks = [] } = keyType._zod.def as { checks?: readonly z.core.$ZodCheck[] };
    const [first, ...others] = keyType._zod.traits.has('$ZodCheck') ? [] : checks;
    const { pattern } = { ...first?._zod.def } as { pattern?: RegExp };
    const readable = Object.entries(patternProperties).flatMap(([source, schema]) => {
      const isOwn = others.length === 0 && pattern?.source === source;
      return isOwn ? [[patternOf(source, pattern.flags), schema] as const] : [];
    });
    delete json.patternProperties;
    for (const [source, schema] of readable) if (source !== undefined) json.patternProperties = { [source]: schema };
    return;
  }
  const { enum: names, ...others } = propertyNames as JsonSchema;
  if (names === undefined && Object.keys(others).every((key) => key === 'type')) return;
  delete json.propertyNames;
  delete json.additionalProperties;
  if (names !== undefined) json.properties = Object.fromEntries(names.map((name) => [String(name), value]));
}
