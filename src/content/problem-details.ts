import { z, type ZodType } from 'zod';
import { HTTPException, type RequestValidationError } from '../http/errors.ts';
import { immediate } from '../http/promise.ts';
import { phraseOf } from '../http/status.ts';
import { type ErrorsOptions, issueSchema } from './error-shape.ts';

export interface ProblemDetailsOptions {
  /** The URI of the type of a problem; `about:blank` if it returns undefined. */
  readonly typeOf?: (error: HTTPException | RequestValidationError) => string | undefined;
}

let known: ZodType | undefined;

/**
 * Errors as problem details (RFC 9457): `errors` of an app's options.
 *
 * The issues of invalid inputs are `errors`; a detail that is not a string is `details`.
 */
export function problemDetails({ typeOf = () => undefined }: ProblemDetailsOptions = {}): ErrorsOptions {
  return {
    schema: problemSchema(),
    mediaType: 'application/problem+json',
    body(error) {
      const type = immediate(typeOf(error), 'typeOf()') ?? 'about:blank';
      if (!(error instanceof HTTPException)) {
        const { issues } = error;
        return { type, title: phraseOf(422), status: 422, detail: 'The request is invalid', errors: issues };
      }
      const { status, detail } = error;
      const title = phraseOf(status);
      if (typeof detail !== 'string') return { type, title, status, details: detail };
      return { type, title, status, ...(detail === title ? {} : { detail }) };
    },
  };
}

/** One for all apps, because it has a name; made when it is asked for, like those of the usual format. */
function problemSchema(): ZodType {
  return (known ??= z
    .object({
      type: z.string(),
      title: z.string(),
      status: z.int(),
      detail: z.string().optional(),
      errors: z.array(issueSchema()).optional(),
      details: z.unknown().optional(),
    })
    .meta({ id: 'ProblemDetails' }));
}
