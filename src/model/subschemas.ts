import type { JsonSchema } from './schema.ts';

/**
 * Where a schema contains schemas: one, a list, or a map of them (JSON Schema 2020-12). Everything else in it is data.
 */
const POSITIONS: ReadonlyMap<string, 'one' | 'list' | 'map'> = new Map([
  ...(
    [
      'additionalProperties',
      'contains',
      'contentSchema',
      'else',
      'if',
      'items',
      'not',
      'propertyNames',
      'then',
      'unevaluatedItems',
      'unevaluatedProperties',
    ] as const
  ).map((name) => [name, 'one'] as const),
  ...(['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const).map((name) => [name, 'list'] as const),
  ...(['$defs', 'dependentSchemas', 'patternProperties', 'properties'] as const).map((name) => [name, 'map'] as const),
]);

type Visit = (schema: JsonSchema) => unknown;

/** A copy of a schema, with each schema directly in it replaced by the result of `visit`. */
export function mapSubschemas(schema: JsonSchema, visit: Visit): JsonSchema {
  const copy = { ...schema } as Record<string, unknown>;
  for (const key in copy) {
    const position = POSITIONS.get(key);
    const value = copy[key];
    if (position === 'one') copy[key] = visitOne(value, visit);
    else if (position === 'list' && Array.isArray(value)) copy[key] = value.map((one) => visitOne(one, visit));
    else if (position === 'map' && isSchema(value)) copy[key] = mapValues(value, visit);
  }
  return copy;
}

/** A copy of a schema with all of its references replaced. */
export function linked(schema: JsonSchema, link: (reference: string) => string): JsonSchema {
  const copy = mapSubschemas(schema, (inner) => linked(inner, link));
  if (typeof copy.$ref === 'string' && isLocal(copy.$ref)) copy.$ref = link(copy.$ref);
  const discriminator = copy['discriminator'] as { mapping?: Record<string, string> } | undefined;
  if (discriminator?.mapping !== undefined) {
    const mapping = Object.entries(discriminator.mapping).map(([value, reference]): [string, string] => {
      return [value, isLocal(reference) ? link(reference) : reference];
    });
    copy['discriminator'] = { ...discriminator, mapping: Object.fromEntries(mapping) };
  }
  return copy;
}

/** The references of a schema to itself and to its definitions. */
export function referencesOf(schema: JsonSchema): ReadonlySet<string> {
  const found = new Set<string>();
  collect(schema, found);
  return found;
}

function collect(schema: JsonSchema, found: Set<string>): void {
  const { $ref, discriminator } = schema as JsonSchema & { discriminator?: { mapping?: Record<string, string> } };
  if (typeof $ref === 'string' && isLocal($ref)) found.add($ref);
  for (const reference of Object.values(discriminator?.mapping ?? {})) if (isLocal(reference)) found.add(reference);
  for (const key in schema) {
    const position = POSITIONS.get(key);
    if (position === undefined) continue;
    const value = (schema as Record<string, unknown>)[key];
    if (typeof value !== 'object' || value === null) continue;
    if (position === 'one') collect(value as JsonSchema, found);
    else for (const one of Object.values(value)) if (isSchema(one)) collect(one, found);
  }
}

function isLocal(reference: string): boolean {
  return reference === '#' || reference.startsWith('#/$defs/');
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function visitOne(value: unknown, visit: Visit): unknown {
  return isSchema(value) ? visit(value) : value;
}

/** `__proto__` may be the name of a property. */
function mapValues(map: Readonly<Record<string, unknown>>, visit: Visit): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([name, value]) => [name, visitOne(value, visit)]));
}
