import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import { HTTPException } from '../http/errors.ts';
import { type ChallengeParameters, packageNameOf, type SchemeDeclaration, SCHEMES } from '../metadata/scheme.ts';
import type { SchemeDependency, VALUE } from '../metadata/dependable.ts';

export interface SecuritySchemeOptions<A extends boolean | undefined = boolean | undefined> {
  /** The key under `components.securitySchemes`; unless set, the name of the class, which a minifier may change. */
  readonly schemeName?: string | undefined;
  readonly description?: string | undefined;
  /** `false` gives `undefined` instead of refusing, and makes the scheme optional in the document. */
  readonly autoError?: A | undefined;
  /** The protection space named in challenges (RFC 9110 §11.5), `api` unless set. */
  readonly realm?: string | undefined;
}

/** The value of a scheme: with `autoError: false` it may be absent. */
export type Credential<V, A extends boolean | undefined> = A extends false ? V | undefined : V;

/**
 * A security scheme: reads a credential, refuses without one, and describes itself in the document.
 *
 * A subclass defines what it reads and how it is described; everything else follows. `SecurityScheme<string>` always
 * gives a string, and takes no `autoError: false`; `SecurityScheme<string, false>` may give `undefined`.
 */
export abstract class SecurityScheme<V, const A extends boolean | undefined = true>
  implements SchemeDeclaration, SchemeDependency<Credential<V, A>>
{
  declare readonly [VALUE]: Credential<V, A>;
  declare readonly [SCHEMES]: readonly SchemeDeclaration[];
  readonly schemeName: string;
  readonly description: string | undefined;
  readonly optional: boolean;
  readonly realm: string;

  constructor({ schemeName, description, autoError, realm }: SecuritySchemeOptions<A> = {}) {
    // Set here, for a bundler keeps a class with a computed field even if nobody uses it.
    this[SCHEMES] = [this];
    this.schemeName = schemeName ?? packageNameOf(new.target) ?? new.target.name;
    this.description = description;
    this.optional = autoError === false;
    this.realm = realm ?? 'api';
  }

  /** The security scheme object of the document. */
  abstract describe(): SecuritySchemeObject;

  /** The credential, undefined if there is none, or the exception to respond with if it is malformed. */
  abstract read(context: Context): V | undefined | HTTPException;

  /** The exception for absent or malformed credentials; a 401 gets its challenge automatically. */
  refuse(error?: 'invalid_token' | 'invalid_request'): HTTPException {
    if (error === 'invalid_request') {
      return new HTTPException(400, 'Invalid request', { headers: { 'WWW-Authenticate': this.challenge({ error }) } });
    }
    return new HTTPException(401, error === undefined ? 'Not authenticated' : 'Invalid authentication credentials');
  }

  /** The challenge of a 401 or 403 (RFC 9110 §11.6.1). */
  challenge(_parameters: ChallengeParameters = {}, _context?: Context): string {
    return `${challengeWord(this.describe())} ${parameterText('realm', this.realm)}`;
  }

  /** Whether credentials of this scheme were sent, valid or not. */
  present(context: Context): boolean {
    return this.read(context) !== undefined;
  }

  get declaredScopes(): ReadonlySet<string> | undefined | null {
    return null;
  }

  get fault(): string | undefined {
    if (this.schemeName === '') return 'the scheme has no name; give it a schemeName';
    if (!/^[a-zA-Z0-9._-]+$/.test(this.schemeName)) {
      return `the scheme name '${this.schemeName}' has characters outside A-Z a-z 0-9 . _ -; give it a schemeName, which no minifier changes`;
    }
    if (!/^[\x20-\x7e]+$/.test(this.realm)) return 'the realm must be printable ASCII';
    return undefined;
  }
}

/** The word that a scheme's challenges begin with (RFC 9110 §11.1); none is registered for API keys. */
function challengeWord({ type, scheme }: SecuritySchemeObject): string {
  if (type === 'apiKey') return 'APIKey';
  return type === 'http' && scheme !== undefined ? scheme.charAt(0).toUpperCase() + scheme.slice(1) : 'Bearer';
}

/** An auth-param with a quoted-string, escaped so that no text can end it (RFC 9110 §5.6.4). */
export function parameterText(name: string, value: string): string {
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`;
}
