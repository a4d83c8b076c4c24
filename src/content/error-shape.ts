import { z, type ZodType } from 'zod';
import type { Context } from '../http/context.ts';
import { DETAIL } from '../http/error-format.ts';
import type { HTTPException, RequestValidationError } from '../http/errors.ts';
import { immediate } from '../http/promise.ts';
import type { ErrorsDeclaration } from './declarations.ts';
import { filterOf } from './filter.ts';

/** How an app's errors look: `errors` of its options. */
export interface ErrorsOptions {
  /** The schema of the body; what `body` returns is filtered by it. */
  readonly schema: ZodType;
  /** `application/json` unless set. */
  readonly mediaType?: string;
  /** The status of a response to invalid inputs, 422 unless set. */
  readonly validationStatus?: number;
  /** The body of an error; an error that is not meant for the client is passed as an `HTTPException(500)`. */
  body(error: HTTPException | RequestValidationError, context: Context): unknown;
}

/** One reason for a response to invalid inputs. */
export function issueSchema(): ZodType {
  return z.object({
    type: z.string(),
    loc: z.array(z.union([z.string(), z.int()])),
    msg: z.string(),
    input: z.unknown().optional(),
    alternatives: z.array(z.array(z.record(z.string(), z.unknown()))).optional(),
  });
}

let validationSchema: ZodType | undefined;

/** `{ "detail": … }`, and a list of issues there for invalid inputs. */
const DETAIL_ERRORS: ErrorsDeclaration = {
  ...DETAIL,
  schema: z.object({ detail: z.unknown().nonoptional() }),
  // Only documents need it, and it takes longer to make than all else that is made when the package is loaded.
  get validationSchema() {
    return (validationSchema ??= z.object({ detail: z.array(issueSchema()) }));
  },
};

/** The error format that an app declares; throws a RangeError for a status that is not a client error. */
export function readErrors(options: ErrorsOptions | undefined): ErrorsDeclaration {
  if (options === undefined) return DETAIL_ERRORS;
  const { schema, mediaType = 'application/json', validationStatus = 422 } = options;
  if (!Number.isInteger(validationStatus) || validationStatus < 400 || validationStatus > 499) {
    throw new RangeError(`errors: ${validationStatus} is not the status of a client error`);
  }
  const filter = filterOf(schema);
  const body = (failure: HTTPException | RequestValidationError, context: Context): unknown => {
    const made = options.body(failure, context);
    return immediate(filter(immediate(made, 'The error format')), 'The schema of the error format');
  };
  return { schema, mediaType, validationStatus, body };
}
