import { Fetched, type FetchedOptions } from './fetched.ts';
import { isShallow } from './json-shape.ts';
import { endpointOf, fetchMetadata } from './identity-provider.ts';
import { fetchJson, ProviderFault } from './json-request.ts';
import { Refusal, type Tell, Unavailable } from './refusal.ts';
import type { Claims, TokenReader } from './claims.ts';

export interface IntrospectionOptions {
  /** The endpoint's URL; found in the issuer's metadata unless set. */
  readonly endpoint?: string | undefined;
  /** This app's client id at the provider; it authenticates by HTTP Basic (RFC 6749 §2.3.1). */
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface IntrospectionRules extends FetchedOptions {
  readonly issuer: string | undefined;
  readonly audience: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly clockTolerance: number;
}

/** Characters of a token; servers accept no larger headers. */
const LONGEST_TOKEN = 16_384;
/** Seconds until asking again makes sense. */
const RETRY_AFTER = 5;

/** Asks the provider about each token (RFC 7662). */
export class Introspection implements TokenReader {
  readonly #endpoint: Fetched<string> | string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #rules: IntrospectionRules;

  constructor({ endpoint, clientId, clientSecret }: IntrospectionOptions, rules: IntrospectionRules) {
    const { issuer = '', timeout } = rules;
    const locate = async (): Promise<string> =>
      endpointOf(await fetchMetadata(issuer, timeout), 'introspection_endpoint');
    this.#endpoint = endpoint ?? new Fetched(locate, 'the metadata of the issuer', rules);
    this.#headers = {
      Accept: 'application/json',
      Authorization: `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}`,
      'Content-Type': 'application/x-www-form-urlencoded',
    };
    this.#rules = rules;
  }

  async read(token: string, tell: Tell): Promise<Claims> {
    if (token.length > LONGEST_TOKEN) throw new Refusal('it is too long');
    const endpoint = typeof this.#endpoint === 'string' ? this.#endpoint : (await this.#endpoint.current(tell)).value;
    try {
      const claims = claimsOf(await this.#ask(endpoint, token));
      this.#check(claims);
      return claims;
    } catch (error) {
      if (!(error instanceof ProviderFault)) throw error;
      tell('warn', `the introspection endpoint cannot be used: ${error.message}`);
      throw new Unavailable('the introspection endpoint cannot be used', RETRY_AFTER);
    }
  }

  #ask(endpoint: string, token: string): Promise<unknown> {
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
    return fetchJson(endpoint, this.#rules.timeout, { method: 'POST', headers: this.#headers, body });
  }

  /** Issuer, audience and times have to be valid where the provider gives them; all are optional (RFC 7662 §2.2). */
  #check({ active, iss, aud, exp, nbf }: Claims): void {
    const { issuer, audience, clockTolerance } = this.#rules;
    if (active !== true) throw new Refusal('it is not active');
    if (issuer !== undefined && iss !== undefined && iss !== issuer) throw new Refusal('its iss is not accepted');
    const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
    if (aud !== undefined && !audiences.some((one) => (audience as readonly unknown[]).includes(one))) {
      throw new Refusal('its aud is not accepted');
    }
    const now = Date.now();
    if ((exp as number) * 1_000 <= now - clockTolerance) throw new Refusal('it has expired (exp)');
    if ((nbf as number) * 1_000 > now + clockTolerance) throw new Refusal('its nbf is not accepted');
  }
}

function claimsOf(answer: unknown): Claims {
  const claims = (typeof answer === 'object' && answer !== null ? answer : {}) as Claims;
  if (typeof claims['active'] !== 'boolean')
    throw new ProviderFault('the response does not say whether a token is active');
  if (!isShallow(claims)) throw new ProviderFault('the response is nested too deeply');
  for (const name of ['exp', 'nbf']) {
    const time = claims[name];
    if (time !== undefined && !Number.isFinite(time)) throw new ProviderFault(`the response's ${name} is not a time`);
  }
  return claims;
}

/** RFC 6749 §2.3.1: form-urlencoded before they are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}
