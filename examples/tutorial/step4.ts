import {
  App,
  compareSecrets,
  Controller,
  Depends,
  dependency,
  Get,
  HTTPException,
  OAuth2PasswordBearer,
} from 'portico';

// A real secret comes from the environment, never from the source.
const EXPECTED_TOKEN = 'mysecrettoken';

class TokenBearer extends OAuth2PasswordBearer {
  override refuse() {
    return new HTTPException(401, 'Invalid or missing token');
  }
}

const oauth2Scheme = new TokenBearer({ tokenUrl: 'token' });

const verifiedToken = dependency({ token: Depends(oauth2Scheme) }, async ({ token }) => {
  if (!(await compareSecrets(token, EXPECTED_TOKEN))) throw oauth2Scheme.refuse();
  return token;
});

@Controller('/protected')
class ProtectedController {
  @Get()
  readProtected(@Depends(verifiedToken) token: string) {
    return { message: `Access granted with token: ${token}` };
  }
}

export const app = new App({ title: 'Tutorial, step 4', version: '1.0.0', controllers: [ProtectedController] });
