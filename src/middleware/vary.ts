/** Adds a name to Vary (RFC 9110 §12.5.5) where it is missing. */
export function vary(headers: Headers, name: string): void {
  const names = (headers.get('Vary') ?? '').toLowerCase().split(/\s*,\s*/);
  if (!names.includes('*') && !names.includes(name.toLowerCase())) headers.append('Vary', name);
}
