import type { Arbitrary } from 'fast-check';
import type { FastCheck } from './peers.ts';
import type { JsonSchema } from './schemas.ts';

/** No value of a schema can be made. */
export class Unmakeable extends Error {}

/** Integers within the bounds of a schema; throws `Unmakeable` if there are none. */
export function integersOf(fc: FastCheck, schema: JsonSchema): Arbitrary<number> {
  const step = numberOf(schema, 'multipleOf') ?? 1;
  const above = numberOf(schema, 'exclusiveMinimum');
  const below = numberOf(schema, 'exclusiveMaximum');
  const lowest = Math.max(
    numberOf(schema, 'minimum') ?? Number.MIN_SAFE_INTEGER,
    above === undefined ? Number.MIN_SAFE_INTEGER : Math.floor(above) + 1,
  );
  const highest = Math.min(
    numberOf(schema, 'maximum') ?? Number.MAX_SAFE_INTEGER,
    below === undefined ? Number.MAX_SAFE_INTEGER : Math.ceil(below) - 1,
  );
  const [min, max] = [Math.ceil(lowest / step), Math.floor(highest / step)];
  if (min > max) throw new Unmakeable('for a number within its bounds');
  const within = fc.integer({ min, max });
  const edges = [
    ...(lowest > Number.MIN_SAFE_INTEGER ? [min] : []),
    ...(highest < Number.MAX_SAFE_INTEGER ? [max] : []),
  ];
  return withEdges(
    fc,
    within,
    edges.map((edge) => fc.constant(edge)),
  ).map((count) => count * step);
}

/** Numbers within the bounds of a schema; throws `Unmakeable` if there are none. */
export function numbersOf(fc: FastCheck, schema: JsonSchema): Arbitrary<number> {
  const min = numberOf(schema, 'minimum') ?? numberOf(schema, 'exclusiveMinimum') ?? -1e9;
  const max = numberOf(schema, 'maximum') ?? numberOf(schema, 'exclusiveMaximum') ?? Math.max(min, 0) + 1e9;
  if (min > max) throw new Unmakeable('for a number within its bounds');
  const within = fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
  const edges = ['minimum', 'maximum'].flatMap((keyword) => numberOf(schema, keyword) ?? []);
  const arbitrary = withEdges(
    fc,
    within,
    edges.map((edge) => fc.constant(edge)),
  );
  const step = numberOf(schema, 'multipleOf');
  // JSON cannot represent minus zero, and its text is a different number.
  return arbitrary.map((number) => (step === undefined ? number : Math.round(number / step) * step) + 0);
}

/** Adds values at the very bounds, which chance seldom finds, and where a document is easily wrong by one. */
export function withEdges<V>(fc: FastCheck, within: Arbitrary<V>, edges: readonly Arbitrary<V>[]): Arbitrary<V> {
  const weight = Math.max(2, 2 * edges.length);
  return edges.length === 0 ? within : fc.oneof({ withCrossShrink: true }, { arbitrary: within, weight }, ...edges);
}

export function numberOf(schema: JsonSchema, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === 'number' ? value : undefined;
}
