import { type JsonSchema, partsOf, resolve } from '../model/schema.ts';

/** Turns text into what a schema documents; text that does not convert stays as it is, for the schema to refuse. */
type Convert = (text: string) => unknown;

type Definitions = Readonly<Record<string, JsonSchema>>;

/** How the values that were sent under one name become the value that a schema sees. */
export interface Coercion {
  /** Whether a list is taken, of one value too unless a single one is also `scalar`. */
  readonly list: boolean;
  readonly scalar: boolean;
  readonly convert: Convert;
}

const DECIMAL = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const WORDS: ReadonlyMap<string, boolean> = new Map([
  ...['true', '1', 'on', 'yes'].map((word) => [word, true] as const),
  ...['false', '0', 'off', 'no'].map((word) => [word, false] as const),
]);

/** Reads the coercion off the JSON Schema that is documented for the input. */
export function coercionOf(json: JsonSchema, definitions: Definitions): Coercion {
  const forms = formsOf(json, definitions);
  const list = forms.find(({ type }) => type === 'array');
  const scalar = forms.some(({ type }) => type !== 'array' && type !== 'null');
  if (list === undefined || scalar) return { list: list !== undefined, scalar: true, convert: convertFor(forms) };
  const items = typeof list.items === 'object' && !Array.isArray(list.items) ? list.items : {};
  return { list: true, scalar: false, convert: convertFor(formsOf(items, definitions)) };
}

/** The alternatives of a schema, however deep they are nested. */
function formsOf(json: JsonSchema, definitions: Definitions): readonly JsonSchema[] {
  const schema = resolve(json, definitions);
  const parts = partsOf(schema);
  return parts.length === 0 ? [schema] : parts.flatMap((part) => formsOf(part, definitions));
}

function convertFor(forms: readonly JsonSchema[]): Convert {
  const kinds = new Set(forms.flatMap(kindsOf));
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

function kindsOf(schema: JsonSchema): readonly Kind[] {
  const constants = 'const' in schema ? [schema.const] : schema.enum;
  if (constants !== undefined) return constants.map(kindOfConstant);
  const { type } = schema;
  if (type === 'integer' || type === 'number' || type === 'boolean') return [type];
  if (type === 'string') return [schema.format === undefined && schema.pattern === undefined ? 'text' : 'word'];
  return type === 'array' && typeof schema.items === 'object' && !Array.isArray(schema.items)
    ? kindsOf(schema.items)
    : [];
}

function kindOfConstant(constant: unknown): Kind {
  if (typeof constant === 'number') return 'number';
  return typeof constant === 'boolean' ? 'boolean' : 'word';
}

/** What is written as a number reads is a decimal literal, and most are; the expression is for the others. */
function toInteger(text: string): unknown {
  const value = Number(text);
  if (!Number.isFinite(value)) return text;
  // Without the addition `-0` would stay what JSON cannot say.
  return String(value) === text || DECIMAL.test(text) ? value + 0 : text;
}

/** An integer beyond the safe range would become another number. */
function toNumber(text: string): unknown {
  const value = toInteger(text);
  const isUnsafe = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isUnsafe && /^-?\d+$/.test(text) ? text : value;
}

function toBoolean(text: string): unknown {
  return text.length > 5 ? text : (WORDS.get(text.toLowerCase()) ?? text);
}
