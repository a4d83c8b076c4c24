import { z, type ZodType } from 'zod';
import { innerSchemas } from './codecs.ts';
import { type Direction, runSchema } from './schema-run.ts';

/** The result of parsing a value by a schema. */
export type Outcome =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly error: { readonly issues: readonly z.core.$ZodIssue[] } };

/** Validates a value; returns a promise only if the schema is asynchronous. */
export type Validate = (value: unknown) => Outcome | Promise<Outcome>;

/** The kinds of schema that run a user's function. */
const CALLING = new Set<string>(['transform', 'custom', 'promise', 'function']);

const validators = { forward: new WeakMap<ZodType, Validate>(), backward: new WeakMap<ZodType, Validate>() };

/** The validator of a schema, shared by everything that uses the schema; it is compiled when it is first called. */
export function validatorOf(schema: ZodType, direction: Direction = 'forward'): Validate {
  const known = validators[direction].get(schema);
  if (known !== undefined) return known;
  let parse: Validate | undefined;
  const validate: Validate = (value) => {
    parse ??= compile(schema, direction);
    return parse(value);
  };
  validators[direction].set(schema, validate);
  return validate;
}

function compile(schema: ZodType, direction: Direction): Validate {
  if (direction === 'backward' || callsBack(schema)) return interpreted(schema, direction);
  // oxlint-disable-next-line typescript/unbound-method -- zod binds its methods
  return z.compile(schema).safeParse;
}

/**
 * A user's function may return a promise, which shows only when it is called. A synchronous parse would drop that
 * promise, and its rejection would end the process; so such schemas run once, in a mode that allows for both.
 */
function interpreted(schema: ZodType, direction: Direction): Validate {
  return function validate(value) {
    const result = runSchema(schema, value, direction);
    return result instanceof Promise ? result.then(outcomeOf) : outcomeOf(result);
  };
}

function outcomeOf({ value, issues }: z.core.ParsePayload): Outcome {
  if (issues.length === 0) return { success: true, data: value };
  const config = z.core.config();
  const finalized = issues.map((issue) => z.core.util.finalizeIssue(issue, undefined, config));
  return { success: false, error: { issues: finalized } };
}

/** Whether parsing a value runs a user's function. */
function callsBack(schema: ZodType, seen = new Set<ZodType>()): boolean {
  if (seen.has(schema)) return false;
  seen.add(schema);
  const { def } = schema._zod;
  if (CALLING.has(def.type) || (def.type === 'pipe' && 'transform' in def)) return true;
  if (def.checks?.some((check) => !('_zod' in check) || check._zod.def.check === 'custom') === true) return true;
  return innerSchemas(schema).some((inner) => callsBack(inner, seen));
}
