import type { ZodType } from 'zod';
import type { Schema } from '../content/declarations.ts';
import type { Dependency } from '../metadata/dependable.ts';
import { SCOPE } from '../metadata/scheme.ts';
import { HTTPBearer } from '../security/bearer.ts';
import type { SecurityScheme } from '../security/scheme.ts';
import { jwtBearer, type Verified } from './bearer.ts';
import { audienceFaults, type BearerPolicy, issuerFaults, throwMistakes } from './bearer-options.ts';
import { type JWKSet, type Key, keyFault, secretFault } from './key.ts';
import { readSigner, secretSigner, type Signer } from './signer.ts';
import type { TokenCredentials } from './token-scheme.ts';
import type { Claims } from './claims.ts';

/** Options of an issuer. */
export interface IssuerIdentity {
  /** The issuer, as `iss` (RFC 7519 §4.1.1): a URL of its own. */
  readonly issuer: string;
  /** The audience of tokens, as `aud` (RFC 7519 §4.1.3). */
  readonly audience: string | readonly string[];
  /** Seconds that a token is valid, 900 unless set. */
  readonly expiresIn?: number;
}

export interface JwtIssuerOptions extends IssuerIdentity {
  /** The private key that signs; a `CryptoKey` that cannot be exported needs its public half too. */
  readonly key?: Key | { readonly privateKey: Key; readonly publicKey: Key };
  /** A secret shared by all who issue and verify, at least 32 bytes, instead of a key; tokens are then HS256. */
  readonly secret?: string | Uint8Array;
  /** The public halves of earlier keys, whose tokens stay valid until they expire. */
  readonly retiredKeys?: readonly Key[];
}

export interface IssueOptions {
  readonly scopes?: readonly string[];
  /** Your own claims, which must not include those that every token has. */
  readonly claims?: Claims;
  /** The client that asked for it (RFC 9068 §2.2). */
  readonly clientId?: string;
  /** Instead of the issuer's. */
  readonly audience?: string | readonly string[];
  /** Seconds, instead of the issuer's; a negative number gives an expired token, for tests. */
  readonly expiresIn?: number;
}

/** The response of a token endpoint (RFC 6749 §5.1). */
export interface IssuedToken {
  readonly access_token: string;
  readonly token_type: 'Bearer';
  /** Seconds. */
  readonly expires_in: number;
  /** The scopes, separated by spaces. */
  readonly scope: string;
}

const LIFETIME = 900;
const RESERVED = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id', 'scope'];

/** Signs access tokens in the profile of RFC 9068, and verifies its own. */
export class JwtIssuer {
  readonly #identity: IssuerIdentity;
  readonly #sign: () => Promise<Signer>;
  readonly #secret: string | Uint8Array | undefined;

  /** @internal `sign` reads the key when it is first needed. */
  constructor(identity: IssuerIdentity, sign: () => Promise<Signer>, secret?: string | Uint8Array) {
    let signing: Promise<Signer> | undefined;
    this.#identity = identity;
    const signOnce = (): Promise<Signer> => (signing ??= sign());
    this.#sign = signOnce;
    this.#secret = secret;
  }

  /** The public keys, to serve to other verifiers (RFC 7517 §5); empty if a secret is shared. */
  get jwks(): Promise<JWKSet> {
    return this.#sign().then(({ keys }) => ({ keys }));
  }

