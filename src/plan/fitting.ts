import type { JsonSchema } from '../model/schema.ts';

type Fits = (value: unknown) => boolean;

/**
 * Whether a value fits one of these alternatives, each of which has no alternatives of its own.
 *
 * It only chooses between them; the schema alone decides what is accepted.
 */
export function fitting(forms: readonly JsonSchema[]): Fits {
  const tests = forms.map(testOf);
  return function fits(value) {
    for (const test of tests) if (test(value)) return true;
    return false;
  };
}

function testOf(form: JsonSchema): Fits {
  const constants = 'const' in form ? [form.const] : form.enum;
  if (constants !== undefined) return (value) => constants.includes(value as never);
  switch (form.type) {
    case 'integer':
      return (value) => Number.isInteger(value) && isWithin(value as number, form);
    case 'number':
      return (value) => typeof value === 'number' && isWithin(value, form);
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'string':
      return textTestOf(form);
    case undefined:
      return () => true;
    default:
      return () => false;
  }
}

function isWithin(value: number, form: JsonSchema): boolean {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = form;
  return value >= minimum && value <= maximum && value > Number(exclusiveMinimum) && value < Number(exclusiveMaximum);
}

function textTestOf({ minLength = 0, maxLength = Infinity, pattern }: JsonSchema): Fits {
  const expression = expressionOf(pattern);
  return function fitsText(value) {
    // A file is described as text with a format.
    if (typeof value !== 'string') return typeof value === 'object';
    return value.length >= minLength && value.length <= maxLength && expression?.test(value) !== false;
  };
}

/** The pattern of a schema's own documentation may be invalid, and is ignored then. */
function expressionOf(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined) return undefined;
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return undefined;
  }
}
