import type { ZodType } from 'zod';
import type { ErrorFormat } from '../http/error-format.ts';
import type { Content } from './content.ts';

/**
 * The few members that identify a zod schema: comparing each with all of `ZodType` costs hundreds of type
 * instantiations.
 */
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

/** The responses of one status. If an error has only a description, its body has the app's error format. */
export interface ResponseDeclaration {
  readonly description?: string;
  /** Several are alternatives: the one that the client prefers, among those that the value fits, is sent. */
  readonly content?: ResponseContent | readonly ResponseContent[];
  /** Documents headers that are set on `ctx.response.headers`. */
  readonly headers?: Readonly<Record<string, ZodType>>;
  readonly examples?: Readonly<Record<string, ResponseExample>>;
}

/** Responses by status, by range such as `4XX`, or for all others by `default`. */
export interface ResponseDeclarations extends Readonly<
  Partial<Record<`${1 | 2 | 3 | 4 | 5}XX` | 'default', ResponseContent | ResponseDeclaration>>
> {
  readonly [status: number]: ResponseContent | ResponseDeclaration | undefined;
}

/** The format of all errors that no handler answers. */
export interface ErrorsDeclaration extends ErrorFormat {
  /** Documents the body, and checks what `body` returns. */
  readonly schema: ZodType;
  /** Documents the body of a response to invalid inputs if it differs. */
  readonly validationSchema?: ZodType | undefined;
}

/** What a handler returns: a schema by which JSON is filtered, or a content of another kind. */
export type ResponseOption = Schema | Content<never>;
