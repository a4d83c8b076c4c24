import { z, type ZodType } from 'zod';

/** What a schema made of a value. */
export type Outcome =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly error: { readonly issues: readonly z.core.$ZodIssue[] } };

/** Validates a value; a promise only where the schema needs one. */
export type Validate = (value: unknown) => Outcome | Promise<Outcome>;

/** `forward` parses what comes in, `backward` encodes what goes out by a schema with codecs. */
type Direction = 'forward' | 'backward';

const validators = { forward: new WeakMap<ZodType, Validate>(), backward: new WeakMap<ZodType, Validate>() };

/** The validator of a schema, made when it is first used and shared by everything that names the schema. */
export function validatorOf(schema: ZodType, direction: Direction = 'forward'): Validate {
  const known = validators[direction].get(schema);
  if (known !== undefined) return known;
  const made = direction === 'forward' && !callsBack(schema) ? compiled(schema) : interpreted(schema, direction);
  validators[direction].set(schema, made);
  return made;
}

/** Whether a schema has codecs, by which a handler's value becomes what is sent. */
export function hasCodec(schema: ZodType): boolean {
  return someBelow(schema, ({ def }) => def.type === 'pipe' && 'reverseTransform' in def);
}

function compiled(schema: ZodType): Validate {
  let parse: Validate | undefined;
  return function validate(value) {
    // oxlint-disable-next-line typescript/unbound-method -- zod binds its methods
    parse ??= z.compile(schema).safeParse as Validate;
    return parse(value);
  };
}

/**
 * A user's function may give a promise, which shows only when it is called. A synchronous parse would drop that
 * promise, and its rejection would end the process; so such schemas run in a way that allows for both, and once.
 */
function interpreted(schema: ZodType, direction: Direction): Validate {
  return function validate(value) {
    const result = schema._zod.run({ value, issues: [] }, { async: true, direction });
    return result instanceof Promise ? result.then(outcomeOf) : outcomeOf(result);
  };
}

function outcomeOf({ value, issues }: z.core.ParsePayload): Outcome {
  if (issues.length === 0) return { success: true, data: value };
  const config = z.core.config();
  const finalized = issues.map((issue) => z.core.util.finalizeIssue(issue, undefined, config));
  return { success: false, error: { issues: finalized } };
}

type Internals = z.core.$ZodType['_zod'];

/** Whether some function of a user's runs when a value is parsed. */
function callsBack(schema: ZodType): boolean {
  return someBelow(schema, ({ def }) => {
    if (def.type === 'transform' || def.type === 'custom' || def.type === 'promise' || def.type === 'function')
      return true;
    if (def.type === 'pipe' && 'transform' in def) return true;
    return def.checks?.some((check) => !('_zod' in check) || check._zod.def.check === 'custom') === true;
  });
}

/** Whether something holds of a schema or of one that it is put together from. */
function someBelow(schema: ZodType, holds: (internals: Internals) => boolean): boolean {
  const seen = new Set<unknown>();
  const visit = (value: unknown): boolean => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return false;
    seen.add(value);
    if (value instanceof Map) return [...value.values()].some(visit);
    if (!('_zod' in value)) return isPartList(value) && Object.values(value).some(visit);
    const internals = (value as z.core.$ZodType)._zod;
    if (holds(internals)) return true;
    const { def } = internals;
    if (def.type === 'lazy') return visit((internals as z.core.$ZodLazyInternals).innerType);
    return Object.entries(def).some(([key, part]) => key !== 'checks' && visit(part));
  };
  return visit(schema);
}

/** Lists and records of schemas; what else stands in a definition is no part of it. */
function isPartList(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}
