/** Strings, templates and comments, which may contain anything. */
const OPAQUE = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`|\/\*[^]*?\*\/|\/\/.*/g;
const CONSTRUCTOR = /(?<![.\w$])constructor\s*\(\s*(.)/;

/** Whether a class has no constructor, or one that passes on its arguments, as mixins and compilers write it. */
export function handsOn(target: object): boolean {
  const text = classText(target);
  if (text === undefined) return false;
  return (
    !CONSTRUCTOR.test(text) ||
    /\bsuper\(\.\.\.arguments\)/.test(text) ||
    /\bconstructor\s*\(\s*\.\.\.([\w$]+)\s*\)[^]*\bsuper\(\s*\.\.\.\1\s*\)/.test(text)
  );
}

/** Whether a class whose constructor counts no parameters has one with a default value. */
export function hasDefaults(target: object): boolean {
  const [, first] = CONSTRUCTOR.exec(classText(target) ?? '') ?? [];
  return first !== undefined && first !== ')' && first !== '.';
}

/** False for a class of the platform, and for one that was compiled to a function. */
export function isClassSyntax(target: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(target));
}

function classText(target: object): string | undefined {
  return isClassSyntax(target) ? Function.prototype.toString.call(target).replace(OPAQUE, ' ') : undefined;
}
