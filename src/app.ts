// No `target` includes the lib that declares `Disposable`; this line makes it available to users of the declarations.
/// <reference lib="esnext.disposable" preserve="true" />
import { type AppOptions, type IncludeOptions, type OverridePair, readOptions, type Settings } from './app-options.ts';
import type { Context } from './http/context.ts';
import { Deadlines } from './http/deadline.ts';
import { Dispatcher } from './http/dispatcher.ts';
import type { ErrorClass } from './http/error-handlers.ts';
import { ErrorReplies } from './http/error-replies.ts';
import { respond } from './http/fetch.ts';
import type { FetchOptions } from './http/fetch-incoming.ts';
import type { Incoming } from './http/incoming.ts';
import { ErrorLog } from './http/log.ts';
import { PendingWork } from './http/pending-work.ts';
import type { Reply } from './http/reply.ts';
import { settle } from './http/shutdown.ts';
import type { Dependable, ValueOf } from './metadata/dependable.ts';
import type { Class } from './metadata/store.ts';
import type { Operation } from './model/operation.ts';
import { Documents } from './openapi/documents.ts';
import { type Page, pagesOf } from './openapi/pages.ts';
import { metadataLocation } from './openapi/protected-resource.ts';
import type { OpenApiDocuments, OpenApiVersion } from './openapi/version.ts';
import { AppValues } from './plan/app-values.ts';
import type { RouteSettings } from './plan/route.ts';
import { Routes } from './plan/routes.ts';
import { Scope } from './plan/scope.ts';

/** An application: controllers, and everything that follows from what they declare. */
export class App<const O extends readonly OverridePair[] = readonly []> {
  readonly #appValues = new AppValues();
  readonly #log: ErrorLog;
  readonly #errors: ErrorReplies;
  readonly #pending: PendingWork;
  readonly #dispatcher: Dispatcher;
  readonly #scopes = new Set<Scope>();
  readonly #deadlines: Deadlines;
  readonly #pages: readonly Page[];
  readonly #documents: Documents;
  readonly #routes: Routes;
  #closing: Promise<void> | undefined = undefined;

