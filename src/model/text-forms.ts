import { type DescribedSchema, type JsonSchema, partsOf, resolve } from './schema.ts';

/** The alternatives of a schema, however deep they are nested. */
export function formsOf(json: JsonSchema, definitions: DescribedSchema['definitions']): readonly JsonSchema[] {
  const schema = resolve(json, definitions);
  const parts = isFile(schema) ? [] : partsOf(schema);
  return parts.length === 0 ? [schema] : parts.flatMap((part) => formsOf(part, definitions));
}

/** The alternatives that are specific: one that accepts anything does not say what a text becomes. */
export function tellingFormsOf(json: JsonSchema, definitions: DescribedSchema['definitions']): readonly JsonSchema[] {
  const forms = formsOf(json, definitions);
  const telling = forms.filter((form) => Object.keys(form).length > 0);
  return telling.length === 0 ? forms : telling;
}

/** zod's JSON Schema of `z.file()`; its alternatives are media types. */
export function isFile({ type, format, contentEncoding }: JsonSchema): boolean {
  return type === 'string' && format === 'binary' && contentEncoding === 'binary';
}

/** Whether one of the alternatives is a list. */
export function takesList({ json, definitions }: DescribedSchema): boolean {
  return formsOf(json, definitions).some(({ type }) => type === 'array');
}

/** The schema of a list's item at an index; undefined if there is none. */
export function itemAt({ prefixItems, items }: JsonSchema, index: number): JsonSchema | undefined {
  const item = prefixItems?.[index] ?? items;
  return typeof item === 'object' && !Array.isArray(item) ? item : undefined;
}
