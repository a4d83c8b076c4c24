const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** What a body's bytes are as JSON: a value, or in words why they are none. */
export type Json = { readonly value: unknown; readonly fault?: undefined } | { readonly fault: string };

/**
 * Parses UTF-8 JSON nested at most `depth` levels, without keys that would reach a prototype.
 *
 * The fault is constant text: a parser's own message quotes the body, and that may hold a secret.
 */
export function parseJson(bytes: Uint8Array, depth: number): Json {
  try {
    const text = UTF8.decode(bytes);
    if (opensMoreThan(text, depth) && nestsDeeper(text, depth)) {
      return { fault: `The body is nested deeper than ${depth} levels` };
    }
    const value: unknown = JSON.parse(text);
    // `__proto__` and `prototype` have this in them, and an escape may spell either.
    if (text.includes('proto') || text.includes('\\u')) dropPrototypeKeys(value);
    return { value };
  } catch {
    return { fault: 'The body is not valid JSON' };
  }
}

/** Whether there are enough brackets for such a depth; most bodies need no closer look. */
function opensMoreThan(text: string, limit: number): boolean {
  let count = 0;
  for (const bracket of '[{') {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++count > limit) return true;
    }
  }
  return false;
}

/** Counts brackets outside strings; text that is not JSON may be miscounted, and is refused by the parser then. */
function nestsDeeper(text: string, limit: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (quoted) {
      if (code === 0x5c) index++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) {
      quoted = true;
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > limit) return true;
    } else if (code === 0x5d || code === 0x7d) {
      depth--;
    }
  }
  return false;
}

/**
 * `JSON.parse` makes `__proto__` an own key, which a later assignment or merge turns into a prototype; a merge of
 * `constructor.prototype` reaches one too.
 */
function dropPrototypeKeys(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  const object = value as Record<string, unknown>;
  if (Object.hasOwn(object, '__proto__')) delete object['__proto__'];
  const own = Object.hasOwn(object, 'constructor') ? object['constructor'] : undefined;
  if (typeof own === 'object' && own !== null && Object.hasOwn(own, 'prototype')) delete object['constructor'];
  for (const child of Object.values(object)) dropPrototypeKeys(child);
}
