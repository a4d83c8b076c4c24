import type { Arbitrary } from 'fast-check';
import { FORMATS } from './formats.ts';
import { numberOf, withEdges } from './numbers.ts';
import type { FastCheck } from './peers.ts';
import { expressionOf, type JsonSchema } from './schemas.ts';

/** Where a value is sent, which limits what its string can be. */
export type Place = 'path' | 'query' | 'header' | 'cookie' | 'form' | 'json';

/** The greatest length that is tried because it is a bound. */
const LONGEST = 1_000;

/** Separators of list items, which must not occur within an item. */
const SEPARATORS = /[ ,|]/g;

/** Strings that a schema describes and that can be sent in a place. */
export function stringsOf(fc: FastCheck, schema: JsonSchema, place: Place): Arbitrary<string> {
  const format = FORMATS.get(schema.format ?? '')?.arbitrary(fc);
  const pattern = typeof schema['pattern'] === 'string' ? matching(fc, schema['pattern']) : undefined;
  if (format !== undefined && pattern !== undefined) return fc.oneof(format, pattern);
  if (format !== undefined || pattern !== undefined) return (format ?? pattern) as Arbitrary<string>;
  const minLength = Math.max(numberOf(schema, 'minLength') ?? 0, place === 'json' || place === 'query' ? 0 : 1);
  const maxLength = Math.max(minLength, Math.min(numberOf(schema, 'maxLength') ?? minLength + 12, minLength + 12));
  if (schema['contentEncoding'] === 'base64') return fc.base64String({ minLength, maxLength });
  const edges = [numberOf(schema, 'minLength') ?? 0, numberOf(schema, 'maxLength') ?? 0]
    .filter((length) => length > 0 && length <= LONGEST)
    .map((length) => textsOf(fc, { minLength: length, maxLength: length }, place));
  return withEdges(fc, textsOf(fc, { minLength, maxLength }, place), edges);
}

interface Lengths {
  readonly minLength: number;
  readonly maxLength: number;
}

function textsOf(fc: FastCheck, lengths: Lengths, place: Place): Arbitrary<string> {
  if (place === 'header') return ascii(fc, lengths);
  const plain = fc.string({ ...lengths, unit: 'grapheme-ascii' });
  const texts = fc.oneof(plain, fc.string({ ...lengths, unit: 'grapheme' }));
  // A URL cannot have a segment of one or two dots (WHATWG URL, 4.3).
  if (place === 'path') return texts.map((text) => text.replace(/^\.{1,2}$/, '-'));
  return place === 'json' ? fc.oneof(texts, fc.string({ ...lengths, unit: 'binary' })) : texts;
}

/** Items of a list that is sent as text. */
export function withoutSeparators(text: string): string {
  return text.replace(SEPARATORS, '-');
}

/** A header's value is trimmed, and fetch accepts only Latin-1 (RFC 9110, section 5.5). */
function ascii(fc: FastCheck, lengths: Lengths): Arbitrary<string> {
  return fc.string({ ...lengths, unit: 'grapheme-ascii' }).map((text) => text.replace(/^ | $/g, '-'));
}

/** A pattern that fast-check does not support, such as a look-ahead, gives nothing. */
function matching(fc: FastCheck, pattern: string): Arbitrary<string> | undefined {
  try {
    return fc.stringMatching(expressionOf(pattern), { size: 'small' });
  } catch {
    return undefined;
  }
}
