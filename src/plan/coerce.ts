import type { DescribedSchema, JsonSchema } from '../model/schema.ts';
import { itemAt, tellingFormsOf } from '../model/text-forms.ts';
import { fitting } from './fitting.ts';

/** The text or texts sent under one name. */
export type Sent = string | File;

/** Converts text to what a schema documents; text that does not convert stays as it is, for the schema to refuse. */
type Convert = (text: string) => unknown;

/** How the text sent under one name becomes the value that a schema sees. */
export interface Coercion {
  /** Whether several values form a list; otherwise they are refused. */
  readonly list: boolean;
  readonly one: (sent: Sent) => unknown;
  readonly several: (sent: readonly Sent[]) => unknown;
  /** Whether a value converted by `one` or `several` fits the document, as far as types and simple rules say. */
  readonly fits: (value: unknown) => boolean;
}

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no'].map((word) => [word, false] as const),
]);

/** Derives the coercion from the JSON Schema that is documented for the input. */
export function coercionOf({ json, definitions }: DescribedSchema): Coercion {
  const forms = tellingFormsOf(json, definitions).filter(({ type }) => type !== 'null');
  const lists = forms.filter(({ type }) => type === 'array');
  const scalars = forms.filter(({ type }) => type !== 'array');
  const scalar = elementOf(scalars);
  if (lists.length === 0) {
    return { list: false, one: scalar.convert, several: (sent) => sent, fits: scalar.fits };
  }
  const item = itemsOf(lists, definitions);
  const several = (sent: readonly Sent[]): unknown => sent.map((value, index) => item(index).convert(value));
  const listOfOne = (sent: Sent): unknown => [item(0).convert(sent)];
  const one = (sent: Sent): unknown => {
    const value = scalar.convert(sent);
    return scalar.fits(value) ? value : listOfOne(sent);
  };
  return {
    list: true,
    one: scalars.length === 0 ? listOfOne : one,
    several,
    fits: (value) => (Array.isArray(value) ? value.every((each, index) => item(index).fits(each)) : scalar.fits(value)),
  };
}

/** Converts one text to one of the documented alternatives. */
interface Element {
  readonly convert: (sent: Sent) => unknown;
  readonly fits: (value: unknown) => boolean;
}

/** Converts each item by its index: the items of a tuple differ. */
function itemsOf(
  lists: readonly JsonSchema[],
  definitions: DescribedSchema['definitions'],
): (index: number) => Element {
  const formsAt = (index: number): readonly JsonSchema[] =>
    lists.flatMap((list) => tellingFormsOf(itemAt(list, index) ?? {}, definitions));
  const length = Math.max(...lists.map(({ prefixItems = [] }) => prefixItems.length));
  const first = Array.from({ length }, (_, index) => elementOf(formsAt(index)));
  const rest = elementOf(formsAt(length));
  return (index) => first[index] ?? rest;
}

function elementOf(forms: readonly JsonSchema[]): Element {
  const fits = fitting(forms);
  const convert = converterOf(forms, fits);
  return { fits, convert: (sent) => (typeof sent === 'string' ? convert(sent) : sent) };
}

/** If text is one of the alternatives it stays text, unless a rule of that alternative says otherwise. */
function converterOf(forms: readonly JsonSchema[], fits: Element['fits']): Convert {
  const kinds = new Set(forms.flatMap(kindsOf));
  const converters: Convert[] = [];
  if (kinds.has('integer')) converters.push(toInteger);
  if (kinds.has('number')) converters.push(toNumber);
  if (kinds.has('boolean')) converters.push(toBoolean);
  const [first] = converters;
  if (first === undefined) return asSent;
  if (kinds.size === 1) return first;
  const isText = kinds.has('text');
  return function convert(text) {
    if (isText && fits(text)) return text;
    let changed: unknown = text;
    for (const converter of converters) {
      const value = converter(text);
      if (value === text) continue;
      if (fits(value)) return value;
      if (changed === text) changed = value;
    }
    return isText || fits(text) ? text : changed;
  };
}

function asSent(text: string): unknown {
  return text;
}

/** `word` is text of a known form only: a constant, a pattern, a format. */
type Kind = 'integer' | 'number' | 'boolean' | 'text' | 'word';

function kindsOf(schema: JsonSchema): readonly Kind[] {
  const constants = 'const' in schema ? [schema.const] : schema.enum;
  if (constants !== undefined) return constants.filter((constant) => constant !== null).map(kindOfConstant);
  const { type } = schema;
  if (type === 'integer' || type === 'number' || type === 'boolean') return [type];
  if (type !== 'string') return [];
  return [schema.format === undefined && schema.pattern === undefined ? 'text' : 'word'];
}

function kindOfConstant(constant: unknown): Kind {
  if (typeof constant === 'number') return 'number';
  return typeof constant === 'boolean' ? 'boolean' : 'word';
}

/** A text that equals its number's own notation is a decimal literal, and most are; the expression is for the rest. */
function toInteger(text: string): unknown {
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  // Without the addition, `-0` would remain, which JSON cannot represent.
  return String(value) === text || DECIMAL.test(text) ? value + 0 : text;
}

/** An integer beyond the safe range would become a different number. */
function toNumber(text: string): unknown {
  const value = toInteger(text);
  const isUnsafe = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isUnsafe && /^-?\d+$/.test(text) ? text : value;
}

function toBoolean(text: string): unknown {
  return text.length > 5 ? text : (WORDS.get(text.toLowerCase()) ?? text);
}
