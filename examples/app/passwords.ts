import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

// #region passwords
const KEY_LENGTH = 32;
const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** A salted hash to store instead of a password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, KEY_LENGTH);
  return `${salt.toString('base64')}:${key.toString('base64')}`;
}

export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const [salt = '', key = ''] = hash.split(':');
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64'), KEY_LENGTH), Buffer.from(key, 'base64'));
}

/** Compared with the password of an unknown user, so that the response takes as long as for a known one. */
export const NO_PASSWORD: string = await hashPassword(randomBytes(16).toString('hex'));
// #endregion passwords
