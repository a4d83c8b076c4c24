import { Body, Controller, Delete, Depends, Get, HTTPException, Post, Security } from 'portico';
import { type Audit, audit } from './audit.ts';
import { currentUser } from './current-user.ts';
import { type Database, database } from './database.ts';
import { NewUser, User } from './schemas.ts';
import { endAllSessions } from './sessions.ts';
import { addUser, type UserRecord } from './users.ts';

// #region users
@Controller('/users', { tags: ['users'] })
export class UserController {
  constructor(
    @Depends(database) private readonly database: Database,
    @Depends(audit) private readonly audit: Audit,
  ) {}

  @Get('/me', { response: User })
  me(@Security(currentUser, { scopes: ['profile:read'] }) user: UserRecord) {
    return user;
  }

  @Post({
    response: User,
    status: 201,
    dependencies: [Security(currentUser, { scopes: ['users:write'] })],
    responses: { 409: { description: 'The name is taken' } },
  })
  async add(@Body(NewUser) newUser: NewUser) {
    const added = await addUser(this.database, newUser);
    if (added === undefined) throw new HTTPException(409, 'The name is taken');
    return added;
  }

  /** Ends every session of the user, on all devices. */
  @Delete('/me/sessions', { status: 204 })
  async endSessions(@Depends(currentUser) { username }: UserRecord) {
    await endAllSessions(this.database, username);
    this.audit('all sessions ended', { username });
  }
}
// #endregion users
