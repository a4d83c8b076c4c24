import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { Depends, dependency } from 'portico';
import { z } from 'zod';
import { type Settings, settings } from './settings.ts';

const ALGORITHM = 'ES256';

/** RFC 9068 §2.2 wants to know for which client; this program has one, which is its own and has no secret. */
const CLIENT_ID = 'first-party';

const Claims = z.object({ sub: z.string(), scope: z.string() });

// #region key
/** A key that is made at start ends every access token with the process: clients refresh. */
function privateKeyOf({ signingKey }: Settings): KeyObject {
  if (signingKey === undefined) return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const key = createPrivateKey(signingKey);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('SIGNING_KEY is not a key of EC P-256');
  return key;
}
// #endregion key

// #region tokens
/** Signs and verifies JWTs in the profile of RFC 9068. */
export class AccessTokens {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #settings: Settings;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#privateKey = privateKeyOf(settings);
    this.#publicKey = createPublicKey(this.#privateKey);
  }

  issue(username: string, scopes: readonly string[]): Promise<string> {
    const { issuer, audience, accessTokenSeconds } = this.#settings;
    return new SignJWT({ client_id: CLIENT_ID, scope: scopes.join(' ') })
      .setProtectedHeader({ alg: ALGORITHM, typ: 'at+jwt' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(username)
      .setIssuedAt()
      .setExpirationTime(`${accessTokenSeconds}s`)
      .setJti(randomUUID())
      .sign(this.#privateKey);
  }

  /** Whose token it is and what it allows; undefined for one that is not ours, not for us, or over. */
  async verify(token: string): Promise<{ username: string; scopes: string[] } | undefined> {
    const { issuer, audience } = this.#settings;
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, {
        algorithms: [ALGORITHM],
        typ: 'at+jwt',
        issuer,
        audience,
        requiredClaims: ['exp', 'sub', 'scope'],
      });
      const { sub, scope } = Claims.parse(payload);
      return { username: sub, scopes: scope.split(' ') };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}
// #endregion tokens

export const accessTokens = dependency({ settings: Depends(settings) }, ({ settings }) => new AccessTokens(settings), {
  lifetime: 'app',
  name: 'accessTokens',
});
