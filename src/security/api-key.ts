import type { SecuritySchemeObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import type { HTTPException } from '../http/errors.ts';
import { type Credential, SecurityScheme, type SecuritySchemeOptions } from './scheme.ts';

/** A key under one name; absent and empty are the same, and sent twice it is refused. */
abstract class APIKey<A extends boolean | undefined> extends SecurityScheme<Credential<string, A>> {
  protected abstract readonly place: 'header' | 'query' | 'cookie';
  readonly #name: string;

  constructor(name: string, options: SecuritySchemeOptions & { readonly autoError?: A } = {}) {
    super(options);
    this.#name = name;
  }

  /** All values under the name. */
  protected abstract values(context: Context, name: string): readonly string[];

  describe(): SecuritySchemeObject {
    return { type: 'apiKey', in: this.place, name: this.#name };
  }

  read(context: Context): Credential<string, A> | undefined | HTTPException {
    const [key, ...more] = this.values(context, this.#name);
    if (more.length > 0) return this.refuse('invalid_token');
    return key === undefined || key === '' ? undefined : key;
  }

  override get fault(): string | undefined {
    if (this.place !== 'query' && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(this.#name)) {
      return `'${this.#name}' is not the name of a ${this.place}`;
    }
    return super.fault;
  }
}

/** An API key in a request header; gives the key. */
export class APIKeyHeader<const A extends boolean | undefined = true> extends APIKey<A> {
  protected readonly place = 'header';

  protected values(context: Context, name: string): readonly string[] {
    // Platforms join repeated lines with a comma and a space, and a key with both in it is not distinguishable.
    return context.incoming.header(name.toLowerCase())?.split(', ') ?? [];
  }
}

/** An API key in the query string, where logs and histories keep it; gives the key. */
export class APIKeyQuery<const A extends boolean | undefined = true> extends APIKey<A> {
  protected readonly place = 'query';

  protected values(context: Context, name: string): readonly string[] {
    return context.query.get(name) ?? [];
  }
}

/** An API key in a cookie; gives the key. Browsers send it by themselves: such routes need a defence against CSRF. */
export class APIKeyCookie<const A extends boolean | undefined = true> extends APIKey<A> {
  protected readonly place = 'cookie';

  protected values(context: Context, name: string): readonly string[] {
    return context.cookies.get(name) ?? [];
  }
}
