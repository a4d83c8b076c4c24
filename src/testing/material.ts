import type { Arbitrary } from 'fast-check';
import type { Drafts } from './draft.ts';
import type { FastCheck } from './peers.ts';
import type { JsonSchema, Schemas } from './schemas.ts';

/** Values that may cause faults; the first that does is taken. */
export interface Material {
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
  /** Lengths just outside the bounds of lists. */
  readonly lengths: readonly number[];
  /** Where a value is changed. */
  readonly at: number;
}

/** The greatest length of a list that is one too long. */
const LONGEST = 1_000;

/** Values that are invalid for many schemas, and values just outside the bounds of a schema. */
export function materialsOf({ fc, schemas }: Drafts, schema: JsonSchema): Arbitrary<Material>[] {
  const lengths = [
    ...[...boundsOf(schema, schemas, /^minItems$/)].map((least) => least - 1),
    ...[...boundsOf(schema, schemas, /^maxItems$/)].map((most) => most + 1),
  ].filter((length) => length >= 0 && length <= LONGEST);
  const usual = made(
    fc,
    lengths,
    fc.oneof(
      fc.constantFrom('x', '-1', '0', '1.5', '99999999999', '!', 'true'),
      fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 }),
    ),
    fc.oneof(fc.constantFrom<unknown>('x', null, -1, 0, 1.5, true, '', [], {}), fc.jsonValue({ maxDepth: 1 })),
  );
  const bounds = boundsOf(schema, schemas, /^(?:min|max)(?:imum|Properties)$|^exclusiveM(?:in|ax)imum$/);
  const ofTexts = boundsOf(schema, schemas, /^(?:min|max)Length$/);
  const edges = [
    ...around(bounds),
    ...around(ofTexts).flatMap((length) => (length > 0 && length <= 20_000 ? ['x'.repeat(length)] : [])),
  ];
  if (edges.length === 0) return [usual];
  return [usual, made(fc, lengths, fc.constantFrom(...edges.map(String)), fc.constantFrom<unknown>(...edges))];
}

function made(
  fc: FastCheck,
  lengths: readonly number[],
  texts: Arbitrary<string>,
  values: Arbitrary<unknown>,
): Arbitrary<Material> {
  return fc.record({
    lengths: fc.shuffledSubarray([...lengths]),
    texts: fc.array(texts, { minLength: 1, maxLength: 6 }),
    values: fc.array(values, { minLength: 1, maxLength: 6 }),
    at: fc.nat({ max: 9_999 }),
  });
}

function around(bounds: ReadonlySet<number>): number[] {
  return [...bounds].flatMap((bound) => [bound - 1, bound + 1]);
}

/** The bounds of a schema and of all schemas that it refers to. */
function boundsOf(
  node: unknown,
  schemas: Schemas,
  keywords: RegExp,
  found = new Set<number>(),
  seen = new Set<unknown>(),
): ReadonlySet<number> {
  if (typeof node !== 'object' || node === null || seen.has(node)) return found;
  seen.add(node);
  for (const [keyword, value] of Object.entries(node)) {
    if (typeof value === 'number' && keywords.test(keyword)) {
      // Every integer has the bounds of safe integers.
      if (Math.abs(value) < Number.MAX_SAFE_INTEGER) found.add(value);
    } else if (keyword === '$ref' && typeof value === 'string')
      boundsOf(schemas.resolve({ $ref: value }), schemas, keywords, found, seen);
    else boundsOf(value, schemas, keywords, found, seen);
  }
  return found;
}

/** A list of another length, by leaving items out or repeating the last one; undefined if there is none to repeat. */
export function resized<V>(list: readonly V[], length: number): readonly V[] | undefined {
  const last = list.at(-1);
  if (length <= list.length) return list.slice(0, length);
  return last === undefined ? undefined : [...list, ...Array.from({ length: length - list.length }, () => last)];
}
