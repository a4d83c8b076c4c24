import type { ZodType } from 'zod';
import type { InputDeclaration } from '../metadata/declarations.ts';
import type { InputSlot, Slot } from './graph.ts';
import type { Mistakes, Place } from './mistakes.ts';

type ValidatedInput = Extract<InputDeclaration, { readonly schema: ZodType }>;

/** Gives each value of the request one slot, however many inputs ask for it by the same schema. */
export class InputSlots {
  readonly #shared = new Map<string, Map<ZodType, InputSlot>>();
  readonly #slots: Slot[];
  readonly #mistakes: Mistakes;

  constructor(slots: Slot[], mistakes: Mistakes) {
    this.#slots = slots;
    this.#mistakes = mistakes;
  }

  /** Undefined, and a mistake, for an input without a name. */
  slotOf(input: ValidatedInput, key: string | undefined, place: Place): Slot | undefined {
    const { schema } = input;
    if (input.kind === 'fields') {
      const { from } = input;
      return this.#share(`fields ${from}`, { kind: 'fields', from, schema, needsBody: from === 'form', place });
    }
    if (input.kind === 'body') {
      const { name } = input;
      return this.#share(`body ${name ?? ''}`, { kind: 'body', name, schema, needsBody: true, place });
    }
    const from = input.kind === 'file' ? 'file' : input.from;
    const name = input.name ?? (from === 'header' ? kebab(key) : key);
    if (name === undefined) {
      this.#mistakes.add('INPUT_WITHOUT_NAME', place, `the ${from} input has no name`);
      return undefined;
    }
    if (from === 'file') return this.#share(`file ${name}`, { kind: 'file', name, schema, needsBody: true, place });
    const identity = from === 'header' ? name.toLowerCase() : name;
    return this.#share(`${from} ${identity}`, { kind: 'text', from, name, schema, needsBody: from === 'form', place });
  }

  #share(key: string, slot: InputSlot): Slot {
    const variants = this.#shared.get(key) ?? new Map<ZodType, InputSlot>();
    const known = variants.get(slot.schema);
    if (known !== undefined) return known;
    this.#shared.set(key, variants.set(slot.schema, slot));
    this.#slots.push(slot);
    return slot;
  }
}

function kebab(key: string | undefined): string | undefined {
  return key?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
