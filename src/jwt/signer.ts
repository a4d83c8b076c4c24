import type { CryptoKey, JWK as NativeJWK } from 'jose';
import type { Claims } from './claims.ts';
import { type Jose, loadJose } from './jose.ts';
import { algorithmOf, bytesOf, type JWK, type Key, publicHalf, SYMMETRIC_ALGORITHM } from './key.ts';
import { toJwk } from './key-jwk.ts';

/** Signs tokens, and has the keys to verify them. */
export interface Signer {
  readonly sign: (claims: Claims) => Promise<string>;
  readonly keys: readonly JWK[];
}

/** RFC 9068 §2.1 */
const TYP = 'at+jwt';

export async function secretSigner(secret: string | Uint8Array): Promise<Signer> {
  const jose = await loadJose();
  return { sign: signing(jose, new Uint8Array(bytesOf(secret)), { alg: SYMMETRIC_ALGORITHM }), keys: [] };
}

/** Keys without a `kid` are named by their thumbprints (RFC 7638). */
export async function readSigner(
  privateKey: Key,
  publicKey: Key | undefined,
  retired: readonly Key[],
): Promise<Signer> {
  const jose = await loadJose();
  const isNative = typeof privateKey === 'object' && 'algorithm' in privateKey;
  const shown = await toJwk(publicKey ?? privateKey, jose);
  const own = await named(shown, isNative ? algorithmOf(privateKey) : algorithmOf(shown), jose);
  const others: JWK[] = [];
  for (const key of retired) {
    const jwk = await toJwk(key, jose);
    others.push(await named(jwk, algorithmOf(jwk), jose));
  }
  const key = isNative ? (privateKey as CryptoKey) : await importKey(await toJwk(privateKey, jose), jose);
  return { sign: signing(jose, key, { alg: own.alg, kid: own.kid }), keys: [own, ...others] };
}

function signing(
  { SignJWT }: typeof Jose,
  key: CryptoKey | Uint8Array,
  header: { readonly alg: string; readonly kid?: string },
): Signer['sign'] {
  return (claims) => new SignJWT(claims).setProtectedHeader({ ...header, typ: TYP }).sign(key);
}

async function named(jwk: JWK, alg: string, jose: typeof Jose): Promise<JWK & { kid: string; alg: string }> {
  const kid = jwk.kid ?? (await jose.calculateJwkThumbprint(jwk as NativeJWK));
  return { ...publicHalf(jwk, alg), kid, alg };
}

/** Reads the key once and completely, so that halves that do not match are found here. */
function importKey(jwk: JWK, jose: typeof Jose): Promise<CryptoKey | Uint8Array> {
  return jose.importJWK(jwk as NativeJWK, algorithmOf(jwk));
}
