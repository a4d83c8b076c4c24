import type { ZodType } from 'zod';
import type { InputDeclaration, TextDeclaration, TextSource } from '../metadata/declarations.ts';
import { formPartOf } from './form-part.ts';
import type { InputSlot, Slot } from './graph.ts';
import type { MistakeCode, Mistakes, Place } from './mistakes.ts';
import { objectFieldsOf } from './object-fields.ts';
import { describeSchema } from './schema.ts';
import { asDocumented } from './as-documented.ts';

type ValidatedInput = Extract<InputDeclaration, { readonly schema: ZodType }>;

/** Gives each value of the request one slot, however many inputs read it with the same schema. */
export class InputSlots {
  readonly #shared = new Map<string, InputSlot[]>();
  readonly #slots: Slot[];
  readonly #mistakes: Mistakes;

  constructor(slots: Slot[], mistakes: Mistakes) {
    this.#slots = slots;
    this.#mistakes = mistakes;
  }

  /** Undefined, and a mistake, for an input without a name. */
  slotOf(input: ValidatedInput, key: string | undefined, place: Place): Slot | undefined {
    if (input.kind === 'text') return this.#text(input, key, place);
    const { schema } = input;
    const accepts = asDocumented(schema);
    if (input.kind === 'body') {
      const { name } = input;
      return this.#share(`body ${name ?? ''}`, { kind: 'body', name, schema, accepts, needsBody: true, place });
    }
    const name = input.name ?? key;
    if (name === undefined) return this.#refuse('INPUT_WITHOUT_NAME', 'the file input has no name', place);
    return this.#share(`file ${name}`, { kind: 'file', name, schema, accepts, needsBody: true, place });
  }

  #text(
    { from, name: given, schema, style }: TextDeclaration,
    key: string | undefined,
    place: Place,
  ): Slot | undefined {
    const accepts = asDocumented(schema);
    const common = { schema, accepts, style, needsBody: from === 'form', place };
    const object = given === undefined && from !== 'path' ? objectFieldsOf(schema) : undefined;
    if (from !== 'path' && typeof object === 'object') {
      return this.#share(`fields ${from} ${style ?? ''}`, { kind: 'fields', from, object, ...common });
    }
    const name = given ?? (key === undefined ? undefined : wireName(from, key));
    if (name === undefined) {
      const text = `the ${from} input has no name`;
      if (typeof object !== 'string') return this.#refuse('INPUT_WITHOUT_NAME', text, place);
      return this.#refuse('FIELDS_UNKNOWN', `${text}, and its fields are unknown: ${object}`, place);
    }
    if (from === 'form' && formPartOf(describeSchema(schema, 'input')) === 'file') {
      return this.#share(`file ${name}`, { kind: 'file', name, schema, accepts, needsBody: true, place });
    }
    const identity = from === 'header' ? name.toLowerCase() : name;
    return this.#share(`${from} ${identity} ${style ?? ''}`, { kind: 'text', from, name, ...common });
  }

  #refuse(code: MistakeCode, text: string, place: Place): undefined {
    this.#mistakes.add(code, place, text);
  }

  #share(key: string, slot: InputSlot): Slot {
    const variants = this.#shared.get(key) ?? [];
    const known = variants.find(({ schema }) => schema === slot.schema);
    if (known !== undefined) return known;
    variants.push(slot);
    this.#shared.set(key, variants);
    this.#slots.push(slot);
    return slot;
  }
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
