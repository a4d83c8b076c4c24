import type { OAuthFlowsObject, SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import type { HTTPException } from '../http/errors.ts';
import { type ChallengeParameters, SCHEME_NAME } from '../metadata/declarations.ts';
import { parameterText, SecurityScheme, type SecuritySchemeOptions } from './scheme.ts';

/** One or more spaces, then one b64token (RFC 6750 §2.1); the scheme word in any case (RFC 9110 §11.1). */
const CREDENTIALS = /^(bearer) +([A-Za-z0-9._~+/-]+=*)$/i;
const SCHEME_WORD = /^bearer(?![!#$%&'*+.^_`|~0-9A-Za-z-])/i;
/** Two header lines that the platform has joined: a known scheme word after a comma, and not in a quoted string. */
const JOINED = /^[^"]*,\s*(?:bearer|basic|digest) +[^\s,]/i;
const FLOWS = ['implicit', 'password', 'clientCredentials', 'authorizationCode'];
/** RFC 6749 §3.3 */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** What all bearer-type schemes share: where the token stands, and how it is refused (RFC 6750). */
abstract class BearerScheme<V, const A extends boolean | undefined> extends SecurityScheme<V, A> {
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

/** The scheme word as it was sent, and what follows it. */
export interface HTTPAuthorizationCredentials {
  readonly scheme: string;
  readonly credentials: string;
}

/** Any bearer token (RFC 6750); gives the scheme word and the token. */
export class HTTPBearer<const A extends boolean | undefined = true> extends BearerScheme<
  HTTPAuthorizationCredentials,
  A
> {
  static readonly [SCHEME_NAME]: string = 'HTTPBearer';

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

/** Scopes by name, each with its description; a list of names has empty descriptions. */
type ScopeDescriptions = Readonly<Record<string, string>>;

export interface OAuth2Options<A extends boolean | undefined = boolean | undefined> extends SecuritySchemeOptions<A> {
  readonly flows: OAuthFlowsObject;
}

/** A bearer token that an OAuth 2.0 server issues by any of the given flows; gives the token. */
export class OAuth2<const A extends boolean | undefined = true> extends BearerScheme<string, A> {
  static readonly [SCHEME_NAME]: string = 'OAuth2';

  readonly #flows: OAuthFlowsObject;

  constructor(options: OAuth2Options<A>) {
    super(options);
    this.#flows = options.flows;
  }

  protected credentialOf(_scheme: string, token: string): string {
    return token;
  }

  describe(): SecuritySchemeObject {
    return { type: 'oauth2', flows: this.#flows };
  }

  override get fault(): string | undefined {
    const unknown = Object.keys(this.#flows).find((flow) => !FLOWS.includes(flow) && !flow.startsWith('x-'));
    if (unknown !== undefined) return `'${unknown}' is not an OAuth 2.0 flow of OpenAPI 3.1`;
    const foreign = [...this.declaredScopes].find((scope) => !SCOPE.test(scope));
    return foreign === undefined ? super.fault : `'${foreign}' is not a scope (RFC 6749 §3.3)`;
  }

  override get declaredScopes(): ReadonlySet<string> {
    const { implicit, password, clientCredentials, authorizationCode } = this.#flows;
    const flows = [implicit, password, clientCredentials, authorizationCode];
    return new Set(flows.flatMap((flow) => Object.keys(flow?.scopes ?? {})));
  }
}

export interface OAuth2FlowOptions<
  A extends boolean | undefined = boolean | undefined,
> extends SecuritySchemeOptions<A> {
  /** Where tokens are issued; relative to the document's server unless absolute. */
  readonly tokenUrl: string;
  readonly refreshUrl?: string;
  readonly scopes?: ScopeDescriptions;
}

/**
 * A bearer token that the password flow issues; gives the token.
 *
 * It describes the flow and reads the token, and verifies nothing. The flow itself must not be used for new systems
 * (RFC 9700 §2.4).
 */
export class OAuth2PasswordBearer<const A extends boolean | undefined = true> extends OAuth2<A> {
  static override readonly [SCHEME_NAME]: string = 'OAuth2PasswordBearer';

  constructor(options: OAuth2FlowOptions<A>) {
    super({ ...options, flows: { password: flowOf(options) } });
  }
}

export interface OAuth2AuthorizationCodeOptions<
  A extends boolean | undefined = boolean | undefined,
> extends OAuth2FlowOptions<A> {
  readonly authorizationUrl: string;
}

/** A bearer token that the authorization code flow issues, with PKCE where the server asks for it (RFC 7636). */
export class OAuth2AuthorizationCodeBearer<const A extends boolean | undefined = true> extends OAuth2<A> {
  static override readonly [SCHEME_NAME]: string = 'OAuth2AuthorizationCodeBearer';

  constructor(options: OAuth2AuthorizationCodeOptions<A>) {
    super({
      ...options,
      flows: { authorizationCode: { authorizationUrl: options.authorizationUrl, ...flowOf(options) } },
    });
  }
}

/** A bearer token that the client credentials flow issues (RFC 6749 §4.4). */
export class OAuth2ClientCredentialsBearer<const A extends boolean | undefined = true> extends OAuth2<A> {
  static override readonly [SCHEME_NAME]: string = 'OAuth2ClientCredentialsBearer';

  constructor(options: OAuth2FlowOptions<A>) {
    super({ ...options, flows: { clientCredentials: flowOf(options) } });
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
  static readonly [SCHEME_NAME]: string = 'OpenIdConnect';

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

  /** They are told by the discovery document. */
  override get declaredScopes(): undefined {
    return undefined;
  }
}

function flowOf({ tokenUrl, refreshUrl, scopes = {} }: OAuth2FlowOptions): {
  tokenUrl: string;
  refreshUrl?: string;
  scopes: Record<string, string>;
} {
  return { tokenUrl, ...(refreshUrl === undefined ? {} : { refreshUrl }), scopes: { ...scopes } };
}
