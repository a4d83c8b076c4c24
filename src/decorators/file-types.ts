import { z, type ZodFile } from 'zod';

/**
 * A file of one of these media types or ranges, which are compared without parameters and without case (RFC 9110 §8.3.1).
 *
 * The type of an uploaded file is in lower case and has no parameters already.
 */
export function fileOfTypes(types: readonly string[]): ZodFile {
  const values = types.map((type) => type.replace(/[ \t]*;.*$/s, '').toLowerCase());
  const exact = new Set(values);
  const ranges = values
    .filter((type) => type.endsWith('/*'))
    .map((range) => (range === '*/*' ? '' : range.slice(0, -1)));
  return z
    .file()
    .check(({ value, issues }) => {
      const { type } = value;
      if (exact.has(type) || (type !== '' && ranges.some((range) => type.startsWith(range)))) return;
      issues.push({ code: 'invalid_value', values, input: type });
    })
    .meta({ contentMediaType: values.join(', ') });
}
