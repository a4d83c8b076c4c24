import type { input, output } from 'zod';
import type { Answer } from '../content/answer.ts';
import type { Content } from '../content/content.ts';
import type { Context } from '../http/context.ts';
import { keepCallSite } from '../metadata/call-site.ts';
import type { ResponseDeclarations, ResponseOption, Schema } from '../content/declarations.ts';
import type { RouteDeclaration, RouteOptions } from '../metadata/declarations.ts';
import type { ErrorClass } from '../http/error-handlers.ts';
import { recordErrorHandler, recordRoute } from '../metadata/store.ts';

/** The values that a schema or a content accepts; with codecs, what they encode. */
type Sent<S> = S extends Content<infer V> ? V : S extends Schema ? input<S> | output<S> : unknown;

/** The values of one declared response. */
type SentBy<D> = D extends ResponseOption
  ? Sent<D>
  : D extends { readonly content: infer C }
    ? C extends readonly (infer One)[]
      ? Sent<One>
      : Sent<C>
    : unknown;

type Success = 200 | 201 | 202 | 203 | 206 | 207 | 208 | 226;

/** Answers with a declared status, or with any status if none or a range is declared. */
type Answers<V, R, U extends number> = number extends keyof R
  ? Answer<number, unknown>
  : Answer<U, V> | { [K in keyof R]: Answer<K extends number ? K : number, SentBy<R[K]>> }[keyof R];

/** Values of other declared success responses, whose status is set on the context. */
type Others<R> = number extends keyof R ? never : SentBy<R[keyof R & Success]>;

type Returned<V, R, U extends number> = V | Others<R> | Answers<V, R, U> | Response;
type Handled<V, R, U extends number> = Returned<V, R, U> | Promise<Returned<V, R, U>>;

/** What a handler may return: a value of a declared response, or a `Response`, which is sent as it is. */
export type Returns<S, R, U extends number = 200> = Handled<Sent<S>, R, U>;

/**
 * A method of a route, whatever its parameters.
 *
 * An alias by itself: as one, the compiler keeps it for all routes with the same types, and a union it makes anew.
 */
type Handler<V, R, U extends number> = (...parameters: never[]) => Handled<V, R, U>;

/** The decorator that makes a method a route, if it is an `H`. */
export interface RouteDecorator<H = (...parameters: never[]) => unknown> {
  <M extends H>(prototype: object, method: PropertyKey, descriptor: TypedPropertyDescriptor<M>): void;
}

/** Shown when a route does not compile: the answer it returns, and the answers that are declared. */
interface AnswerMismatch<Given, Declared> {
  readonly 'the returned answer is not declared': [Given, Declared];
}

/** The answers among returned values that are none of `A`. */
type Undeclared<V, A> = unknown extends V ? never : Exclude<Extract<V, Answer<number, unknown>>, A>;

type CheckedAnswers<M, A> = M extends (...parameters: never[]) => infer V
  ? [Undeclared<Awaited<V>, A>] extends [never]
    ? unknown
    : AnswerMismatch<Undeclared<Awaited<V>, A>, A>
  : unknown;

/** The decorator that makes a method a route, if it is an `H` that returns no answers other than `A`. */
export interface AnswersDecorator<H, A> {
  <M extends H>(
    prototype: object,
    method: PropertyKey,
    descriptor: TypedPropertyDescriptor<M> & CheckedAnswers<M, A>,
  ): void;
}

/**
 * The decorator of a route whose response may be none: then any value may be returned, so that answers have to be
 * looked at by themselves, once any are declared.
 */
type DecoratorOf<S, R, U extends number> = number extends keyof R
  ? RouteDecorator<Handler<Sent<S>, R, U>>
  : AnswersDecorator<Handler<Sent<S>, R, U>, Answers<Sent<S>, R, U>>;

/** Options of a route that declares what it returns. */
interface ResponseOptions<S extends Schema, R extends ResponseDeclarations, U extends number> extends RouteOptions<
  S,
  R,
  U
> {
  readonly response: S;
}

export interface RouteDecorators {
  // Overloads with a schema also infer the type of one that is a type parameter, as in a controller factory.
  <S extends Schema, const R extends ResponseDeclarations = ResponseDeclarations, const U extends number = 200>(
    path: string,
    options: ResponseOptions<S, R, U>,
  ): RouteDecorator<Handler<input<S> | output<S>, R, U>>;
  <
    S extends ResponseOption = ResponseOption,
    const R extends ResponseDeclarations = ResponseDeclarations,
    const U extends number = 200,
  >(
    path?: string,
    options?: RouteOptions<S, R, U>,
  ): DecoratorOf<S, R, U>;
  <S extends Schema, const R extends ResponseDeclarations = ResponseDeclarations, const U extends number = 200>(
    options: ResponseOptions<S, R, U>,
  ): RouteDecorator<Handler<input<S> | output<S>, R, U>>;
  <
    S extends ResponseOption = ResponseOption,
    const R extends ResponseDeclarations = ResponseDeclarations,
    const U extends number = 200,
  >(
    options: RouteOptions<S, R, U>,
  ): DecoratorOf<S, R, U>;
}

/** A route for any method; the method's name is case-sensitive (RFC 9110 §9.1). */
export function Route<
  S extends Schema,
  const R extends ResponseDeclarations = ResponseDeclarations,
  const U extends number = 200,
>(method: string, path: string, options: ResponseOptions<S, R, U>): RouteDecorator<Handler<input<S> | output<S>, R, U>>;
export function Route<
  S extends ResponseOption = ResponseOption,
  const R extends ResponseDeclarations = ResponseDeclarations,
  const U extends number = 200,
>(method: string, path?: string, options?: RouteOptions<S, R, U>): DecoratorOf<S, R, U>;
export function Route(method: string, path?: string, options?: RouteOptions): RouteDecorator {
  return route(method, path, options);
}

function route(method: string, path: string = '', options: RouteOptions = {}): RouteDecorator {
  const declaration: RouteDeclaration = keepCallSite({ method, path, options });
  return (prototype, name) => {
    // In standard mode the class's own decorator reports the mistake for all of its methods.
    if (typeof name === 'object') return;
    recordRoute(prototype, name, declaration);
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

/** Makes a controller's method answer errors of a class that its routes or their dependencies throw. */
export function OnError<E extends ErrorClass>(
  error: E,
): <M extends (error: InstanceType<E>, context: Context) => unknown>(
  prototype: object,
  method: PropertyKey,
  descriptor: TypedPropertyDescriptor<M>,
) => void {
  const declaration = keepCallSite({ error });
  return (prototype, method) => {
    if (typeof method !== 'object') recordErrorHandler(prototype, method, declaration);
  };
}

function decoratorsFor(method: string): RouteDecorators {
  return (first?: string | RouteOptions, options?: RouteOptions) => {
    return typeof first === 'object' ? route(method, '', first) : route(method, first, options);
  };
}
