type Container = Readonly<Record<string, unknown>>;

/** Where and how a JSON file first differs from what it should be, as a JSON pointer (RFC 6901). */
export function firstDifference(onDisk: unknown, wanted: unknown, pointer = '#'): string | undefined {
  if (!isContainer(onDisk) || !isContainer(wanted) || Array.isArray(onDisk) !== Array.isArray(wanted)) {
    if (onDisk === wanted) return undefined;
    return `${pointer}: the file has ${excerpt(onDisk)}, the app ${excerpt(wanted)}`;
  }
  for (const key of new Set([...Object.keys(wanted), ...Object.keys(onDisk)])) {
    const inner = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!Object.hasOwn(onDisk, key)) return `${inner}: missing in the file`;
    if (!Object.hasOwn(wanted, key)) return `${inner}: only in the file`;
    const difference = firstDifference(onDisk[key], wanted[key], inner);
    if (difference !== undefined) return difference;
  }
  const inOrder = Object.keys(onDisk).join('\n') === Object.keys(wanted).join('\n');
  return inOrder ? undefined : `${pointer}: the keys are in a different order`;
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
