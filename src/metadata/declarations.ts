import type { ZodType } from 'zod';
import type { ResponseDeclarations, ResponseOption } from '../content/declarations.ts';
import type { Exchange } from '../http/exchange.ts';
import type { RequestValidationError } from '../http/errors.ts';
import type { Limits } from '../http/limits.ts';
import type { SocketConnection } from '../http/socket.ts';

/** How long what a dependency made is kept, and when the code after its `yield` runs. */
export type Lifetime = 'app' | 'request' | 'handler';

/** Where a value that arrives as text comes from. */
export type TextSource = 'path' | 'query' | 'header' | 'cookie' | 'form';

/** How a list is sent under one name: each item by itself, or all of them in one text with something between them. */
export type ListStyle = 'form' | 'comma' | 'space' | 'pipe';

export type InputDeclaration =
  | TextDeclaration
  | { readonly kind: 'body'; readonly name: string | undefined; readonly schema: ZodType }
  | { readonly kind: 'file'; readonly name: string | undefined; readonly schema: ZodType }
  | DependsDeclaration
  | RequestDeclaration
  | { readonly kind: 'scopes' };

/** A value that arrives as text; without a name, and with an object for its schema, one for each field. */
export interface TextDeclaration {
  readonly kind: 'text';
  readonly from: TextSource;
  readonly name: string | undefined;
  readonly schema: ZodType;
  /** Undefined for what is usual in its place. */
  readonly style?: ListStyle | undefined;
}

/** A value that is taken from a request as it is: neither validated nor documented. */
export interface RequestDeclaration {
  readonly kind: 'request';
  /** What it is called where there is no request, such as `context`. */
  readonly what: string;
  /** Called for each place of use; makes no promise. */
  readonly read: (exchange: Exchange) => unknown;
}

export interface DependsDeclaration {
  readonly kind: 'depends';
  readonly dependable: unknown;
  readonly cache: boolean;
  readonly scopes: readonly string[];
}

/** What a dependable brings to every operation that uses it. */
export interface DependableTraits {
  readonly responses?: ResponseDeclarations | undefined;
  /** The issuer whose tokens it accepts, as clients are told (RFC 9728 §2). */
  readonly issuer?: string | undefined;
  /** Headers of all answers. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The error that answers invalid inputs in place of the usual 422. */
  readonly invalid?: ((error: RequestValidationError) => Error) | undefined;
}

/** One route that a method was decorated with. */
export interface RouteDeclaration {
  readonly method: string;
  readonly path: string;
  readonly options: RouteOptions;
  /** What makes it a socket. */
  readonly socket?: SocketDeclaration | undefined;
}

/** What a socket receives and sends, and who may open it. */
export interface SocketDeclaration {
  readonly receive?: MessageOption | undefined;
  readonly send?: MessageOption | undefined;
  readonly origins?: string | readonly string[] | undefined;
  readonly compress?: boolean | undefined;
  /** Called with an invalid message in place of a close. */
  readonly onInvalid?: ((error: RequestValidationError, socket: SocketConnection<never>) => unknown) | undefined;
}

/** What messages are: a schema of their JSON, `text()` or `bytes()`. */
export type MessageOption = ResponseOption;

export interface ControllerDeclaration {
  readonly path: string;
  readonly options: ControllerOptions;
}

/** A list entry: `Depends(x)` or `Security(x, …)`. */
export interface ListedDependency {
  readonly [DECLARATION]: InputDeclaration;
}

/** What controllers and routes have in common. */
interface SharedOptions {
  readonly tags?: readonly string[];
  /** Dependencies of all its routes, run before their parameters; their values are dropped. */
  readonly dependencies?: readonly ListedDependency[];
  /** Listed dependencies of the app, the include, or a controller that is extended, to leave out. */
  readonly without?: readonly unknown[];
  readonly responses?: ResponseDeclarations;
}

/** `dependencies`, `responses` and `tags` hold for controllers that extend it too; `name` and `without` do not. */
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
  /** Milliseconds until an answer of 503; 0 is no limit. */
  readonly timeout?: number;
}

/** The key under which an input carries its declaration. */
export const DECLARATION: unique symbol = Symbol.for('portico.declaration');
