import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import type { HTTPException } from '../http/errors.ts';
import type { ChallengeParameters } from '../metadata/scheme.ts';
import { parameterText, SecurityScheme, type SecuritySchemeOptions } from './scheme.ts';

/** One or more spaces, then one b64token (RFC 6750 §2.1); the scheme word in any case (RFC 9110 §11.1). */
const CREDENTIALS = /^(bearer) +([A-Za-z0-9._~+/-]+=*)$/i;
const SCHEME_WORD = /^bearer(?![!#$%&'*+.^_`|~0-9A-Za-z-])/i;
/** Two header lines that the platform has joined: a known scheme word after a comma, and not in a quoted string. */
const JOINED = /^[^"]*,\s*(?:bearer|basic|digest) +[^\s,]/i;

/** Shared by all bearer-type schemes: where the token is read, and how it is refused (RFC 6750). */
export abstract class BearerScheme<V, const A extends boolean | undefined> extends SecurityScheme<V, A> {
  protected abstract credentialOf(scheme: string, token: string): V;

  override read(context: Context): V | undefined | HTTPException {
    const header = context.exchange.incoming.header('authorization');
    if (header === undefined) return undefined;
    const match = CREDENTIALS.exec(header);
    if (match?.[1] !== undefined && match[2] !== undefined) return this.credentialOf(match[1], match[2]);
    // RFC 6750 §3.1: more than one method, or the same one twice, is an invalid request and never "first wins".
    if (context.exchange.incoming.headerCount('authorization') > 1 || JOINED.test(header))
      return this.refuse('invalid_request');
    return SCHEME_WORD.test(header) ? this.refuse('invalid_token') : undefined;
  }

  override challenge({ error, scope, resourceMetadata }: ChallengeParameters = {}): string {
    let text = super.challenge();
    if (error !== undefined) text += `, ${parameterText('error', error)}`;
    if (scope !== undefined && scope !== '') text += `, ${parameterText('scope', scope)}`;
    if (resourceMetadata !== undefined) text += `, ${parameterText('resource_metadata', resourceMetadata)}`;
    return text;
  }

  override present(context: Context): boolean {
    const header = context.exchange.incoming.header('authorization');
    return header !== undefined && SCHEME_WORD.test(header);
  }
}

export interface HTTPBearerOptions<
  A extends boolean | undefined = boolean | undefined,
> extends SecuritySchemeOptions<A> {
  /** A hint for readers of the document, such as `JWT`. */
  readonly bearerFormat?: string;
}

/** The scheme word as it was sent, and the rest of the header. */
export interface HTTPAuthorizationCredentials {
  readonly scheme: string;
  readonly credentials: string;
}

/** Any bearer token (RFC 6750); gives the scheme word and the token. */
export class HTTPBearer<const A extends boolean | undefined = true> extends BearerScheme<
  HTTPAuthorizationCredentials,
  A
> {
  /** @internal */
  static readonly porticoName: string = 'HTTPBearer';

  readonly #bearerFormat: string | undefined;

  constructor(options: HTTPBearerOptions<A> = {}) {
    super(options);
    this.#bearerFormat = options.bearerFormat;
  }

  protected credentialOf(scheme: string, credentials: string): HTTPAuthorizationCredentials {
    return { scheme, credentials };
  }

  describe(): SecuritySchemeObject {
    return {
      type: 'http',
      scheme: 'bearer',
      ...(this.#bearerFormat === undefined ? {} : { bearerFormat: this.#bearerFormat }),
    };
  }
}

export interface OpenIdConnectOptions<
  A extends boolean | undefined = boolean | undefined,
> extends SecuritySchemeOptions<A> {
  /** The address of the discovery document. */
  readonly openIdConnectUrl: string;
}

/** A bearer token of an OpenID Connect provider; gives the token. */
export class OpenIdConnect<const A extends boolean | undefined = true> extends BearerScheme<string, A> {
  /** @internal */
  static readonly porticoName: string = 'OpenIdConnect';

  readonly #openIdConnectUrl: string;

  constructor(options: OpenIdConnectOptions<A>) {
    super(options);
    this.#openIdConnectUrl = options.openIdConnectUrl;
  }

  protected credentialOf(_scheme: string, token: string): string {
    return token;
  }

  describe(): SecuritySchemeObject {
    return { type: 'openIdConnect', openIdConnectUrl: this.#openIdConnectUrl };
  }

  /** The discovery document lists them. */
  override get declaredScopes(): undefined {
    return undefined;
  }
}
