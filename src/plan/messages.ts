import { filterOf } from '../content/filter.ts';
import { type Outcome, validatorOf } from '../content/validator.ts';
import { RequestValidationError, ResponseValidationError } from '../http/errors.ts';
import { parseJsonText } from '../http/json.ts';
import type { Limits } from '../http/limits.ts';
import { toJson } from '../http/reply.ts';
import type { MessageUse } from '../model/socket.ts';
import { asDocumented } from '../model/as-documented.ts';
import { boundedIssues, issuesOf } from './issues.ts';

type Data = string | Uint8Array;

/** The value of a message, or its issues. */
export type Reading = { readonly value: unknown } | { readonly error: RequestValidationError };

/** Reads the message of a frame of the right kind. */
export type ReadMessage = (data: Data, limits: Limits) => Reading | Promise<Reading>;

/** Encodes a value; throws or rejects for one that does not fit. */
export type WriteMessage = (value: unknown) => Data | Promise<Data>;

/** Undefined if messages are passed on as they are. */
export function compileRead({ kind, schema }: MessageUse): ReadMessage | undefined {
  if (kind !== 'json') return undefined;
  const validate = schema === undefined ? undefined : validatorOf(asDocumented(schema));
  return function readJson(data, limits) {
    const json = parseJsonText(data as string, limits.depth, 'message');
    if (json.fault !== undefined) return invalid([{ type: 'json_invalid', loc: ['message'], msg: json.fault }]);
    if (validate === undefined) return { value: json.value };
    const outcome = validate(json.value);
    const settle = (settled: Outcome): Reading => read(settled, json.value, limits);
    return outcome instanceof Promise ? outcome.then(settle) : settle(outcome);
  };
}

export function compileWrite({ kind, schema }: MessageUse): WriteMessage {
  if (kind === 'text') return (value) => checked(value, typeof value === 'string', 'text');
  if (kind === 'bytes') return (value) => checked(value, value instanceof Uint8Array, 'a Uint8Array');
  if (schema === undefined) return toJson;
  const filter = filterOf(schema);
  return function writeJson(value) {
    const filtered = filter(value);
    return filtered instanceof Promise ? filtered.then(toJson) : toJson(filtered);
  };
}

function read(outcome: Outcome, sent: unknown, { issues }: Limits): Reading {
  if (outcome.success) return { value: outcome.data };
  return invalid(boundedIssues(issuesOf(outcome.error.issues, ['message'], sent, issues), issues));
}

function invalid(issues: RequestValidationError['issues']): Reading {
  return { error: new RequestValidationError(issues) };
}

function checked(value: unknown, fits: boolean, expected: string): Data {
  if (fits) return value as Data;
  throw new ResponseValidationError(`${expected} was expected, and ${typeof value} was sent`);
}
