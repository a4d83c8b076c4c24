import { essenceOf } from './file-types.ts';
import type { DescribedSchema, JsonSchema } from './schema.ts';
import { formsOf, isFile } from './text-forms.ts';

/** How a value of a form is sent: as text, as JSON, or as a file. */
export type FormPart = 'text' | 'json' | 'file';

/**
 * How a field of this schema is sent, by the defaults of OpenAPI's Encoding Object: a value that contains an object is
 * JSON.
 *
 * A list is one part for each item, by the schema of the items; text has no list within a list, so that is JSON too.
 */
export function formPartOf({ json, definitions }: DescribedSchema): FormPart {
  const forms = formsOf(json, definitions);
  const items = forms.flatMap((form) => itemsOf(form, definitions));
  if ([...forms, ...items].some(isFile)) return 'file';
  return forms.some(isObject) || items.some((item) => isObject(item) || item.type === 'array') ? 'json' : 'text';
}

/** The media types that a file of this schema may have; empty for any. */
export function fileTypesOf({ json, definitions }: DescribedSchema): readonly string[] {
  const forms = formsOf(json, definitions);
  const files = [...forms, ...forms.flatMap((form) => itemsOf(form, definitions))].filter(isFile);
  const types = files.flatMap((file) => [file, ...(file.anyOf ?? [])].map(({ contentMediaType }) => contentMediaType));
  return [...new Set(types.flatMap((type) => (type === undefined ? [] : [essenceOf(type)])))];
}

const holding = new WeakMap<DescribedSchema, boolean>();

/** Whether a schema has a file in it at any depth. */
export function holdsFile(described: DescribedSchema): boolean {
  const known = holding.get(described);
  if (known !== undefined) return known;
  const holds = isFileWithin(described.json) || isFileWithin(described.definitions);
  holding.set(described, holds);
  return holds;
}

function isFileWithin(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  return isFile(node as JsonSchema) || Object.values(node).some(isFileWithin);
}

function itemsOf({ items, prefixItems = [] }: JsonSchema, definitions: DescribedSchema['definitions']): JsonSchema[] {
  const all = typeof items === 'object' && !Array.isArray(items) ? [...prefixItems, items] : prefixItems;
  return all.flatMap((item) => formsOf(item as JsonSchema, definitions));
}

function isObject({ type, properties, $ref }: JsonSchema): boolean {
  // A remaining reference leads from within a schema to the schema itself.
  return type === 'object' || properties !== undefined || $ref !== undefined;
}
