import { Body, Controller, Depends, Get, Post } from 'portico';
import { activeUser } from './current-user.ts';
import { hashPassword } from './passwords.ts';
import { NewUser, User } from './schemas.ts';
import type { UserRecord } from './store.ts';
import { type Transaction, transaction } from './transaction.ts';

// #region users
@Controller('/users', { tags: ['users'] })
export class UserController {
  @Post({ response: User, status: 201, public: true, responses: { 409: { description: 'The name is taken' } } })
  async register(@Body(NewUser) { username, password }: NewUser, @Depends(transaction) changes: Transaction) {
    const passwordHash = await hashPassword(password);
    return changes.addUser({ username, passwordHash, active: true, scopes: ['items:read', 'items:write'] });
  }

  @Get('/me', { response: User })
  me(@Depends(activeUser) user: UserRecord) {
    return user;
  }
}
// #endregion users
