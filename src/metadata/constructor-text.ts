/** Strings, templates and comments, which may contain anything. */
const OPAQUE = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`|\/\*[^]*?\*\/|\/\/.*/g;

/** Whether a class has no constructor, or one that passes on its arguments, as mixins and compilers write it. */
export function handsOn(target: object): boolean {
  if (!isClassSyntax(target)) return false;
  const text = constructorText(target);
  if (text === undefined) return true;
  return /\bsuper\(\.\.\.arguments\)/.test(text) || /^\.\.\.([\w$]+)\s*\)[^]*\bsuper\(\s*\.\.\.\1\s*\)/.test(text);
}

/** Whether a class whose constructor counts no parameters has one with a default value. */
export function hasDefaults(target: object): boolean {
  const text = isClassSyntax(target) ? constructorText(target) : undefined;
  return text !== undefined && !text.startsWith(')') && !text.startsWith('.');
}

/** False for a class of the platform, and for one that was compiled to a function. */
export function isClassSyntax(target: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(target));
}

/** A class's text from the parameters of its own constructor on; a class within it has another. */
function constructorText(target: object): string | undefined {
  const text = Function.prototype.toString.call(target).replace(OPAQUE, ' ');
  let depth = 0;
  for (const { 0: found, index } of text.matchAll(/[{}]|(?<![.\w$])constructor\s*\(\s*/g)) {
    if (found === '{') depth += 1;
    else if (found === '}') depth -= 1;
    else if (depth === 1) return text.slice(index + found.length);
  }
  return undefined;
}
