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
const EXPECTED_TOKEN = 'expected_token';

const oauth2Scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });

const verifiedToken = dependency({ token: Depends(oauth2Scheme) }, async ({ token }) => {
  if (!(await compareSecrets(token, EXPECTED_TOKEN))) {
    throw new HTTPException(401, 'Invalid authentication credentials', { headers: { 'WWW-Authenticate': 'Bearer' } });
  }
  return token;
});

@Controller('/secure-data', { dependencies: [Depends(verifiedToken)] })
class SecureDataController {
  @Get()
  readSecureData() {
    return { data: 'This is protected' };
  }
}

export const app = new App({ title: 'Tutorial, step 3', version: '1.0.0', controllers: [SecureDataController] });
