/** The key under which a prototype keeps the name that all copies of its class share. */
const IDENTITY: unique symbol = Symbol.for('portico.identity');

type Class = abstract new (...parameters: never[]) => object;

/**
 * Makes `instanceof` hold for objects that another copy of the package has created.
 *
 * A class that extends this one is compared as usual.
 */
export function recognizeCopies(type: Class, name: string): void {
  const key = Symbol.for(`portico.${name}`);
  const ordinary = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(type.prototype, key, { value: true });
  Object.defineProperty(type.prototype, IDENTITY, { value: key });
  Object.defineProperty(type, Symbol.hasInstance, {
    value: function hasInstance(this: unknown, value: unknown): boolean {
      if (this !== type) return ordinary.call(this as Class, value);
      return typeof value === 'object' && value !== null && key in value;
    },
  });
}

/** The identity of a class: the same for all copies of a class of the package. */
export function identityOf(type: object): unknown {
  const prototype: unknown = Object.getOwnPropertyDescriptor(type, 'prototype')?.value;
  if (typeof prototype !== 'object' || prototype === null) return type;
  return Object.getOwnPropertyDescriptor(prototype, IDENTITY)?.value ?? type;
}
