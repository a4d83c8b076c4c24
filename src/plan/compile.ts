import type { ErrorReplies } from '../http/error-replies.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Limits } from '../http/limits.ts';
import type { Eventual } from '../http/promise.ts';
import type { Reply } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import type { SocketUse } from '../model/socket.ts';
import type { ValueReplies } from './value-replies.ts';
import type { AppValues } from './app-values.ts';
import { type ConclusionParts, HttpConclusion } from './conclude.ts';
import { Execution } from './execution.ts';
import { type Conclusion, run } from './run.ts';
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

/** The open sockets of an app or of one route. */
export interface OpenSockets {
  count: number;
}

/** The plan's part of sockets. */
export interface CompiledSocket {
  conclude(parts: ConclusionParts, use: SocketUse, surroundings: Surroundings): Conclusion;
}

/** Compiles an operation; no question about its declaration is left for a request. */
export function compile(operation: Operation, values: ValueReplies, surroundings: Surroundings): Plan {
  const { appValues, errors, resourceMetadata } = surroundings;
  const { appNodes } = operation.graph;
  const { steps, guards, controller } = compileSteps(operation, appValues);
  const parts = { values, guards, controller, errors, resourceMetadata };
  const { socket } = operation;
  const conclusion =
    socket === undefined
      ? new HttpConclusion(parts)
      : (socket.stages as CompiledSocket).conclude(parts, socket, surroundings);
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
