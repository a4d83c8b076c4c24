import { z, type ZodFile, type ZodType } from 'zod';
import { featuresOf } from '../content/codecs.ts';
import { comparesWhole, comparingEssence } from './file-types.ts';

type Definition = z.core.$ZodTypes['_zod']['def'];

const twins = new WeakMap<ZodType, ZodType>();
let iso: ZodType | undefined;

/**
 * A schema that accepts exactly what is documented for it: nothing more by `z.coerce`, and files by media ranges.
 *
 * The document decides how text is converted, but `z.coerce.boolean()` would still take any word for true, and in JSON
 * any value at all. `z.file().mime('image/*')` would accept no file.
 */
export function asDocumented(schema: ZodType): ZodType {
  const { coerced, file } = featuresOf(schema);
  if (!coerced && !file) return schema;
  const known = twins.get(schema);
  if (known !== undefined) return known;
  // A schema that contains itself finds its twin here, which is complete before anything is validated.
  let twin = schema;
  twins.set(
    schema,
    z.lazy(() => twin),
  );
  twin = rebuild(schema);
  twins.set(schema, twin);
  return twin;
}

/** Only for a schema with `z.coerce` or a file: a text, a number, a boolean or a date is then one of `z.coerce`. */
function rebuild(schema: ZodType): ZodType {
  const def = schema._zod.def as Definition;
  switch (def.type) {
    case 'string':
    case 'number':
    case 'boolean':
      return changed(schema, { coerce: false });
    case 'date':
      return z.pipe(z.transform(toDate), schema);
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
      // The schemas after the first are not documented, and get their input only from the first.
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

/** Text that is not a date of RFC 3339 must not become one: `new Date('1')` is a day in 2001. */
function toDate(value: unknown): unknown {
  iso ??= z.union([z.iso.datetime({ offset: true }), z.iso.date()]);
  return iso.safeParse(value).success ? value : new Date(Number.NaN);
}

/** The schema with other parts, or itself if none of them differs. */
function withParts(schema: ZodType, def: Definition, parts: Record<string, unknown>): ZodType {
  const changes: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(parts)) {
    const twin = partWithout(part);
    if (twin !== part) changes[key] = twin;
  }
  return Object.keys(changes).length === 0 ? schema : changed(schema, changes, def);
}

/** The same for one schema, a list or an object of schemas. */
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
