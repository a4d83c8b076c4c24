import { createHash, randomBytes } from 'node:crypto';
import { messages } from '@electric-sql/pglite';
import {
  App,
  Body,
  type Context,
  Controller,
  Depends,
  dependency,
  Get,
  HTTPBearer,
  HTTPException,
  OnError,
  Post,
} from 'portico';
import { z } from 'zod';
import { transaction } from './database.ts';
import type { Client } from './pool.ts';

const Account = z.object({ name: z.string(), balance: z.int() }).meta({ id: 'Account' });
type Account = z.output<typeof Account>;

const NewAccount = z.object({ name: z.string().min(1).max(50) }).meta({ id: 'NewAccount' });
type NewAccount = z.output<typeof NewAccount>;

const Transfer = z.object({ payee: z.string(), amount: z.int().min(1) }).meta({ id: 'Transfer' });
type Transfer = z.output<typeof Transfer>;

/** Messages by PostgreSQL error code. */
const REFUSALS = new Map([
  ['23503', 'There is no such account'],
  ['23505', 'The name is taken'],
]);

const digest = (token: string) => createHash('sha256').update(token).digest('hex');

// #region account
const currentAccount = dependency(
  { credentials: Depends(new HTTPBearer()), client: Depends(transaction) },
  async ({ credentials: { credentials: token }, client }) => {
    const found = 'select name, balance from accounts where token_digest = $1';
    const { rows } = await client.query<Account>(found, [digest(token)]);
    const [account] = rows;
    if (account === undefined) throw new HTTPException(401, 'Unknown token');
    return account;
  },
);
// #endregion account

// #region controller
@Controller({ responses: { 409: { description: 'Refused; nothing was changed' } } })
class AccountController {
  @Post('/accounts', { status: 201, public: true })
  async open(@Body(NewAccount) { name }: NewAccount, @Depends(transaction) client: Client) {
    const token = randomBytes(32).toString('base64url');
    await client.query('insert into accounts (name, token_digest) values ($1, $2)', [name, digest(token)]);
    return { name, token };
  }

  @Get('/accounts/me', { response: Account })
  me(@Depends(currentAccount) account: Account) {
    return account;
  }

  @Post('/transfers', { response: Account, status: 201 })
  async transfer(
    @Depends(currentAccount) { name }: Account,
    @Body(Transfer) { payee, amount }: Transfer,
    @Depends(transaction) client: Client,
  ) {
    await client.query('insert into transfers (payer, payee, amount) values ($1, $2, $3)', [name, payee, amount]);
    await client.query('update accounts set balance = balance + $2 where name = $1', [payee, amount]);
    const withdraw = 'update accounts set balance = balance - $2 where name = $1 returning name, balance';
    const { rows } = await client.query<Account>(withdraw, [name, amount]);
    const [account] = rows;
    if (account === undefined || account.balance < 0) throw new HTTPException(409, `The balance is below ${amount}`);
    return account;
  }

  /** Errors of the database, at a statement or at the commit. */
  @OnError(messages.DatabaseError)
  refused(error: messages.DatabaseError, { response }: Context) {
    const detail = REFUSALS.get(error.code ?? '');
    if (detail === undefined) throw error;
    response.status = 409;
    return { detail };
  }
}
// #endregion controller

export const app = new App({ title: 'Accounts', version: '1.0.0', controllers: [AccountController] });
