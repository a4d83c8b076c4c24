import { dependency } from 'portico';

type AuditEvent =
  | 'login succeeded'
  | 'login failed'
  | 'login refused after too many attempts'
  | 'refresh token used twice'
  | 'session ended'
  | 'all sessions ended';

export type Audit = (
  event: AuditEvent,
  details: { username?: string | undefined; address?: string | undefined },
) => void;

// #region audit
/**
 * Logs who did what, one JSON object per line, and never a credential.
 *
 * The name of an unknown user is left out, because people type passwords into that field.
 */
export const audit = dependency(
  (): Audit => (event, details) => console.info(JSON.stringify({ time: new Date(), event, ...details })),
  { lifetime: 'app', name: 'audit' },
);
// #endregion audit
