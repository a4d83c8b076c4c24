import { randomBytes } from 'node:crypto';
import {
  anyOf,
  APIKeyCookie,
  APIKeyHeader,
  App,
  compareSecrets,
  type Context,
  Controller,
  Ctx,
  Delete,
  Depends,
  dependency,
  Get,
  Header,
  HTTPException,
  OAuth2Error,
  OAuth2PasswordBearer,
  OAuth2PasswordRequestForm,
  Post,
  SecurityScheme,
} from 'portico';
import { z } from 'zod';

const PASSWORD = process.env['PASSWORD'] ?? randomBytes(12).toString('base64url');
const API_TOKEN = process.env['API_TOKEN'] ?? randomBytes(32).toString('base64url');

// #region own
/** Reads `Authorization: Token …`; anything else counts as no credentials. */
class TokenScheme extends SecurityScheme<string> {
  describe() {
    return { type: 'http', scheme: 'token' } as const;
  }

  read(context: Context) {
    return /^token +([\w.-]+)$/i.exec(context.header('authorization') ?? '')?.[1];
  }
}
// #endregion own

// #region alternatives
const token = anyOf(new TokenScheme(), new APIKeyHeader('X-API-Key'));

const caller = dependency({ token: Depends(token) }, async ({ token }) => {
  if (!(await compareSecrets(token, API_TOKEN))) throw new HTTPException(401, 'Unknown token');
  return 'caller';
});

const maybeToken = new OAuth2PasswordBearer({ tokenUrl: 'token', autoError: false });

@Controller('/alternatives')
class AlternativesController {
  @Get()
  read(@Depends(caller) caller: string) {
    return { caller };
  }

  @Get('/optional')
  optional(@Depends(maybeToken) token: string | undefined) {
    return { anonymous: token === undefined };
  }
}
// #endregion alternatives

// #region cookies
const COOKIE = '__Host-session';
const sessions = new Map<string, string>();

/** Browsers send where a request comes from, and pages of other sites cannot change that. */
const sameOrigin = dependency({ site: Header('sec-fetch-site', z.literal('same-origin')) }, ({ site }) => site);

const sessionId = new APIKeyCookie(COOKIE);

/** Needs both, so that no route can use the cookie without the check of the origin. */
const sessionUser = dependency({ id: Depends(sessionId), _: Depends(sameOrigin) }, ({ id }) => {
  const username = sessions.get(id);
  if (username === undefined) throw new HTTPException(401, 'The session has ended');
  return username;
});

@Controller('/session')
class SessionController {
  @Post({ status: 204, dependencies: [Depends(sameOrigin)] })
  async open(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm, @Ctx() { response }: Context) {
    if (!(await compareSecrets(form.password, PASSWORD))) throw new OAuth2Error('invalid_grant');
    const id = randomBytes(32).toString('base64url');
    sessions.set(id, form.username);
    response.headers.append('Set-Cookie', `${COOKIE}=${id}; Path=/; Max-Age=3600; Secure; HttpOnly; SameSite=Lax`);
  }

  @Get()
  read(@Depends(sessionUser) username: string) {
    return { username };
  }

  @Delete({ status: 204 })
  close(@Depends(sessionUser) _username: string, @Depends(sessionId) id: string) {
    sessions.delete(id);
  }
}
// #endregion cookies

export const app = new App({
  title: 'Security',
  version: '1.0.0',
  controllers: [AlternativesController, SessionController],
});
