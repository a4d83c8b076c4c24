import { type output, z, type ZodObject, type ZodType } from 'zod';
import type { Context } from '../http/context.ts';
import type { InputDeclaration, Schema, TextSource } from '../metadata/declarations.ts';
import type { Dependable, ValueOf } from '../metadata/dependable.ts';
import { type Input, input } from './input.ts';

const TEXT: ZodType = z.string();

/** A value that arrives as text: named, or named by its key in an inputs object; a required string without a schema. */
export interface TextInput {
  (name?: string): Input<string>;
  <S extends Schema>(name: string, schema: S): Input<output<S>>;
  <S extends Schema>(schema: S): Input<output<S>>;
}

/** The same, or the fields of an object schema, each a value of its own. */
export interface FieldsInput extends TextInput {
  <S extends ZodObject>(fields: S): Input<output<S>>;
}

/** A variable of the path, decoded. */
export const Path: TextInput = textInput('path');

/** A value of the query string; an array schema takes all values of a repeated name. */
export const Query: FieldsInput = textInput('query');

/** A request header; its name, left out, is the key in kebab-case. */
export const Header: FieldsInput = textInput('header');

/** A cookie. */
export const Cookie: FieldsInput = textInput('cookie');

/** A field of an urlencoded or multipart form; an empty one counts as absent. */
export const Form: FieldsInput = textInput('form');

/** The JSON body; with a name, one key of a JSON object that several bodies share. */
export function Body<S extends Schema>(schema: S): Input<output<S>>;
export function Body<S extends Schema>(name: string, schema: S): Input<output<S>>;
export function Body(first: string | ZodType, second?: ZodType): Input<unknown> {
  const [name, schema] = typeof first === 'string' ? [first, second ?? z.unknown()] : [undefined, first];
  return input({ kind: 'body', name, schema });
}

export interface FileOptions {
  /** All files of the field, as an array. */
  readonly multiple?: boolean;
  readonly optional?: boolean;
  /** Accepted media types, such as `image/png`; what the client says of its file, not what the file is. */
  readonly types?: readonly string[];
  /** Bytes of one file. */
  readonly maxSize?: number;
}

type FileValue<O> = O extends { multiple: true } ? File[] : O extends { optional: true } ? File | undefined : File;

/** A file of a multipart form, as a Web `File`; its name is the client's word and not to be trusted. */
export function File<const O extends FileOptions = FileOptions>(name?: string, options?: O): Input<FileValue<O>> {
  const { multiple, optional, types, maxSize }: FileOptions = options ?? {};
  let file = z.file();
  if (types !== undefined) file = file.mime([...types]);
  if (maxSize !== undefined) file = file.max(maxSize);
  const schema = multiple === true ? z.array(file) : file;
  return input({ kind: 'file', name, schema: optional === true ? schema.optional() : schema });
}

export interface DependsOptions {
  /** `false` resolves the dependency again for this place instead of sharing the request's value. */
  readonly cache?: boolean;
}

/** The value of a dependency: a class, a function of the context, a security scheme or what `dependency()` made. */
export function Depends<D extends Dependable>(dependable: D, options: DependsOptions = {}): Input<ValueOf<D>> {
  return input({ kind: 'depends', dependable, cache: options.cache ?? true, scopes: [] });
}

export interface SecurityOptions extends DependsOptions {
  readonly scopes: readonly string[];
}

/** `Depends()` that also requires scopes of the schemes below. */
export function Security<D extends Dependable>(dependable: D, options: SecurityOptions): Input<ValueOf<D>> {
  const { cache = true, scopes } = options;
  return input({ kind: 'depends', dependable, cache, scopes: [...scopes] });
}

/** The scopes that a place requires, outermost first and without repeats. */
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

function textInput(from: TextSource): FieldsInput {
  const declare = (first?: string | ZodType, second?: ZodType): Input<unknown> => {
    if (typeof first !== 'object') return input({ kind: 'text', from, name: first, schema: second ?? TEXT });
    const declaration: InputDeclaration =
      from !== 'path' && first.def.type === 'object'
        ? { kind: 'fields', from, schema: first }
        : { kind: 'text', from, name: undefined, schema: first };
    return input(declaration);
  };
  return declare as FieldsInput;
}
