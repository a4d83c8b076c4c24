import { z } from 'zod';
import type { Direction, JsonSchema } from './schema.ts';

interface Check {
  readonly check: string;
  readonly pattern?: RegExp;
  readonly format?: string;
  readonly tx?: (text: string) => unknown;
}

/** Formats by which zod names a check of its own, and that say nothing to anybody else. */
const NO_FORMATS = new Set(['regex', 'includes', 'starts_with', 'ends_with', 'lowercase', 'uppercase', 'json_string']);
/** Formats of which the pattern refuses what zod takes: an IPv4 address within (RFC 4291 §2.2). */
const NARROW_PATTERNS = new Set(['ipv6', 'cidrv6']);
/** Formats that a text keeps when it is trimmed, or written in other letters. */
const KEPT_FORMATS = new Set(['email', 'uuid', 'guid', 'ipv4', 'ipv6']);
/** Without `u` they mean something else, or nothing; JSON Schema's patterns have `u` (2020-12 §6.4). */
const OTHER_WITH_UNICODE = /\\(?:[pPk]|u\{)/;
const SYNTAX = /\\([^$^\\.*+?()[\]{}|/bBdDsSwWcfnrtvxu0-9])/g;

/** Says of a text what is true of it as it is sent: `input` before zod has rewritten it, `output` afterwards. */
export function correctText(schema: z.core.$ZodType, json: JsonSchema, direction: Direction): void {
  const checks = checksOf(schema);
  if (checks.length === 0 && json.pattern === undefined) return;
  const before = json.format;
  if (checks.some(isRewriting)) documentUnwritten(schema, json, checks, direction);
  if (json.format !== undefined && NO_FORMATS.has(json.format)) delete json.format;
  correctPatterns(json, checks.map(definitionOf), before);
}

function checksOf(schema: z.core.$ZodType): readonly z.core.$ZodCheck[] {
  const { checks = [] } = schema._zod.def as { checks?: readonly z.core.$ZodCheck[] };
  // A format is its own first check.
  return schema._zod.traits.has('$ZodCheck') ? [schema as unknown as z.core.$ZodCheck, ...checks] : checks;
}

function definitionOf(check: z.core.$ZodCheck): Check {
  return check._zod.def;
}

function isRewriting(check: z.core.$ZodCheck): boolean {
  return definitionOf(check).check === 'overwrite';
}

/** What is checked on one side of a `trim()` or its like is checked of another text than the one on the other side. */
function documentUnwritten(
  schema: z.core.$ZodType,
  json: JsonSchema,
  checks: readonly z.core.$ZodCheck[],
  direction: Direction,
): void {
  const first = checks.findIndex(isRewriting);
  const last = checks.findLastIndex(isRewriting);
  const said =
    direction === 'input' ? [...checks.slice(0, first), ...sinceTrimmed(checks, first)] : checks.slice(last + 1);
  const { format = '' } = json;
  const keepsFormat = direction === 'output' && KEPT_FORMATS.has(format) && checks[0] === (schema as unknown);
  const kept = keepsFormat && checks[0] !== undefined ? [checks[0], ...said] : said;
  for (const key of ['minLength', 'maxLength', 'pattern', 'format', 'contentEncoding', 'allOf'] as const)
    delete json[key];
  const {
    $schema: _,
    '~standard': __,
    ...rest
  } = z.toJSONSchema(z.string().check(...(kept as z.core.$ZodCheck<string>[])));
  Object.assign(json, rest);
}

/** A text that is long enough when it has been trimmed was so before. */
function sinceTrimmed(checks: readonly z.core.$ZodCheck[], first: number): readonly z.core.$ZodCheck[] {
  const rewriting = checks.filter(isRewriting).map(definitionOf);
  if (!rewriting.every(({ tx }) => tx !== undefined && isTrim(tx))) return [];
  return checks.slice(first).filter((check) => definitionOf(check).check === 'min_length');
}

function isTrim(rewrite: (text: string) => unknown): boolean {
  try {
    return rewrite(' Ab c ') === 'Ab c' && rewrite('\t ') === '' && rewrite('') === '';
  } catch {
    return false;
  }
}

function correctPatterns(json: JsonSchema, checks: readonly Check[], format: string | undefined): void {
  const flags = new Map(
    checks.flatMap(({ pattern }) => (pattern === undefined ? [] : [[pattern.source, pattern.flags]])),
  );
  const isPositioned = (source: string): boolean => format === 'includes' && source.startsWith('^.{');
  const correct = (source: string): string | undefined => {
    if (isPositioned(source) || NARROW_PATTERNS.has(format ?? '')) return undefined;
    return patternOf(source, flags.get(source) ?? '');
  };
  if (json.pattern !== undefined) replace(json, correct(json.pattern));
  if (json.allOf === undefined) return;
  const parts = json.allOf.flatMap((part) => {
    if (part.pattern === undefined) return [part];
    const pattern = correct(part.pattern);
    return pattern === undefined ? [] : [{ ...part, pattern }];
  });
  if (parts.length === 0) delete json.allOf;
  else json.allOf = parts;
}

function replace(json: JsonSchema, pattern: string | undefined): void {
  if (pattern === undefined) delete json.pattern;
  else json.pattern = pattern;
}

/** A regular expression as JSON Schema reads it; undefined where it cannot say the same. */
export function patternOf(source: string, flags: string): string | undefined {
  if (/[imsvy]/.test(flags)) return undefined;
  const isUnicode = flags.includes('u');
  if (!isUnicode && OTHER_WITH_UNICODE.test(source)) return undefined;
  // `\-` and its like are mistakes with `u`; within brackets they are not.
  for (const pattern of isUnicode ? [source] : [source, source.replaceAll(SYNTAX, '$1')]) {
    try {
      // oxlint-disable-next-line no-new -- it throws where it is none
      new RegExp(pattern, 'u');
      return pattern;
    } catch {
      // The next may be one.
    }
  }
  return undefined;
}
