import 'reflect-metadata/lite';
import type { ErrorClass } from '../http/error-handlers.ts';
import { handsOn, hasDefaults, isClassSyntax } from './constructor-text.ts';
import type { ControllerDeclaration, DependableTraits, InputDeclaration, RouteDeclaration } from './declarations.ts';

// Shared by all copies of the package that a program has loaded.
const CONTROLLER = Symbol.for('portico.controller');
const TWICE = Symbol.for('portico.twice');
const STANDARD = Symbol.for('portico.standard');
const ROUTES = Symbol.for('portico.routes');
const INPUTS = Symbol.for('portico.inputs');
const HANDLERS = Symbol.for('portico.handlers');
const TRAITS = Symbol.for('portico.traits');
const STATICS = Symbol.for('portico.statics');

export type Class = abstract new (...inputs: never[]) => unknown;

/** The inputs of one parameter list by index; more than one for an index is a mistake that the model reports. */
export type ParameterInputs = ReadonlyMap<number, readonly InputDeclaration[]>;

export interface ErrorHandlerDeclaration {
  readonly method: PropertyKey;
  readonly error: ErrorClass;
}

export function recordController(target: Class, declaration: ControllerDeclaration): void {
  if (controllerOf(target) !== undefined) Reflect.defineMetadata(TWICE, true, target);
  Reflect.defineMetadata(CONTROLLER, declaration, target);
}

/** Remembers that a class was decorated in standard mode, where parameter decorators do not exist. */
export function recordStandardMode(target: Class): void {
  Reflect.defineMetadata(STANDARD, true, target);
}

export function recordRoute(prototype: object, method: PropertyKey, route: RouteDeclaration): void {
  if (recordStatic(prototype, method, route)) return;
  const routes = ownRoutes(prototype);
  // Decorators run from the bottom up; routes are kept in the order in which they are written.
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
  if (method !== undefined && recordStatic(target, method, input)) return;
  const inputs = new Map(ownInputs(target, method));
  inputs.set(index, [input, ...(inputs.get(index) ?? [])]);
  if (method === undefined) Reflect.defineMetadata(INPUTS, inputs, target);
  else Reflect.defineMetadata(INPUTS, inputs, target, method as string | symbol);
}

export function recordErrorHandler(
  prototype: object,
  method: PropertyKey,
  declaration: Pick<ErrorHandlerDeclaration, 'error'>,
): void {
  if (recordStatic(prototype, method, declaration)) return;
  const own = Reflect.getOwnMetadata(HANDLERS, prototype) as readonly ErrorHandlerDeclaration[] | undefined;
  Reflect.defineMetadata(HANDLERS, [{ method, ...declaration }, ...(own ?? [])], prototype);
}

export function recordTraits(dependable: Class, traits: DependableTraits): void {
  Reflect.defineMetadata(TRAITS, traits, dependable);
}

export function controllerOf(target: Class): ControllerDeclaration | undefined {
  return Reflect.getOwnMetadata(CONTROLLER, target) as ControllerDeclaration | undefined;
}

/** Whether a class has `@Controller` more than once, which would drop all but one of them. */
export function isDeclaredTwice(target: Class): boolean {
  return Reflect.hasMetadata(TWICE, target);
}

/**
 * The declarations of a controller and of those it extends, the base's first; a class without `@Controller` has none.
 */
export function controllersOf(target: Class): readonly { target: Class; declaration: ControllerDeclaration }[] {
  return (lineage(target) as Class[]).toReversed().flatMap((level) => {
    const declaration = controllerOf(level);
    return declaration === undefined ? [] : [{ target: level, declaration }];
  });
}

export function isStandardMode(target: Class): boolean {
  return Reflect.hasMetadata(STANDARD, target);
}

/** What declares static methods, which are never called, of a class and of those it extends. */
export function staticsOf(target: Class): ReadonlyMap<PropertyKey, object> {
  return new Map(lineage(target).flatMap((level) => [...ownStatics(level)]));
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

/** The error handlers of a class and of those it extends, the base's first; one that is decorated again is replaced. */
export function errorHandlersOf({ prototype }: Class): readonly ErrorHandlerDeclaration[] {
  const found: ErrorHandlerDeclaration[] = [];
  for (const level of lineage(prototype as object)) {
    const own = (Reflect.getOwnMetadata(HANDLERS, level) as readonly ErrorHandlerDeclaration[] | undefined) ?? [];
    const known = new Set(found.map(({ method }) => method));
    found.unshift(...own.filter(({ method }) => !known.has(method)));
  }
  return found;
}

/**
 * The inputs of a method, or of the constructor where `method` is undefined.
 *
 * Overriding a method must not drop its guards: a method without decorators of its own has the base's inputs. One that
 * is decorated again declares them anew.
 */
export function inputsOf(target: Class, method?: PropertyKey): ParameterInputs {
  for (const level of lineage(method === undefined ? target : (target.prototype as object))) {
    const inputs = ownInputs(level, method);
    if (inputs !== undefined) return inputs;
    if (method !== undefined && ownRoutes(level).has(method)) break;
  }
  return new Map();
}

/** A parameter list: its inputs, the number of parameters, and the class that declares them. */
export interface ParameterList {
  readonly owner: Class;
  readonly inputs: ParameterInputs;
  readonly length: number;
}

/**
 * The parameters of the constructor that creates a class's instances.
 *
 * One that is not written hands on what it is given; one that takes nothing keeps the base's inputs, for they may be
 * guards; one with parameters declares its own inputs, also where default values hide all of them from `length`: what
 * is injected for the base would take their places.
 */
export function constructorOf(target: Class): ParameterList {
  for (const level of lineage(target) as Class[]) {
    const own = ownInputs(level, undefined);
    if (own !== undefined || level.length > 0) return { owner: level, inputs: own ?? new Map(), length: level.length };
    if (inputsOf(level).size > 0 && hasDefaults(level)) return { owner: level, inputs: new Map(), length: 1 };
    const base = Object.getPrototypeOf(level) as Class;
    // What a class of the platform takes, such as Error or EventEmitter, is nobody's input.
    if (ownInputs(base, undefined) === undefined && !isClassSyntax(base)) break;
    if (!handsOn(level)) break;
  }
  return { owner: target, inputs: inputsOf(target), length: 0 };
}

/** A static method is recorded on the class, any other on its prototype. */
function recordStatic(target: object, method: PropertyKey, declaration: object): boolean {
  if (typeof target !== 'function') return false;
  Reflect.defineMetadata(STATICS, new Map([...ownStatics(target), [method, declaration]]), target);
  return true;
}

function ownStatics(target: object): ReadonlyMap<PropertyKey, object> {
  return (Reflect.getOwnMetadata(STATICS, target) as ReadonlyMap<PropertyKey, object> | undefined) ?? new Map();
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
