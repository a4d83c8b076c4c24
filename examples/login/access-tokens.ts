import { generateKeyPairSync } from 'node:crypto';
import { OAuth2PasswordBearer } from 'portico';
import { jwtIssuer } from 'portico/jwt';
import { SCOPES } from './schemas.ts';

// #region tokens
/** With a key generated at startup, access tokens become invalid on exit, and clients refresh them. */
const key = process.env['SIGNING_KEY'] ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export const tokens = jwtIssuer({
  key,
  issuer: process.env['ISSUER'] ?? 'http://127.0.0.1:8000',
  audience: process.env['AUDIENCE'] ?? 'http://127.0.0.1:8000/users',
  expiresIn: 5 * 60,
});

/** The content of a valid token that has the required scopes. */
export const accessToken = tokens.bearer({
  scheme: new OAuth2PasswordBearer({ tokenUrl: 'token', refreshUrl: 'token/refresh', scopes: SCOPES }),
});
// #endregion tokens
