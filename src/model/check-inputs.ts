import { isToken } from '../http/token.ts';
import type { ListStyle, TextSource } from '../metadata/declarations.ts';
import { formPartOf, holdsFile } from './form-part.ts';
import type { BodySlot, FieldsSlot, FileSlot, Slot, TextSlot, InputSlot } from './graph.ts';
import type { Report } from './mistakes.ts';
import { type DescribedSchema, describeSchema, type JsonSchema } from './schema.ts';
import { wireName } from './value-slots.ts';
import { formsOf, takesList, tellingFormsOf } from './text-forms.ts';

/** Styles that OpenAPI allows in a place besides its default. */
const STYLES: Readonly<Record<TextSource, readonly ListStyle[]>> = {
  path: ['comma'],
  query: ['form', 'comma', 'space', 'pipe'],
  header: [],
  cookie: [],
  form: [],
};

/** Headers that OpenAPI describes by other means and ignores as parameters (OpenAPI 3.1, Parameter Object). */
const RESERVED: ReadonlyMap<string, string> = new Map([
  ['authorization', 'use a security scheme'],
  ['content-type', 'the body declares its types, and you can read it with `ctx.header()`'],
  ['accept', 'read it with `ctx.header()`'],
]);

/** One value that arrives as text, by place and name. */
interface TextValue {
  readonly from: TextSource;
  readonly name: string;
  readonly described: DescribedSchema;
  readonly style: ListStyle | undefined;
}

/** What can be wrong with a value that arrives as text, a file, or an object whose fields do. */
export function checkValue(slot: TextSlot | FieldsSlot | FileSlot, report: Report): void {
  if (slot.kind === 'file') return;
  const values = textValuesOf(slot);
  checkText(slot, values, report);
  if (values.some(isFileOutsideForm)) reportFile(report);
}

/** What can be wrong with a JSON body. */
export function checkJson(slot: BodySlot, report: Report): void {
  if (holdsFile(describeSchema(slot.schema, 'input'))) reportFile(report);
}

function reportFile(report: Report): void {
  report('FILE_OUTSIDE_FORM', 'its schema contains a file, which can only be a form field');
}

function isFileOutsideForm({ from, described }: TextValue): boolean {
  return holdsFile(described) && (from !== 'form' || formPartOf(described) !== 'file');
}

function checkText(slot: TextSlot | FieldsSlot, values: readonly TextValue[], report: Report): void {
  for (const { name, described, from } of values) {
    if (from !== 'form' && holdsObject(described.json, described)) {
      const what = slot.kind === 'text' ? `'${name}'` : `the field '${name}'`;
      report('OBJECT_IN_TEXT', `${what} arrives as text, but its schema is an object or a list of lists`);
    }
    if (from === 'path' && slot.style !== 'comma' && takesList(described)) {
      report('LIST_IN_PATH', `'${name}' is a list in a path, which needs { style: 'comma' }`);
    }
    if (!isPossibleName(name, from)) report('INVALID_NAME', `no ${from} can be called '${name}'`);
    const advice = from === 'header' ? RESERVED.get(name.toLowerCase()) : undefined;
    if (advice !== undefined)
      report('RESERVED_HEADER', `OpenAPI ignores a parameter for the header '${name}': ${advice}`);
  }
  const { style, from } = slot;
  if (style === undefined) return;
  if (!STYLES[from].includes(style)) report('INVALID_STYLE', `a list in a ${from} has no style '${style}'`);
  else if (!values.some(({ described }) => takesList(described))) {
    report('INVALID_STYLE', `it has the style '${style}', but its schema is not a list`);
  }
}

/** Paths are checked by themselves; a query and a form can express any text. */
function isPossibleName(name: string, from: TextSource): boolean {
  if (from === 'header') return isToken(name);
  // Looser than RFC 6265 §4.1.1, as cookies are in practice.
  return from !== 'cookie' || /^[^\s=;,]+$/.test(name);
}

/** Two inputs of one place and name are one parameter, so some value has to satisfy both. */
export function checkParameters(slots: readonly Slot[], say: (text: string, slot: InputSlot) => void): void {
  const parameters = slots.filter((slot): slot is TextSlot | FieldsSlot => {
    return (slot.kind === 'text' || slot.kind === 'fields') && slot.from !== 'form';
  });
  if (parameters.length < 2 && parameters[0]?.kind !== 'fields') return;
  const known = new Map<string, TextValue[]>();
  for (const slot of parameters) {
    for (const value of textValuesOf(slot)) {
      const key = `${value.from} ${value.from === 'header' ? value.name.toLowerCase() : value.name}`;
      const others = known.get(key) ?? [];
      const conflict = others.map((other) => conflictOf(other, value)).find((text) => text !== undefined);
      if (conflict !== undefined) say(`two inputs read the ${value.from} value '${value.name}' ${conflict}`, slot);
      known.set(key, [...others, value]);
    }
  }
}

function textValuesOf(slot: TextSlot | FieldsSlot): TextValue[] {
  const { from, style } = slot;
  if (slot.kind === 'text') return [{ from, name: slot.name, style, described: describeSchema(slot.schema, 'input') }];
  return slot.object.fields.map(({ key, schema }) => {
    return { from, name: wireName(from, key), style, described: describeSchema(schema, 'input') };
  });
}

function conflictOf(one: TextValue, other: TextValue): string | undefined {
  if (takesList(one.described) && takesList(other.described) && (one.style ?? 'form') !== (other.style ?? 'form')) {
    return 'as lists of different styles';
  }
  if (isListOnly(one) !== isListOnly(other) && !(takesList(one.described) && takesList(other.described))) {
    return 'as a list and as a single value';
  }
  const [types, others] = [typesOf(one.described), typesOf(other.described)];
  if (types.size === 0 || others.size === 0 || [...types].some((type) => others.has(type))) return undefined;
  return `as ${[...types].join(' or ')} and as ${[...others].join(' or ')}, and no value is both`;
}

function isListOnly({ described: { json, definitions } }: TextValue): boolean {
  return tellingFormsOf(json, definitions).every(({ type }) => type === 'array' || type === 'null');
}

/** The JSON types of a schema; empty if it accepts any value, as a string without rules does: all texts are strings. */
function typesOf({ json, definitions }: DescribedSchema): ReadonlySet<string> {
  const types = new Set<string>();
  for (const form of formsOf(json, definitions)) {
    if (form.type === undefined || isAnyText(form)) return new Set();
    types.add(form.type === 'integer' ? 'number' : String(form.type));
  }
  types.delete('null');
  return types;
}

const ANNOTATIONS = new Set(['type', 'title', 'description', 'default', 'examples', 'deprecated']);

/** Whether a schema accepts every text. */
export function isAnyText(json: JsonSchema): boolean {
  return json.type === 'string' && Object.keys(json).every((key) => ANNOTATIONS.has(key));
}

/** Text cannot express an object, or a list within a list. */
function holdsObject(json: JsonSchema, described: DescribedSchema, inList = false): boolean {
  const forms = tellingFormsOf(json, described.definitions).filter(({ type }) => type !== 'null');
  return forms.length > 0 && forms.every((form) => isStructure(form, described, inList));
}

function isStructure(form: JsonSchema, described: DescribedSchema, inList: boolean): boolean {
  if (form.type === 'object' || form.properties !== undefined) return true;
  if (form.type !== 'array') return false;
  const { items } = form;
  const within = [...(form.prefixItems ?? []), ...(typeof items === 'object' && !Array.isArray(items) ? [items] : [])];
  return inList || within.some((item) => holdsObject(item as JsonSchema, described, true));
}
