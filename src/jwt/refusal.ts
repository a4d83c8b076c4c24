import type { Context } from '../http/context.ts';
import { attempt, printable } from '../http/log.ts';

/** Why a token is refused, in words for the log that repeat nothing of the token. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
}

/** Why a proof of possession is refused (RFC 9449 §7.1). */
export class ProofRefusal extends Refusal {
  override readonly name = 'ProofRefusal';
}

/** The token's validity cannot be determined at present. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** Seconds until another attempt makes sense. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Returns a function that logs to the request's logger. */
export type Tell = (level: 'info' | 'warn', text: string) => void;

const LONGEST_TEXT = 200;

export function tellOf(context: Context): Tell {
  return function tell(level, text) {
    const { method, route } = context;
    const line = printable(`${method} ${route as string}: ${text.slice(0, LONGEST_TEXT)}`);
    attempt(() => context.exchange.endpoint?.logger?.[level](line));
  };
}
