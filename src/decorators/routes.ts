import type { input as InputOf } from 'zod';
import type { Context } from '../http/context.ts';
import type { EventStream } from '../http/stream.ts';
import type { RouteOptions, Schema } from '../metadata/declarations.ts';
import { type ErrorClass, recordErrorHandler, recordRoute } from '../metadata/store.ts';

/** What a handler may return under `response`: what the schema accepts, or a `Response`, which is sent as it is. */
type Returns<V> =
  | V
  | Response
  | EventStream
  | AsyncIterable<V>
  | Promise<V | Response | EventStream | AsyncIterable<V>>;

/** What makes a method a route, if it returns an `R`. */
export interface RouteDecorator<R = unknown> {
  <M extends (...parameters: never[]) => R>(
    prototype: object,
    method: PropertyKey,
    descriptor: TypedPropertyDescriptor<M>,
  ): void;
}

export interface RouteDecorators {
  <S extends Schema = Schema>(path?: string, options?: RouteOptions<S>): RouteDecorator<Returns<InputOf<S>>>;
  <S extends Schema = Schema>(options: RouteOptions<S>): RouteDecorator<Returns<InputOf<S>>>;
}

/** A route for any method; the method's name is case-sensitive (RFC 9110 §9.1). */
export function Route<S extends Schema = Schema>(
  method: string,
  path?: string,
  options?: RouteOptions<S>,
): RouteDecorator<Returns<InputOf<S>>>;
export function Route(method: string, path: string = '', options: RouteOptions = {}): RouteDecorator {
  return (prototype, name) => {
    // In standard mode the class's own decorator reports the mistake for all of its methods.
    if (typeof name === 'object') return;
    recordRoute(prototype, name, { method, path, options });
  };
}

/** A route for GET, and for HEAD with the same dependencies. */
export const Get: RouteDecorators = decoratorsFor('GET');
export const Post: RouteDecorators = decoratorsFor('POST');
export const Put: RouteDecorators = decoratorsFor('PUT');
export const Patch: RouteDecorators = decoratorsFor('PATCH');
export const Delete: RouteDecorators = decoratorsFor('DELETE');
export const Head: RouteDecorators = decoratorsFor('HEAD');
export const Options: RouteDecorators = decoratorsFor('OPTIONS');

/** Makes a method of a controller answer errors of a class that its routes, or what they depend on, throw. */
export function OnError<E extends ErrorClass>(
  error: E,
): <M extends (error: InstanceType<E>, context: Context) => unknown>(
  prototype: object,
  method: PropertyKey,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  return (prototype, method) => {
    if (typeof method !== 'object') recordErrorHandler(prototype, { method, error });
  };
}

function decoratorsFor(method: string): RouteDecorators {
  return (first: string | RouteOptions = '', options?: RouteOptions) => {
    return typeof first === 'string' ? Route(method, first, options) : Route(method, '', first);
  };
}