  /** Throws a DeclarationError with everything that is wrong with the controllers. */
  constructor(options: AppOptions<O>) {
    const settings = readOptions(options);
    this.#log = new ErrorLog(settings.logger);
    this.#deadlines = new Deadlines((error, overdue, exchange) => {
      this.#pending.dismiss(overdue, exchange);
      return this.#errors.reply(error, exchange);
    });
    const deadline = this.#deadlines.of(settings.timeout);
    const errors = (this.#errors = new ErrorReplies(settings.errors, this.#log, deadline));
    const pending = (this.#pending = new PendingWork(errors));
    this.#dispatcher = new Dispatcher(options.middleware ?? [], settings.limits, { errors, pending, deadline });
    this.#routes = new Routes(settings.declaration, this.#routeSettings(settings));
    const operations = (): readonly Operation[] => this.#routes.operations;
    this.#documents = new Documents(options, operations);
    this.#pages = pagesOf(options, { document: () => this.#documents.text(), operations, errors: this.#errors });
    this.include(options.controllers ?? []);
  }

  /** Adds controllers; throws a DeclarationError, and then changes nothing. */
  include(controllers: readonly Class[], options: IncludeOptions = {}): this {
    const { prefix = '', tags = [], dependencies = [], responses = {} } = options;
    this.#routes.include({ controllers, prefix, tags, dependencies, responses });
    this.#dispatcher.serve([...this.#routes.all, ...this.#pages]);
    this.#documents.clear();
    return this;
  }

  /** Responds to a Web request: the whole framework as one function, already bound. */
  readonly fetch = (request: Request, options: FetchOptions = {}): Promise<Response> => {
    return respond(
      request,
      options,
      (incoming, send) => this.handle(incoming, send),
      (error, incoming) => this.refuse(error, incoming),
    );
  };

  /** `fetch` with a path instead of a URL. */
  request(path: string, init?: RequestInit): Promise<Response> {
    return this.fetch(new Request(`http://localhost${path}`, init));
  }

  /** The OpenAPI document, created on first use; in the app's own version unless another is given. */
  openapi<V extends OpenApiVersion = '3.1'>(options: { readonly version?: V } = {}): OpenApiDocuments[V] {
    return this.#documents.read(options.version);
  }

  /** Answers errors of a class, and of classes that extend it, where no controller does. */
  onError<E extends ErrorClass>(error: E, handler: (error: InstanceType<E>, context: Context) => unknown): this {
    this.#errors.handlers.add(error, handler);
    return this;
  }

  /**
   * Replaces a dependency until the result is disposed of.
   *
   * Throws a DeclarationError if that creates a cycle or a conflict of lifetimes.
   */
  override<D extends Dependable>(dependable: D, replacement: Dependable<ValueOf<D>>): Disposable {
    return this.#routes.override(dependable, replacement);
  }

  /** Resolves dependencies outside of requests, until the scope is disposed of. */
  scope(): Scope {
    const scope = new Scope(this.#routes.graphs(), this.#appValues, () => this.#scopes.delete(scope));
    this.#scopes.add(scope);
    return scope;
  }

  /** Makes app-lifetime dependencies in the order in which they are needed; an error names the one that failed. */
  async start(): Promise<void> {
    for (const { graph } of this.#routes.current) await this.#appValues.start(graph.appNodes);
  }

  /**
   * Waits for background tasks and cleanups of answered requests, whether or not the responses have been read.
   *
   * Streams that are being sent continue, and are not waited for.
   */
  idle(): Promise<void> {
    return this.#pending.idle();
  }

  /** Waits for requests, background tasks and cleanups, then cleans up app-lifetime dependencies. */
  close(): Promise<void> {
    return this.closeWithin();
  }

  /** @internal The same, but abandons whatever has not ended after so many milliseconds. */
  closeWithin(milliseconds?: number): Promise<void> {
    this.drain();
    this.#dispatcher.closed = true;
    return (this.#closing ??= this.#close(milliseconds));
  }

  /** @internal Takes a request from an adapter; `send` gets the reply, at once unless something is awaited. */
  handle<I extends Incoming>(incoming: I, send: (reply: Reply, incoming: I) => void): void {
    this.#dispatcher.handle(incoming, send);
  }

  async #close(within?: number): Promise<void> {
    await settle(this.#pending, this.#deadlines, within);
    for (const scope of this.#scopes) await scope.close().catch((error: unknown) => this.#log.write(error, 'a scope'));
    await this.#appValues.close((error, name) => this.#log.write(error, `the cleanup of '${name}'`));
  }

  #routeSettings({ limits, timeout, logger, options }: Settings): RouteSettings {
    const { protectedResource } = options;
    return {
      limits,
      timeout,
      logger,
      deadlines: this.#deadlines,
      appValues: this.#appValues,
      errors: this.#errors,
      sockets: { count: 0 },
      resourceMetadata: protectedResource && metadataLocation(protectedResource).url,
    };
  }

  /** @internal What `ctx.closing` is for every request. */
  get closing(): AbortSignal {
    return this.#dispatcher.closing.signal;
  }

  /** @internal Announces that the app is about to close, so that streams that would run forever end. */
  drain(): void {
    this.#dispatcher.closing.begin();
  }

  /** @internal The reply to a request that an adapter refuses, or whose reply it cannot send. */
  refuse(error: unknown, incoming: Incoming): Reply {
    return this.#dispatcher.refuse(error, incoming);
  }

  /** @internal Warns that nothing opens the app's sockets, if it has any. */
  warnOfSockets(why: string): void {
    const paths = this.#routes.socketPaths;
    if (paths.length > 0) this.#log.warn(`The sockets ${paths.join(', ')} cannot be opened: ${why}`);
  }

  /** @internal What the app serves, as plan and document read it. */
  get operations(): readonly Operation[] {
    return this.#routes.operations;
  }

  /** @internal */
  get docsPath(): string | undefined {
    return this.#pages.find(({ isDocumentation }) => isDocumentation)?.template.pattern;
  }
}
