import type { CryptoKey } from 'jose';
import type { Jose } from './jose.ts';
import type { JWK, Key } from './key.ts';

/** One for each kind of key that PEM text may hold. */
const PEM_ALGORITHMS = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** A key as JWK, with its algorithm if it names one; throws a TypeError for one that cannot be read. */
export async function toJwk(key: Key, jose: typeof Jose): Promise<JWK> {
  if (typeof key === 'string') return jose.exportJWK(await fromPem(key.trim(), jose));
  return 'kty' in key ? key : jose.exportJWK(key as CryptoKey);
}

/** PEM text contains its kind of key, but the platform has to be told. */
async function fromPem(pem: string, jose: typeof Jose): Promise<CryptoKey> {
  const read = pem.includes('BEGIN PRIVATE')
    ? jose.importPKCS8
    : pem.includes('CERTIFICATE')
      ? jose.importX509
      : jose.importSPKI;
  for (const algorithm of PEM_ALGORITHMS) {
    try {
      return await read(pem, algorithm, { extractable: true });
    } catch {
      continue;
    }
  }
  throw new TypeError('The PEM text has no RSA, EC or Ed25519 key');
}
