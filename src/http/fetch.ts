import { BodySource, discard } from './body-source.ts';
import { RequestAbandonedError } from './errors.ts';
import { FetchIncoming, type FetchOptions } from './fetch-incoming.ts';
import { pairsOf } from './headers.ts';
import type { Incoming } from './incoming.ts';
import type { Reply } from './reply.ts';

const encoder = new TextEncoder();

/** Responds to a Web request; a reply that cannot be sent is reported, and a constant 500 goes out instead. */
export function respond(
  request: Request,
  options: FetchOptions,
  handle: (incoming: Incoming, send: (reply: Reply) => void) => void,
  refuse: (error: unknown, incoming: Incoming) => Reply,
): Promise<Response> {
  return new Promise((resolve) => {
    const incoming = new FetchIncoming(request, options);
    handle(incoming, (reply) => {
      try {
        resolve(toResponse(reply, incoming));
      } catch (error) {
        void discard(reply.body);
        resolve(toResponse({ ...refuse(error, incoming), after: reply.after }, incoming));
      }
    });
  });
}

/** The Web `Response` of a reply; its `after` runs when the body has been read or cancelled. */
function toResponse(reply: Reply, incoming: FetchIncoming): Response {
  const { status, body, after, upgrade } = reply;
  const open = incoming.upgrade ?? upgrade?.platform;
  if (upgrade !== undefined && open !== undefined) {
    incoming.end();
    return open(incoming.source, upgrade, headersOf(reply.headers, undefined), () => void after?.());
  }
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const headers = headersOf(reply.headers, bytes instanceof Uint8Array ? bytes.length : undefined);
  const init = { status, headers };
  if (incoming.method === 'HEAD' || bytes === null) {
    // Nobody will read it, so the reply is complete.
    incoming.end();
    void after?.();
    return new Response(null, init);
  }
  if (bytes instanceof Uint8Array && after === undefined) {
    incoming.end();
    return new Response(bytes as Uint8Array<ArrayBuffer>, init);
  }
  const source = bytes instanceof Uint8Array ? new BodySource([bytes]) : bytes;
  return new Response(toStream(source, incoming, after), init);
}

function headersOf(list: readonly string[], length: number | undefined): Headers {
  const headers = new Headers();
  for (const [name, value] of pairsOf(list)) headers.append(name, value);
  if (length !== undefined) headers.set('Content-Length', String(length));
  return headers;
}

function toStream(source: BodySource, incoming: FetchIncoming, after: Reply['after']): ReadableStream<Uint8Array> {
  let over = false;
  /** The work after a reply starts by ending the source of its body. */
  async function end(error?: unknown): Promise<void> {
    if (over) return;
    over = true;
    incoming.end();
    await after?.(error);
  }
  if (incoming.gone) void end();
  else incoming.whenGone(() => void end());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        try {
          const next = await source.next();
          // Nobody is left to read it.
          if (incoming.gone) throw new RequestAbandonedError();
          if (next.done !== true) {
            controller.enqueue(typeof next.value === 'string' ? encoder.encode(next.value) : next.value);
            return;
          }
          controller.close();
          await end();
        } catch (error) {
          // A body that was cut short must not look complete.
          controller.error(error);
          await end(error);
        }
      },
      cancel: () => {
        incoming.leave();
        return end();
      },
    },
    { highWaterMark: 0 },
  );
}
