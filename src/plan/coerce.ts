import { type JsonSchema, partsOf, resolve } from '../model/schema.ts';

/** Turns text into what a schema documents; text that does not convert stays as it is, for the schema to refuse. */
export type Convert = (text: string) => unknown;

type Definitions = Readonly<Record<string, JsonSchema>>;

/** How the values that were sent under one name become the value that a schema sees. */
export interface Coercion {
  /** Whether all values of a repeated name are taken. */
  readonly list: boolean;
  readonly convert: Convert;
}

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no'].map((word) => [word, false] as const),
]);

/** Reads the coercion off the JSON Schema that is documented for the input. */
export function coercionOf(json: JsonSchema, definitions: Definitions): Coercion {
  const list = listSchema(json, definitions);
  if (list === undefined) return { list: false, convert: convertFor(json, definitions) };
  const items = typeof list.items === 'object' && !Array.isArray(list.items) ? list.items : {};
  return { list: true, convert: convertFor(items, definitions) };
}

function listSchema(json: JsonSchema, definitions: Definitions): JsonSchema | undefined {
  const schema = resolve(json, definitions);
  if (schema.type === 'array') return schema;
  for (const part of partsOf(schema)) {
    const list = listSchema(part, definitions);
    if (list !== undefined) return list;
  }
  return undefined;
}

function convertFor(json: JsonSchema, definitions: Definitions): Convert {
  const kinds = new Set<Kind>();
  collectKinds(json, definitions, kinds);
  // Any text at all is a string already.
  if (kinds.has('text')) return (text) => text;
  const converters: Convert[] = [];
  if (kinds.has('integer')) converters.push(toInteger);
  if (kinds.has('number')) converters.push(toNumber);
  if (kinds.has('boolean')) converters.push(toBoolean);
  const [first, ...others] = converters;
  if (first === undefined) return (text) => text;
  if (others.length === 0) return first;
  return (text) => {
    for (const convert of converters) {
      const value = convert(text);
      if (value !== text) return value;
    }
    return text;
  };
}

/** `word` is text of a known form only: a constant, a pattern, a format. */
type Kind = 'integer' | 'number' | 'boolean' | 'text' | 'word';

function collectKinds(json: JsonSchema, definitions: Definitions, kinds: Set<Kind>): void {
  const schema = resolve(json, definitions);
  for (const part of partsOf(schema)) collectKinds(part, definitions, kinds);
  const constants = 'const' in schema ? [schema.const] : schema.enum;
  if (constants !== undefined) {
    for (const constant of constants) {
      if (typeof constant === 'number') kinds.add('number');
      else if (typeof constant === 'boolean') kinds.add('boolean');
      else kinds.add('word');
    }
  } else if (schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean') {
    kinds.add(schema.type);
  } else if (schema.type === 'string') {
    kinds.add(schema.format === undefined && schema.pattern === undefined ? 'text' : 'word');
  }
}

function toInteger(text: string): unknown {
  return DECIMAL.test(text) && Number.isFinite(Number(text)) ? Number(text) + 0 : text;
}

/** An integer beyond the safe range would become another number. */
function toNumber(text: string): unknown {
  const value = toInteger(text);
  return typeof value === 'number' && /^-?\d+$/.test(text) && !Number.isSafeInteger(value) ? text : value;
}

function toBoolean(text: string): unknown {
  return text.length > 5 ? text : (WORDS.get(text.toLowerCase()) ?? text);
}
