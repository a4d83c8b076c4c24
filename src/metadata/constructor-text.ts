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

/** Undefined for a class that was compiled to a function. */
function classText(target: object): string | undefined {
  const source = Function.prototype.toString.call(target);
  return /^class\b/.test(source) ? source.replace(OPAQUE, ' ') : undefined;
}
