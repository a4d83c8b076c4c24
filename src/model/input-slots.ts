import type { InputSlot, Slot } from './graph.ts';
import { modelledBy, type ValueInput } from './input-kind.ts';
import type { MistakeCode, Mistakes, Place } from './mistakes.ts';

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
  slotOf(input: ValueInput, key: string | undefined, place: Place): Slot | undefined {
    return modelledBy(input).slotOf(input, key, place, this);
  }

  refuse(code: MistakeCode, text: string, place: Place): undefined {
    this.#mistakes.add(code, place, text);
  }

  /** The slot that is known under a key for the same schema, else this one. */
  share(key: string, slot: InputSlot): Slot {
    const variants = this.#shared.get(key) ?? [];
    const known = variants.find(({ schema }) => schema === slot.schema);
    if (known !== undefined) return known;
    variants.push(slot);
    this.#shared.set(key, variants);
    this.#slots.push(slot);
    return slot;
  }
}
