import type { CryptoKey, JWK as NativeJWK } from 'jose';
import type { Jose } from './jose.ts';
import {
  algorithmOf,
  bytesOf,
  type JWK,
  type Key,
  type NativeKey,
  publicHalf,
  SYMMETRIC_ALGORITHM,
  toJwk,
} from './key.ts';

/** What signs tokens, and what they are verified with. */
export interface Signer {
  readonly jose: typeof Jose;
  readonly key: NativeKey | Uint8Array;
  readonly header: { readonly alg: string; readonly typ: string; readonly kid?: string };
  readonly keys: readonly JWK[];
}

/** RFC 9068 §2.1 */
const TYP = 'at+jwt';

export function secretSigner(secret: string | Uint8Array, jose: typeof Jose): Signer {
  return { jose, key: new Uint8Array(bytesOf(secret)), header: { alg: SYMMETRIC_ALGORITHM, typ: TYP }, keys: [] };
}

/** Keys are named by their thumbprints (RFC 7638) unless they have names. */
export async function readSigner(
  privateKey: Key,
  publicKey: Key | undefined,
  retired: readonly Key[],
  jose: typeof Jose,
): Promise<Signer> {
  const isNative = typeof privateKey === 'object' && 'algorithm' in privateKey;
  const shown = await toJwk(publicKey ?? privateKey, jose);
  const own = await named(shown, isNative ? algorithmOf(privateKey) : algorithmOf(shown), jose);
  const others: JWK[] = [];
  for (const key of retired) {
    const jwk = await toJwk(key, jose);
    others.push(await named(jwk, algorithmOf(jwk), jose));
  }
  return {
    jose,
    key: isNative ? privateKey : await importKey(await toJwk(privateKey, jose), jose),
    header: { alg: own.alg, typ: TYP, kid: own.kid },
    keys: [own, ...others],
  };
}

async function named(jwk: JWK, alg: string, jose: typeof Jose): Promise<JWK & { kid: string; alg: string }> {
  const kid = jwk.kid ?? (await jose.calculateJwkThumbprint(jwk as NativeJWK));
  return { ...publicHalf(jwk, alg), kid, alg };
}

/** Reads it once, and whole: a part that does not fit the others is found here. */
function importKey(jwk: JWK, jose: typeof Jose): Promise<CryptoKey | Uint8Array> {
  return jose.importJWK(jwk as NativeJWK, algorithmOf(jwk));
}
