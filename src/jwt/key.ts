/** A JSON Web Key (RFC 7517 §4). */
export interface JWK {
  readonly kty?: string | undefined;
  readonly kid?: string | undefined;
  readonly alg?: string | undefined;
  readonly use?: string | undefined;
  readonly key_ops?: readonly string[] | undefined;
  readonly ext?: boolean | undefined;
  readonly crv?: string | undefined;
  readonly x?: string | undefined;
  readonly y?: string | undefined;
  readonly n?: string | undefined;
  readonly e?: string | undefined;
  readonly d?: string | undefined;
  readonly p?: string | undefined;
  readonly q?: string | undefined;
  readonly dp?: string | undefined;
  readonly dq?: string | undefined;
  readonly qi?: string | undefined;
  readonly k?: string | undefined;
  readonly pub?: string | undefined;
  readonly priv?: string | undefined;
  readonly x5c?: readonly string[] | undefined;
  readonly x5t?: string | undefined;
  readonly 'x5t#S256'?: string | undefined;
  readonly x5u?: string | undefined;
}

/** A JSON Web Key Set (RFC 7517 §5). */
export interface JWKSet {
  readonly keys: readonly JWK[];
}

/** A `CryptoKey` of the Web Crypto API, whichever declarations it comes from. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** A `KeyObject` of Node's `node:crypto`. */
export interface KeyObjectLike {
  readonly type: string;
  readonly export: (...options: never[]) => unknown;
}

/** A key: a `CryptoKey`, a JWK, PEM text, or a `KeyObject` of Node. */
export type Key = CryptoKeyLike | JWK | string | KeyObjectLike;

export const SYMMETRIC_ALGORITHM = 'HS256';
/** RFC 8725 §3.1: the verifier decides which algorithms tokens may be signed with. */
export const ASYMMETRIC_ALGORITHMS: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
};
/** RFC 7518 §3.3 */
const SHORTEST_MODULUS = 2_048;
/** RFC 7518 §3.2: as long as the output of the hash. */
const SHORTEST_SECRET = 32;

/** What is wrong with a key that verifies (`public`) or signs (`private`), in words; undefined if nothing is. */
export function keyFault(key: unknown, kind: 'public' | 'private'): string | undefined {
  if (typeof key === 'string') return pemFault(key, kind);
  if (typeof key !== 'object' || key === null) return 'is not a key';
  const tag = (key as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (tag === 'CryptoKey' || tag === 'KeyObject') return nativeFault(key as CryptoKeyLike, kind);
  return 'kty' in key ? jwkFault(key as JWK, kind) : 'is not a key';
}

function pemFault(pem: string, kind: 'public' | 'private'): string | undefined {
  const [, label] = /^\s*-----BEGIN ([A-Z0-9 ]+)-----/.exec(pem) ?? [];
  if (label === undefined) return 'is text that is not PEM; a shared secret is given as `secret`';
  if (kind === 'private')
    return label === 'PRIVATE KEY' ? undefined : `is PEM of a ${label}, not of a PRIVATE KEY (PKCS #8)`;
  if (label === 'PUBLIC KEY' || label === 'CERTIFICATE') return undefined;
  return `is PEM of a ${label}, not of a PUBLIC KEY or a CERTIFICATE`;
}

function nativeFault(key: CryptoKeyLike, kind: 'public' | 'private'): string | undefined {
  if (key.type !== kind) return `is a ${key.type} key, not a ${kind} one`;
  const { algorithm, asymmetricKeyDetails } = key as { algorithm?: object; asymmetricKeyDetails?: object };
  const { modulusLength } = { ...algorithm, ...asymmetricKeyDetails } as { modulusLength?: number };
  return modulusLength !== undefined && modulusLength < SHORTEST_MODULUS ? shortModulus(modulusLength) : undefined;
}

function jwkFault(jwk: JWK, kind: 'public' | 'private'): string | undefined {
  if (jwk.kty === 'oct') return 'is symmetric; a shared secret is given as `secret`';
  const isPrivate = jwk.d !== undefined || jwk.priv !== undefined;
  if (isPrivate !== (kind === 'private')) return `is a ${isPrivate ? 'private' : 'public'} key, not a ${kind} one`;
  const bits = jwk.kty === 'RSA' ? Math.floor((String(jwk.n).length * 6) / 8) * 8 : SHORTEST_MODULUS;
  return bits < SHORTEST_MODULUS ? shortModulus(bits) : undefined;
}

function shortModulus(bits: number): string {
  return `has a modulus of ${bits} bits; at least ${SHORTEST_MODULUS} are required (RFC 7518 §3.3)`;
}

/** What is wrong with a shared secret. */
export function secretFault(secret: unknown): string | undefined {
  if (typeof secret !== 'string' && !(secret instanceof Uint8Array)) return 'is neither a string nor bytes';
  const { length } = bytesOf(secret);
  return length < SHORTEST_SECRET
    ? `has ${length} bytes; at least ${SHORTEST_SECRET} are required (RFC 7518 §3.2)`
    : undefined;
}

export function bytesOf(secret: string | Uint8Array): Uint8Array {
  return typeof secret === 'string' ? new TextEncoder().encode(secret) : secret;
}

/** The algorithm of a key: the one it names, else the usual one for its kind. */
export function algorithmOf(key: JWK | CryptoKeyLike): string {
  if ('algorithm' in key) return algorithmOfNative(key.algorithm);
  const algorithm = key.alg ?? (key.kty === 'RSA' ? 'RS256' : CURVE_ALGORITHMS[key.crv ?? '']);
  if (algorithm === undefined) throw new TypeError(`No signatures are made with a key of kind '${key.kty} ${key.crv}'`);
  return algorithm;
}

interface NativeAlgorithm {
  readonly name: string;
  readonly hash?: { readonly name: string };
  readonly namedCurve?: string;
}

function algorithmOfNative({ name, hash, namedCurve }: NativeAlgorithm): string {
  const bits = hash?.name.replace('SHA-', '') ?? '';
  const algorithm =
    name === 'RSASSA-PKCS1-v1_5'
      ? `RS${bits}`
      : name === 'RSA-PSS'
        ? `PS${bits}`
        : CURVE_ALGORITHMS[namedCurve ?? name];
  if (algorithm === undefined) throw new TypeError(`No signatures are made with a key for '${name}'`);
  return algorithm;
}

/** The public half, which is all that may be published. */
export function publicHalf({ kty, kid, crv, x, y, n, e, pub }: JWK, alg: string): JWK {
  const all: JWK = { kty, kid, crv, x, y, n, e, pub, alg, use: 'sig' };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as JWK;
}
