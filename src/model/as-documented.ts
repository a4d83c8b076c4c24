import { z, type ZodFile, type ZodType } from 'zod';
import { innerSchemas } from '../content/codecs.ts';
import { comparesWhole, comparingEssence } from './file-types.ts';

type Definition = z.core.$ZodTypes['_zod']['def'];

const twins = new WeakMap<ZodType, ZodType>();
const ISO = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);

/**
 * A schema that accepts what is documented for it: nothing else that `z.coerce` makes something of, and files of ranges.
 *
 * What a text is converted to is decided by the document, and `z.coerce.boolean()` would still take any word for true;
 * in JSON it would take any value at all. `z.file().mime('image/*')` would take none.
 */
export function asDocumented(schema: ZodType): ZodType {
  const known = twins.get(schema);
  if (known !== undefined) return known;
  if (!differsWithin(schema, new Set())) {
    twins.set(schema, schema);
    return schema;
  }
  // One that contains itself meets its twin there, which is made by the time that anything is validated.
  twins.set(
    schema,
    z.lazy(() => twins.get(schema) ?? schema),
  );
  const twin = rebuild(schema);
  twins.set(schema, twin);
  return twin;
}

function differsWithin(schema: ZodType, seen: Set<ZodType>): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const { type, coerce } = schema._zod.def as { type: string; coerce?: boolean };
  if (coerce === true || (type === 'file' && comparesWhole(schema))) return true;
  return innerSchemas(schema).some((inner) => differsWithin(inner, seen));
}

function rebuild(schema: ZodType): ZodType {
  const def = schema._zod.def as Definition;
  switch (def.type) {
    case 'string':
    case 'number':
    case 'boolean':
      return 'coerce' in def && def.coerce ? changed(schema, { coerce: false }) : schema;
    case 'date':
      return def.coerce === true ? z.pipe(z.transform(toDate), schema) : schema;
    case 'file':
      return comparesWhole(schema) ? comparingEssence(schema as ZodFile) : schema;
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'catch':
    case 'readonly':
      return withParts(schema, def, { innerType: def.innerType });
    case 'array':
      return withParts(schema, def, { element: def.element });
    case 'intersection':
      return withParts(schema, def, { left: def.left, right: def.right });
    case 'lazy':
      return asDocumented(def.getter() as ZodType);
    case 'record':
      return withParts(schema, def, { valueType: def.valueType });
    case 'pipe':
      // What comes after the first schema is not documented, and fed by the first one alone.
      return withParts(schema, def, { in: def.in });
    case 'tuple':
      return withParts(schema, def, { items: def.items, rest: def.rest });
    case 'union':
      return withParts(schema, def, { options: def.options });
    case 'object':
      return withParts(schema, def, { shape: def.shape, catchall: def.catchall });
    default:
      return schema;
  }
}

/** What is no ISO 8601 text of RFC 3339 stays none: `new Date('1')` is a day in 2001. */
function toDate(value: unknown): unknown {
  return ISO.safeParse(value).success ? value : new Date(Number.NaN);
}

/** The schema with other parts, or itself where none of them differs. */
function withParts(schema: ZodType, def: Definition, parts: Record<string, unknown>): ZodType {
  const changes: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(parts)) {
    const twin = partWithout(part);
    if (twin !== part) changes[key] = twin;
  }
  return Object.keys(changes).length === 0 ? schema : changed(schema, changes, def);
}

/** The same of one schema, of a list or of an object of them. */
function partWithout(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if ('_zod' in part) return asDocumented(part as ZodType);
  if (Array.isArray(part)) {
    const items = part.map(partWithout);
    return items.every((item, index) => item === part[index]) ? part : items;
  }
  const entries = Object.entries(part).map(([key, value]) => [key, partWithout(value)] as const);
  const isSame = entries.every(([key, value]) => value === (part as Record<string, unknown>)[key]);
  return isSame ? part : Object.fromEntries(entries);
}

function changed(schema: ZodType, changes: Record<string, unknown>, def: object = schema._zod.def): ZodType {
  return z.core.clone(schema, { ...def, ...changes } as never);
}
