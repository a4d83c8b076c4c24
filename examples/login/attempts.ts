import { isIPv6 } from 'node:net';
import { Ctx, Depends, dependency, HTTPException, OAuth2PasswordRequestForm } from 'portico';
import { audit } from './audit.ts';
import { type Client, database } from './database.ts';
import { digest } from './digest.ts';
import { TokenError } from './schemas.ts';
import { secondsFromNow, settings } from './settings.ts';

/** In the format of token endpoint errors (RFC 6749 §5.2), which do not include a 429. */
class TooManyAttempts extends HTTPException {
  constructor(until: Date) {
    const seconds = Math.max(1, Math.ceil((until.getTime() - Date.now()) / 1_000));
    super(429, 'Too many attempts', { headers: { 'Retry-After': String(seconds) } });
  }

  override body() {
    return { error: 'temporarily_unavailable', error_description: this.detail };
  }
}

/** An IPv6 client can use any address in its 64-bit network, so the network is counted. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [before = [], after = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}

// #region count
/** Keys are digests: they have a fixed length, and hide a password that was typed in as the name. */
async function countAttempt(client: Client, key: string, windowSeconds: number) {
  const ends = secondsFromNow(windowSeconds);
  const { rows } = await client.query<{ count: number; ends: Date }>(
    `insert into attempts (key, count, ends_at) values ($1, 1, $2)
     on conflict (key) do update set count = attempts.count + 1 returning count, ends_at as ends`,
    [digest(key), ends],
  );
  return rows[0] ?? { count: Infinity, ends };
}

/**
 * Counts a login as failed before it is tried, so that parallel requests cannot exceed the limit.
 *
 * The value is a function that undoes this after a successful login.
 */
export const countedAttempt = dependency(
  {
    form: Depends(OAuth2PasswordRequestForm),
    context: Ctx(),
    database: Depends(database),
    settings: Depends(settings),
    audit: Depends(audit),
  },
  async ({ form, context, database, settings: { attempts }, audit }) => {
    const address = networkOf(context.clientAddress ?? 'unknown');
    const counters = [
      { key: `address ${address}`, limit: attempts.perAddress },
      { key: `account ${form.username}`, limit: attempts.perAccount },
    ];
    await database.query('delete from attempts where ends_at <= $1', [new Date()]);
    // An address that has reached its limit is refused first, so that it cannot lock accounts.
    for (const { key, limit } of counters) {
      const { count, ends } = await countAttempt(database, key, attempts.windowSeconds);
      if (count > limit) {
        audit('login refused after too many attempts', { address: context.clientAddress });
        throw new TooManyAttempts(ends);
      }
    }
    return async function takeBack() {
      const text = 'update attempts set count = count - 1 where key = $1 and count > 0';
      for (const { key } of counters) await database.query(text, [digest(key)]);
    };
  },
  {
    responses: {
      429: { description: 'Too many failed logins; `Retry-After` says when to try again', content: TokenError },
    },
  },
);
// #endregion count
