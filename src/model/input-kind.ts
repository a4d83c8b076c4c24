import type { InputDeclaration } from '../metadata/declarations.ts';
import type { ZodType } from 'zod';
import type { InputSlot, Slot } from './graph.ts';
import type { InputSlots } from './input-slots.ts';
import type { Place, Report } from './mistakes.ts';

/** An input whose value is validated. */
export type ValueInput = Extract<InputDeclaration, { readonly schema: ZodType }>;

/** The model's part of a kind of inputs. */
export interface ModelledKind {
  /** Undefined, and a mistake, for an input without a name. */
  slotOf(input: ValueInput, key: string | undefined, place: Place, slots: InputSlots): Slot | undefined;
  /** Reports what is wrong with one input. */
  check(slot: InputSlot, report: Report): void;
  /** Says what is wrong with the inputs of an operation together. */
  checkTogether?(slots: readonly InputSlot[], say: (text: string, slot: InputSlot) => void): void;
}

export function modelledBy({ stages }: ValueInput | InputSlot): ModelledKind {
  return stages as ModelledKind;
}
