import type { DocumentedOperation } from './documented-operation.ts';

/** Whether a path generated for one operation is routed to another with a more specific path. */
export function leadsElsewhere(
  { path: own }: DocumentedOperation,
  target: string,
  all: readonly DocumentedOperation[],
): boolean {
  const segments = target.replace(/\?.*$/s, '').split('/').map(decoded);
  return all.some(({ path }) => path !== own && isMatching(path, segments) && isMoreSpecific(path, own));
}

/** The last variable may take the rest of the path, which the document does not say. */
function isMatching(path: string, segments: readonly string[]): boolean {
  const parts = path.split('/');
  const last = parts.length - 1;
  const isOpen = isVariable(parts[last]);
  if (isOpen ? segments.length < parts.length : segments.length !== parts.length) return false;
  return parts.every((part, index) => isVariable(part) || part === segments[index]);
}

/** The first segment that differs decides: a static one beats a variable. */
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
