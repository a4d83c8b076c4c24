import type { Incoming } from './incoming.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { type Pairs, parseCookies, parsePairs } from './pairs.ts';

/** What will be sent besides the body: its status, if it was set, and headers that go with every answer. */
export interface OutgoingResponse {
  /** Applies to plain values; errors and returned `Response`s keep their own. */
  status: number | undefined;
  readonly headers: Headers;
}

interface MatchedRoute {
  readonly pattern: string;
  readonly names: readonly string[];
  readonly limits: Limits;
}

/** Work to be done after the answer has been sent. */
export type BackgroundTask = () => unknown;

const NO_VALUES: readonly string[] = [];
const NO_PARAMETERS: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

/** One request, and what will be sent besides its body. */
export class Context {
  readonly method: string;
  /** The path as it was sent, undecoded and without the query string. */
  readonly path: string;
  /** @internal */
  readonly incoming: Incoming;
  /** @internal The values of the path's variables, in order. */
  parameterValues: readonly string[] = NO_VALUES;
  /** @internal */
  outgoing: OutgoingResponse | undefined = undefined;
  /** @internal */
  backgroundTasks: BackgroundTask[] | undefined = undefined;
  /** @internal Set when the time limit passed. */
  expiry: AbortController | undefined = undefined;
  /** @internal What is left to be cleaned up once the answer has been sent; an error says that it was cut short. */
  cleanup: ((error?: unknown) => void | Promise<void>) | undefined = undefined;
  /** @internal The controller of a request that failed, where it had been made. */
  controller: unknown = undefined;
  /** @internal The challenges that a 401 or 403 of the matched operation carries. */
  challenges: ((status: number) => readonly string[]) | undefined = undefined;
  #matched: MatchedRoute | undefined = undefined;
  readonly #queryText: string;
  #query: Pairs | undefined = undefined;
  #cookies: Pairs | undefined = undefined;
  #parameters: Readonly<Record<string, string>> | undefined = undefined;
  #state: Record<PropertyKey, unknown> | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;

  /** @internal */
  constructor(incoming: Incoming) {
    const { method, target } = incoming;
    const query = target.indexOf('?');
    this.incoming = incoming;
    this.method = method;
    this.path = query === -1 ? target : target.slice(0, query);
    this.#queryText = query === -1 ? '' : target.slice(query + 1);
  }

  /** The request as a Web `Request`, made when it is first asked for. */
  get request(): Request {
    return this.incoming.request;
  }

  /** The decoded path variables by name, without a prototype. */
  get params(): Readonly<Record<string, string>> {
    if (this.#parameters === undefined) {
      const { names = [] } = this.#matched ?? {};
      const parameters = Object.create(null) as Record<string, string>;
      for (const [index, name] of names.entries()) parameters[name] = this.parameterValues[index] ?? '';
      this.#parameters = names.length === 0 ? NO_PARAMETERS : Object.freeze(parameters);
    }
    return this.#parameters;
  }

  /** @internal */
  get query(): Pairs {
    return (this.#query ??= parsePairs(this.#queryText, this.limits.queryPairs, 400));
  }

  /** @internal */
  get cookies(): Pairs {
    return (this.#cookies ??= parseCookies(this.incoming.header('cookie') ?? '', this.limits.queryPairs));
  }

  /** Aborted when the client leaves or the time limit passes. */
  get signal(): AbortSignal {
    this.expiry ??= new AbortController();
    return (this.#signal ??= AbortSignal.any([this.incoming.signal, this.expiry.signal]));
  }

  /** The address of the peer, where the platform tells it. */
  get clientAddress(): string | undefined {
    return this.incoming.clientAddress;
  }

  /** Status and headers of the answer; its headers are merged into whatever is sent. */
  get response(): OutgoingResponse {
    return (this.outgoing ??= new LazyResponse());
  }

  /** Values of this request alone, for middleware and dependencies to share; an object without a prototype. */
  get state(): Record<PropertyKey, unknown> {
    return (this.#state ??= Object.create(null) as Record<PropertyKey, unknown>);
  }

  /** @internal Whether an answer can still reach anybody. */
  get abandoned(): boolean {
    return this.incoming.gone || this.expiry?.signal.aborted === true;
  }

  /** @internal Takes over what the matched route says of its requests. */
  enter(matched: MatchedRoute, values: readonly string[]): void {
    this.#matched = matched;
    this.parameterValues = values;
  }

  /** @internal */
  get limits(): Limits {
    return this.#matched?.limits ?? DEFAULT_LIMITS;
  }

  /** The pattern of the matched route, such as `/items/:itemId`; undefined where no route matched. */
  get route(): string | undefined {
    return this.#matched?.pattern;
  }

  /** The value of a request header, several lines joined with `, `. */
  header(name: string): string | undefined {
    return this.incoming.header(name.toLowerCase());
  }

  /**
   * Runs a task after the answer has been sent, in the order given and before request-lifetime cleanup.
   *
   * A failing task is logged and does not keep the next from running.
   */
  background(task: BackgroundTask): void {
    (this.backgroundTasks ??= []).push(task);
  }
}

class LazyResponse implements OutgoingResponse {
  status: number | undefined = undefined;
  #headers: Headers | undefined = undefined;

  get headers(): Headers {
    return (this.#headers ??= new Headers());
  }
}
