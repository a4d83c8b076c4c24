import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import type { HTTPException } from '../http/errors.ts';
import type { ChallengeParameters } from '../metadata/scheme.ts';
import { parameterText, SecurityScheme } from '../security/scheme.ts';
import { ASYMMETRIC_ALGORITHMS } from './key.ts';
import { tokenIn, type TokenScheme } from './token-scheme.ts';

/** A token as it was presented, and whether it was presented as bound to a key. */
export interface PresentedToken {
  readonly token: string;
  readonly isBound: boolean;
}

/** RFC 9449 §7.1: a token68, as every b64token is. */
const CREDENTIALS = /^dpop +([A-Za-z0-9._~+/-]+=*)$/i;
const SCHEME_WORD = /^dpop(?![!#$%&'*+.^_`|~0-9A-Za-z-])/i;
const JOINED = /,\s*(?:bearer|basic|digest|dpop) +[^\s,]/i;

/** Reads tokens that are bound to a key of the client (RFC 9449), alone or beside those of another scheme. */
export class DPoPScheme extends SecurityScheme<PresentedToken, boolean> {
  readonly #inner: TokenScheme;
  readonly #isRequired: boolean;
  readonly #proofRefused = new WeakSet<Context>();

  constructor(inner: TokenScheme, isRequired: boolean) {
    const { schemeName, description, optional, realm } = inner;
    super({ schemeName, description, realm, ...(optional ? { autoError: false } : {}) });
    this.#inner = inner;
    this.#isRequired = isRequired;
  }

  describe(): SecuritySchemeObject {
    return this.#inner.describe();
  }

  override read(context: Context): PresentedToken | undefined | HTTPException {
    const header = context.exchange.incoming.header('authorization') ?? '';
    const [, token] = CREDENTIALS.exec(header) ?? [];
    if (token !== undefined) return { token, isBound: true };
    if (SCHEME_WORD.test(header)) {
      const isRepeated = context.exchange.incoming.headerCount('authorization') > 1 || JOINED.test(header);
      return this.refuse(isRepeated ? 'invalid_request' : 'invalid_token');
    }
    if (this.#isRequired) return undefined;
    const value = this.#inner.read(context);
    if (value === undefined || value instanceof Error) return value;
    return { token: tokenIn(value), isBound: false };
  }

  /** Makes the challenge of this request say that the proof was invalid (RFC 9449 §7.1). */
  refuseProof(context: Context): HTTPException {
    this.#proofRefused.add(context);
    return this.refuse('invalid_token');
  }

  override challenge({ error, ...parameters }: ChallengeParameters = {}, context?: Context): string {
    const isBound = context !== undefined && isPresent(context);
    const known = context !== undefined && this.#proofRefused.has(context) ? 'invalid_dpop_proof' : error;
    // The error belongs to the scheme that was used.
    const own = this.#ownChallenge({ ...parameters, error: isBound || this.#isRequired ? known : undefined });
    if (this.#isRequired) return own;
    return `${this.#inner.challenge({ ...parameters, error: isBound ? undefined : error }, context)}, ${own}`;
  }

  override present(context: Context): boolean {
    return isPresent(context) || (!this.#isRequired && this.#inner.present(context));
  }

  override get declaredScopes(): ReadonlySet<string> | undefined | null {
    return this.#inner.declaredScopes;
  }

  override get fault(): string | undefined {
    return this.#inner.fault;
  }

  #ownChallenge({ error, scope, resourceMetadata }: ChallengeParameters): string {
    let text = `DPoP ${parameterText('realm', this.realm)}, ${parameterText('algs', ASYMMETRIC_ALGORITHMS.join(' '))}`;
    if (error !== undefined) text += `, ${parameterText('error', error)}`;
    if (scope !== undefined && scope !== '') text += `, ${parameterText('scope', scope)}`;
    if (resourceMetadata !== undefined) text += `, ${parameterText('resource_metadata', resourceMetadata)}`;
    return text;
  }
}

function isPresent(context: Context): boolean {
  return SCHEME_WORD.test(context.exchange.incoming.header('authorization') ?? '');
}
