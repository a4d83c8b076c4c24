import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import type { HTTPException } from '../http/errors.ts';
import { isToken } from '../http/token.ts';
import { SecurityScheme, type SecuritySchemeOptions } from './scheme.ts';

/** A key under one name; an empty key counts as absent, and a repeated one is refused. */
abstract class APIKey<A extends boolean | undefined> extends SecurityScheme<string, A> {
  protected abstract readonly place: 'header' | 'query' | 'cookie';
  readonly #name: string;

  constructor(name: string, options: SecuritySchemeOptions<A> = {}) {
    super(options);
    this.#name = name;
  }

  /** What was sent under the name: one value, or several. */
  protected abstract valuesOf(context: Context, name: string): string | readonly string[] | undefined;

  describe(): SecuritySchemeObject {
    return { type: 'apiKey', in: this.place, name: this.#name };
  }

  read(context: Context): string | undefined | HTTPException {
    const sent = this.valuesOf(context, this.#name);
    if (sent !== undefined && typeof sent !== 'string') return this.refuse('invalid_token');
    return sent === '' ? undefined : sent;
  }

  override get fault(): string | undefined {
    if (this.place !== 'query' && !isToken(this.#name)) {
      return `'${this.#name}' is not the name of a ${this.place}`;
    }
    return super.fault;
  }
}

/** An API key in a request header; gives the key. */
export class APIKeyHeader<const A extends boolean | undefined = true> extends APIKey<A> {
  /** @internal */
  static readonly porticoName: string = 'APIKeyHeader';

  protected readonly place = 'header';

  protected valuesOf(context: Context, name: string): string | readonly string[] | undefined {
    const value = context.exchange.incoming.header(name.toLowerCase());
    // Platforms join repeated lines with a comma and a space, and a key that contains both cannot be told from that.
    return value?.includes(', ') === true ? value.split(', ') : value;
  }
}

/** An API key in the query string, where logs and histories record it; gives the key. */
export class APIKeyQuery<const A extends boolean | undefined = true> extends APIKey<A> {
  /** @internal */
  static readonly porticoName: string = 'APIKeyQuery';

  protected readonly place = 'query';

  protected valuesOf(context: Context, name: string): string | readonly string[] | undefined {
    return context.exchange.query.get(name);
  }
}

/** An API key in a cookie; gives the key. Browsers send it automatically: such routes need protection against CSRF. */
export class APIKeyCookie<const A extends boolean | undefined = true> extends APIKey<A> {
  /** @internal */
  static readonly porticoName: string = 'APIKeyCookie';

  protected readonly place = 'cookie';

  protected valuesOf(context: Context, name: string): string | readonly string[] | undefined {
    return context.exchange.cookies.get(name);
  }
}
