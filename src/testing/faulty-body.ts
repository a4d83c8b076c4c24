import { FileDraft } from './arbitrary.ts';
import { type BodyDraft, type Drafts, isForm, withoutFiles } from './draft.ts';
import { type Material, resized } from './material.ts';
import { valuesOf } from './schemas.ts';

interface FaultyBody {
  readonly body: BodyDraft;
  readonly fault: string;
}

type Path = readonly (string | number)[];

/** The body with one fault; undefined if none of the material causes one. */
export function wrongBody(drafts: Drafts, body: BodyDraft, material: Material): FaultyBody | undefined {
  return isForm(body.mediaType) ? wrongForm(drafts, body, material) : wrongJson(drafts, body, material);
}

/** The body with a list of too few or too many items; undefined if it has none, or the length is right. */
export function wrongLength(drafts: Drafts, body: BodyDraft, { lengths, at }: Material): FaultyBody | undefined {
  const schema = drafts.bodySchema(body.mediaType);
  const lists = pathsOf(body.value).filter((path) => Array.isArray(partAt(body.value, path)));
  const path = lists[at % Math.max(1, lists.length)];
  // In a form, a list without items is absent.
  const [length] = isForm(body.mediaType) ? lengths.filter((each) => each > 0) : lengths;
  if (path === undefined || length === undefined) return undefined;
  const list = resized(partAt(body.value, path) as unknown[], length);
  if (list === undefined) return undefined;
  const value = withPart(body.value, path, list);
  const fault = drafts.schemas.faultOf(schema, withoutFiles(value));
  return fault === undefined ? undefined : { body: { ...body, value }, fault: `in the body ${fault}` };
}

function partAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((part, key) => (part as Readonly<Record<string | number, unknown>>)[key], value);
}

function withPart(value: unknown, path: Path, part: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return part;
  if (Array.isArray(value)) return value.with(Number(key), withPart(value[Number(key)], rest, part));
  const object = value as Readonly<Record<string, unknown>>;
  return { ...object, [key]: withPart(object[key], rest, part) };
}

function wrongJson(drafts: Drafts, body: BodyDraft, { values, at }: Material): FaultyBody | undefined {
  const schema = drafts.bodySchema(body.mediaType);
  const paths = pathsOf(body.value);
  /* c8 ignore next -- there is always the path of the whole */
  const path = paths[at % paths.length] ?? [];
  for (const value of changesAt(body.value, path, values)) {
    const fault = drafts.schemas.faultOf(schema, value);
    if (fault !== undefined) return { body: { ...body, value }, fault: `in the body ${fault}` };
  }
  return undefined;
}

/** A field is missing, unknown, or has a text that represents no valid value. */
function wrongForm(drafts: Drafts, body: BodyDraft, { texts, values, at }: Material): FaultyBody | undefined {
  const { mediaType } = body;
  const schema = drafts.bodySchema(mediaType);
  const form = body.value as Readonly<Record<string, unknown>>;
  const names = Object.keys(form);
  const name = names[at % names.length];
  const wrong = (value: Record<string, unknown>, readings: readonly unknown[]): FaultyBody | undefined => {
    const faults = readings.map((reading) => drafts.schemas.faultOf(schema, withoutFiles(reading)));
    if (faults.includes(undefined)) return undefined;
    return { body: { ...body, value }, fault: `in the form ${faults[0]}` };
  };
  const unknown = wrong({ ...form, unknownField: 'x' }, [{ ...form, unknownField: 'x' }]);
  if (name === undefined || (unknown !== undefined && at % 4 === 0)) return unknown;
  const { [name]: field, ...others } = form;
  const left = wrong(others, [others]);
  if (left !== undefined && at % 4 === 1) return left;
  if (field instanceof FileDraft || Array.isArray(field)) return left;
  if (drafts.isJsonField(mediaType, name)) {
    return first(values, (value) =>
      Array.isArray(value) ? undefined : wrong({ ...form, [name]: value }, [{ ...form, [name]: value }]),
    );
  }
  return first(texts, (text) => {
    const readings = valuesOf(text).flatMap((value) => [
      { ...form, [name]: value },
      { ...form, [name]: [value] },
    ]);
    return wrong({ ...form, [name]: text }, readings);
  });
}

function first<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The paths to a value and to everything within it. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const entries: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, each]) => pathsOf(each, [...path, key]))];
}

/** A value without the part at a path, with something else there, and with an unknown key there. */
function changesAt(value: unknown, path: Path, replacements: readonly unknown[]): unknown[] {
  const [key, ...rest] = path;
  if (key === undefined) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return [...(isObject ? [{ ...value, unknownKey: 'x' }] : []), ...replacements];
  }
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return changesAt(items[Number(key)], rest, replacements).map((changed) => items.with(Number(key), changed));
  }
  const object = value as Readonly<Record<string, unknown>>;
  const { [key]: _, ...others } = object;
  const changed = changesAt(object[key], rest, replacements).map((each) => ({ ...object, [key]: each }));
  return rest.length === 0 ? [others, ...changed] : changed;
}
