import { z } from 'zod';

/** A user in responses: these schemas leave out the password hash. */
export const User = z.object({ username: z.string(), active: z.boolean() }).meta({ id: 'User' });

export const NewUser = z
  .object({ username: z.string().regex(/^[a-z][a-z\d-]{1,30}$/), password: z.string().min(8).max(200) })
  .meta({ id: 'NewUser' });
export type NewUser = z.output<typeof NewUser>;

export const NewItem = z
  .object({ title: z.string().min(1).max(100), price: z.number().min(0) })
  .meta({ id: 'NewItem' });
export type NewItem = z.output<typeof NewItem>;

export const Item = NewItem.extend({ id: z.int(), owner: z.string() }).meta({ id: 'Item' });
export type Item = z.output<typeof Item>;

export const ItemPage = z.object({ items: z.array(Item), total: z.int() }).meta({ id: 'ItemPage' });

export const Token = z
  .object({ access_token: z.string(), token_type: z.literal('bearer'), expires_in: z.int(), scope: z.string() })
  .meta({ id: 'Token' });
