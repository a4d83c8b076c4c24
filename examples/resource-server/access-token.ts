import { errors, jwtVerify, type JWTVerifyOptions } from 'jose';
import { z } from 'zod';
import type { KeySet } from './key-set.ts';
import { ISSUER, RESOURCE } from './settings.ts';

// #region verify
const RULES: JWTVerifyOptions = {
  algorithms: ['RS256', 'ES256'],
  typ: 'at+jwt',
  issuer: ISSUER,
  audience: RESOURCE,
  requiredClaims: ['exp'],
  // Seconds by which two clocks may differ.
  clockTolerance: 5,
};

const Claims = z.object({ sub: z.string(), client_id: z.string(), scope: z.string().default('') });

/** What a valid token says. */
export interface AccessToken {
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: ReadonlySet<string>;
}

/** Verifies a JWT access token (RFC 9068 §4); throws a JOSEError for one that is not valid here. */
export async function verifyAccessToken(token: string, keys: KeySet): Promise<AccessToken> {
  const { payload } = await jwtVerify(token, keys.find, RULES);
  const { success, data } = Claims.safeParse(payload);
  if (!success) throw new errors.JWTInvalid('Not the claims of an access token');
  return { subject: data.sub, clientId: data.client_id, scopes: new Set(data.scope.split(' ')) };
}
// #endregion verify
