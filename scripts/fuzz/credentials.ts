import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { JwtIssuer } from 'portico/jwt';
import type { Dice } from './dice.ts';
import { twist } from './mutation.ts';
import type { Line, Sample } from './request.ts';

type SigningKey = Parameters<SignJWT['sign']>[0];

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
const base64url = (text: string): string => Buffer.from(text, 'latin1').toString('base64url');

const BEARER = ['good', 'bad', 'AZaz09-._~+/==', '', 'a b', 'a,b', '"', '\xe9', 'x'.repeat(8_000), 'good, Bearer bad'];
const PAIRS = ['ada:good', 'ada:bad', ':', 'ada', 'a:b:c', '\xc3\xa9:\xc3\xb1', '\xe9:\xf1', 'a:\0', 'a:\n', ''];
const BASIC = [...PAIRS.map(base64), 'YQ', 'YQ=', 'Y Q==', '====', '-_-_', `${base64('ada:good')} `];
const DIGEST = [
  'username="ada", realm="api", nonce="n", uri="/digest", qop=auth, nc=00000001, cnonce="c", response="r"',
  'username="a\\"b"',
  "username*=UTF-8''a",
  ',',
  '',
];
const KEYS = ['good', 'bad', '', 'good, good', 'a,b', '\xe9', 'x'.repeat(5_000)];
const SCHEMES = ['Bearer', 'bearer', 'BEARER', 'Basic', 'Digest', 'DPoP', 'dpop', 'Negotiate', '', 'Bearerx'];

/** Tokens and proofs of one client, valid for a minute. */
export class Client {
  readonly #issuer: JwtIssuer;
  readonly #key: SigningKey;
  readonly #jwk: JWK;
  #plain = '';
  #bound = '';
  #proofs: readonly string[] = [];

  private constructor(issuer: JwtIssuer, key: SigningKey, jwk: JWK) {
    this.#issuer = issuer;
    this.#key = key;
    this.#jwk = jwk;
  }

  static async make(issuer: JwtIssuer): Promise<Client> {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const client = new Client(issuer, privateKey, await exportJWK(publicKey));
    await client.renew();
    return client;
  }

  /** Has to be called before the proofs are a minute old. */
  async renew(): Promise<void> {
    const cnf = { jkt: await calculateJwkThumbprint(this.#jwk) };
    this.#plain = (await this.#issuer.issue('ada', { scopes: ['read'] })).access_token;
    this.#bound = (await this.#issuer.issue('ada', { scopes: ['read'], claims: { cnf } })).access_token;
    this.#proofs = await Promise.all([
      this.#proof({}),
      this.#proof({ htm: 'POST' }),
      this.#proof({ htu: 'http://b/dpop' }),
      this.#proof({ htu: 'no address' }),
      this.#proof({ ath: 'x' }),
      this.#proof({ iat: 1 }),
      this.#proof({ jti: ['a'] }),
      this.#proof({ nested: { a: [{}] } }),
    ]);
  }

  #proof(claims: Record<string, unknown>): Promise<string> {
    const ath = createHash('sha256').update(this.#bound).digest('base64url');
    const iat = Math.floor(Date.now() / 1_000);
    return new SignJWT({ jti: crypto.randomUUID(), htm: 'GET', htu: 'http://a/dpop', iat, ath, ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: this.#jwk })
      .sign(this.#key);
  }

  /** A token with a part replaced or mutated before it is encoded, so that more than its signature is read. */
  #token(dice: Dice, token: string): string {
    const parts = token.split('.');
    if (!dice.chance(40)) return twist(dice, token, 25);
    const at = dice.below(3);
    const text = Buffer.from(parts[at] ?? '', 'base64url').toString('latin1');
    const forged = dice.of(['{}', '[]', 'null', '{"alg":"none"}', '{"alg":"HS256","typ":"at+jwt"}', text]);
    parts[at] = base64url(twist(dice, dice.chance(50) ? text : forged, 60));
    return parts.join('.');
  }

  /** Requests for a token of the client's issuer, plain or bound to a key (RFC 9449). */
  makeToken(dice: Dice): Sample {
    const isBound = dice.chance(60);
    const scheme = dice.chance(85) ? (isBound ? 'DPoP' : 'Bearer') : dice.of(SCHEMES);
    const token = this.#token(dice, isBound ? this.#bound : this.#plain);
    const lines: Line[] = [['Authorization', twist(dice, `${scheme} ${token}`, 8)]];
    const proof = dice.chance(50) ? (this.#proofs[0] ?? '') : dice.of(this.#proofs);
    if (isBound && dice.chance(95)) lines.push(['DPoP', this.#token(dice, proof)]);
    if (dice.chance(4)) lines.push(dice.of(lines));
    return {
      method: dice.of(['GET', 'GET', 'HEAD']),
      target: dice.of(isBound ? ['/dpop', '/dpop', '/jwt'] : ['/jwt', '/dpop']),
      lines,
    };
  }
}

/** Requests for what needs a token, a password or a key. */
export function makeCredentials(dice: Dice): Sample {
  const target = dice.of(['/bearer', '/basic', '/digest', '/either', '/key-header', '/key-query', '/key-cookie']);
  const method = dice.of(['GET', 'GET', 'GET', 'HEAD']);
  const key = twist(dice, dice.of(KEYS));
  if (target === '/key-header') return { method, target, lines: repeated(dice, ['X-Key', key]) };
  if (target === '/key-cookie') return { method, target, lines: repeated(dice, ['Cookie', `key=${key}`]) };
  if (target === '/key-query') {
    const query = `key=${encodeURIComponent(key)}${dice.chance(10) ? '&key=good' : ''}`;
    return { method, target: `${target}?${twist(dice, query, 10)}`, lines: [] };
  }
  const usual = {
    '/bearer': 'Bearer',
    '/basic': 'Basic',
    '/digest': 'Digest',
    '/either': dice.of(['Bearer', 'Basic']),
  }[target];
  const scheme = dice.chance(85) ? (usual ?? '') : dice.of(SCHEMES);
  const value = dice.of(scheme === 'Basic' ? BASIC : scheme === 'Digest' ? DIGEST : BEARER);
  const credentials = `${scheme}${dice.chance(90) ? ' ' : dice.of(['', '  ', '\t', ','])}${twist(dice, value)}`;
  return {
    method,
    target,
    lines: dice.chance(95) ? repeated(dice, ['Authorization', twist(dice, credentials, 10)]) : [],
  };
}

function repeated(dice: Dice, line: Line): Line[] {
  return dice.chance(5) ? [line, line] : [line];
}
