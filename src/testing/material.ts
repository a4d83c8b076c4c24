import type { Arbitrary } from 'fast-check';
import type { Drafts } from './draft.ts';
import type { JsonSchema } from './schemas.ts';

/** What faults are made of; the first that makes one is taken. */
export interface Material {
  readonly texts: readonly string[];
  readonly values: readonly unknown[];
  /** Where a value is changed. */
  readonly at: number;
}

/** What is wrong for many schemas, and what lies just outside of the bounds of these. */
export function materialOf({ fc, operation, schemas }: Drafts): Arbitrary<Material> {
  const bounds = boundsOf([operation.parameters, operation.body, schemas.document.components?.schemas]);
  const numbers = bounds.flatMap((bound) => [bound - 1, bound + 1]);
  const lengths = [...new Set(bounds.flatMap((bound) => [bound - 1, bound + 1]))];
  const long = lengths.filter((length) => Number.isInteger(length) && length > 0 && length <= 20_000).slice(0, 50);
  const texts = fc.oneof(
    fc.constantFrom('x', '-1', '0', '1.5', '99999999999', '!', 'true', ...numbers.map(String)),
    fc.constantFrom(...long, 2).map((length) => 'x'.repeat(length)),
    fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 }),
  );
  const values = fc.oneof(
    fc.constantFrom<unknown>('x', null, -1, 0, 1.5, true, '', [], {}, ...numbers),
    fc.constantFrom(...long, 2).map((length) => 'x'.repeat(length)),
    fc.jsonValue({ maxDepth: 1 }),
  );
  return fc.record({
    texts: fc.array(texts, { minLength: 1, maxLength: 6 }),
    values: fc.array(values, { minLength: 1, maxLength: 6 }),
    at: fc.nat({ max: 9_999 }),
  });
}

const BOUND = /^(?:min|max)(?:imum|Length|Items|Properties)$|^exclusiveM(?:in|ax)imum$/;

function boundsOf(node: unknown): number[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node as JsonSchema).flatMap(([keyword, value]) =>
    typeof value === 'number' && BOUND.test(keyword) ? [value] : boundsOf(value),
  );
}
