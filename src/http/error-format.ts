import type { Context } from './context.ts';
import { HTTPException, RequestValidationError } from './errors.ts';

/** The one shape of all error responses that no handler makes. */
export interface ErrorFormat {
  readonly mediaType: string;
  /** The status of a response to invalid inputs. */
  readonly validationStatus: number;
  /** The body, a JSON value; an error that is not meant for the client is passed as an `HTTPException(500)`. */
  body(error: HTTPException | RequestValidationError, context: Context): unknown;
}

/** `{ "detail": … }` as JSON. */
export const DETAIL: ErrorFormat = {
  mediaType: 'application/json',
  validationStatus: 422,
  body(error) {
    return error instanceof RequestValidationError ? { detail: error.issues } : error.body();
  },
};

/** The status of the response to an error. */
export function statusOf(error: unknown, { validationStatus }: ErrorFormat): number {
  if (error instanceof HTTPException) return error.status;
  return error instanceof RequestValidationError ? validationStatus : 500;
}
