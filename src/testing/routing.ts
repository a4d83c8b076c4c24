import type { DocumentedOperation } from './documented-operation.ts';

/** Whether a path that was made for an operation is one of another operation, whose path says more of it. */
export function leadsElsewhere(
  { path: own }: DocumentedOperation,
  target: string,
  all: readonly DocumentedOperation[],
): boolean {
  const segments = target.replace(/\?.*$/s, '').split('/').map(decoded);
  return all.some(({ path }) => path !== own && isMatching(path, segments) && isMoreSpecific(path, own));
}

/** The last variable may be one that takes the rest of the path, which the document does not say. */
function isMatching(path: string, segments: readonly string[]): boolean {
  const parts = path.split('/');
  const last = parts.length - 1;
  const isOpen = isVariable(parts[last]);
  if (isOpen ? segments.length < parts.length : segments.length !== parts.length) return false;
  return parts.every((part, index) => isVariable(part) || part === segments[index]);
}

/** A static segment beats a variable, the first one that differs. */
function isMoreSpecific(path: string, own: string): boolean {
  const others = own.split('/');
  for (const [index, part] of path.split('/').entries()) {
    if (isVariable(part) !== isVariable(others[index])) return isVariable(others[index]);
  }
  return false;
}

function isVariable(part = ''): boolean {
  return /^\{.+\}$/.test(part);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
