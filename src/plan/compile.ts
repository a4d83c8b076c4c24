import type { ErrorReplies } from '../http/error-replies.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Limits } from '../http/limits.ts';
import type { Eventual } from '../http/promise.ts';
import type { Reply } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import type { ValueReplies } from './value-replies.ts';
import type { AppValues } from './app-values.ts';
import { HttpConclusion } from './conclude.ts';
import { Execution } from './execution.ts';
import { run } from './run.ts';
import { type OpenSockets, SocketConclusion } from './socket-conclusion.ts';
import { compileSteps } from './steps.ts';

/** A whole operation as one function: resolves, validates, calls the handler, and makes the reply; never rejects. */
export type Plan = (exchange: Exchange) => Reply | Eventual<Reply>;

/** What the operations of an app share when they run. */
export interface Surroundings {
  readonly appValues: AppValues;
  readonly errors: ErrorReplies;
  readonly limits: Limits;
  readonly sockets: OpenSockets;
  /** The address of the resource metadata in challenges (RFC 9728 §5.1). */
  readonly resourceMetadata: string | undefined;
}

/** Compiles an operation; no question about its declaration is left for a request. */
export function compile(operation: Operation, values: ValueReplies, surroundings: Surroundings): Plan {
  const { appValues, errors, resourceMetadata } = surroundings;
  const { appNodes } = operation.graph;
  const { steps, guards, controller } = compileSteps(operation, appValues);
  const parts = { values, guards, controller, errors, resourceMetadata };
  const conclusion =
    operation.socket === undefined
      ? new HttpConclusion(parts)
      : new SocketConclusion(parts, operation.socket, surroundings.sockets, surroundings.limits.sockets);
  const program = { steps, conclusion };
  let ready = appNodes.length === 0;

  async function prepare(exchange: Exchange): Promise<Reply> {
    try {
      await appValues.make(appNodes);
    } catch (error) {
      return errors.reply(error, exchange);
    }
    ready = true;
    return plan(exchange);
  }

  function plan(exchange: Exchange): Reply | Eventual<Reply> {
    return ready ? run(new Execution(exchange), program) : prepare(exchange);
  }

  return plan;
}
