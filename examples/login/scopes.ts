import { OAuth2Error } from 'portico';

/** The requested scopes, or all if none were requested; never more than may be granted (RFC 6749 §3.3). */
export function grantScopes(requested: readonly string[], grantable: readonly string[]): readonly string[] {
  if (!requested.every((scope) => grantable.includes(scope))) throw new OAuth2Error('invalid_scope');
  return requested.length > 0 ? requested : grantable;
}
