import {
  App,
  compareSecrets,
  Controller,
  dependency,
  Depends,
  Get,
  HTTPException,
  OAuth2Error,
  OAuth2PasswordBearer,
  OAuth2PasswordRequestForm,
  OpenIdConnect,
  Post,
  Security,
  type ValueOf,
} from 'portico';
import { type AccessToken, jwtBearer, jwtIssuer } from 'portico/jwt';
import { testTokens } from 'portico/testing';
import { z } from 'zod';

// #region signed
const Claims = z.object({ email: z.email() });

const accessToken = jwtBearer({
  issuer: 'https://id.example.com',
  audience: 'https://api.example.com',
  claims: Claims,
});

@Controller('/me')
class MeController {
  @Get()
  me(@Security(accessToken, { scopes: ['profile'] }) { subject, claims }: AccessToken<{ email: string }>) {
    return { subject, email: claims.email };
  }
}
// #endregion signed

// #region opaque
const opaqueToken = jwtBearer({
  issuer: 'https://opaque.example.com',
  audience: 'https://api.example.com',
  introspection: { clientId: 'api', clientSecret: process.env['CLIENT_SECRET'] ?? 'secret of this example' },
  scheme: new OpenIdConnect({
    openIdConnectUrl: 'https://opaque.example.com/.well-known/openid-configuration',
    schemeName: 'opaque',
  }),
});
// #endregion opaque

// #region machine
/** A service that calls on its own behalf: its token is not for a user. */
const service = dependency({ token: Depends(accessToken) }, ({ token }) => {
  if (token.subject !== token.clientId) throw new HTTPException(403, 'For services only');
  return token.clientId;
});
// #endregion machine

@Controller('/reports')
class ReportController {
  @Get()
  read(@Security(opaqueToken, { scopes: ['reports'] }) { subject }: AccessToken) {
    return subject;
  }

  @Post('/run')
  run(@Security(service, { scopes: ['reports:run'] }) service: string) {
    return service;
  }
}

/** Only for this example: a real login has a hash for each user. */
const PASSWORD = process.env['PASSWORD'] ?? 'demo';

// #region own
const SECRET = process.env['TOKEN_SECRET'] ?? 'a secret of at least thirty-two bytes';

const tokens = jwtIssuer({
  secret: SECRET,
  issuer: 'https://api.example.com',
  audience: 'https://api.example.com/items',
  expiresIn: 900,
});

const ownToken = tokens.bearer({
  scheme: new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { items: 'Read items.' } }),
});

@Controller()
class LoginController {
  @Post('/token', { public: true })
  async token(@Depends(OAuth2PasswordRequestForm) { username, password }: OAuth2PasswordRequestForm) {
    if (!(await compareSecrets(password, PASSWORD)))
      throw new OAuth2Error('invalid_grant', 'Wrong user name or password');
    return tokens.issue(username, { scopes: ['items'] });
  }

  @Get('/items')
  items(@Security(ownToken, { scopes: ['items'] }) { subject }: ValueOf<typeof ownToken>) {
    return [`A lamp of ${subject}`];
  }
}
// #endregion own

export const app = new App({
  title: 'Verified tokens',
  version: '1.0.0',
  controllers: [MeController, ReportController, LoginController],
});

// #region testing
/** Tests the app with real tokens, signed and verified without the provider. */
export async function testMe(): Promise<number[]> {
  const issued = testTokens({ issuer: 'https://id.example.com', audience: 'https://api.example.com' });
  using _ = app.override(accessToken, issued.bearer({ claims: Claims }));
  const ask = async (scopes: string[], email: string): Promise<number> => {
    const { access_token } = await issued.issue('ada', { scopes, claims: { email } });
    const response = await app.request('/me', { headers: { Authorization: `Bearer ${access_token}` } });
    return response.status;
  };
  return [await ask(['profile'], 'ada@example.com'), await ask([], 'ada@example.com'), await ask(['profile'], 'ada')];
}
// #endregion testing
