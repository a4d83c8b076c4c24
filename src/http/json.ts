const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** The result of parsing JSON: a value, or in words why the text is not JSON. */
export type Json = { readonly value: unknown; readonly fault?: undefined } | { readonly fault: string };

/**
 * Parses UTF-8 JSON nested at most `depth` levels, without keys that would reach a prototype; as it is if none is given.
 *
 * Nesting is looked at once all is parsed: the platform's parser needs no stack for it, and a megabyte of brackets takes it
 * about 60 ms, five times as long as one of numbers. To look before would cost every body, and `limits.body` bounds both.
 *
 * The fault is constant text: a parser's own message quotes the body, and that may hold a secret.
 */
export function parseJson(bytes: Uint8Array, depth: number | undefined, what = 'body'): Json {
  try {
    const value: unknown = JSON.parse(UTF8.decode(bytes));
    return depth === undefined ? { value } : bounded(value, depth, what);
  } catch {
    return { fault: `The ${what} is not valid JSON` };
  }
}

/** The same for text; `what` names it in the fault. */
export function parseJsonText(text: string, depth: number, what: string): Json {
  try {
    return bounded(JSON.parse(text), depth, what);
  } catch {
    return { fault: `The ${what} is not valid JSON` };
  }
}

function bounded(value: unknown, depth: number, what: string): Json {
  if (typeof value !== 'object' || value === null || fits(value as Record<string, unknown>, depth)) return { value };
  return { fault: `The ${what} is nested deeper than ${depth} levels` };
}

/**
 * Drops the keys that would reach a prototype, and returns whether there are at most `depth` levels.
 *
 * `JSON.parse` makes `__proto__` an own key, which a later assignment or merge turns into a prototype; a merge of
 * `constructor.prototype` reaches one too. The parsed value is walked once, no deeper than allowed: looking for
 * brackets in the text instead takes as long as parsing does at 10 kB.
 */
function fits(value: Record<string, unknown> | readonly unknown[], depth: number): boolean {
  if (depth === 0) return false;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const item: unknown = value[index];
      if (typeof item === 'object' && item !== null && !fits(item as Record<string, unknown>, depth - 1)) return false;
    }
    return true;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const member = object[key];
    if (key === '__proto__') delete object[key];
    else if (typeof member === 'object' && member !== null) {
      if (key === 'constructor' && Object.hasOwn(member, 'prototype')) delete object[key];
      else if (!fits(member as Record<string, unknown>, depth - 1)) return false;
    }
  }
  return true;
}
