import type { DocumentedOperation } from './documented-operation.ts';

/** The given headers, with more or less of the credentials among them. */
export interface Credentials {
  /** With those of the operation. */
  readonly own: Headers;
  readonly anonymous: Headers;
  /** With those of one alternative of its security, for each that has fewer than all of them. */
  readonly alternatives: readonly Headers[];
}

export function credentialsOf(
  { credentialHeaders, alternatives }: DocumentedOperation,
  all: readonly DocumentedOperation[],
  given: Readonly<Record<string, string>>,
): Credentials {
  const everybody = new Set(all.flatMap((operation) => operation.credentialHeaders));
  const withThose = (names: readonly string[]): Headers => {
    const headers = new Headers(given);
    for (const name of everybody) if (!names.includes(name)) headers.delete(name);
    return headers;
  };
  const own = withThose(credentialHeaders);
  const isGiven = (names: readonly string[]): boolean => names.length > 0 && names.every((name) => own.has(name));
  const sent = credentialHeaders.filter((name) => own.has(name)).length;
  const fewer = alternatives.filter((names) => isGiven(names) && names.length < sent);
  return { own, anonymous: withThose([]), alternatives: fewer.map(withThose) };
}
