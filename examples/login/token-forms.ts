import { dependency, Form, type ValueOf } from 'portico';
import { z } from 'zod';
import { TokenError } from './schemas.ts';

/** Responses to these forms must not be cached, like those to OAuth2PasswordRequestForm (RFC 6749 §5.1). */
const TRAITS = {
  headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' },
  responses: { 400: { description: 'Bad token request', content: TokenError } },
};

const token = z.string().meta({ format: 'password' });

/** RFC 6749 §6 */
export const refreshForm = dependency(
  { grant_type: Form(z.literal('refresh_token')), refresh_token: Form(token), scope: Form(z.string().default('')) },
  ({ refresh_token, scope }) => ({
    refreshToken: refresh_token,
    scopes: scope.split(' ').filter((one) => one !== ''),
  }),
  TRAITS,
);
export type RefreshForm = ValueOf<typeof refreshForm>;

/** RFC 7009 §2.1; the hint is ignored, because only refresh tokens can be revoked. */
export const revocationForm = dependency(
  { token: Form(token), token_type_hint: Form(z.string().optional()) },
  ({ token }) => ({ token }),
  TRAITS,
);
export type RevocationForm = ValueOf<typeof revocationForm>;
