import type { ZodType } from 'zod';
import { Ctx, Depends, Scopes } from '../decorators/inputs.ts';
import { dependency } from '../decorators/dependency.ts';
import type { Context } from '../http/context.ts';
import { HTTPException } from '../http/errors.ts';
import type { Schema } from '../content/declarations.ts';
import type { Dependency, ValueOf } from '../metadata/dependable.ts';
import type { SecurityScheme } from '../security/scheme.ts';
import { type AccessToken, readAccessToken } from './access-token.ts';
import { checkBearerOptions, type JwtBearerOptions } from './bearer-options.ts';
import { ProofVerification } from './dpop-proof.ts';
import { DPoPScheme, type PresentedToken } from './dpop-scheme.ts';
import { loadJose } from './jose.ts';
import { ProofRefusal, Refusal, tellOf, Unavailable } from './refusal.ts';
import { MemoryReplayStore } from './replay-store.ts';
import { schemeOf, type TokenCredentials, tokenIn, type TokenScheme } from './token-scheme.ts';
import { readerOf } from './token-reader.ts';
import { kidOf } from './token-text.ts';
import type { Claims, TokenReader } from './claims.ts';

/** The claims as parsed by a schema. */
type ClaimsOf<S extends Schema> = S['_zod']['output'];

/** The token that a route gets: it may be absent with a scheme of `autoError: false`. */
export type Verified<S extends Schema, B> =
  undefined extends ValueOf<B> ? AccessToken<ClaimsOf<S>> | undefined : AccessToken<ClaimsOf<S>>;

/** Verifies tokens; made once for an app. */
interface Verifier {
  readonly reader: TokenReader;
  readonly proofs: ProofVerification | undefined;
}

/**
 * A dependency that verifies access tokens: JWTs by RFC 8725 and RFC 9068, opaque ones by RFC 7662.
 *
 * Answers 401 with a challenge for an invalid token, 403 if a required scope is missing, and 503 with `Retry-After` if
 * its validity cannot be determined. Throws a DeclarationError for options that would verify too little.
 *
 * @example
 * const accessToken = jwtBearer({ issuer: 'https://id.example.com', audience: 'https://api.example.com' });
 */
export function jwtBearer<
  const S extends Schema = ZodType<Claims>,
  const B extends SecurityScheme<TokenCredentials> = SecurityScheme<string>,
>(options: JwtBearerOptions<S, B>): Dependency<Verified<S, B>> {
  checkBearerOptions(options as unknown as JwtBearerOptions<Schema>);
  return bearerOf(options as unknown as JwtBearerOptions) as Dependency<Verified<S, B>>;
}

/** Two dependencies: a token is verified once per request, its scopes wherever some are required. */
function bearerOf(options: JwtBearerOptions): Dependency<AccessToken<unknown> | undefined> {
  const { issuer, dpop, jwks } = options;
  // They are awaited when the app starts, which may never happen.
  if (jwks !== undefined && 'then' in jwks) void Promise.resolve(jwks).catch(() => {});
  const own: TokenScheme = options.scheme ?? schemeOf(issuer);
  const scheme = dpop === undefined ? own : new DPoPScheme(own, dpop === 'required');
  const verifier = dependency(() => makeVerifier(options), { lifetime: 'app', name: 'tokenVerifier' });
  const verified = dependency(
    { credentials: Depends(scheme), verifier: Depends(verifier), context: Ctx() },
    ({ credentials, verifier: { reader, proofs }, context }) => {
      if (credentials === undefined) return undefined;
      const presented = presentedIn(credentials);
      return verify(presented, context, { reader, proofs, options, scheme });
    },
    { name: 'verifiedToken', issuer, responses: asksOthers(options) ? UNAVAILABLE : {} },
  );
  return dependency(
    { token: Depends(verified), required: Scopes() },
    ({ token, required: { scopes } }) => {
      if (token === undefined && scopes.length > 0) throw scheme.refuse();
      if (scopes.every((scope) => token?.scopes.includes(scope))) return token;
      throw new HTTPException(403, 'The token does not allow this');
    },
    { name: 'accessToken' },
  );
}

/** Characters of a `kid` in the log. */
const LONGEST_KID = 64;
const UNAVAILABLE = { 503: { description: 'Tokens cannot be verified at present' } };

/** Whether verifying a token takes a request to the provider. */
function asksOthers({ jwks, publicKey, secret, replayStore }: JwtBearerOptions): boolean {
  return replayStore !== undefined || (jwks === undefined && publicKey === undefined && secret === undefined);
}

async function makeVerifier(options: JwtBearerOptions): Promise<Verifier> {
  const { dpop, baseUrl, clockTolerance = 5_000, replayStore } = options;
  const jose = await loadJose();
  const rules = { baseUrl, clockTolerance, store: replayStore ?? new MemoryReplayStore() };
  return {
    reader: await readerOf(options, jose),
    proofs: dpop === undefined ? undefined : new ProofVerification(jose, rules),
  };
}

function presentedIn(credentials: PresentedToken | Exclude<TokenCredentials, undefined>): PresentedToken {
  if (typeof credentials === 'object' && 'isBound' in credentials) return credentials;
  return { token: tokenIn(credentials), isBound: false };
}

interface Verifying extends Verifier {
  readonly options: JwtBearerOptions;
  readonly scheme: TokenScheme | DPoPScheme;
}

async function verify(
  presented: PresentedToken,
  context: Context,
  { reader, proofs, options, scheme }: Verifying,
): Promise<AccessToken<unknown>> {
  const { token, isBound } = presented;
  const tell = tellOf(context);
  try {
    const claims = await reader.read(token, tell);
    const verified = await readAccessToken(token, claims, { claims: options.claims, scopes: options.scopes });
    if (isBound) await proofs?.check(context, token, claims, tell);
    // RFC 9449 §7.2: a thief could use it as a bearer token.
    else if (isKeyBound(claims)) throw new Refusal('it is bound to a key and was sent as a bearer token');
    return verified;
  } catch (error) {
    throw error instanceof Refusal ? refuse(error, presented, context, scheme) : unavailable(error);
  }
}

function isKeyBound({ cnf }: Claims): boolean {
  return typeof cnf === 'object' && cnf !== null && 'jkt' in cnf;
}

/** All refusals get the same response: what is wrong with a token goes to the log. */
function refuse(
  reason: Refusal,
  { token }: PresentedToken,
  context: Context,
  scheme: TokenScheme | DPoPScheme,
): HTTPException {
  const kid = kidOf(token)?.slice(0, LONGEST_KID);
  tellOf(context)('info', `a token is refused: ${reason.message}${kid === undefined ? '' : `, kid '${kid}'`}`);
  if (reason instanceof ProofRefusal && scheme instanceof DPoPScheme) return scheme.refuseProof(context);
  return scheme.refuse('invalid_token');
}

function unavailable(error: unknown): unknown {
  if (!(error instanceof Unavailable)) return error;
  const headers = { 'Retry-After': String(error.retryAfter) };
  return new HTTPException(503, 'Tokens cannot be verified at present', { headers });
}
