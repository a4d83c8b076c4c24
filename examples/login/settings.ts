import { dependency } from 'portico';

export interface Settings {
  /** A PostgreSQL server; without one, an in-process database is used, which is lost on exit. */
  readonly databaseUrl: string | undefined;
  /** How long an unused refresh token is valid. */
  readonly refreshTokenSeconds: number;
  /** How long a login lasts, however often it is refreshed. */
  readonly sessionSeconds: number;
  /** Failed logins within a window, before further ones are refused. */
  readonly attempts: { readonly windowSeconds: number; readonly perAccount: number; readonly perAddress: number };
}

// #region settings
/** Settings that differ between deployments; secrets have no default in the source. */
export const settings = dependency(
  (): Settings => ({
    databaseUrl: process.env['DATABASE_URL'],
    refreshTokenSeconds: 7 * 24 * 3_600,
    sessionSeconds: 30 * 24 * 3_600,
    attempts: { windowSeconds: 15 * 60, perAccount: 10, perAddress: 100 },
  }),
  { lifetime: 'app', name: 'settings' },
);
// #endregion settings

export const secondsFromNow = (seconds: number): Date => new Date(Date.now() + seconds * 1_000);
