export type { AccessToken } from './access-token.ts';
export { jwtBearer, type Verified } from './bearer.ts';
export type { BearerPolicy, JwtBearerOptions } from './bearer-options.ts';
export type { Claims } from './claims.ts';
export type { IntrospectionOptions } from './introspection.ts';
export {
  type IssuedToken,
  type IssueOptions,
  type IssuerIdentity,
  jwtIssuer,
  type JwtIssuer,
  type JwtIssuerOptions,
} from './issuer.ts';
export type { CryptoKeyLike, JWK, JWKSet, Key, KeyObjectLike } from './key.ts';
export type { ReplayStore } from './replay-store.ts';
export type { TokenCredentials, TokenScheme } from './token-scheme.ts';
