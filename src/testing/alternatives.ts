import type { JsonSchema, Schemas } from './schemas.ts';

/** Merges keywords that both have to hold; of others the later one wins, since values are validated anyway. */
const JOINS: Readonly<Record<string, (one: never, other: never) => unknown>> = {
  minimum: (one: number, other: number) => Math.max(one, other),
  exclusiveMinimum: (one: number, other: number) => Math.max(one, other),
  minLength: (one: number, other: number) => Math.max(one, other),
  minItems: (one: number, other: number) => Math.max(one, other),
  minProperties: (one: number, other: number) => Math.max(one, other),
  maximum: (one: number, other: number) => Math.min(one, other),
  exclusiveMaximum: (one: number, other: number) => Math.min(one, other),
  maxLength: (one: number, other: number) => Math.min(one, other),
  maxItems: (one: number, other: number) => Math.min(one, other),
  maxProperties: (one: number, other: number) => Math.min(one, other),
  required: (one: string[], other: string[]) => [...new Set([...one, ...other])],
  enum: (one: unknown[], other: unknown[]) => one.filter((value) => other.includes(value)),
  items: bothOf,
  additionalProperties: bothOf,
  type: typesOfBoth,
  properties(one: Record<string, JsonSchema | boolean>, other: Record<string, JsonSchema | boolean>) {
    const both = new Map(Object.entries(one));
    for (const [name, schema] of Object.entries(other)) both.set(name, bothOf(both.get(name) ?? true, schema));
    return Object.fromEntries(both);
  },
};

/**
 * A schema as alternatives without `$ref`, `allOf`, `anyOf` and `oneOf`, one of which a valid value fits.
 *
 * A value that fits one need not be valid: alternatives serve to make values, which the schema itself then validates.
 */
export function alternativesOf(schema: JsonSchema | boolean, schemas: Schemas, depth = 0): readonly JsonSchema[] {
  if (typeof schema === 'boolean') return schema ? [{}] : [];
  if (depth > 20) return [];
  const { $ref, allOf = [], anyOf, oneOf, ...own } = schema;
  const parts: (readonly JsonSchema[])[] = [[own]];
  if ($ref !== undefined) parts.push(alternativesOf(schemas.resolve({ $ref }), schemas, depth + 1));
  for (const part of allOf) parts.push(alternativesOf(part, schemas, depth + 1));
  for (const parted of [anyOf, oneOf]) {
    if (parted !== undefined) parts.push(parted.flatMap((part) => alternativesOf(part, schemas, depth + 1)));
  }
  return parts.reduce((all, part) => all.flatMap((one) => part.map((other) => merged(one, other))).slice(0, 64));
}

function merged(one: JsonSchema, other: JsonSchema): JsonSchema {
  const both: Record<string, unknown> = { ...one };
  for (const [keyword, value] of Object.entries(other)) {
    const join = JOINS[keyword] as ((one: unknown, other: unknown) => unknown) | undefined;
    both[keyword] = join !== undefined && Object.hasOwn(one, keyword) ? join(one[keyword], value) : value;
  }
  return both;
}

function bothOf(one: JsonSchema | boolean, other: JsonSchema | boolean): JsonSchema | boolean {
  if (one === true) return other;
  if (other === true) return one;
  return one === false || other === false ? false : { allOf: [one, other] };
}

function typesOfBoth(one: string | string[], other: string | string[]): string[] {
  const [ones, others] = [[one].flat(), [other].flat()];
  const both = ones.filter((type) => others.includes(type));
  const whole = ones.includes('integer') !== others.includes('integer') && [...ones, ...others].includes('number');
  return whole ? [...both, 'integer'] : both;
}
