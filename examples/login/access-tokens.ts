import { generateKeyPairSync } from 'node:crypto';
import { OAuth2PasswordBearer } from 'portico';
import { jwtIssuer } from 'portico/jwt';
import { SCOPES } from './schemas.ts';

// #region tokens
/** A key that is made at start ends every access token with the process: clients refresh. */
const key = process.env['SIGNING_KEY'] ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export const tokens = jwtIssuer({
  key,
  issuer: process.env['ISSUER'] ?? 'http://127.0.0.1:8000',
  audience: process.env['AUDIENCE'] ?? 'http://127.0.0.1:8000/users',
  expiresIn: 5 * 60,
});

/** What a valid token says, where it has the scopes that the route requires. */
export const accessToken = tokens.bearer({
  scheme: new OAuth2PasswordBearer({ tokenUrl: 'token', refreshUrl: 'token/refresh', scopes: SCOPES }),
});
// #endregion tokens
