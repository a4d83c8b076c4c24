import type { ZodType } from 'zod';

/** What a schema contains that matters to how values are parsed and sent by it. */
export interface SchemaFeatures {
  /** Whether it has a codec: then values are encoded on their way out, and documented by what they are encoded to. */
  readonly codec: boolean;
  /** Whether it has something that works in one direction only: a transform, `z.preprocess`. */
  readonly oneWay: boolean;
  /** Whether it has a file, which JSON cannot represent. */
  readonly file: boolean;
  /** Whether it has `z.coerce`. */
  readonly coerced: boolean;
}

/** Kinds of schema that contain no other schema. */
const ATOMS = new Set(['string', 'number', 'boolean', 'literal', 'enum', 'null', 'any', 'unknown', 'date']);

type Found = { -readonly [Feature in keyof SchemaFeatures]: boolean };

const known = new WeakMap<ZodType, SchemaFeatures>();

/** Looks for codecs, transforms, files and coercion in a schema, however deep they are. */
export function featuresOf(schema: ZodType): SchemaFeatures {
  const before = known.get(schema);
  if (before !== undefined) return before;
  const found: Found = { codec: false, oneWay: false, file: false, coerced: false };
  const seen = new Set<ZodType>();
  search(schema, found, seen);
  known.set(schema, found);
  // A schema without features has no part with one.
  if (!Object.values(found).includes(true)) for (const one of seen) known.set(one, found);
  return found;
}

function search(schema: ZodType, found: Found, seen: Set<ZodType>): void {
  if (seen.has(schema)) return;
  seen.add(schema);
  const before = known.get(schema);
  if (before !== undefined) return join(found, before);
  const { def, traits } = schema._zod;
  if ((def as { coerce?: boolean }).coerce === true) found.coerced = true;
  if (traits.has('$ZodCodec')) found.codec = true;
  if (def.type === 'transform' || def.type === 'success') found.oneWay = true;
  if (def.type === 'file') found.file = true;
  for (const inner of innerSchemas(schema)) search(inner, found, seen);
}

function join(found: Found, other: SchemaFeatures): void {
  for (const feature of Object.keys(found) as (keyof Found)[]) found[feature] ||= other[feature];
}

/** The schemas that a schema directly consists of. */
export function innerSchemas(schema: ZodType): readonly ZodType[] {
  const { def } = schema._zod;
  if (ATOMS.has(def.type)) return [];
  if (def.type === 'lazy') return [(schema._zod as unknown as { innerType: ZodType }).innerType];
  // Wrappers have one schema, and a default value beside it that is made each time it is read.
  if ('innerType' in def) return [def.innerType as ZodType];
  const inner: ZodType[] = [];
  for (const [name, value] of Object.entries(def) as [string, unknown][]) {
    if (name === 'checks') continue;
    if (name === 'shape') inner.push(...Object.values(value as Record<string, ZodType>));
    else if (Array.isArray(value)) inner.push(...value.filter(isSchema));
    else if (isSchema(value)) inner.push(value);
  }
  return inner;
}

/** Whether a value is a zod schema. */
export function isSchema(value: unknown): value is ZodType {
  if (typeof value !== 'object' || value === null || !('_zod' in value)) return false;
  // Checks have the same member.
  return (value as { _zod: { traits?: ReadonlySet<string> } | undefined })._zod?.traits?.has('$ZodType') === true;
}
