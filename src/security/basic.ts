import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import type { HTTPException } from '../http/errors.ts';
import type { HTTPAuthorizationCredentials } from './bearer.ts';
import { parameterText, SecurityScheme, type SecuritySchemeOptions } from './scheme.ts';

export interface HTTPBasicCredentials {
  readonly username: string;
  readonly password: string;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A user name and password by RFC 7617, in UTF-8; either may be empty. */
export class HTTPBasic<const A extends boolean | undefined = true> extends SecurityScheme<HTTPBasicCredentials, A> {
  /** @internal */
  static readonly porticoName: string = 'HTTPBasic';

  constructor(options: SecuritySchemeOptions<A> = {}) {
    super(options);
  }

  describe(): SecuritySchemeObject {
    return { type: 'http', scheme: 'basic' };
  }

  read(context: Context): HTTPBasicCredentials | undefined | HTTPException {
    const encoded = credentialsOf(context, 'basic');
    if (encoded === undefined) return undefined;
    if (context.exchange.incoming.headerCount('authorization') > 1) return this.refuse('invalid_request');
    const credentials = decodeBasic(encoded);
    return credentials === undefined ? this.refuse('invalid_token') : credentials;
  }

  override challenge(): string {
    return `${super.challenge()}, charset="UTF-8"`;
  }

  override present(context: Context): boolean {
    return credentialsOf(context, 'basic') !== undefined;
  }
}

/**
 * The credentials of a Digest header (RFC 7616) as text.
 *
 * It extracts them without verifying: the caller has to check nonces, counts and hashes.
 */
export class HTTPDigest<const A extends boolean | undefined = true> extends SecurityScheme<
  HTTPAuthorizationCredentials,
  A
> {
  /** @internal */
  static readonly porticoName: string = 'HTTPDigest';

  constructor(options: SecuritySchemeOptions<A> = {}) {
    super(options);
  }

  describe(): SecuritySchemeObject {
    return { type: 'http', scheme: 'digest' };
  }

  read(context: Context): HTTPAuthorizationCredentials | undefined | HTTPException {
    const credentials = credentialsOf(context, 'digest');
    if (credentials === undefined) return undefined;
    if (context.exchange.incoming.headerCount('authorization') > 1) return this.refuse('invalid_request');
    if (credentials === '') return this.refuse('invalid_token');
    const value: HTTPAuthorizationCredentials = { scheme: 'Digest', credentials };
    return value;
  }

  override challenge(): string {
    return `${super.challenge()}, ${parameterText('qop', 'auth')}, algorithm=SHA-256`;
  }

  override present(context: Context): boolean {
    return credentialsOf(context, 'digest') !== undefined;
  }
}

/** What follows the scheme word; undefined for no header or another scheme. */
function credentialsOf(context: Context, scheme: string): string | undefined {
  const header = context.exchange.incoming.header('authorization');
  if (header === undefined || header.slice(0, scheme.length).toLowerCase() !== scheme) return undefined;
  const rest = header.slice(scheme.length);
  return rest === '' || rest.startsWith(' ') || rest.startsWith('\t') ? rest.replace(/^ +/, '') : undefined;
}

/** RFC 7617 §2: canonical base64 of UTF-8 without control characters, split at the first colon. */
export function decodeBasic(encoded: string): HTTPBasicCredentials | undefined {
  let text: string;
  try {
    const bytes = atob(encoded);
    // atob accepts white space and missing padding, so encode again and compare.
    if (btoa(bytes) !== encoded) return undefined;
    text = UTF8.decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
  } catch {
    return undefined;
  }
  const colon = text.indexOf(':');
  // oxlint-disable-next-line no-control-regex -- control characters are what to refuse
  if (colon === -1 || /[\u0000-\u001f\u007f]/.test(text)) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
