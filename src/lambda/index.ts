import type { App } from '../app.ts';
import { type LambdaEvent, sourceIpOf, toRequest } from './event.ts';
import { headOf, type LambdaHead, type LambdaResult, toResult } from './result.ts';

export type { LambdaEvent } from './event.ts';
export type { LambdaResult } from './result.ts';

/** The value of `ctx.platform` on Lambda. */
export interface LambdaPlatform {
  readonly event: LambdaEvent;
  readonly context: unknown;
}

export interface LambdaOptions {
  /** Streams responses, for functions that are invoked that way (`InvokeMode: RESPONSE_STREAM`). */
  readonly streaming?: boolean;
}

/** Answers an event once the response is complete and everything that runs after it has ended. */
export type LambdaHandler = (event: LambdaEvent, context?: unknown) => Promise<LambdaResult>;

/** The stream that the runtime passes to a streaming function. */
interface ResponseStream {
  readonly destroyed?: boolean;
  write(chunk: Uint8Array | string): boolean;
  end(): void;
  once(event: 'drain' | 'close' | 'error', listener: () => void): unknown;
}

/** What the runtime provides for streaming functions. */
interface Runtime {
  streamifyResponse(handler: (event: LambdaEvent, stream: ResponseStream, context: unknown) => Promise<void>): unknown;
  readonly HttpResponseStream: { from(stream: ResponseStream, head: LambdaHead): ResponseStream };
}

/**
 * The app as an AWS Lambda handler, for API Gateway (payload formats 1 and 2), function URLs and load balancers.
 *
 * `ctx.platform` is `{ event, context }`, and the client's address is the `sourceIp` of the event.
 * Warns if the app has sockets, which Lambda cannot open.
 */
export function toLambdaHandler(app: App, options: LambdaOptions = {}): LambdaHandler {
  app.warnOfSockets('AWS Lambda has no WebSockets');
  return options.streaming === true ? streaming(app) : buffering(app);
}

function buffering(app: App): LambdaHandler {
  return async function handle(event, context) {
    const work = new Work();
    try {
      return await toResult(await fetchEvent(app, event, context, work), event);
    } finally {
      await work.settle();
    }
  };
}

function streaming(app: App): LambdaHandler {
  const { awslambda: runtime } = globalThis as { awslambda?: Runtime };
  if (runtime === undefined) throw new TypeError('toLambdaHandler: only the runtime of Lambda can stream responses');
  return runtime.streamifyResponse(async function stream(event, target, context) {
    const work = new Work();
    try {
      const response = await fetchEvent(app, event, context, work);
      await write(response, runtime.HttpResponseStream.from(target, headOf(response)));
    } finally {
      await work.settle();
    }
  }) as LambdaHandler;
}

/** Writes as fast as the client reads; rejects if the body fails, so that a partial response does not look complete. */
async function write({ body }: Response, out: ResponseStream): Promise<void> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = body?.getReader();
  // A body that has already failed has nothing left to cancel.
  const cancel = (): Promise<void> | undefined => reader?.cancel().catch(() => {});
  let gone = false;
  let wake: (() => void) | undefined;
  const leave = (): void => {
    gone = true;
    wake?.();
    void cancel();
  };
  out.once('close', leave);
  out.once('error', leave);
  if (out.destroyed === true) leave();
  try {
    // The head is sent with the first piece, even an empty one.
    if (!gone) out.write('');
    for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
      if (gone || out.write(piece.value)) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
        out.once('drain', resolve);
      });
    }
    if (!gone) out.end();
  } finally {
    await cancel();
  }
}

function fetchEvent(app: App, event: LambdaEvent, context: unknown, work: Work): Promise<Response> {
  const platform: LambdaPlatform = { event, context };
  const waitUntil = (promise: Promise<unknown>): void => work.add(promise);
  return app.fetch(toRequest(event), { clientAddress: sourceIpOf(event), platform, waitUntil });
}

/** Work after a response: Lambda freezes the process as soon as its handler has settled. */
class Work {
  readonly #promises = new Set<Promise<unknown>>();

  add(promise: Promise<unknown>): void {
    this.#promises.add(promise);
  }

  async settle(): Promise<void> {
    for (let count = -1; count !== this.#promises.size;) {
      count = this.#promises.size;
      await Promise.allSettled(this.#promises);
    }
  }
}
