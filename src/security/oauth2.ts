import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { OAuthFlowsObject } from 'openapi3-ts/oas32';
import { SCOPE } from '../metadata/scheme.ts';
import { BearerScheme } from './bearer.ts';
import type { SecuritySchemeOptions } from './scheme.ts';

const FLOWS = ['implicit', 'password', 'clientCredentials', 'authorizationCode', 'deviceAuthorization'];

/** Scopes by name, each with its description; a list of names has empty descriptions. */
type ScopeDescriptions = Readonly<Record<string, string>>;

export interface OAuth2Options<A extends boolean | undefined = boolean | undefined> extends SecuritySchemeOptions<A> {
  /** `deviceAuthorization` (RFC 8628) is `x-deviceAuthorization` in documents before OpenAPI 3.2. */
  readonly flows: OAuthFlowsObject;
}

/** A bearer token that an OAuth 2.0 server issues by any of the given flows; gives the token. */
export class OAuth2<const A extends boolean | undefined = true> extends BearerScheme<string, A> {
  /** @internal */
  static readonly porticoName: string = 'OAuth2';

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
    if (unknown !== undefined) return `'${unknown}' is not an OAuth 2.0 flow of OpenAPI`;
    const foreign = [...this.declaredScopes].find((scope) => !SCOPE.test(scope));
    return foreign === undefined ? super.fault : `'${foreign}' is not a scope (RFC 6749 §3.3)`;
  }

  override get declaredScopes(): ReadonlySet<string> {
    const { implicit, password, clientCredentials, authorizationCode, deviceAuthorization } = this.#flows;
    const flows = [implicit, password, clientCredentials, authorizationCode, deviceAuthorization];
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
 * It describes the flow and reads the token, but verifies nothing. New systems must not use this flow (RFC 9700 §2.4).
 */
export class OAuth2PasswordBearer<const A extends boolean | undefined = true> extends OAuth2<A> {
  /** @internal */
  static override readonly porticoName: string = 'OAuth2PasswordBearer';

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
  /** @internal */
  static override readonly porticoName: string = 'OAuth2AuthorizationCodeBearer';

  constructor(options: OAuth2AuthorizationCodeOptions<A>) {
    super({
      ...options,
      flows: { authorizationCode: { authorizationUrl: options.authorizationUrl, ...flowOf(options) } },
    });
  }
}

/** A bearer token that the client credentials flow issues (RFC 6749 §4.4). */
export class OAuth2ClientCredentialsBearer<const A extends boolean | undefined = true> extends OAuth2<A> {
  /** @internal */
  static override readonly porticoName: string = 'OAuth2ClientCredentialsBearer';

  constructor(options: OAuth2FlowOptions<A>) {
    super({ ...options, flows: { clientCredentials: flowOf(options) } });
  }
}

function flowOf({ tokenUrl, refreshUrl, scopes = {} }: OAuth2FlowOptions): {
  tokenUrl: string;
  refreshUrl?: string;
  scopes: Record<string, string>;
} {
  return { tokenUrl, ...(refreshUrl === undefined ? {} : { refreshUrl }), scopes: { ...scopes } };
}
