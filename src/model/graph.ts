import type { ZodType } from 'zod';
import type { Lifetime, ListStyle, RequestDeclaration, TextSource } from '../metadata/declarations.ts';
import type { SchemeDeclaration } from '../metadata/scheme.ts';
import type { AppNode } from './app-nodes.ts';
import type { Place } from './mistakes.ts';
import type { ObjectFields } from './object-fields.ts';
import type { NamedInput } from './parameters.ts';
import type { Provider, Run } from './provider.ts';

/** Where a value comes from when it is needed. */
export type Source =
  | { readonly kind: 'slot'; readonly slot: Slot }
  | { readonly kind: 'app'; readonly node: AppNode }
  | { readonly kind: 'scopes'; readonly scopes: readonly string[] }
  | { readonly kind: 'request'; readonly input: RequestDeclaration }
  | { readonly kind: 'absent' };

/** A value that is made at most once per request. Slots stand in the order in which they are resolved. */
export type Slot = InputSlot | DependencySlot;

/** A value that is read from the request and validated. */
export type InputSlot = TextSlot | FieldsSlot | BodySlot | FileSlot;

interface ValueSlot extends SlotBase {
  /** Those of its declaration. */
  readonly stages: object;
}

interface SlotBase {
  /** Whether it needs the request's body. */
  readonly needsBody: boolean;
  readonly place: Place;
}

export interface TextSlot extends ValueSlot {
  readonly kind: 'text';
  readonly from: TextSource;
  readonly name: string;
  /** The schema as it was declared. */
  readonly schema: ZodType;
  /** The schema used to validate: the same, without coercion. */
  readonly accepts: ZodType;
  readonly style: ListStyle | undefined;
}

/** An object whose fields are separate values. */
export interface FieldsSlot extends ValueSlot {
  readonly kind: 'fields';
  readonly from: Exclude<TextSource, 'path'>;
  readonly schema: ZodType;
  readonly accepts: ZodType;
  readonly style: ListStyle | undefined;
  readonly object: ObjectFields;
}

export interface BodySlot extends ValueSlot {
  readonly kind: 'body';
  /** The key in the JSON object; undefined for the whole body. */
  readonly name: string | undefined;
  readonly schema: ZodType;
  readonly accepts: ZodType;
}

export interface FileSlot extends ValueSlot {
  readonly kind: 'file';
  readonly name: string;
  readonly schema: ZodType;
  readonly accepts: ZodType;
}

/** A value of a form. */
export type FormSlot = TextSlot | FieldsSlot | FileSlot;

export interface DependencySlot extends SlotBase {
  readonly kind: 'dependency';
  readonly provider: Provider;
  readonly run: Run;
  readonly name: string;
  readonly inputs: readonly DependencyInput[];
  readonly lifetime: Exclude<Lifetime, 'app'>;
  /** The names that lead from here to a handler-lifetime generator that this value depends on. */
  readonly endsWith: readonly string[] | undefined;
  /** The scopes required by all places of use, in order of first use. */
  readonly scopes: Set<string>;
}

export interface DependencyInput {
  readonly named: NamedInput;
  readonly source: Source;
}

/** Everything one operation resolves, in order. */
export interface Graph {
  /** Values of the lists come first, then the controller's, then the parameters'; each after the values it needs. */
  readonly slots: readonly Slot[];
  readonly controller: Source;
  readonly parameters: readonly Source[];
  /** App-lifetime dependencies that must have been made before. */
  readonly appNodes: readonly AppNode[];
}

export function isInput(slot: Slot): slot is InputSlot {
  return slot.kind !== 'dependency';
}

export function isForm(slot: Slot): slot is FormSlot {
  return slot.kind === 'file' || ((slot.kind === 'text' || slot.kind === 'fields') && slot.from === 'form');
}

/** The schemes that a slot reads credentials with, one of which decides. */
export function schemesOf({ run }: DependencySlot): readonly SchemeDeclaration[] {
  return run.takes === 'credentials' ? run.schemes : [];
}

/** The slots of security schemes, in order of first use. */
export function schemeSlots(slots: readonly Slot[]): readonly DependencySlot[] {
  return slots.filter((slot): slot is DependencySlot => slot.kind === 'dependency' && slot.run.takes === 'credentials');
}
