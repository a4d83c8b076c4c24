import { type JwtBearerOptions, keySetFaults, throwMistakes } from './bearer-options.ts';
import { Introspection } from './introspection.ts';
import type { Jose } from './jose.ts';
import { ASYMMETRIC_ALGORITHMS, SYMMETRIC_ALGORITHM } from './key.ts';
import { jwksSource, type KeySource, locateKeys, publicKeySource, PublishedKeys, secretSource } from './key-source.ts';
import { KeptTokens } from './kept-tokens.ts';
import type { TokenReader } from './claims.ts';
import { Verification } from './verification.ts';

const KEYS_AGE = 600_000;
const INTROSPECTION_AGE = 60_000;
const INTROSPECTED = 1_000;

/** Makes the reader of tokens; given keys are read here, so that an invalid one fails at startup. */
export async function readerOf(options: JwtBearerOptions, jose: typeof Jose): Promise<TokenReader> {
  const { introspection, cooldown = 30_000, timeout = 5_000, clockTolerance = 5_000 } = options;
  const audience = [options.audience].flat();
  if (introspection !== undefined) {
    const { issuer, maxAge = INTROSPECTION_AGE, keep = INTROSPECTED } = options;
    const rules = { issuer, audience, timeout, clockTolerance, maxAge: options.maxAge ?? KEYS_AGE, cooldown };
    return new KeptTokens(new Introspection(introspection, rules), { size: keep, maxAge });
  }
  const { maxAge = KEYS_AGE, keep = 0, typ = 'at+jwt', secret, issuer = '' } = options;
  const algorithms = options.algorithms ?? (secret === undefined ? ASYMMETRIC_ALGORITHMS : [SYMMETRIC_ALGORITHM]);
  const keys = await sourceOf(options, jose, { maxAge, cooldown, timeout });
  const reader = new Verification(jose, keys, { algorithms, typ, issuer, audience, clockTolerance });
  return keep === 0 ? reader : new KeptTokens(reader, { size: keep, maxAge });
}

async function sourceOf(
  { secret, publicKey, jwks, jwksUri, issuer = '' }: JwtBearerOptions,
  jose: typeof Jose,
  fetching: { readonly maxAge: number; readonly cooldown: number; readonly timeout: number },
): Promise<KeySource> {
  if (secret !== undefined) return secretSource(secret);
  if (publicKey !== undefined) return publicKeySource(publicKey, jose);
  if (jwks !== undefined) {
    const given = await (typeof jwks === 'function' ? jwks() : jwks);
    throwMistakes('jwtBearer', keySetFaults(given));
    return jwksSource(given, jose);
  }
  const locate = jwksUri === undefined ? () => locateKeys(issuer, fetching.timeout) : async () => jwksUri;
  return new PublishedKeys(locate, jose, fetching);
}
