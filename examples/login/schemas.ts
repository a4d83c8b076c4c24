import { z } from 'zod';

const Scope = z.enum(['profile:read', 'users:write']);

export const SCOPES: Record<z.output<typeof Scope>, string> = {
  'profile:read': 'Read your own profile.',
  'users:write': 'Add users.',
};

export const Username = z.string().regex(/^[a-z][a-z\d-]{1,30}$/);

// #region schemas
/** A user in responses: this schema leaves out the password hash. */
export const User = z.object({ username: Username, active: z.boolean(), scopes: z.array(Scope) }).meta({ id: 'User' });

/** NIST SP 800-63B-4 §3.1.1.2: a minimum length, and no rules about characters. */
export const NewUser = z
  .object({ username: Username, password: z.string().min(15).max(128), scopes: z.array(Scope) })
  .meta({ id: 'NewUser' });
export type NewUser = z.output<typeof NewUser>;
// #endregion schemas

/** RFC 6749 §5.1 */
export const Tokens = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int(),
    refresh_token: z.string(),
    scope: z.string(),
  })
  .meta({ id: 'Tokens' });
export type Tokens = z.output<typeof Tokens>;

/** RFC 6749 §5.2 */
export const TokenError = z
  .object({ error: z.string(), error_description: z.string().optional() })
  .meta({ id: 'TokenError' });
