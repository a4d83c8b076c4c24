import { type output, z, type ZodType } from 'zod';
import type { Context } from '../http/context.ts';
import type { Schema } from '../content/declarations.ts';
import { FORM, JSON_BODY, PARAMETERS } from '../kinds/inputs.ts';
import type { ListStyle, TextSource } from '../metadata/declarations.ts';
import type { Dependable, ValueOf } from '../metadata/dependable.ts';
import { type Input, input } from './input.ts';

const TEXT: ZodType = /* @__PURE__ */ z.string();

export interface TextOptions<Style extends ListStyle = ListStyle> {
  /** How a list is sent: `form` repeats the name, the others put a comma, a space or `|` between the items. */
  readonly style?: Style;
}

/**
 * A value that arrives as text: a required string without a schema.
 *
 * Its name is given, or that of its key in an inputs object. An object schema without a name is read field by field,
 * each a separate value; it may be refined, piped, transformed, an intersection or a union of objects.
 */
export interface TextInput<Style extends ListStyle = never> {
  (name?: string): Input<string>;
  <S extends Schema>(name: string, schema: S, options?: TextOptions<Style>): Input<output<S>>;
  <S extends Schema>(schema: S, options?: TextOptions<Style>): Input<output<S>>;
}

/**
 * A variable of the path, decoded; a list needs `{ style: 'comma' }`, and `%2C` is a comma within an item (RFC 6570).
 */
export const Path: TextInput<'comma'> = /* @__PURE__ */ textInput('path', PARAMETERS);

/** A value of the query string; a list takes all values of a repeated name unless it has another `style`. */
export const Query: TextInput<ListStyle> = /* @__PURE__ */ textInput('query', PARAMETERS);

/**
 * A request header; without a name it is the key in kebab-case, as are the keys of an object schema.
 *
 * A list is split at commas outside of quotes, and empty items are dropped (RFC 9110 §5.6.1).
 */
export const Header: TextInput = /* @__PURE__ */ textInput('header', PARAMETERS);

/** A cookie; a list takes all cookies of one name. */
export const Cookie: TextInput = /* @__PURE__ */ textInput('cookie', PARAMETERS);

/** A field of an urlencoded or multipart form; an empty one counts as absent. */
export const Form: TextInput = /* @__PURE__ */ textInput('form', FORM);

/** The JSON body; with a name, one key of a JSON object that several bodies share. */
export function Body<S extends Schema>(schema: S): Input<output<S>>;
export function Body<S extends Schema>(name: string, schema: S): Input<output<S>>;
export function Body(...given: [schema: ZodType] | [name: string, schema: ZodType]): Input<unknown> {
  const [name, schema] = given.length === 1 ? [undefined, ...given] : given;
  return input({ kind: 'body', name, schema, stages: JSON_BODY });
}

export interface FileOptions {
  /** All files of the field, as an array. */
  readonly multiple?: boolean;
  readonly optional?: boolean;
  /** Accepted media types or ranges, `image/png`, `image/*`; what the client claims, not what the file is. */
  readonly types?: readonly string[];
  /** Bytes of one file. */
  readonly maxSize?: number;
}

type FileValue<O> = O extends { multiple: true } ? File[] : O extends { optional: true } ? File | undefined : File;

/** A file of a multipart form, as a Web `File`; its name is the client's and must not be trusted. */
export function File<const O extends FileOptions = FileOptions>(name?: string, options?: O): Input<FileValue<O>> {
  const { multiple, optional, types, maxSize }: FileOptions = options ?? {};
  let file = types === undefined ? z.file() : z.file().mime([...types]);
  if (maxSize !== undefined) file = file.max(maxSize);
  const schema = multiple === true ? z.array(file) : file;
  return input({ kind: 'file', name, schema: optional === true ? schema.optional() : schema, stages: FORM });
}

export interface DependsOptions {
  /** `false` resolves the dependency again for this use instead of sharing the request's value. */
  readonly cache?: boolean;
}

/** The value of a dependency: a class, a function of the context, a security scheme or the result of `dependency()`. */
export function Depends<D extends Dependable>(dependable: D, options: DependsOptions = {}): Input<ValueOf<D>> {
  return input({ kind: 'depends', dependable, cache: options.cache ?? true, scopes: [] });
}

export interface SecurityOptions extends DependsOptions {
  readonly scopes?: readonly string[];
}

/** `Depends()` that also requires scopes of the schemes below, if any are given. */
export function Security<D extends Dependable>(dependable: D, options: SecurityOptions = {}): Input<ValueOf<D>> {
  const { cache = true, scopes = [] } = options;
  return input({ kind: 'depends', dependable, cache, scopes: [...scopes] });
}

/** The scopes that a place of use requires, outermost first and without duplicates. */
export interface SecurityScopes {
  readonly scopes: string[];
  /** The same joined with spaces. */
  readonly scopeStr: string;
}

/** The scopes that are required where the dependency is used. */
export function Scopes(): Input<SecurityScopes> {
  return input({ kind: 'scopes' });
}

/** The request's context. */
export function Ctx(): Input<Context> {
  return input({ kind: 'request', what: 'context', read: ({ context }) => context });
}

function textInput<Style extends ListStyle>(from: TextSource, stages: object): TextInput<Style> {
  function declare(first?: string | ZodType, second?: ZodType | TextOptions, third?: TextOptions): Input<unknown> {
    if (typeof first === 'object') {
      const { style } = (second as TextOptions | undefined) ?? {};
      return input({ kind: 'text', from, name: undefined, schema: first, style, stages });
    }
    return input({
      kind: 'text',
      from,
      name: first,
      schema: (second as ZodType | undefined) ?? TEXT,
      style: third?.style,
      stages,
    });
  }
  return declare as TextInput<Style>;
}