  /** A signed token for a subject. Throws a TypeError for claims and scopes that a token cannot have. */
  async issue(subject: string, options: IssueOptions = {}): Promise<IssuedToken> {
    const { scopes = [], claims = {}, clientId, audience = this.#identity.audience } = options;
    checkIssue(subject, scopes, claims);
    const { issuer } = this.#identity;
    const expiresIn = options.expiresIn ?? this.#identity.expiresIn ?? LIFETIME;
    const { sign } = await this.#sign();
    const now = Math.floor(Date.now() / 1_000);
    const scope = scopes.join(' ');
    const token = await sign({
      ...claims,
      iss: issuer,
      aud: typeof audience === 'string' ? audience : [...audience],
      sub: subject,
      ...(clientId === undefined ? {} : { client_id: clientId }),
      iat: now,
      exp: now + expiresIn,
      jti: crypto.randomUUID(),
      ...(scope === '' ? {} : { scope }),
    });
    return { access_token: token, token_type: 'Bearer', expires_in: expiresIn, scope };
  }

  /** The dependency that verifies these tokens, documented as `HTTPBearer` unless a scheme is given. */
  bearer<
    const S extends Schema = ZodType<Claims>,
    const B extends SecurityScheme<TokenCredentials> = SecurityScheme<string>,
  >(policy: BearerPolicy<S, B> = {}): Dependency<Verified<S, B>> {
    const { issuer, audience } = this.#identity;
    const scheme = policy.scheme ?? (new HTTPBearer({ bearerFormat: 'JWT' }) as unknown as B);
    const keys = this.#secret === undefined ? { jwks: () => this.jwks } : { secret: this.#secret };
    return jwtBearer<S, B>({ ...policy, scheme, issuer, audience, ...keys });
  }
}

/**
 * Issues access tokens for a login of your own.
 *
 * Throws a DeclarationError for a key that is too weak or not private.
 *
 * @example
 * const tokens = jwtIssuer({ key, issuer: 'https://api.example.com', audience: 'https://api.example.com' });
 * await tokens.issue('ada', { scopes: ['items'] });
 */
export function jwtIssuer(options: JwtIssuerOptions): JwtIssuer {
  const { secret, retiredKeys = [], ...rest } = options;
  const key = rest.key ?? '';
  checkIssuerOptions(options);
  if (secret !== undefined) return new JwtIssuer(options, () => secretSigner(secret), secret);
  const [privateKey, publicKey] = isPair(key) ? [key.privateKey, key.publicKey] : [key, undefined];
  return new JwtIssuer(options, () => readSigner(privateKey, publicKey, retiredKeys));
}

function checkIssuerOptions(options: JwtIssuerOptions): void {
  const { key, secret, audience, issuer, expiresIn = LIFETIME, retiredKeys = [] } = options;
  // Nothing is fetched from it: an issuer of your own may have any URL.
  const faults = [...issuerFaults({ issuer, audience, secret: '' }), ...audienceFaults(audience)];
  const say = (what: string, fault: string | undefined): void => {
    if (fault !== undefined) faults.push(`${what} ${fault}`);
  };
  if ((key === undefined) === (secret === undefined)) faults.push('either a key or a secret is required, not both');
  if (secret !== undefined) say('secret', secretFault(secret));
  if (key !== undefined && isPair(key)) {
    say('key.privateKey', keyFault(key.privateKey, 'private'));
    say('key.publicKey', keyFault(key.publicKey, 'public'));
  } else if (key !== undefined) say('key', keyFault(key, 'private') ?? exportFault(key));
  for (const [index, retired] of retiredKeys.entries()) say(`retiredKeys[${index}]`, keyFault(retired, 'public'));
  if (!(Number.isFinite(expiresIn) && expiresIn > 0)) faults.push('expiresIn is not a positive number of seconds');
  throwMistakes('jwtIssuer', faults);
}

function exportFault(key: Key): string | undefined {
  if (typeof key !== 'object' || !('extractable' in key) || key.extractable) return undefined;
  return 'cannot be exported, so its public half has to be given: { privateKey, publicKey }';
}

function isPair(
  key: NonNullable<JwtIssuerOptions['key']>,
): key is { readonly privateKey: Key; readonly publicKey: Key } {
  return typeof key === 'object' && key !== null && 'privateKey' in key;
}

function checkIssue(subject: unknown, scopes: readonly string[], claims: Claims): void {
  if (typeof subject !== 'string' || subject === '') throw new TypeError('A token needs a subject');
  const reserved = RESERVED.find((name) => Object.hasOwn(claims, name));
  if (reserved !== undefined) throw new TypeError(`'${reserved}' is not a claim of your own: the issuer sets it`);
  const foreign = scopes.find((scope) => !SCOPE.test(scope));
  if (foreign !== undefined) throw new TypeError(`'${foreign}' is not a scope (RFC 6749 §3.3)`);
}
