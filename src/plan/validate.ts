import { z, type ZodType } from 'zod';
import type { ValidationIssue } from '../http/errors.ts';

type Location = readonly (string | number)[];

/** What a schema made of a value. */
export type Outcome = z.ZodSafeParseResult<unknown>;

/** Validates a value; a promise only where the schema needs one. */
export type Validate = (value: unknown) => Outcome | Promise<Outcome>;

const validators = new WeakMap<ZodType, Validate>();

/** The validator of a schema, compiled when it is first used and shared by everything that names the schema. */
export function validatorOf(schema: ZodType): Validate {
  const known = validators.get(schema);
  if (known !== undefined) return known;
  const made = makeValidator(schema);
  validators.set(schema, made);
  return made;
}

function makeValidator(schema: ZodType): Validate {
  let parse: ((value: unknown) => Outcome) | undefined;
  let asynchronous = false;
  return function validate(value) {
    if (!asynchronous) {
      try {
        // oxlint-disable-next-line typescript/unbound-method -- zod binds its methods
        parse ??= z.compile(schema).safeParse;
        return parse(value);
      } catch (error) {
        // Whether a refinement is async shows only when it runs.
        if (!(error instanceof z.core.$ZodAsyncError)) throw error;
        asynchronous = true;
      }
    }
    return schema.safeParseAsync(value);
  };
}

/** Turns zod's issues into ours, at most `limit`; `sent` is the value as the client sent it. */
export function issuesOf(error: z.core.$ZodError, loc: Location, sent: unknown, limit: number): ValidationIssue[] {
  const issues: ValidationIssue[] = [];
  for (const issue of error.issues) {
    if (issues.length >= limit) break;
    const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys.slice(0, limit - issues.length)) {
        issues.push({ type: issue.code, loc: [...loc, ...path, key], msg: issue.message });
      }
      continue;
    }
    const value = valueAt(sent, path);
    const type = value === undefined && issue.code.startsWith('invalid_') ? 'missing' : issue.code;
    issues.push({ type, loc: [...loc, ...path], msg: issue.message, ...echo([...loc, ...path], value) });
  }
  return issues;
}

const SECRET = /pass|secret|token|auth|cookie|credential|api-?_?key|private|session|pin\b/i;

/**
 * The value that was sent, where to repeat it helps and does no harm.
 *
 * Whole objects may hold secrets, and cookies, authorization and what is named like a secret is one.
 */
function echo(loc: Location, value: unknown): { readonly input?: unknown } {
  if (loc[0] === 'cookie' || loc.some((step) => typeof step === 'string' && SECRET.test(step))) return {};
  if (
    typeof value === 'string'
      ? value.length > 256
      : typeof value !== 'number' && typeof value !== 'boolean' && value !== null
  ) {
    return {};
  }
  return { input: value };
}

function valueAt(value: unknown, path: Location): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
}
