import { App, compareSecrets, Controller, Depends, dependency, Get, HTTPException, Path, Post, Query } from 'portico';
import { OAuth2Error, OAuth2PasswordBearer, OAuth2PasswordRequestForm, type ValueOf } from 'portico';
import { z } from 'zod';

const tokenUrl = 'token';
const usernames = new Map<string, string>();
const currentUser = dependency({ token: Depends(new OAuth2PasswordBearer({ tokenUrl })) }, ({ token }) => {
  if (!usernames.has(token)) throw new HTTPException(401, 'Invalid token');
  return { username: usernames.get(token) };
});
const item = dependency({ itemId: Path(z.int()), q: Query(z.string().optional()) }, (item) => item);
@Controller()
class ItemController {
  @Post(tokenUrl) async login(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm) {
    if (!(await compareSecrets(form.password, 'demo'))) throw new OAuth2Error('invalid_grant');
    const access_token = crypto.randomUUID();
    usernames.set(access_token, form.username);
    return { access_token, token_type: 'bearer' };
  }
  @Get('/users/me') me(@Depends(currentUser) user: ValueOf<typeof currentUser>) {
    return user;
  }
  @Get('/items/:itemId') read(@Depends(item) found: ValueOf<typeof item>) {
    return found;
  }
}
export const app = new App({ title: 'Items', version: '1.0.0', controllers: [ItemController] });
