import type { CryptoKey, FlattenedJWSInput, JWSHeaderParameters, JWTVerifyOptions } from 'jose';
import type { Claims, TokenReader } from './claims.ts';
import { hasUniqueNames, isShallow } from './json-shape.ts';
import type { Jose } from './jose.ts';
import type { KeySource } from './key-source.ts';
import { Refusal, type Tell, Unavailable } from './refusal.ts';
import { partOf } from './token-text.ts';

export interface VerificationRules {
  readonly algorithms: readonly string[];
  /** `false` ignores it. */
  readonly typ: string | false;
  readonly issuer: string;
  readonly audience: readonly string[];
  /** Milliseconds. */
  readonly clockTolerance: number;
}

/** Characters of a token; servers accept no larger headers. */
const LONGEST_TOKEN = 16_384;
/** How many keys of a set are tried for a token without a `kid`. */
const MOST_CANDIDATES = 8;
/**
 * Header parameters that would make a verifier use another key, or read the token differently (RFC 8725 §3.10, RFC 7515
 * §4.1.11): none is supported, so none may be ignored.
 */
const FOREIGN_PARAMETERS = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64'];
/** Seconds after which a provider may have repaired its keys. */
const RETRY_AFTER = 30;

/** Verifies JWTs by RFC 8725 and RFC 9068 §4. */
export class Verification implements TokenReader {
  readonly #jose: typeof Jose;
  readonly #keys: KeySource;
  readonly #rules: VerificationRules;
  readonly #options: JWTVerifyOptions;
  /** The last valid header as text: an issuer writes the same one into all tokens of a key. */
  #checkedHeader: string | undefined = undefined;

  constructor(jose: typeof Jose, keys: KeySource, rules: VerificationRules) {
    const { algorithms, typ, issuer, audience, clockTolerance } = rules;
    this.#jose = jose;
    this.#keys = keys;
    this.#rules = rules;
    this.#options = {
      algorithms: [...algorithms],
      issuer,
      audience: [...audience],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: clockTolerance / 1_000,
      ...(typ === false ? {} : { typ }),
    };
  }

  async read(token: string, tell: Tell): Promise<Claims> {
    if (token.length > LONGEST_TOKEN) throw new Refusal('it is too long');
    this.#checkHeader(token);
    try {
      const claims = await this.#verify(token, tell);
      if (!isShallow(claims)) throw new Refusal('its claims are nested too deeply');
      if (!hasUniqueNames(partOf(token, 1), claims)) throw new Refusal('it has a claim twice');
      checkTimes(claims, this.#rules);
      return claims;
    } catch (error) {
      throw reasonOf(error, tell);
    }
  }

  #checkHeader(token: string): void {
    const text = token.slice(0, token.indexOf('.'));
    if (text === this.#checkedHeader) return;
    checkParameters(this.#readHeader(token));
    this.#checkedHeader = text;
  }

  #readHeader(token: string): JWSHeaderParameters {
    try {
      const header = this.#jose.decodeProtectedHeader(token);
      if (isShallow(header) && hasUniqueNames(partOf(token, 0), header)) return header;
    } catch {
      throw new Refusal('it is not a JWT');
    }
    throw new Refusal('its header has a name twice, or is nested');
  }

  async #verify(token: string, tell: Tell): Promise<Claims> {
    const find = (header: JWSHeaderParameters, parts: FlattenedJWSInput): Promise<CryptoKey | Uint8Array> =>
      this.#keys.find(header, parts, tell);
    try {
      return (await this.#jose.jwtVerify(token, find, this.#options)).payload;
    } catch (error) {
      if (!(error instanceof this.#jose.errors.JWKSMultipleMatchingKeys)) throw error;
      return this.#tryEach(token, error);
    }
  }

  /** A token without a `kid` may belong to any of several keys. */
  async #tryEach(token: string, candidates: AsyncIterable<CryptoKey>): Promise<Claims> {
    let failure: unknown = new Refusal('no key of the issuer fits it');
    let tried = 0;
    for await (const key of candidates) {
      if (++tried > MOST_CANDIDATES) break;
      try {
        return (await this.#jose.jwtVerify(token, key, this.#options)).payload;
      } catch (error) {
        failure = error;
        if (!(error instanceof this.#jose.errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw failure;
  }
}

function checkParameters(header: JWSHeaderParameters): void {
  const foreign = FOREIGN_PARAMETERS.find((name) => Object.hasOwn(header, name));
  if (foreign !== undefined) throw new Refusal(`its header has '${foreign}'`);
  if (header.cty !== undefined) throw new Refusal('it is nested');
}

/** Checked here because JSON can contain numbers beyond the finite range. */
function checkTimes({ exp, nbf, iat }: Claims, { clockTolerance }: VerificationRules): void {
  if (![exp, nbf, iat].every((time) => time === undefined || Number.isFinite(time))) {
    throw new Refusal('a time of it is not finite');
  }
  if ((iat as number) * 1_000 > Date.now() + clockTolerance) throw new Refusal('it was issued in the future (iat)');
}

const REASONS: Readonly<Record<string, string>> = {
  ERR_JWS_INVALID: 'it is not a signed JWT',
  ERR_JWT_INVALID: 'its claims are not a JSON object',
  ERR_JWT_EXPIRED: 'it has expired (exp)',
  ERR_JOSE_ALG_NOT_ALLOWED: 'its algorithm is not accepted (alg)',
  ERR_JOSE_NOT_SUPPORTED: 'its algorithm is not supported (alg)',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'its signature is wrong',
  ERR_JWKS_NO_MATCHING_KEY: 'no key of the issuer fits it',
};

/** An error of `jose` in our own words: its messages may repeat parts of the token. */
function reasonOf(error: unknown, tell: Tell): Error {
  if (error instanceof Refusal || error instanceof Unavailable) return error;
  const { code, claim, reason } = error as {
    readonly code?: string;
    readonly claim?: string;
    readonly reason?: string;
  };
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    return new Refusal(`its ${claim} is ${reason === 'missing' ? 'missing' : 'not accepted'}`);
  }
  const known = REASONS[String(code)];
  if (known !== undefined) return new Refusal(known);
  // The token is not to blame for a published key that cannot be used.
  tell('warn', 'a key of the issuer cannot be used');
  return new Unavailable('a key of the issuer cannot be used', RETRY_AFTER);
}
