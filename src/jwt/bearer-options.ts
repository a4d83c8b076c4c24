import type { ZodType } from 'zod';
import { SCHEMES } from '../metadata/scheme.ts';
import type { Schema } from '../content/declarations.ts';
import { DeclarationError } from '../model/mistakes.ts';
import type { IntrospectionOptions } from './introspection.ts';
import { addressFault, isLoopback } from './json-request.ts';
import { ASYMMETRIC_ALGORITHMS, type JWKSet, type Key, keyFault, secretFault, SYMMETRIC_ALGORITHM } from './key.ts';
import type { ReplayStore } from './replay-store.ts';
import type { TokenCredentials, TokenScheme } from './token-scheme.ts';
import type { Claims } from './claims.ts';
import type { SecurityScheme } from '../security/scheme.ts';

/** How to verify access tokens whose claims have the schema `S` and that the scheme `B` reads. */
export interface JwtBearerOptions<
  S extends Schema = ZodType<Claims>,
  B extends SecurityScheme<TokenCredentials> = SecurityScheme<string>,
> extends BearerPolicy<S, B> {
  /**
   * The issuer of the tokens, exactly as in their `iss`.
   *
   * Its keys are found by OpenID Connect Discovery 1.0 §4 or RFC 8414 §3 unless they are given. Optional only if an
   * introspection endpoint is given.
   */
  readonly issuer?: string;
  /** This app, as in the `aud` of its tokens; of several, one has to match (RFC 7519 §4.1.3). */
  readonly audience: string | readonly string[];
  /** Where the issuer publishes its keys (RFC 7517 §5), instead of discovery. */
  readonly jwksUri?: string;
  /** The issuer's keys, or a function that returns them when the app starts. */
  readonly jwks?: JWKSet | PromiseLike<JWKSet> | (() => JWKSet | PromiseLike<JWKSet>);
  /** The issuer's only key. */
  readonly publicKey?: Key;
  /** The secret shared with the issuer, at least 32 bytes; tokens are then HS256 only. */
  readonly secret?: string | Uint8Array;
  /** Asks the provider about every token, which may then be opaque (RFC 7662). */
  readonly introspection?: IntrospectionOptions;
  /** The signature algorithms that are accepted; all asymmetric ones of RFC 7518 and RFC 8037 unless set. */
  readonly algorithms?: readonly string[];
  /** Milliseconds until keys are fetched again, 600 000 unless set; until an introspection is repeated, 60 000. */
  readonly maxAge?: number;
  /** Milliseconds between two fetches for a `kid` that is unknown, and after a failed one; 30 000 unless set. */
  readonly cooldown?: number;
  /** Milliseconds that the provider has to respond, 5 000 unless set. */
  readonly timeout?: number;
}

/** Options that apply whoever signs the tokens. */
export interface BearerPolicy<
  S extends Schema = ZodType<Claims>,
  B extends SecurityScheme<TokenCredentials> = SecurityScheme<string>,
> {
  /** The schema of the claims, besides what is verified of every token; its output is `claims`. */
  readonly claims?: S;
  /** Returns the scopes; those of `scope`, or of `scp`, unless set. */
  readonly scopes?: (claims: S['_zod']['output']) => Iterable<string>;
  /** How the token is read and documented; as `OpenIdConnect` of the issuer unless set. */
  readonly scheme?: B;
  /** The `typ` of a token's header (RFC 8725 §3.11), `at+jwt` unless set; `false` ignores it. */
  readonly typ?: string | false;
  /** Milliseconds by which two clocks may differ, 5 000 unless set. */
  readonly clockTolerance?: number;
  /**
   * How many verified tokens are cached until they expire, or for `maxAge`; none unless set, or 1 000 if introspected.
   */
  readonly keep?: number;
  /** Whether tokens may or must be bound to a key of the client (RFC 9449). */
  readonly dpop?: 'required' | 'accepted';
  /** Where used proofs are remembered; in this process unless set. */
  readonly replayStore?: ReplayStore;
  /** The URL under which clients reach the app, as their proofs name it; that of each request unless set. */
  readonly baseUrl?: string;
}

const SOURCES = ['jwksUri', 'jwks', 'publicKey', 'secret', 'introspection'] as const;
const NUMBERS = ['maxAge', 'cooldown', 'timeout', 'clockTolerance', 'keep'] as const;

/** Throws a DeclarationError with everything that is wrong with the options. */
export function checkBearerOptions(options: JwtBearerOptions<Schema>): void {
  throwMistakes('jwtBearer', [
    ...issuerFaults(options),
    ...audienceFaults(options.audience),
    ...sourceFaults(options),
    ...algorithmFaults(options),
    ...policyFaults(options),
  ]);
}

/** Reports mistakes at startup, all at once. */
export function throwMistakes(where: string, texts: readonly string[]): void {
  if (texts.length === 0) return;
  throw new DeclarationError(texts.map((text) => ({ code: 'INVALID_TOKEN_OPTIONS', message: `${where}: ${text}` })));
}

