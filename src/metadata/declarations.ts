import type { ZodType } from 'zod';
import type { ResponseDeclarations, ResponseOption } from '../content/declarations.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RequestValidationError } from '../http/errors.ts';
import type { Limits } from '../http/limits.ts';
import type { SocketConnection } from '../http/socket.ts';

/** How long the value of a dependency is kept, and when the code after its `yield` runs. */
export type Lifetime = 'app' | 'request' | 'handler';

/** Where a value that arrives as text comes from. */
export type TextSource = 'path' | 'query' | 'header' | 'cookie' | 'form';

/** How a list is sent under one name: each item by itself, or all of them in one text with a separator. */
export type ListStyle = 'form' | 'comma' | 'space' | 'pipe';

export type InputDeclaration =
  | TextDeclaration
  | BodyDeclaration
  | DependsDeclaration
  | RequestDeclaration
  | { readonly kind: 'scopes' };

/** A value of the request that is validated. */
interface ValueDeclaration {
  /**
   * What each stage does with such a value: an object of `kinds`, of which a stage knows its own part.
   *
   * The declaration carries it so that a bundle has only the kinds that its program declares.
   */
  readonly stages: object;
}

/** The whole JSON body or one key of it, or a file of a form. */
export interface BodyDeclaration extends ValueDeclaration {
  readonly kind: 'body' | 'file';
  readonly name: string | undefined;
  readonly schema: ZodType;
}

/** A value that arrives as text; without a name and with an object schema, one value for each field. */
export interface TextDeclaration extends ValueDeclaration {
  readonly kind: 'text';
  readonly from: TextSource;
  readonly name: string | undefined;
  readonly schema: ZodType;
  /** Undefined for the default of its place. */
  readonly style?: ListStyle | undefined;
}

/** A value taken from a request as it is, neither validated nor documented. */
export interface RequestDeclaration {
  readonly kind: 'request';
  /** Its name in messages, such as `context`. */
  readonly what: string;
  /** Called for each place of use; synchronous. */
  readonly read: (exchange: Exchange) => unknown;
}

export interface DependsDeclaration {
  readonly kind: 'depends';
  readonly dependable: unknown;
  readonly cache: boolean;
  readonly scopes: readonly string[];
}

/** What a dependable adds to every operation that uses it. */
export interface DependableTraits {
  readonly responses?: ResponseDeclarations | undefined;
  /** The issuer whose tokens it accepts, as published to clients (RFC 9728 §2). */
  readonly issuer?: string | undefined;
  /** Headers of all responses. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The error that answers invalid inputs instead of the usual 422. */
  readonly invalid?: ((error: RequestValidationError) => Error) | undefined;
}

/** One route that a method was decorated with. */
export interface RouteDeclaration {
  readonly method: string;
  readonly path: string;
  readonly options: RouteOptions;
  /** Set for a socket. */
  readonly socket?: SocketDeclaration | undefined;
}

/** What a socket receives and sends, and who may open it. */
export interface SocketDeclaration {
  /** What the stages do with a socket, as that of a value. */
  readonly stages: object;
  readonly receive?: MessageOption | undefined;
  readonly send?: MessageOption | undefined;
  readonly origins?: string | readonly string[] | undefined;
  readonly compress?: boolean | undefined;
  /** Called with an invalid message instead of closing the socket. */
  readonly onInvalid?: ((error: RequestValidationError, socket: SocketConnection<never>) => unknown) | undefined;
}

/** The kind of messages: a schema of their JSON, `text()` or `bytes()`. */
export type MessageOption = ResponseOption;

export interface ControllerDeclaration {
  readonly path: string;
  readonly options: ControllerOptions;
}

/** A list entry: `Depends(x)` or `Security(x, …)`. */
export interface ListedDependency {
  readonly [DECLARATION]: InputDeclaration;
}

/** Options that controllers and routes share. */
interface SharedOptions {
  readonly tags?: readonly string[];
  /** Dependencies of all its routes, run before their parameters; their values are dropped. */
  readonly dependencies?: readonly ListedDependency[];
  /** Listed dependencies of the app, the include, or an extended controller to leave out. */
  readonly without?: readonly unknown[];
  readonly responses?: ResponseDeclarations;
}

/** `dependencies`, `responses` and `tags` also apply to controllers that extend it; `name` and `without` do not. */
export interface ControllerOptions extends SharedOptions {
  /** Names it in operation ids and as a tag; the class's name without a `Controller` suffix unless set. */
  readonly name?: string;
}

export interface RouteOptions<
  S extends ResponseOption = ResponseOption,
  R extends ResponseDeclarations = ResponseDeclarations,
  U extends number = number,
> extends Omit<SharedOptions, 'responses'> {
  /** What is returned: a schema by which JSON is filtered, or a content of another kind. */
  readonly response?: S;
  readonly responses?: R;
  /** The status of a value for which none is set: that of the content, or 200, unless set. */
  readonly status?: U;
  /** Says that the operation is meant to have no security. */
  readonly public?: boolean;
  readonly summary?: string;
  readonly description?: string;
  readonly operationId?: string;
  readonly deprecated?: boolean;
  readonly includeInSchema?: boolean;
  /** Further members of the operation in the document, each name beginning with `x-`. */
  readonly extensions?: Readonly<Record<`x-${string}`, unknown>>;
  readonly limits?: Partial<Limits>;
  /** Milliseconds until a response of 503; 0 means no limit. */
  readonly timeout?: number;
}

/** The key under which an input carries its declaration. */
export const DECLARATION: unique symbol = Symbol.for('portico.declaration');
