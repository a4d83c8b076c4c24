import type { OpenAPIObject } from 'openapi3-ts/oas31';
import { FetchIncoming, toResponse } from './adapters/fetch.ts';
import { type AppOptions, type IncludeOptions, readOptions, type Settings } from './app-options.ts';
import { Context } from './http/context.ts';
import { within } from './http/deadline.ts';
import { discard } from './http/ending.ts';
import { type ErrorClass, type ErrorHandler, ErrorHandlers } from './http/error-handlers.ts';
import { HTTPException, RequestAbandonedError, RequestValidationError } from './http/errors.ts';
import type { Incoming } from './http/incoming.ts';
import { printable, stackOf } from './http/log.ts';
import { around, type Respond } from './http/middleware.ts';
import { headerIn, mergeOutgoing, outputOf, type Reply, replyTo, replyToError, toJson } from './http/reply.ts';
import { Router } from './http/router.ts';
import type { Dependable, ValueOf } from './metadata/dependable.ts';
import type { Class } from './metadata/store.ts';
import { AppNodes } from './model/app-nodes.ts';
import { GraphBuilder } from './model/graph-builder.ts';
import { Mistakes } from './model/mistakes.ts';
import type { Operation } from './model/operation.ts';
import { Providers } from './model/provider.ts';
import { type AppDeclaration, type Include, readModel, readUnderOverrides } from './model/read.ts';
import { describe } from './openapi/document.ts';
import { type AssetReader, pagesOf } from './openapi/pages.ts';
import { AppValues } from './plan/app-values.ts';
import { isPromise } from './plan/execution.ts';
import { Route, type RouteSettings, type Servable } from './plan/route.ts';
import { Scope } from './plan/scope.ts';

interface Override {
  readonly dependable: unknown;
  readonly replacement: unknown;
}

/** An application: controllers, and everything that follows from what they declare. */
export class App {
  readonly #settings: Settings;
  readonly #nodes = new AppNodes();
  readonly #appValues = new AppValues();
  readonly #handlers = new ErrorHandlers();
  readonly #respond: Respond;
  readonly #pages: readonly Servable[];
  /** What has not ended yet: requests that take time, and what comes after an answer. */
  readonly #pending = new Set<Promise<unknown>>();
  /** What comes after answers that have not been sent yet. */
  readonly #unsent = new Set<() => void | Promise<void>>();
  #includes: readonly Include[] = [];
  #operations: readonly Operation[] = [];
  #routes: readonly Route[] = [];
  #router = new Router<Servable>();
  #overrides: readonly Override[] = [];
  #document: OpenAPIObject | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  /** @internal Reads the files of the documentation page, where the platform can. */
  assets: AssetReader | undefined = undefined;

