import type { HeaderFields } from './errors.ts';

const shared = new WeakSet<readonly string[]>();

/** Marks headers that many replies share, so that an adapter may cache what it derives from them. */
export function share(headers: readonly string[]): readonly string[] {
  shared.add(headers);
  return headers;
}

export function areShared(headers: readonly string[]): boolean {
  return shared.has(headers);
}

/** Names with their values, of a list of names and values in turn. */
export function* pairsOf(headers: readonly string[]): Generator<readonly [string, string]> {
  for (let index = 0; index < headers.length; index += 2)
    yield [headers[index] as string, headers[index + 1] as string];
}

/** Where in a list of names and values a name, given in lower case, comes next; -1 if it does not. */
export function indexOfHeader(headers: readonly string[], name: string, from = 0): number {
  for (let index = from; index < headers.length; index += 2) {
    const header = headers[index] as string;
    if (header.length === name.length && header.toLowerCase() === name) return index;
  }
  return -1;
}

/** The first value of a header in a list of names and values in turn. */
export function headerIn(headers: readonly string[], name: string): string | undefined {
  const index = indexOfHeader(headers, name);
  return index === -1 ? undefined : headers[index + 1];
}

/** The list with these fields replacing its own of the same names. */
export function withFields(headers: readonly string[], fields: HeaderFields | undefined): readonly string[] {
  if (fields === undefined) return headers;
  // `Headers` refuses what would split a line, and joins only what may be joined.
  const added = [...new Headers(fields as [string, string][])];
  const names = new Set(added.map(([name]) => name));
  return [...without(headers, names), ...added.flat()];
}

/** The list without the headers of these names, given in lower case. */
export function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] as string;
    if (!names.has(name.toLowerCase())) kept.push(name, headers[index + 1] as string);
  }
  return kept;
}
