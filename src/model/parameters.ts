import type { InputDeclaration } from '../metadata/declarations.ts';
import { type CallSite, callSiteOf } from '../metadata/call-site.ts';
import {
  type Class,
  constructorOf,
  controllerOf,
  inputsOf,
  type ParameterInputs,
  type ParameterList,
  routesOf,
  staticsOf,
} from '../metadata/store.ts';
import type { Mistakes, Place } from './mistakes.ts';

/** An input with its key in an inputs object; a parameter has none. */
export interface NamedInput {
  readonly key: string | undefined;
  /** Undefined for a parameter that is left to its default value. */
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
  const { owner, inputs: declared, length } = method === undefined ? constructorOf(target) : methodOf(target, method);
  const count = Math.max(length, ...[...declared.keys()].map((index) => index + 1));
  return Array.from({ length: count }, (_, parameter) => {
    const inputs = declared.get(parameter) ?? [];
    const site = callSiteOf(inputs[0]) ?? siteNear(target, method, declared);
    const place: Place = {
      class: target.name,
      method: method === undefined ? undefined : String(method),
      parameter,
      site,
    };
    if (inputs.length === 0 && parameter < length) {
      mistakes.add('PARAMETER_WITHOUT_INPUT', place, withoutInput(target, owner, method));
    }
    if (inputs.length > 1) {
      mistakes.add('PARAMETER_WITH_SEVERAL_INPUTS', place, 'it has more than one input');
    }
    return { key: undefined, input: inputs[0], place };
  });
}

/**
 * Where the method, the class or another parameter is decorated: the closest known place to an undecorated parameter.
 */
function siteNear(target: Class, method: PropertyKey | undefined, inputs: ParameterInputs): CallSite | undefined {
  const declaration = method === undefined ? controllerOf(target) : routesOf(target).get(method)?.[0];
  return callSiteOf(declaration ?? [...inputs.values()][0]?.[0]);
}

/** Reports decorated static methods: they are never called, and a guard among their inputs guards nothing. */
export function checkStatics(target: Class, mistakes: Mistakes): void {
  for (const [method, declaration] of staticsOf(target)) {
    const place = { class: target.name, method: String(method), site: callSiteOf(declaration) };
    mistakes.add('STATIC_METHOD', place, 'it is static, but only instance methods can be decorated');
  }
}

function withoutInput(target: Class, owner: Class, method: PropertyKey | undefined): string {
  const text = 'it has no input';
  const base: unknown = Object.getPrototypeOf(owner);
  const drops = method === undefined && typeof base === 'function' && inputsOf(base as Class).size > 0;
  if (drops) return `${text}; ${owner.name} has its own constructor, which has to declare its inputs`;
  if (owner === target) return `${text}; was a decorator dropped?`;
  return `${text}; the constructor is that of ${owner.name}: decorate its parameters, or give ${target.name} its own`;
}

function methodOf(target: Class, method: PropertyKey): ParameterList {
  return { owner: target, inputs: inputsOf(target, method), length: methodLength(target, method) };
}

function methodLength({ prototype }: Class, method: PropertyKey): number {
  const value: unknown = (prototype as Record<PropertyKey, unknown>)[method];
  return typeof value === 'function' ? value.length : 0;
}
