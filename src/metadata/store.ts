import 'reflect-metadata';
import type { ControllerDeclaration, DependableTraits, InputDeclaration, RouteDeclaration } from './declarations.ts';

const CONTROLLER = Symbol('portico.controller');
const STANDARD = Symbol('portico.standard');
const ROUTES = Symbol('portico.routes');
const INPUTS = Symbol('portico.inputs');
const HANDLERS = Symbol('portico.handlers');
const TRAITS = Symbol('portico.traits');

export type Class = abstract new (...inputs: never[]) => unknown;
export type ErrorClass = abstract new (...inputs: never[]) => Error;

/** The inputs of one parameter list by index; more than one for an index is a mistake that the model reports. */
export type ParameterInputs = ReadonlyMap<number, readonly InputDeclaration[]>;

export interface ErrorHandlerDeclaration {
  readonly method: PropertyKey;
  readonly error: ErrorClass;
}

export function recordController(target: Class, declaration: ControllerDeclaration): void {
  Reflect.defineMetadata(CONTROLLER, declaration, target);
}

/** Remembers that a class was decorated in standard mode, where parameter decorators do not exist. */
export function recordStandardMode(target: Class): void {
  Reflect.defineMetadata(STANDARD, true, target);
}

export function recordRoute(prototype: object, method: PropertyKey, route: RouteDeclaration): void {
  const routes = ownRoutes(prototype);
  // Decorators run from the bottom up; routes are kept as they are read.
  routes.set(method, [route, ...(routes.get(method) ?? [])]);
  Reflect.defineMetadata(ROUTES, routes, prototype);
}

/** Records an input of a method of `target`, or of its constructor where `method` is undefined. */
export function recordInput(
  target: object,
  method: PropertyKey | undefined,
  index: number,
  input: InputDeclaration,
): void {
  const inputs = new Map(ownInputs(target, method));
  inputs.set(index, [input, ...(inputs.get(index) ?? [])]);
  if (method === undefined) Reflect.defineMetadata(INPUTS, inputs, target);
  else Reflect.defineMetadata(INPUTS, inputs, target, method as string | symbol);
}

export function recordErrorHandler(prototype: object, handler: ErrorHandlerDeclaration): void {
  const own = Reflect.getOwnMetadata(HANDLERS, prototype) as readonly ErrorHandlerDeclaration[] | undefined;
  Reflect.defineMetadata(HANDLERS, [handler, ...(own ?? [])], prototype);
}

export function recordTraits(dependable: Class, traits: DependableTraits): void {
  Reflect.defineMetadata(TRAITS, traits, dependable);
}

export function controllerOf(target: Class): ControllerDeclaration | undefined {
  return Reflect.getOwnMetadata(CONTROLLER, target) as ControllerDeclaration | undefined;
}

export function isStandardMode(target: Class): boolean {
  return Reflect.hasOwnMetadata(STANDARD, target);
}

export function traitsOf(dependable: Class): DependableTraits {
  return (Reflect.getMetadata(TRAITS, dependable) as DependableTraits | undefined) ?? {};
}

/** The routes of a class and of those it extends, the base's first; a method that is decorated again replaces them. */
export function routesOf({ prototype }: Class): ReadonlyMap<PropertyKey, readonly RouteDeclaration[]> {
  const routes = new Map<PropertyKey, readonly RouteDeclaration[]>();
  for (const level of lineage(prototype as object).toReversed()) {
    for (const [method, declared] of ownRoutes(level)) routes.set(method, declared);
  }
  return routes;
}

export function errorHandlersOf({ prototype }: Class): readonly ErrorHandlerDeclaration[] {
  return lineage(prototype as object).flatMap(
    (level) => (Reflect.getOwnMetadata(HANDLERS, level) as readonly ErrorHandlerDeclaration[] | undefined) ?? [],
  );
}

/**
 * The inputs of a method, or of the constructor where `method` is undefined.
 *
 * A class that decorates none of a method's parameters inherits the base's inputs: to override a method must not
 * drop its guards.
 */
export function inputsOf(target: Class, method?: PropertyKey): ParameterInputs {
  for (const level of lineage(method === undefined ? target : (target.prototype as object))) {
    const inputs = ownInputs(level, method);
    if (inputs !== undefined) return inputs;
  }
  return new Map();
}

function ownRoutes(prototype: object): Map<PropertyKey, readonly RouteDeclaration[]> {
  const own = Reflect.getOwnMetadata(ROUTES, prototype) as Map<PropertyKey, readonly RouteDeclaration[]> | undefined;
  return own ?? new Map<PropertyKey, readonly RouteDeclaration[]>();
}

function ownInputs(target: object, method: PropertyKey | undefined): ParameterInputs | undefined {
  const own: unknown =
    method === undefined
      ? Reflect.getOwnMetadata(INPUTS, target)
      : Reflect.getOwnMetadata(INPUTS, target, method as string | symbol);
  return own as ParameterInputs | undefined;
}

/** An object and its prototypes, nearest first. */
function lineage(start: object): object[] {
  const levels: object[] = [];
  for (let level: object | null = start; level !== null; level = Object.getPrototypeOf(level) as object | null) {
    levels.push(level);
  }
  return levels;
}
