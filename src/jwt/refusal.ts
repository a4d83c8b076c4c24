import type { Context } from '../http/context.ts';
import { printable } from '../http/log.ts';

/** Why a token is refused, in words for the log that repeat nothing of what the token says. */
export class Refusal extends Error {
  override readonly name: string = 'Refusal';
}

/** Why a proof of possession is refused (RFC 9449 §7.1). */
export class ProofRefusal extends Refusal {
  override readonly name = 'ProofRefusal';
}

/** Nobody can say at present whether the token is good. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
  /** Seconds until it is worth another attempt. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Tells the log of the request that it happened in. */
export type Tell = (level: 'info' | 'warn', text: string) => void;

const LONGEST_TEXT = 200;

/** A logger that fails must not change an answer. */
export function tellOf(context: Context): Tell {
  return function tell(level, text) {
    const { method, route, path } = context;
    try {
      context.exchange.endpoint?.logger?.[level](
        printable(`${method} ${route ?? path}: ${text.slice(0, LONGEST_TEXT)}`),
      );
    } catch {
      return;
    }
  };
}
