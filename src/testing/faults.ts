import type { Arbitrary } from 'fast-check';
import { type BodyDraft, type Draft, type Drafts, isJson } from './draft.ts';
import { wrongBody } from './faulty-body.ts';
import { type Material, materialOf } from './material.ts';
import { type JsonSchema, valuesOf } from './schemas.ts';
import { withoutSeparators } from './text.ts';

/** A request that is valid but for one thing. */
export interface FaultyDraft {
  readonly draft: Draft;
  /** What is wrong with it. */
  readonly fault: string;
  /** The same without the fault. */
  readonly base: Draft;
}

/** Puts one fault into a draft, if it can. */
type Plant = (draft: Draft, material: Material) => { draft: Draft; fault: string } | undefined;

/** Nearly valid requests; undefined where the document leaves nothing that could be wrong. */
export function faultsOf(drafts: Drafts, seed: number): Arbitrary<FaultyDraft | undefined> | undefined {
  const { fc } = drafts;
  const materials = materialOf(drafts);
  const faults = plantsOf(drafts).map((plant) =>
    fc.tuple(drafts.all(), materials).map(([base, material]): FaultyDraft | undefined => {
      const planted = drafts.isValid(base) ? plant(base, material) : undefined;
      return planted && { ...planted, base };
    }),
  );
  // Text that may be anything cannot be wrong.
  const able = faults.filter((fault) => fc.sample(fault, { seed, numRuns: 20 }).some((made) => made !== undefined));
  return able.length === 0 ? undefined : fc.oneof(...able);
}

function plantsOf(drafts: Drafts): Plant[] {
  const { parameters, body } = drafts.operation;
  const plants = parameters.flatMap((parameter, index): Plant[] => {
    const { in: place, name, required } = parameter;
    const says = `the ${place} parameter '${name}'`;
    return [
      ...(required === true && place !== 'path' ? [missing(index, `${says} is missing`)] : []),
      ...(parameter.content === undefined ? [wrongText(drafts, index, says)] : []),
      ...(place === 'query' && !drafts.isList(drafts.schemaAt(index)) ? [twice(drafts, index, says)] : []),
    ];
  });
  if (body === undefined) return plants;
  const replaced = (fault: string, of: (body: BodyDraft) => BodyDraft | undefined): Plant => {
    return (draft) => draft.body && { draft: { ...draft, body: of(draft.body) }, fault };
  };
  if (body.required === true) plants.push(replaced('the body is missing', () => undefined));
  plants.push(
    replaced('the body is of another media type', () => ({ mediaType: 'application/x-unknown', value: undefined, raw: 'x' })),
    function plant(draft, material) {
      const wrong = draft.body && wrongBody(drafts, draft.body, material);
      return wrong && { draft: { ...draft, body: wrong.body }, fault: wrong.fault };
    },
  );
  if (Object.keys(body.content).every(isJson)) {
    plants.push(replaced('the body is not JSON', ({ mediaType, value }) => ({ mediaType, value, raw: '{"' })));
  }
  return plants;
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
      const items = Array.isArray(value) ? value.map(String).slice(0, 3).with(at % Math.min(value.length, 3), withoutSeparators(text)) : [text];
      if (isFitting(drafts, schema, items, isList)) continue;
      const sent = Array.isArray(value) ? items : text;
      return { draft: { ...draft, values: draft.values.with(index, sent) }, fault: `${says} is ${JSON.stringify(sent)}` };
    }
    return undefined;
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

/** Whether texts are valid by one of the values that they may stand for. */
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
