import { z } from 'zod';
import type { Direction, JsonSchema } from './schema.ts';

interface Check {
  readonly check: string;
  readonly pattern?: RegExp;
  readonly format?: string;
  readonly tx?: (text: string) => unknown;
}

/** Formats that name checks of zod's own and mean nothing to anybody else. */
const NO_FORMATS = new Set(['regex', 'includes', 'starts_with', 'ends_with', 'lowercase', 'uppercase', 'json_string']);
/** Formats whose pattern refuses what zod accepts: an embedded IPv4 address (RFC 4291 §2.2). */
const NARROW_PATTERNS = new Set(['ipv6', 'cidrv6']);
/** Formats that a text keeps when it is trimmed or changes case. */
const KEPT_FORMATS = new Set(['email', 'uuid', 'guid', 'ipv4', 'ipv6']);
/** Escapes that mean something else, or nothing, without `u`; JSON Schema's patterns have `u` (2020-12 §6.4). */
const OTHER_WITH_UNICODE = /\\(?:[pPk]|u\{)/;
const SYNTAX = /\\([^$^\\.*+?()[\]{}|/bBdDsSwWcfnrtvxu0-9])/g;

/** Describes a text as it is sent: `input` before zod has rewritten it, `output` afterwards. */
export function correctText(schema: z.core.$ZodType, json: JsonSchema, direction: Direction): void {
  const checks = checksOf(schema);
  if (checks.length === 0 && json.pattern === undefined) return;
  // A refinement of a named schema leaves the format to that schema.
  const before = json.format ?? (schema._zod.def as { format?: string }).format;
  if (checks.some(isRewriting)) documentUnwritten(schema, json, checks, direction);
  if (json.format !== undefined && NO_FORMATS.has(json.format)) delete json.format;
  if (json.pattern !== undefined || json.allOf !== undefined) correctPatterns(json, checks.map(definitionOf), before);
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

/** Checks before and after a `trim()` or the like apply to different texts. */
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

/** A text that is long enough after trimming was long enough before. */
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

const patterns = new Map<string, string | undefined>();

/** A regular expression as JSON Schema reads it; undefined if it cannot mean the same. */
export function patternOf(source: string, flags: string): string | undefined {
  const key = `${flags}/${source}`;
  if (!patterns.has(key)) patterns.set(key, readPattern(source, flags));
  return patterns.get(key);
}

function readPattern(source: string, flags: string): string | undefined {
  if (/[imsvy]/.test(flags)) return undefined;
  const isUnicode = flags.includes('u');
  if (!isUnicode && OTHER_WITH_UNICODE.test(source)) return undefined;
  // `\-` and the like are errors with `u`, except within brackets.
  for (const pattern of isUnicode ? [source] : [source, source.replaceAll(SYNTAX, '$1')]) {
    try {
      // oxlint-disable-next-line no-new -- it throws for an invalid pattern
      new RegExp(pattern, 'u');
      return pattern;
    } catch {
      // The next character may be one.
    }
  }
  return undefined;
}
