import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { ZodType } from 'zod';
import type { Context } from '../http/context.ts';
import type { Content } from '../content/content.ts';
import type { ErrorFormat } from '../http/error-format.ts';
import type { Exchange } from '../http/exchange.ts';
import type { HTTPException, RequestValidationError } from '../http/errors.ts';
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

/** What little tells a zod schema apart: to hold each against all of `ZodType` costs hundreds of type instantiations. */
export interface Schema {
  readonly _zod: { readonly input: unknown; readonly output: unknown };
  /** The schemas of `zod/mini` have none. */
  readonly meta: unknown;
}

/** A schema, which stands for JSON, or a content of another kind. */
export type ResponseContent = ZodType | Content<never>;

/** A named example of a body. */
export interface ResponseExample {
  readonly summary?: string;
  readonly description?: string;
  readonly value: unknown;
}

/** The responses of one status. Where an error has a description alone, its body has the shape of errors. */
export interface ResponseDeclaration {
  readonly description?: string;
  /** Several are alternatives: what the client prefers, and the value fits, is sent. */
  readonly content?: ResponseContent | readonly ResponseContent[];
  /** Documents headers that are set on `ctx.response.headers`. */
  readonly headers?: Readonly<Record<string, ZodType>>;
  readonly examples?: Readonly<Record<string, ResponseExample>>;
}

/** Responses by status, by range such as `4XX`, or for all others by `default`. */
export type ResponseDeclarations = Readonly<
  Partial<Record<number | `${1 | 2 | 3 | 4 | 5}XX` | 'default', ResponseContent | ResponseDeclaration>>
>;

/** The one shape of all errors that no handler answers. */
export interface ErrorsDeclaration extends ErrorFormat {
  /** Documents the body, and what `body` gives is held against it. */
  readonly schema: ZodType;
  /** Documents the body of a response to invalid inputs where it differs. */
  readonly validationSchema?: ZodType | undefined;
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

/** How a credential is read, refused and documented. */
export interface SchemeDeclaration {
  readonly schemeName: string;
  readonly description: string | undefined;
  readonly optional: boolean;
  /** The scopes it knows; undefined where they are not declared with it, `null` where it knows none. */
  readonly declaredScopes: ReadonlySet<string> | undefined | null;
  /** What is wrong with its options, in words. */
  readonly fault: string | undefined;
  describe(): SecuritySchemeObject;
  /** The credential, undefined for none, or the exception to answer with. */
  read(context: Context): unknown;
  refuse(error?: 'invalid_token' | 'invalid_request'): HTTPException;
  /** The challenge of an answer; of that to one request, where it is given. */
  challenge(parameters?: ChallengeParameters, context?: Context): string;
  /** Whether the request carries credentials of this scheme, good or bad. */
  present(context: Context): boolean;
}

export interface ChallengeParameters {
  readonly error?: string | undefined;
  readonly scope?: string | undefined;
  /** The address of the resource's metadata (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined;
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

/** What a handler returns: a schema by which JSON is filtered, or a content of another kind. */
export type ResponseOption = Schema | Content<never>;

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

/** The key under which a scheme carries its declaration, or several from which one is chosen. */
export const SCHEMES: unique symbol = Symbol.for('portico.schemes');

/** The key under which a scheme of the package has its name: a minifier renames classes. */
export const SCHEME_NAME: unique symbol = Symbol.for('portico.schemeName');
