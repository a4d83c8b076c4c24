import type { ZodType } from 'zod';
import { validatorOf } from '../content/validator.ts';
import { immediate } from '../http/promise.ts';
import { Refusal } from './refusal.ts';
import type { Claims } from './claims.ts';

/** The content of a verified token. */
export interface AccessToken<C = Claims> {
  /** The token as it was sent, for passing it on. */
  readonly token: string;
  /** Its subject (`sub`), unique for one issuer. */
  readonly subject: string;
  /** The client that it was issued to (`client_id`, else `azp`), if it says. */
  readonly clientId?: string | undefined;
  readonly scopes: readonly string[];
  /** When it expires, in milliseconds since 1970; if it does not say, when it is next checked. */
  readonly expiresAt: number;
  /** Its claims as parsed by the schema, or all of them without a schema. */
  readonly claims: C;
}

export interface AccessTokenReading<C> {
  readonly claims: ZodType<C> | undefined;
  readonly scopes: ((claims: C) => Iterable<string>) | undefined;
}

/** Reads valid claims; throws a Refusal if they are not those of an access token. */
export async function readAccessToken<C>(
  token: string,
  claims: Claims,
  { claims: schema, scopes }: AccessTokenReading<C>,
): Promise<AccessToken<C>> {
  const { sub, client_id: client, azp, exp } = claims;
  if (typeof sub !== 'string' || sub === '') throw new Refusal('its sub is missing');
  const clientId = client ?? azp;
  if (clientId !== undefined && typeof clientId !== 'string') throw new Refusal('its client_id is not a string');
  const own = schema === undefined ? (claims as C) : await parse(claims, schema);
  return {
    token,
    subject: sub,
    ...(clientId === undefined ? {} : { clientId }),
    scopes: scopes === undefined ? scopesOf(claims) : [...new Set(immediate(scopes(own), 'scopes()'))],
    expiresAt: typeof exp === 'number' ? exp * 1_000 : Date.now(),
    claims: own,
  };
}

async function parse<C>(claims: Claims, schema: ZodType<C>): Promise<C> {
  const outcome = await validatorOf(schema)(claims);
  if (outcome.success) return outcome.data as C;
  // Names that the schema declares are shown; any other is the token's own.
  const { shape = {} } = schema as { readonly shape?: object };
  const names = outcome.error.issues.map(({ path: [name] }) => name).filter((name) => Object.hasOwn(shape, name ?? ''));
  throw new Refusal(`its claims do not fit their schema (${names.map(String).join(', ')})`);
}

/** `scope` is a string by RFC 8693 §4.2; some send a list, or call it `scp`. */
function scopesOf({ scope, scp }: Claims): readonly string[] {
  const value = scope ?? scp ?? [];
  const list: readonly unknown[] =
    typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [value];
  if (!list.every((one) => typeof one === 'string'))
    throw new Refusal('its scope is neither a string nor a list of strings');
  return [...new Set(list.filter((one) => one !== ''))];
}
