import type { ZodType } from 'zod';
import { ResponseValidationError } from '../http/errors.ts';
import { featuresOf } from './codecs.ts';
import { type Outcome, validatorOf } from './validator.ts';

/** What a value is sent as: without what its schema does not declare, and encoded where the schema has codecs. */
export type Filter = (value: unknown) => unknown;

const MAX_ISSUES = 10;

/** The filter of a schema; it throws a ResponseValidationError for a value that does not fit, and returns a promise only
 * if the schema is asynchronous. */
export function filterOf(schema: ZodType): Filter {
  const validate = validatorOf(schema, featuresOf(schema).codec ? 'backward' : 'forward');
  return function filter(value) {
    const outcome = validate(value);
    return outcome instanceof Promise ? outcome.then(settle) : settle(outcome);
  };
}

function settle(outcome: Outcome): unknown {
  if (outcome.success) return outcome.data;
  const { issues } = outcome.error;
  const texts = issues.slice(0, MAX_ISSUES).map(({ path, message }) => `${path.join('.') || 'the value'}: ${message}`);
  throw new ResponseValidationError(texts.join('; '));
}
