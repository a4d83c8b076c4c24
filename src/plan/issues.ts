import type { z } from 'zod';
import { RequestValidationError, type ValidationIssue } from '../http/errors.ts';
import { type Execution, FAILED } from './execution.ts';

/** A place in a request, and within a value of it: `["query", "tag", 0]`. */
export type Location = readonly (string | number)[];
type Issues = readonly z.core.$ZodIssue[];

/** Longer texts are cut: a message may quote all that was sent. */
const MAX_TEXT = 200;
const MAX_DEPTH = 4;
/** The share of 64 KiB for the issues of a response, whatever the error format puts around them. */
const MAX_BYTES = 60_000;
const encoder = new TextEncoder();

/** The issues in order of declaration, up to the limit; an issue that several inputs share appears once. */
export function refusalOf({ issues = [], exchange, json }: Execution): RequestValidationError {
  const placed = issues.toSorted((one, other) => one.order - other.order).map(({ issue }) => issue);
  return new RequestValidationError(boundedIssues(placed, exchange.limits.issues), json === FAILED ? undefined : json);
}

/** Turns zod's issues into ours, at most `limit`; `sent` is the value as the client sent it. */
export function issuesOf(issues: Issues, loc: Location, sent: unknown, limit: number): ValidationIssue[] {
  return new Reading(limit).read(issues, loc, sent, 0);
}

/** Distinct issues: no more than `limit`, and no more than fit a response of 64 KiB. */
export function boundedIssues(issues: readonly ValidationIssue[], limit: number): ValidationIssue[] {
  const seen = new Set<string>();
  const told: ValidationIssue[] = [];
  let left = MAX_BYTES;
  for (const issue of issues) {
    if (told.length >= limit) break;
    const text = JSON.stringify([issue.loc, issue.type, issue.msg]);
    if (seen.has(text)) continue;
    seen.add(text);
    left -= encoder.encode(JSON.stringify(issue)).length + 1;
    if (left < 0) {
      // There is always a reason, if only the place in short.
      if (told.length === 0) told.push({ type: issue.type, loc: issue.loc.slice(0, 2), msg: issue.msg });
      break;
    }
    told.push(issue);
  }
  return told;
}

/** One pass over a schema's issues, counting those of alternatives too. */
class Reading {
  #left: number;

  constructor(limit: number) {
    this.#left = limit;
  }

  read(issues: Issues, loc: Location, sent: unknown, depth: number): ValidationIssue[] {
    const read: ValidationIssue[] = [];
    for (const issue of issues) {
      if (this.#left <= 0) break;
      if (issue.code === 'unrecognized_keys') read.push(...this.#unknownKeys(issue, loc));
      else read.push(this.#issue(issue, loc, sent, depth));
    }
    return read;
  }

  #issue(issue: z.core.$ZodIssue, loc: Location, sent: unknown, depth: number): ValidationIssue {
    this.#left--;
    const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    const value = valueAt(sent, path);
    const place = [...loc, ...path];
    const type = value === undefined && issue.code.startsWith('invalid_') ? 'missing' : issue.code;
    const own = { type, loc: place.map(cut), msg: cut(issue.message), ...echo(place, value) };
    if (issue.code !== 'invalid_union' || issue.errors.length === 0 || depth >= MAX_DEPTH) return own;
    return { ...own, alternatives: issue.errors.map((errors) => this.read(errors, place, value, depth + 1)) };
  }

  /** One short issue for each key: zod's message lists them all. */
  #unknownKeys({ code, keys, path }: z.core.$ZodIssueUnrecognizedKeys, loc: Location): ValidationIssue[] {
    const place = [...loc, ...path.map((step) => (typeof step === 'symbol' ? String(step) : step))].map(cut);
    const told = keys.slice(0, this.#left);
    this.#left -= told.length;
    return told.map((key) => ({ type: code, loc: [...place, cut(key)], msg: cut(`Unrecognized key: "${key}"`) }));
  }
}

/** A text of at most 200 characters; what is cut ends in an ellipsis. */
function cut<T extends string | number>(value: T): T {
  return typeof value === 'string' && value.length > MAX_TEXT ? (`${value.slice(0, MAX_TEXT - 1)}…` as T) : value;
}

const SECRET = /pass|secret|token|auth|cookie|credential|api-?_?key|private|session|pin\b/i;

/**
 * The value that was sent, if repeating it helps and does no harm.
 *
 * Whole objects may contain secrets; cookies, authorization and values named like secrets are treated as secrets.
 */
function echo(loc: Location, value: unknown): { readonly input?: unknown } {
  if (loc[0] === 'cookie' || loc.some((step) => typeof step === 'string' && SECRET.test(step))) return {};
  if (typeof value === 'string') return { input: cut(value) };
  return typeof value === 'number' || typeof value === 'boolean' || value === null ? { input: value } : {};
}

function valueAt(value: unknown, path: Location): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
}
