import type { JWK, JWTPayload } from 'jose';
import type { Context } from '../http/context.ts';
import type { Jose } from './jose.ts';
import { ASYMMETRIC_ALGORITHMS } from './key.ts';
import { ProofRefusal, Refusal, type Tell, Unavailable } from './refusal.ts';
import type { ReplayStore } from './replay-store.ts';
import type { Claims } from './claims.ts';

export interface ProofRules {
  /** The URL under which clients reach the app; undefined for that of the request. */
  readonly baseUrl: string | undefined;
  /** Milliseconds. */
  readonly clockTolerance: number;
  readonly store: ReplayStore;
}

/** Characters of a proof. */
const LONGEST_PROOF = 8_192;
/** Maximum age of a proof in seconds (RFC 9449 §11.1). */
const LIFETIME = 60;
/** Seconds until another attempt makes sense. */
const RETRY_AFTER = 5;

/** Verifies that the sender of a token has the key that it is bound to (RFC 9449 §4.3, §7.1). */
export class ProofVerification {
  readonly #jose: typeof Jose;
  readonly #rules: ProofRules;

  constructor(jose: typeof Jose, rules: ProofRules) {
    this.#jose = jose;
    this.#rules = rules;
  }

  async check(context: Context, token: string, { cnf }: Claims, tell: Tell): Promise<void> {
    const { jkt } = (cnf ?? {}) as { readonly jkt?: unknown };
    if (typeof jkt !== 'string') throw new Refusal('it is not bound to a key and was sent as one that is');
    const proof = context.exchange.incoming.header('dpop');
    if (proof === undefined) throw new ProofRefusal('its proof is missing');
    const { payload, thumbprint } = await this.#verify(proof);
    if (thumbprint !== jkt) throw new Refusal('it is bound to a different key than its proof');
    if (payload['htm'] !== context.method) throw new ProofRefusal('its proof is for another method (htm)');
    if (!this.#isFor(payload['htu'], context)) throw new ProofRefusal('its proof is for another address (htu)');
    if (payload['ath'] !== (await digestOf(token, this.#jose))) {
      throw new ProofRefusal('its proof is for another token (ath)');
    }
    await this.#use(payload, thumbprint, tell);
  }

  async #verify(proof: string): Promise<{ readonly payload: JWTPayload; readonly thumbprint: string }> {
    const { jwtVerify, EmbeddedJWK, calculateJwkThumbprint } = this.#jose;
    try {
      if (proof.length > LONGEST_PROOF) throw new TypeError();
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        algorithms: [...ASYMMETRIC_ALGORITHMS],
        typ: 'dpop+jwt',
        requiredClaims: ['jti', 'htm', 'htu', 'ath'],
        maxTokenAge: LIFETIME,
        clockTolerance: this.#rules.clockTolerance / 1_000,
      });
      if (typeof payload.jti !== 'string' || !Number.isFinite(payload.iat)) throw new TypeError();
      return { payload, thumbprint: await calculateJwkThumbprint(protectedHeader.jwk as JWK) };
    } catch {
      // The client made the key, so whatever goes wrong with it is the client's fault.
      throw new ProofRefusal('its proof is not valid');
    }
  }

  /** Scheme and host are those of the base URL; without one, only the host is known for certain. */
  #isFor(htu: unknown, context: Context): boolean {
    if (typeof htu !== 'string' || !URL.canParse(htu)) return false;
    const { protocol, origin, host, pathname } = new URL(htu);
    const { baseUrl } = this.#rules;
    if (baseUrl === undefined) {
      if (!/^https?:$/.test(protocol) || host !== hostOf(context, protocol)) return false;
      return normalised(pathname) === normalised(context.path);
    }
    const base = new URL(baseUrl);
    return (
      origin === base.origin && normalised(pathname) === normalised(base.pathname.replace(/\/$/, '') + context.path)
    );
  }

  async #use({ jti = '', iat = 0 }: JWTPayload, thumbprint: string, tell: Tell): Promise<void> {
    const { store, clockTolerance } = this.#rules;
    const id = await digestOf(`${thumbprint} ${jti}`, this.#jose);
    let isNew: unknown;
    try {
      isNew = await store.add(id, (iat + LIFETIME) * 1_000 + clockTolerance);
    } catch {
      tell('warn', 'the replay store cannot be used');
      throw new Unavailable('the replay store cannot be used', RETRY_AFTER);
    }
    if (isNew !== true) throw new ProofRefusal('its proof has been used before (jti)');
  }
}

async function digestOf(text: string, { base64url }: typeof Jose): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

/** Unreserved characters may be escaped or not (RFC 3986 §6.2.2). */
function normalised(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (escape) => {
    const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
  });
}

/** The host that the request was sent to, without the default port of the scheme. */
function hostOf(context: Context, protocol: string): string | undefined {
  const host = context.header('host');
  // A `Request` made by hand has no Host header, and a platform's has its URL.
  const address = host === undefined ? context.request.url : `${protocol}//${host}`;
  return URL.canParse(address) ? new URL(address).host : undefined;
}
