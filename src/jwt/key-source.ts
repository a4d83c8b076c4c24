import type { CryptoKey, FlattenedJWSInput, JSONWebKeySet, JWSHeaderParameters } from 'jose';
import { Fetched, type FetchedOptions } from './fetched.ts';
import { endpointOf, fetchMetadata } from './identity-provider.ts';
import type { Jose } from './jose.ts';
import { fetchJson, ProviderFault } from './json-request.ts';
import { algorithmOf, bytesOf, type CryptoKeyLike, type JWKSet, type Key } from './key.ts';
import { toJwk } from './key-jwk.ts';
import type { Tell } from './refusal.ts';

/** Finds the key of a token. Throws the errors of `jose` for no key or several keys, and Unavailable. */
export interface KeySource {
  find(header: JWSHeaderParameters, token: FlattenedJWSInput, tell: Tell): Promise<CryptoKey | Uint8Array>;
}

type Lookup = ReturnType<typeof Jose.createLocalJWKSet>;

/** Used for HS256 only. */
export function secretSource(secret: string | Uint8Array): KeySource {
  const bytes = new Uint8Array(bytesOf(secret));
  return { find: async () => bytes };
}

/** Given keys, found by the `kid` of a token; throws for one that cannot be used. */
export async function jwksSource(jwks: JWKSet, jose: typeof Jose): Promise<KeySource> {
  const lookUp = jose.createLocalJWKSet(jwks as JSONWebKeySet);
  for (const key of jwks.keys) await jose.importJWK(key as JSONWebKeySet['keys'][number], algorithmOf(key));
  return { find: (header, token) => lookUp(header, token) };
}

/** One given key, used whatever `kid` a token names. */
export async function publicKeySource(key: Key, jose: typeof Jose): Promise<KeySource> {
  if (typeof key === 'object' && 'algorithm' in key && !key.extractable) return nativeSource(key, jose);
  const { kid: _kid, ...jwk } = await toJwk(key, jose);
  const source = await jwksSource({ keys: [jwk] }, jose);
  return { find: ({ kid: _named, ...header }, token, tell) => source.find(header, token, tell) };
}

function nativeSource(key: CryptoKeyLike, jose: typeof Jose): KeySource {
  const own = algorithmOf(key);
  return {
    async find({ alg }) {
      if (alg === own || (own === 'EdDSA' && alg === 'Ed25519')) return key as CryptoKey;
      throw new jose.errors.JWKSNoMatchingKey();
    },
  };
}

/** The keys that a provider publishes; an unknown `kid` triggers another fetch. */
export class PublishedKeys implements KeySource {
  readonly #jose: typeof Jose;
  readonly #keys: Fetched<Lookup>;

  /** `locate` finds the URL of the keys. */
  constructor(
    locate: () => Promise<string>,
    jose: typeof Jose,
    options: FetchedOptions & { readonly timeout: number },
  ) {
    this.#jose = jose;
    const fetchKeys = async (): Promise<Lookup> => this.#read(await fetchJson(await locate(), options.timeout));
    this.#keys = new Fetched(fetchKeys, 'the keys of the issuer', options);
  }

  async find(header: JWSHeaderParameters, token: FlattenedJWSInput, tell: Tell): Promise<CryptoKey> {
    const { value, isNew } = await this.#keys.current(tell);
    const known = await this.#lookUp(value, header, token);
    if (known !== undefined) return known;
    const newer = isNew ? value : await this.#keys.newer(value, tell);
    const added = newer === value ? undefined : await this.#lookUp(newer, header, token);
    if (added !== undefined) return added;
    throw new this.#jose.errors.JWKSNoMatchingKey();
  }

  #read(keys: unknown): Lookup {
    try {
      const lookUp = this.#jose.createLocalJWKSet(keys as JSONWebKeySet);
      if (lookUp.jwks().keys.length > 0) return lookUp;
    } catch {
      throw new ProviderFault('the response is not a key set');
    }
    throw new ProviderFault('the key set is empty');
  }

  async #lookUp(lookUp: Lookup, header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey | undefined> {
    try {
      return await lookUp(header, token);
    } catch (error) {
      if (error instanceof this.#jose.errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }
}

/** The URL of an issuer's keys, from its metadata. */
export async function locateKeys(issuer: string, timeout: number): Promise<string> {
  return endpointOf(await fetchMetadata(issuer, timeout), 'jwks_uri');
}
