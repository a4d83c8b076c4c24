/** Levels of nested objects and lists. */
const DEEPEST = 32;

/** Whether a value is nested no deeper than is safe to walk. */
export function isShallow(value: unknown, levels: number = DEEPEST): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((child) => isShallow(child, levels - 1));
}

const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;

/**
 * Whether no object of a JSON text has duplicate members; `value` is the parsed text, and shallow.
 *
 * Some parsers keep the last of two members and others the first, so another reader of a token could see what was not
 * verified here (RFC 7519 §4, RFC 8259 §4).
 */
export function hasUniqueNames(text: string, value: unknown): boolean {
  return writtenNames(text) === countNames(value);
}

/** A colon outside of strings follows a name. */
function writtenNames(text: string): number {
  let names = 0;
  let inString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) inString = !inString;
    else if (code === BACKSLASH) at++;
    else if (code === COLON && !inString) names++;
  }
  return names;
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children = Object.values(value);
  return children.reduce((sum: number, child) => sum + countNames(child), Array.isArray(value) ? 0 : children.length);
}
