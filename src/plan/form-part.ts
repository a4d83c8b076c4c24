import type { ValidationIssue } from '../http/errors.ts';
import { type Json, parseJson, parseJsonText } from '../http/json.ts';
import { jsonContentOf } from '../http/multipart.ts';
import { formPartOf } from '../model/form-part.ts';
import type { DescribedSchema } from '../model/schema.ts';
import { tellingFormsOf } from '../model/text-forms.ts';
import type { Sent } from './coerce.ts';
import type { Execution } from './execution.ts';
import type { Values } from './text-sources.ts';
import type { Location } from './issues.ts';

/** Reads JSON from a field; `FAILED` and an issue at the field if it is not JSON. */
export type ReadJson = (execution: Execution, sent: Values) => unknown;

/** Makes the function that reads a form field sent as JSON; undefined for any other field. */
export function compileJsonPart(described: DescribedSchema, loc: Location, order: number): ReadJson | undefined {
  if (formPartOf(described) !== 'json') return undefined;
  const forms = tellingFormsOf(described.json, described.definitions).filter(({ type }) => type !== 'null');
  const takesList = forms.some(({ type }) => type === 'array');
  const takesOne = forms.some(({ type }) => type !== 'array');
  return function readJsonPart(execution, sent) {
    if (sent === undefined) return undefined;
    const parts: readonly Sent[] = typeof sent === 'string' || sent instanceof File ? [sent] : sent;
    // A single value that was sent more than once stays a list, which its schema refuses with its own message.
    if (parts.length > 1 && !takesList) return parts;
    const isList = parts.length > 1 || !takesOne;
    const issues: ValidationIssue[] = [];
    const values = parts.map((part, index): unknown => {
      const json = jsonOf(part, execution.exchange.limits.depth);
      if (json.fault === undefined) return json.value;
      issues.push({ type: 'json_invalid', loc: isList ? [...loc, index] : loc, msg: json.fault });
      return undefined;
    });
    if (issues.length > 0) return execution.report(order, issues);
    return isList ? values : values[0];
  };
}

/** Text is read as JSON whatever its part declares; a file has to declare it. */
function jsonOf(part: Sent, depth: number): Json {
  if (typeof part === 'string') return parseJsonText(part, depth, 'field');
  const content = jsonContentOf(part);
  return content === undefined ? { fault: 'The field is not JSON' } : parseJson(content, depth, 'field');
}
