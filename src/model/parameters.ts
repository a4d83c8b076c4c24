import type { InputDeclaration } from '../metadata/declarations.ts';
import { type Class, inputsOf } from '../metadata/store.ts';
import type { Mistakes, Place } from './mistakes.ts';

/** An input with the name it goes by: its key in an inputs object, or nothing for a parameter. */
export interface NamedInput {
  readonly key: string | undefined;
  /** Undefined for a parameter that its default value fills. */
  readonly input: InputDeclaration | undefined;
  readonly place: Place;
}

/**
 * The inputs of a method's or, without a method, a constructor's parameters.
 *
 * A parameter without an input is a mistake: its decorator may have been dropped, and a guard with it. Parameters
 * from the first default value on do not count in `Function.length` and may go without.
 */
export function readParameters(
  target: Class,
  method: PropertyKey | undefined,
  mistakes: Mistakes,
): readonly NamedInput[] {
  const declared = inputsOf(target, method);
  const length = method === undefined ? target.length : methodLength(target, method);
  const count = Math.max(length, ...[...declared.keys()].map((index) => index + 1));
  return Array.from({ length: count }, (_, parameter) => {
    const inputs = declared.get(parameter) ?? [];
    const place: Place = { class: target.name, method: method === undefined ? undefined : String(method), parameter };
    if (inputs.length === 0 && parameter < length) {
      mistakes.add(
        'PARAMETER_WITHOUT_INPUT',
        place,
        'no input says where its value comes from; was a decorator dropped?',
      );
    }
    if (inputs.length > 1) {
      mistakes.add('PARAMETER_WITH_SEVERAL_INPUTS', place, 'more than one input says where its value comes from');
    }
    return { key: undefined, input: inputs[0], place };
  });
}

function methodLength({ prototype }: Class, method: PropertyKey): number {
  const value: unknown = (prototype as Record<PropertyKey, unknown>)[method];
  return typeof value === 'function' ? value.length : 0;
}
