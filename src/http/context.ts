import type { ContextResponse } from './context-response.ts';
import type { BackgroundTask, Exchange } from './exchange.ts';

const NO_PARAMETERS: Readonly<Record<string, string>> = Object.freeze(Object.create(null) as Record<string, string>);

/** One request, and the status, headers and cookies of its response. */
export class Context {
  /** @internal The request as the framework sees it. */
  readonly exchange: Exchange;
  #parameters: Readonly<Record<string, string>> | undefined = undefined;
  #state: Record<PropertyKey, unknown> | undefined = undefined;
  #request: Request | undefined = undefined;

  /** @internal */
  constructor(exchange: Exchange) {
    this.exchange = exchange;
  }

  /**
   * The request as a Web `Request`, created on first use.
   *
   * Its body is read under the same limit as any other: reading it fails with a 413 `HTTPException` above that, and
   * with an error if the client disconnects midway.
   */
  get request(): Request {
    const { exchange } = this;
    return (this.#request ??= exchange.incoming.toRequest(
      () => exchange.limits.body,
      (error) => exchange.closing.report(error, exchange),
    ));
  }

  get method(): string {
    return this.exchange.method;
  }

  /** The path as it was sent, undecoded and without the query string. */
  get path(): string {
    return this.exchange.path;
  }

  /** The decoded path variables by name, without a prototype. */
  get params(): Readonly<Record<string, string>> {
    if (this.#parameters === undefined) {
      const { endpoint, pathValues } = this.exchange;
      const { names = [] } = endpoint?.template ?? {};
      const parameters = Object.create(null) as Record<string, string>;
      for (const [index, name] of names.entries()) parameters[name] = pathValues[index] as string;
      this.#parameters = names.length === 0 ? NO_PARAMETERS : Object.freeze(parameters);
    }
    return this.#parameters;
  }

  /** The pattern of the matched route, such as `/items/:itemId`; undefined where no route matched. */
  get route(): string | undefined {
    return this.exchange.endpoint?.template.pattern;
  }

  /** The value of a request header, several lines joined with `, `. */
  header(name: string): string | undefined {
    return this.exchange.incoming.header(name.toLowerCase());
  }

  /** Aborted when the client disconnects or the time limit passes. */
  get signal(): AbortSignal {
    return this.exchange.signal;
  }

  /** Aborted when the app is about to close: whatever would run forever should end then. */
  get closing(): AbortSignal {
    return this.exchange.closing.signal;
  }

  /** The address of the peer, if the platform provides it. */
  get clientAddress(): string | undefined {
    return this.exchange.incoming.clientAddress;
  }

  /** The value passed to `app.fetch` as `platform`; each platform's adapter documents its own. */
  get platform(): unknown {
    return this.exchange.incoming.platform;
  }

  /** Status, headers and cookies of the response; its headers are merged into whatever is sent. */
  get response(): ContextResponse {
    return this.exchange.response;
  }

  /** Values of this request alone, for middleware and dependencies to share; an object without a prototype. */
  get state(): Record<PropertyKey, unknown> {
    return (this.#state ??= Object.create(null) as Record<PropertyKey, unknown>);
  }

  /**
   * Runs a task after the response has been sent, in the order given and before request-lifetime cleanup.
   *
   * A failing task is logged and does not keep the next from running. One that is added when all of that is over runs
   * at once.
   */
  background(task: BackgroundTask): void {
    const { exchange } = this;
    exchange.keepContext();
    (exchange.backgroundTasks ??= []).push(task);
    exchange.after?.resume(exchange);
  }
}
