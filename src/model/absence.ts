import { z, type ZodType } from 'zod';
import { runSchema } from '../content/schema-run.ts';
import { asDocumented } from './as-documented.ts';

const values = new WeakMap<ZodType, boolean>();
const keys = new WeakMap<ZodType, boolean>();

/** Kinds for which zod itself says what absence does. */
const PLAIN = new Set([
  'string',
  'number',
  'boolean',
  'null',
  'object',
  'array',
  'record',
  'tuple',
  'enum',
  'literal',
  'date',
  'file',
  'template_literal',
]);

/** Whether a schema accepts the absence of a value. */
export function acceptsUndefined(schema: ZodType): boolean {
  const known = values.get(schema);
  if (known !== undefined) return known;
  const read = asDocumented(schema);
  const accepts = decide(read, () => parses(read, undefined));
  values.set(schema, accepts);
  return accepts;
}

/** Whether an object may omit a key with this schema. */
export function acceptsMissingKey(schema: ZodType): boolean {
  const known = keys.get(schema);
  if (known !== undefined) return known;
  const read = asDocumented(schema);
  const accepts =
    read._zod.def.type === 'optional' || decide(read, () => parses(z.object({ key: read }), Object.create(null)));
  keys.set(schema, accepts);
  return accepts;
}

/** Whether a schema allows a missing value without providing a default. */
export function staysUndefined(schema: ZodType): boolean {
  if (schema._zod.optin !== 'optional') return false;
  try {
    const result = runSchema(schema, undefined);
    // An asynchronous schema is believed.
    if (result instanceof Promise) return schema._zod.optout === 'optional';
    return result.issues.length === 0 && result.value === undefined;
  } catch {
    return false;
  }
}

/** How a schema with functions treats absence shows only when it is tried. */
function decide(schema: ZodType, tried: () => boolean | undefined): boolean {
  const { optin } = schema._zod;
  if (optin === 'defaulted') return true;
  if (optin === undefined && PLAIN.has(schema._zod.def.type)) return false;
  return tried() ?? optin !== undefined;
}

/** Undefined if unknown because the schema is asynchronous; a schema that throws does not accept absence. */
function parses(schema: ZodType, value: unknown): boolean | undefined {
  try {
    const result = runSchema(schema, value);
    return result instanceof Promise ? undefined : result.issues.length === 0;
  } catch {
    return false;
  }
}
