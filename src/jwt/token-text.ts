const decoder = new TextDecoder();

/** The JSON text of a part of a signed token, header 0 or claims 1; throws if it is not base64url. */
export function partOf(token: string, index: 0 | 1): string {
  const base64 = (token.split('.')[index] as string).replaceAll('-', '+').replaceAll('_', '/');
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return decoder.decode(bytes);
}

/** The `kid` of a token; undefined if it has none or is opaque. */
export function kidOf(token: string): string | undefined {
  try {
    const { kid } = JSON.parse(partOf(token, 0)) as { readonly kid?: unknown };
    return typeof kid === 'string' ? kid : undefined;
  } catch {
    return undefined;
  }
}
