import type { Arbitrary } from 'fast-check';
import type { ParameterObject } from 'openapi3-ts/oas31';
import { type BodyDraft, type Draft, type Drafts, isJson } from './draft.ts';
import { wrongBody, wrongLength } from './faulty-body.ts';
import { type Material, materialsOf, resized } from './material.ts';
import { type JsonSchema, valuesOf } from './schemas.ts';
import { withoutSeparators } from './text.ts';

/** A request that is valid except for one fault. */
export interface FaultyDraft {
  readonly draft: Draft;
  /** What is wrong with it. */
  readonly fault: string;
  /** The same without the fault. */
  readonly base: Draft;
}

/** Puts one fault into a draft, if it can. */
type Plant = (draft: Draft, material: Material) => { draft: Draft; fault: string } | undefined;

const NOTHING: Material = { texts: [], values: [], lengths: [], at: 0 };

/** A fault, and the schema that it violates. */
type Offence = readonly [schema: JsonSchema, plant: Plant];

/** Nearly valid requests; undefined if the document allows everything. */
export function faultsOf(drafts: Drafts, seed: number): Arbitrary<FaultyDraft | undefined> | undefined {
  const { fc, operation } = drafts;
  const offences = [
    ...operation.parameters.flatMap((parameter, index) => offencesOf(drafts, parameter, index)),
    ...Object.keys(operation.body?.content ?? {}).flatMap((mediaType) => bodyOffencesOf(drafts, mediaType)),
  ];
  const all = drafts.all();
  const faults = offences.flatMap(([schema, plant]) =>
    // A fault that does not depend on the material takes none.
    (plant.length < 2 ? [fc.constant(NOTHING)] : materialsOf(drafts, schema)).map((materials) =>
      fc.tuple(all, materials).map(([base, material]): FaultyDraft | undefined => {
        const planted = drafts.isValid(base) ? plant(base, material) : undefined;
        return planted && { ...planted, base };
      }),
    ),
  );
  // Unrestricted text cannot be invalid.
  const able = faults.filter((fault) => fc.sample(fault, { seed, numRuns: 20 }).some((made) => made !== undefined));
  return able.length === 0 ? undefined : fc.oneof(...able);
}

function offencesOf(drafts: Drafts, { in: place, name, required, content }: ParameterObject, index: number): Offence[] {
  const schema = drafts.schemaAt(index);
  const says = `the ${place} parameter '${name}'`;
  const plants = [
    ...(required === true && place !== 'path' ? [missing(index, `${says} is missing`)] : []),
    ...(content === undefined ? [wrongText(drafts, index, says)] : []),
    ...(content === undefined && drafts.isList(schema) ? [wrongCount(drafts, index, says)] : []),
    ...(content === undefined && place === 'query' && !drafts.isList(schema) ? [twice(drafts, index, says)] : []),
  ];
  return plants.map((plant) => [schema, plant]);
}

function bodyOffencesOf(drafts: Drafts, mediaType: string): Offence[] {
  const required = drafts.operation.body?.required === true;
  const plants = [
    ...(required ? [replaced(mediaType, 'the body is missing', () => undefined)] : []),
    replaced(mediaType, 'the body is of another media type', () => ({
      mediaType: 'application/x-unknown',
      value: undefined,
      raw: 'x',
    })),
    ...(isJson(mediaType) ? [replaced(mediaType, 'the body is not JSON', (body) => ({ ...body, raw: '{"' }))] : []),
    ...[wrongBody, wrongLength].map(
      (make) =>
        function plant(draft: Draft, material: Material) {
          const wrong = draft.body?.mediaType === mediaType ? make(drafts, draft.body, material) : undefined;
          return wrong && { draft: { ...draft, body: wrong.body }, fault: wrong.fault };
        },
    ),
  ];
  return plants.map((plant) => [drafts.bodySchema(mediaType), plant]);
}

function replaced(mediaType: string, fault: string, of: (body: BodyDraft) => BodyDraft | undefined): Plant {
  return function plant(draft) {
    if (draft.body?.mediaType !== mediaType) return undefined;
    return { draft: { ...draft, body: of(draft.body) }, fault };
  };
}

function missing(index: number, fault: string): Plant {
  return (draft) => ({ draft: { ...draft, values: draft.values.with(index, undefined) }, fault });
}

function wrongText(drafts: Drafts, index: number, says: string): Plant {
  const schema = drafts.schemaAt(index);
  const isList = drafts.isList(schema);
  return function plant(draft, { texts, at }) {
    const value = draft.values[index];
    for (const text of texts) {
      const items = Array.isArray(value)
        ? value
            .map(String)
            .slice(0, 3)
            .with(at % Math.min(value.length, 3), withoutSeparators(text))
        : [text];
      if (isFitting(drafts, schema, items, isList)) continue;
      const sent = Array.isArray(value) ? items : text;
      return {
        draft: { ...draft, values: draft.values.with(index, sent) },
        fault: `${says} is ${JSON.stringify(sent)}`,
      };
    }
    return undefined;
  };
}

/** A list with too few or too many items. */
function wrongCount(drafts: Drafts, index: number, says: string): Plant {
  const schema = drafts.schemaAt(index);
  return function plant(draft, { lengths: [length] }) {
    const value: unknown = draft.values[index];
    // A list without items cannot be sent.
    if (!Array.isArray(value) || length === undefined || length === 0) return undefined;
    const list = resized(value as unknown[], length);
    if (list === undefined || drafts.schemas.isValid(schema, list)) return undefined;
    if (list.length === 1 && drafts.schemas.isValidText(schema, String(list[0]))) return undefined;
    const fault = `${says} has ${list.length} items`;
    return { draft: { ...draft, values: draft.values.with(index, list) }, fault };
  };
}

function twice(drafts: Drafts, index: number, says: string): Plant {
  return function plant(draft) {
    const value = draft.values[index];
    if (value === undefined || typeof value === 'object') return undefined;
    const both = [value, value];
    if (isFitting(drafts, drafts.schemaAt(index), both.map(String), true)) return undefined;
    return { draft: { ...draft, values: draft.values.with(index, both) }, fault: `${says} is sent twice` };
  };
}

/** Whether texts are valid as one of the values that they may represent. */
function isFitting({ schemas }: Drafts, schema: JsonSchema, texts: readonly string[], isList: boolean): boolean {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined && schemas.isValidText(schema, only)) return true;
  if (!isList) return false;
  const lists = texts.reduce<unknown[][]>(
    (all, text) => all.flatMap((list) => valuesOf(text).map((value) => [...list, value])),
    [[]],
  );
  return lists.some((list) => schemas.isValid(schema, list));
}
