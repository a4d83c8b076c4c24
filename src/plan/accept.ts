import type { ZodType } from 'zod';
import { type Outcome, validatorOf } from '../content/validator.ts';
import type { ValidationIssue } from '../http/errors.ts';
import { isPromise } from '../http/promise.ts';
import type { Coercion, Sent } from './coerce.ts';
import { type Execution, FAILED } from './execution.ts';
import { isSeveral, type Values } from './text-sources.ts';
import { issuesOf, type Location } from './issues.ts';

/**
 * Validates a value; if it is invalid, records the issues and returns `FAILED`.
 *
 * Keys that have already been `refused` get no further issues.
 */
export type Accept = (execution: Execution, value: unknown, refused?: ReadonlySet<unknown>) => unknown;

/**
 * Makes the function that validates the value at a place; `names` maps the keys of an object to their names in a
 * request.
 */
export function accepting(
  schema: ZodType,
  loc: Location,
  order: number,
  names?: ReadonlyMap<string | number, string>,
): Accept {
  const validate = validatorOf(schema);
  const settle: (outcome: Outcome, ...accepted: Parameters<Accept>) => unknown = (
    outcome,
    execution,
    value,
    refused,
  ) => {
    if (outcome.success) return refused === undefined ? outcome.data : FAILED;
    let issues = issuesOf(outcome.error.issues, loc, value, execution.exchange.limits.issues);
    if (refused !== undefined) issues = issues.filter((issue) => !refused.has(issue.loc[loc.length]));
    return execution.report(order, names === undefined ? issues : issues.map((issue) => renamed(issue, names, loc)));
  };
  return function accept(execution, value, refused) {
    const outcome = validate(value);
    return outcome instanceof Promise
      ? outcome.then((settled) => settle(settled, execution, value, refused))
      : settle(outcome, execution, value, refused);
  };
}

function renamed(
  issue: ValidationIssue,
  names: ReadonlyMap<string | number, string>,
  place: Location,
): ValidationIssue {
  const { alternatives, loc } = issue;
  const { length } = place;
  const name = names.get(loc[length] ?? '');
  return {
    ...issue,
    ...(name === undefined ? {} : { loc: loc.with(length, name) }),
    ...(alternatives === undefined
      ? {}
      : { alternatives: alternatives.map((issues) => issues.map((each) => renamed(each, names, place))) }),
  };
}

/** A single value that was sent more than once stays a list, which its schema refuses with its own message. */
export function coerce(sent: Values, coercion: Coercion): unknown {
  if (sent === undefined) return undefined;
  return isSeveral(sent) ? coercion.several(sent) : coercion.one(sent);
}

/** A single value that was sent more than once. */
export interface Repeat {
  readonly loc: Location;
  readonly sent: readonly Sent[];
}

/** A schema that accepts anything must not turn several values into one. */
export function refuseRepeats(
  execution: Execution,
  value: unknown,
  repeats: readonly Repeat[],
  order: number,
): unknown {
  if (isPromise(value)) return value.then((settled) => refuseRepeats(execution, settled, repeats, order));
  if (value === FAILED) return FAILED;
  const issues = repeats.map(({ loc, sent }): ValidationIssue => {
    return { type: 'invalid_type', loc, msg: `Invalid input: expected one value, received ${sent.length}` };
  });
  return execution.report(order, issues);
}
