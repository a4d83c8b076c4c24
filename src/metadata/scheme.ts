import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import type { HTTPException } from '../http/errors.ts';

/** The grammar of a scope (RFC 6749 §3.3). */
export const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** How a credential is read, refused and documented. */
export interface SchemeDeclaration {
  readonly schemeName: string;
  readonly description: string | undefined;
  readonly optional: boolean;
  /** The scopes it declares; undefined if they are declared elsewhere, `null` if it has no scopes. */
  readonly declaredScopes: ReadonlySet<string> | undefined | null;
  /** What is wrong with its options, in words. */
  readonly fault: string | undefined;
  describe(): SecuritySchemeObject;
  /** The credential, undefined if there is none, or the exception to respond with. */
  read(context: Context): unknown;
  refuse(error?: 'invalid_token' | 'invalid_request'): HTTPException;
  /** The challenge of a response; specific to one request if its context is given. */
  challenge(parameters?: ChallengeParameters, context?: Context): string;
  /** Whether the request carries credentials of this scheme, valid or not. */
  present(context: Context): boolean;
}

export interface ChallengeParameters {
  readonly error?: string | undefined;
  readonly scope?: string | undefined;
  /** The address of the resource's metadata (RFC 9728 §5.1). */
  readonly resourceMetadata?: string | undefined;
}

/** The key under which a scheme carries its declaration, or several to choose from. */
export const SCHEMES: unique symbol = Symbol.for('portico.schemes');

/**
 * The name of a scheme's class, if that is one of the package: minifiers rename classes.
 *
 * A scheme that extends one of the package is named after its own class.
 */
export function packageNameOf(type: object): string | undefined {
  return Object.hasOwn(type, 'porticoName') ? (type as { readonly porticoName?: string }).porticoName : undefined;
}
