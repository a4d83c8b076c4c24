import type { Context } from '../http/context.ts';
import type { Deadline, Deadlines } from '../http/deadline.ts';
import type { Endpoint } from '../http/endpoint.ts';
import { type ErrorHandler, ErrorHandlers } from '../http/error-handlers.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Handshake } from '../http/handshake.ts';
import type { Limits } from '../http/limits.ts';
import type { Logger } from '../http/log.ts';
import type { PathTemplate } from '../http/path.ts';
import type { Eventual } from '../http/promise.ts';
import type { Reply } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import { headersOf, ValueReplies } from './value-replies.ts';
import { compile, type Plan, type Surroundings } from './compile.ts';

/** What the routes of an app share. */
export interface RouteSettings extends Surroundings {
  readonly logger: Logger;
  /** Milliseconds; 0 means no limit. */
  readonly timeout: number;
  readonly deadlines: Deadlines;
}

/** An operation that can be run; its plan is compiled when it is first needed. */
export class Route implements Endpoint {
  readonly method: string;
  readonly template: PathTemplate;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly deadline: Deadline;
  readonly headers: readonly string[];
  readonly handshake: Handshake | undefined;
  readonly handlers: ErrorHandlers = new ErrorHandlers();
  readonly #settings: RouteSettings;
  #operation: Operation;
  #values: ValueReplies | undefined = undefined;
  #plan: Plan | undefined = undefined;

  constructor(operation: Operation, settings: RouteSettings) {
    const { method, template, options, errorHandlers } = operation.declaration;
    this.method = method;
    this.template = template;
    this.limits = options.limits === undefined ? settings.limits : { ...settings.limits, ...options.limits };
    this.logger = settings.logger;
    const timeout = options.timeout ?? settings.timeout;
    this.handshake = operation.socket?.handshake;
    // The time before a socket opens has a limit of its own.
    const before = this.handshake === undefined ? 0 : this.limits.handshake;
    this.deadline = settings.deadlines.of(
      timeout === 0 || before === 0 ? timeout || before : Math.min(timeout, before),
    );
    this.headers = headersOf(operation);
    this.#settings = settings;
    this.#operation = operation;
    for (const handler of errorHandlers) this.handlers.add(handler.error, onController(handler.method));
  }

  run(exchange: Exchange): Reply | Eventual<Reply> {
    return (this.#plan ??= compile(this.#operation, this.#replies, this.#settings))(exchange);
  }

  replyToValue(value: unknown, exchange: Exchange): Reply | Promise<Reply> {
    return this.#replies.replyToValue(value, exchange);
  }

  /** Replaces the operation with the same one under other dependencies. */
  update(operation: Operation): void {
    this.#operation = operation;
    this.#plan = undefined;
  }

  /** Declared responses do not change when dependencies are replaced. */
  get #replies(): ValueReplies {
    return (this.#values ??= new ValueReplies(this.#operation));
  }
}

/** A controller's own handler is a method of the request's instance. */
function onController(name: PropertyKey): ErrorHandler {
  return function handleOnController(error: Error, context) {
    const { controller } = context.exchange;
    return (controller as Record<PropertyKey, (error: Error, context: Context) => unknown>)[name]?.(error, context);
  };
}