  /** Throws a DeclarationError with everything that is wrong with the controllers. */
  constructor(options: AppOptions) {
    this.#settings = readOptions(options);
    const inner: Respond = (context) => this.#dispatch(context);
    this.#respond = around(options.middleware ?? [], inner, (error, context) => this.#recover(error, context));
    this.#pages = pagesOf(
      options,
      () => this.openapi(),
      () => this.assets,
    );
    this.include(options.controllers ?? []);
  }

  /** Adds controllers; throws a DeclarationError, and then changes nothing. */
  include(controllers: readonly Class[], options: IncludeOptions = {}): this {
    const { prefix = '', tags = [], dependencies = [], responses = {} } = options;
    const includes = [...this.#includes, { controllers, prefix, tags, dependencies, responses }];
    const operations = readModel(this.#declaration(includes), this.#nodes);
    const router = new Router<Servable>();
    const routes = operations.map((operation) => new Route(operation, this.#routeSettings()));
    for (const route of routes) router.add(route.method, route.template, route);
    for (const page of this.#pages) router.add(page.method, page.template, page);
    this.#includes = includes;
    this.#operations = operations;
    this.#routes = routes;
    this.#router = router;
    this.#document = undefined;
    if (this.#overrides.length > 0) this.#applyOverrides(this.#overrides);
    return this;
  }

  /** Answers a Web request: the whole framework as one function, already bound. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const incoming = new FetchIncoming(request);
    return toResponse(await this.handle(incoming), incoming);
  };

  /** `fetch` with a path in place of an address. */
  request(path: string, init?: RequestInit): Promise<Response> {
    return this.fetch(new Request(`http://localhost${path}`, init));
  }

  /** The OpenAPI document, made when it is first asked for. */
  openapi(): OpenAPIObject {
    return (this.#document ??= describe(this.#operations, this.#settings.options));
  }

  /** Answers errors of a class, and of classes that extend it, where no controller does. */
  onError<E extends ErrorClass>(error: E, handler: (error: InstanceType<E>, context: Context) => unknown): this {
    this.#handlers.add(error, handler);
    return this;
  }

  /**
   * Puts something else in place of a dependency until the result is disposed of.
   *
   * Throws a DeclarationError where that makes a cycle or a conflict of lifetimes.
   */
  override<D extends Dependable>(dependable: D, replacement: Dependable<ValueOf<D>>): Disposable {
    const override: Override = { dependable, replacement };
    this.#applyOverrides([...this.#overrides, override]);
    return { [Symbol.dispose]: () => this.#applyOverrides(this.#overrides.filter((other) => other !== override)) };
  }

  /** Resolves dependencies outside of requests, until the scope is disposed of. */
  scope(): Scope {
    const mistakes = new Mistakes();
    const builder = new GraphBuilder(overridesOf(this.#overrides), this.#nodes, new Providers(mistakes), mistakes);
    return new Scope(builder, () => mistakes.throwIfAny(), this.#appValues);
  }

  /** Makes what lives as long as the app, in the order in which the operations need it. */
  async start(): Promise<void> {
    for (const { graph } of this.#current()) await this.#appValues.make(graph.appNodes);
  }

  /** Waits for requests, background tasks and cleanups, then ends what lives as long as the app. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** @internal One request, whole. */
  handle(incoming: Incoming): Reply | Promise<Reply> {
    const context = new Context(incoming);
    const reply = this.#closing === undefined ? this.#respond(context) : replyToError(new HTTPException(503));
    if (!isPromise(reply)) return this.#withAfter(reply, context);
    return this.#track(reply.then((settled) => this.#withAfter(settled, context)));
  }

  #dispatch(context: Context): Reply | Promise<Reply> {
    let route: Servable | undefined;
    try {
      const match = this.#router.find(context.method, context.path);
      if (match === undefined) return this.#unrouted(context);
      route = match.route;
      context.enter(route, match.values);
      const reply = route.run(context);
      if (!isPromise(reply)) return seal(reply, context);
      const timely =
        route.timeout > 0 ? within(route.timeout, context, reply, (late) => this.#discard(late, context)) : reply;
      return timely.then(
        (settled) => seal(settled, context),
        (error: unknown) => this.#recover(error, context, route),
      );
    } catch (error) {
      return this.#recover(error, context, route);
    }
  }

  /** The one place where a thrown error becomes the reply. */
  #recover(error: unknown, context: Context, route?: Servable): Reply | Promise<Reply> {
    const handler = route?.handlers?.find(error) ?? this.#handlers.find(error);
    if (handler !== undefined) return this.#handle(error, handler, context, route);
    return this.#refuse(error, context, route);
  }

  /** An answer that cannot be made, for the headers it was given, is a fault of its own. */
  #refuse(error: unknown, context: Context, route?: Servable): Reply {
    if (!isAnswer(error)) this.#report(error, context);
    try {
      return seal(replyToError(error, route?.headers), context);
    } catch (second) {
      this.#report(second, context);
      return replyToError(second);
    }
  }

  async #handle(error: unknown, handler: ErrorHandler, context: Context, route?: Servable): Promise<Reply> {
    const { status } = replyToError(error);
    context.response.status = status;
    try {
      const value: unknown = await handler(error as never, context);
      return seal(await replyTo(value, outputOf(status, toJson, route?.headers), context), context);
    } catch (second) {
      return this.#refuse(second, context, route);
    }
  }

  /** OPTIONS is answered for every known path (RFC 9110 §9.3.7), and a 405 says what is allowed (§15.5.6). */
  #unrouted(context: Context): Reply {
    const { method, path } = context;
    const allowed = this.#router.allowed(path);
    const headers = ['Allow', allowed.join(', ')];
    if (method === 'OPTIONS' && (path === '*' || allowed.length > 0)) {
      return seal({ status: 204, headers: path === '*' ? [] : headers, body: null }, context);
    }
    if (allowed.length === 0) return seal(replyToError(new HTTPException(404)), context);
    return seal(replyToError(new HTTPException(405), headers), context);
  }

  /** Adds what is still to be done once the answer has been sent. */
  #withAfter(reply: Reply, context: Context): Reply {
    const streams = typeof reply.body === 'object' && reply.body !== null;
    if (context.backgroundTasks === undefined && context.cleanup === undefined && !streams) return reply;
    const after = (error?: unknown): void | Promise<void> => {
      if (this.#unsent.delete(after)) return this.#track(this.#afterwards(context, error));
    };
    this.#unsent.add(after);
    return { ...reply, after };
  }

  async #afterwards(context: Context, failure: unknown): Promise<void> {
    if (failure !== undefined && !isAnswer(failure)) this.#report(failure, context);
    const { backgroundTasks = [] } = context;
    for (let task = backgroundTasks.shift(); task !== undefined; task = backgroundTasks.shift()) {
      try {
        await task();
      } catch (error) {
        this.#report(error, context);
      }
    }
    await context.cleanup?.(failure);
  }

  /** Cleans up after a reply that comes too late to be sent. */
  #discard(late: Promise<Reply>, context: Context): void {
    const cleanUp = async (): Promise<void> => {
      try {
        const { body } = await late;
        await discard(body);
      } catch (error) {
        if (!isAnswer(error)) this.#report(error, context);
      }
      await this.#afterwards(context, undefined);
    };
    void this.#track(cleanUp());
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    this.#pending.add(promise);
    const settled = (): boolean => this.#pending.delete(promise);
    promise.then(settled, settled);
    return promise;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    // Whoever asked for these answers has not read them, and may never.
    for (const after of this.#unsent) await after();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    await this.#appValues.close((error, name) => this.#log(error, `the cleanup of '${name}'`));
  }

  #applyOverrides(overrides: readonly Override[]): void {
    const operations = this.#current(overrides);
    for (const [index, route] of this.#routes.entries()) route.update(operations[index] as Operation);
    this.#overrides = overrides;
  }

  #current(overrides: readonly Override[] = this.#overrides): readonly Operation[] {
    if (overrides.length === 0) return this.#operations;
    return readUnderOverrides(this.#declaration(this.#includes), this.#operations, overridesOf(overrides), this.#nodes);
  }

  #declaration(includes: readonly Include[]): AppDeclaration {
    const { dependencies = [], operationId, requireSecurity = false } = this.#settings.options;
    return { dependencies, includes, operationId, requireSecurity };
  }

  #routeSettings(): RouteSettings {
    const { limits, timeout } = this.#settings;
    return { limits, timeout, appValues: this.#appValues, report: (error, context) => this.#report(error, context) };
  }

  /** @internal Tells the log of an error that did not come from a request's own course. */
  report(error: unknown, where: string): void {
    this.#log(error, printable(where));
  }

  /** @internal What the app serves, as plan and document read it. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** @internal */
  get docsPath(): string | undefined {
    return this.#pages[1]?.pattern;
  }

  #report(error: unknown, { method, path, route }: Context): void {
    this.#log(error, printable(`${method} ${route ?? path}`));
  }

  /** A logger that fails must not change the answer. */
  #log(error: unknown, where: string): void {
    try {
      this.#settings.logger.error(`Unhandled error in ${where}\n${stackOf(error)}`);
    } catch {
      return;
    }
  }
}

/** Merges what was set on the context, and sees to it that no 401 leaves without its challenge. */
function seal(reply: Reply, context: Context): Reply {
  const merged = context.outgoing === undefined ? reply : mergeOutgoing(reply, context);
  const { status, headers } = merged;
  if ((status !== 401 && status !== 403) || context.challenges === undefined) return merged;
  if (headerIn(headers, 'www-authenticate') !== undefined) return merged;
  const challenges = context.challenges(status).flatMap((challenge) => ['WWW-Authenticate', challenge]);
  return { ...merged, headers: [...headers, ...challenges] };
}

/** Whether an error is meant for the client, and nothing for the log. */
function isAnswer(error: unknown): boolean {
  return (
    error instanceof HTTPException || error instanceof RequestValidationError || error instanceof RequestAbandonedError
  );
}

function overridesOf(overrides: readonly Override[]): ReadonlyMap<unknown, unknown> {
  return new Map(overrides.map(({ dependable, replacement }) => [dependable, replacement]));
}
