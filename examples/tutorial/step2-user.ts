import { App, Controller, Depends, dependency, Get, OAuth2PasswordBearer } from 'portico';
import { z } from 'zod';

const User = z.object({ username: z.string(), email: z.email(), full_name: z.string() }).meta({ id: 'User' });
type User = z.output<typeof User>;

const oauth2Scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });

// Accepts any token. A real app looks the token up or verifies its signature.
function fakeDecodeToken(token: string): User {
  return { username: `${token}fakedecoded`, email: 'john@example.com', full_name: 'John Doe' };
}

const currentUser = dependency({ token: Depends(oauth2Scheme) }, ({ token }) => fakeDecodeToken(token));

@Controller('/users')
class UserController {
  @Get('/me', { response: User })
  readUsersMe(@Depends(currentUser) user: User) {
    return user;
  }
}

export const app = new App({ title: 'Tutorial, step 2, with a user', version: '1.0.0', controllers: [UserController] });
