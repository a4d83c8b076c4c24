import type { BodyDeclaration, TextDeclaration, TextSource } from '../metadata/declarations.ts';
import { asDocumented } from './as-documented.ts';
import { formPartOf } from './form-part.ts';
import type { Slot } from './graph.ts';
import type { InputSlots } from './input-slots.ts';
import type { Place } from './mistakes.ts';
import { objectFieldsOf } from './object-fields.ts';
import { describeSchema } from './schema.ts';

/** The slot of a value that arrives as text, or of an object whose fields do. */
export function textSlot(
  { from, name: given, schema, style, stages }: TextDeclaration,
  key: string | undefined,
  place: Place,
  slots: InputSlots,
): Slot | undefined {
  const accepts = asDocumented(schema);
  const common = { schema, accepts, style, needsBody: from === 'form', place, stages };
  const object = given === undefined && from !== 'path' ? objectFieldsOf(schema) : undefined;
  if (from !== 'path' && typeof object === 'object') {
    return slots.share(`fields ${from} ${style ?? ''}`, { kind: 'fields', from, object, ...common });
  }
  const name = given ?? (key === undefined ? undefined : wireName(from, key));
  if (name === undefined) {
    const text = `the ${from} input has no name`;
    if (typeof object !== 'string') return slots.refuse('INPUT_WITHOUT_NAME', text, place);
    return slots.refuse('FIELDS_UNKNOWN', `${text}, and its fields are unknown: ${object}`, place);
  }
  if (from === 'form' && formPartOf(describeSchema(schema, 'input')) === 'file') {
    return slots.share(`file ${name}`, { kind: 'file', name, schema, accepts, needsBody: true, place, stages });
  }
  const identity = from === 'header' ? name.toLowerCase() : name;
  return slots.share(`${from} ${identity} ${style ?? ''}`, { kind: 'text', from, name, ...common });
}

export function jsonSlot({ name, schema, stages }: BodyDeclaration, _: unknown, place: Place, slots: InputSlots): Slot {
  const accepts = asDocumented(schema);
  return slots.share(`body ${name ?? ''}`, { kind: 'body', name, schema, accepts, needsBody: true, place, stages });
}

/** The slot of a field of a form, or of a file. */
export function formSlot(
  input: TextDeclaration | BodyDeclaration,
  key: string | undefined,
  place: Place,
  slots: InputSlots,
): Slot | undefined {
  if (input.kind === 'text') return textSlot(input, key, place, slots);
  const { name = key, schema, stages } = input;
  if (name === undefined) return slots.refuse('INPUT_WITHOUT_NAME', 'the file input has no name', place);
  const accepts = asDocumented(schema);
  return slots.share(`file ${name}`, { kind: 'file', name, schema, accepts, needsBody: true, place, stages });
}

/** The name of a key in a request: a header's name is the key in kebab-case, any other name is the key. */
export function wireName(from: TextSource, key: string): string {
  // A key with a hyphen is already a header's name.
  if (from !== 'header' || !/^[A-Za-z][A-Za-z0-9]*$/.test(key)) return key;
  return key
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
}
