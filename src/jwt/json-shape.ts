/** Levels of objects and lists within each other. */
const DEEPEST = 32;

/** Whether a value is nested no deeper than what walks it can bear. */
export function isShallow(value: unknown, levels: number = DEEPEST): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((child) => isShallow(child, levels - 1));
}

/** The strings of a JSON text, each with the colon that makes it a name. */
const STRINGS = /"(?:[^"\\]|\\.)*"\s*(:)?/g;

/**
 * Whether every object of a JSON text names each of its members once; `value` is what the text was parsed to, and shallow.
 *
 * A parser keeps the last of two members and another one the first, so that a second reader of a token sees what was
 * not verified here (RFC 7519 §4, RFC 8259 §4).
 */
export function hasUniqueNames(text: string, value: unknown): boolean {
  let written = 0;
  for (const [, colon] of text.matchAll(STRINGS)) if (colon !== undefined) written++;
  return written === countNames(value);
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children = Object.values(value);
  return children.reduce((sum: number, child) => sum + countNames(child), Array.isArray(value) ? 0 : children.length);
}
