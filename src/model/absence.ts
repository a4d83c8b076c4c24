import { z, type ZodType } from 'zod';
import { runSchema } from '../content/schema-run.ts';
import { asDocumented } from './as-documented.ts';

const values = new WeakMap<ZodType, boolean>();
const keys = new WeakMap<ZodType, boolean>();

/** Kinds of which zod says itself what absence does. */
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

/** Whether a schema takes that there is no value at all. */
export function acceptsUndefined(schema: ZodType): boolean {
  const known = values.get(schema);
  if (known !== undefined) return known;
  const read = asDocumented(schema);
  const accepts = decide(read, () => parses(read, undefined));
  values.set(schema, accepts);
  return accepts;
}

/** Whether an object may leave out a key of this schema. */
export function acceptsMissingKey(schema: ZodType): boolean {
  const known = keys.get(schema);
  if (known !== undefined) return known;
  const read = asDocumented(schema);
  const accepts =
    read._zod.def.type === 'optional' || decide(read, () => parses(z.object({ key: read }), Object.create(null)));
  keys.set(schema, accepts);
  return accepts;
}

/** What a schema with functions in it does with nothing shows only when it is tried. */
function decide(schema: ZodType, tried: () => boolean | undefined): boolean {
  const { optin } = schema._zod;
  if (optin === 'defaulted') return true;
  if (optin === undefined && PLAIN.has(schema._zod.def.type)) return false;
  return tried() ?? optin !== undefined;
}

/** Undefined where that is not known, since the schema is asynchronous; what throws accepts nothing. */
function parses(schema: ZodType, value: unknown): boolean | undefined {
  try {
    const result = runSchema(schema, value);
    return result instanceof Promise ? undefined : result.issues.length === 0;
  } catch {
    return false;
  }
}
