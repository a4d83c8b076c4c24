import { App, Controller, Depends, dependency, Get, OAuth2PasswordBearer } from 'portico';

const oauth2Scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });

const currentUser = dependency({ token: Depends(oauth2Scheme) }, ({ token }) => {
  return { token_received: token };
});

@Controller('/users')
class UserController {
  @Get('/me')
  readUsersMe(@Depends(currentUser) user: { token_received: string }) {
    return user;
  }
}

export const app = new App({ title: 'Tutorial, step 2', version: '1.0.0', controllers: [UserController] });