/**
 * RFC 8414 §2: an https URL without query or fragment; whoever can tamper with the fetched keys could have any trusted.
 */
export function issuerFaults({ issuer, ...options }: JwtBearerOptions<Schema>): string[] {
  if (issuer === undefined && options.introspection?.endpoint !== undefined) return [];
  if (typeof issuer !== 'string' || issuer === '') {
    return ['there is no issuer, so it is unclear whose tokens to accept'];
  }
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url?.protocol === 'http:' && !isLoopback(url.hostname)) {
    return [`the issuer '${issuer}' ${addressFault(issuer)}`];
  }
  const isAsked = SOURCES.every((source) => options[source] === undefined) || options.introspection !== undefined;
  if (!isAsked) return [];
  const fault = addressFault(issuer) ?? (/[?#]/.test(issuer) ? 'has a query or a fragment' : undefined);
  return fault === undefined ? [] : [`the issuer '${issuer}' ${fault}`];
}

export function audienceFaults(audience: unknown): string[] {
  const list: readonly unknown[] = Array.isArray(audience) ? audience : [audience];
  if (list.length > 0 && list.every((one) => typeof one === 'string' && one !== '')) return [];
  return ['there is no audience, so tokens for other apps would be accepted (RFC 8725 §3.9)'];
}

function sourceFaults(options: JwtBearerOptions<Schema>): string[] {
  const { jwksUri, jwks, publicKey, secret, introspection } = options;
  const faults: string[] = [];
  const say = (what: string, fault: string | undefined): void => {
    if (fault !== undefined) faults.push(`${what} ${fault}`);
  };
  const given = SOURCES.filter((source) => options[source] !== undefined);
  if (given.length > 1) {
    const why = secret === undefined ? '' : ': a public key could be taken for the secret (RFC 8725 §2.1)';
    faults.push(`${given.join(' and ')} are given, but only one of them can verify tokens${why}`);
  }
  if (jwksUri !== undefined) say('jwksUri', addressFault(jwksUri));
  if (publicKey !== undefined) say('publicKey', keyFault(publicKey, 'public'));
  if (secret !== undefined) say('secret', secretFault(secret));
  if (jwks !== undefined && typeof jwks !== 'function' && !('then' in jwks)) faults.push(...keySetFaults(jwks));
  if (introspection !== undefined) {
    const { endpoint, clientId, clientSecret } = introspection;
    if (endpoint !== undefined) say('introspection.endpoint', addressFault(endpoint));
    if (!isText(clientId) || !isText(clientSecret)) faults.push('introspection has no clientId and clientSecret');
  }
  return faults;
}

export function keySetFaults({ keys }: { readonly keys?: unknown }): string[] {
  if (!Array.isArray(keys) || keys.length === 0) return ['jwks has no keys'];
  return keys.flatMap((key: unknown, index) => {
    const fault = keyFault(key, 'public');
    return fault === undefined ? [] : [`jwks.keys[${index}] ${fault}`];
  });
}

function algorithmFaults({ algorithms, secret }: JwtBearerOptions<Schema>): string[] {
  if (algorithms === undefined) return [];
  if (!Array.isArray(algorithms) || algorithms.length === 0) return ['algorithms is an empty list'];
  const accepted = secret === undefined ? ASYMMETRIC_ALGORITHMS : [SYMMETRIC_ALGORITHM];
  return (algorithms as readonly unknown[]).flatMap((given) => {
    const algorithm = String(given);
    if (accepted.includes(algorithm)) return [];
    if (algorithm.toLowerCase() === 'none') return ["the algorithm 'none' accepts unsigned tokens"];
    const with_ = secret === undefined ? 'with public keys' : 'with a secret';
    return [`the algorithm '${algorithm}' cannot be used ${with_}; use ${accepted.join(', ')}`];
  });
}

function policyFaults(options: JwtBearerOptions<Schema>): string[] {
  const { typ, dpop, replayStore, baseUrl, scheme } = options;
  const faults: string[] = [];
  for (const name of NUMBERS) {
    const value: unknown = options[name];
    if (value !== undefined && !(typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER)) {
      faults.push(`${name} is not a number of at least 0`);
    }
  }
  if (typ !== undefined && typ !== false && !isText(typ)) faults.push('typ is neither a string nor false');
  if (dpop !== undefined && dpop !== 'required' && dpop !== 'accepted') {
    faults.push(`dpop is '${String(dpop)}' instead of 'required' or 'accepted'`);
  }
  if (dpop === undefined && (replayStore !== undefined || baseUrl !== undefined)) {
    faults.push(`${replayStore === undefined ? 'baseUrl' : 'replayStore'} is for proofs, and dpop is not set`);
  }
  if (baseUrl !== undefined && !/^https?:$/.test(URL.canParse(baseUrl) ? new URL(baseUrl).protocol : '')) {
    faults.push(`baseUrl is '${baseUrl}', which is not an address`);
  }
  if (scheme !== undefined && (scheme as Partial<TokenScheme> | null)?.[SCHEMES]?.length !== 1) {
    faults.push('scheme is not a security scheme');
  }
  return faults;
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
