import { FrameworkError } from './errors.ts';

/** One server-sent event; `data` that is not a string is sent as JSON. `retry` is in milliseconds. */
export interface ServerSentEvent {
  readonly data: unknown;
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly retry?: number | undefined;
}

/** What `sse()` returns: a value that is answered as `text/event-stream`. */
export class EventStream {
  readonly events: AsyncIterable<ServerSentEvent> | Iterable<ServerSentEvent>;

  constructor(events: AsyncIterable<ServerSentEvent> | Iterable<ServerSentEvent>) {
    this.events = events;
  }
}

/** Answers with server-sent events (HTML standard §9.2), one for each item. */
export function sse(events: AsyncIterable<ServerSentEvent> | Iterable<ServerSentEvent>): EventStream {
  return new EventStream(events);
}

export async function* jsonLines(
  values: AsyncIterable<unknown>,
  stringify: (value: unknown) => string | Promise<string>,
): AsyncGenerator<string> {
  for await (const value of values) yield `${await stringify(value)}\n`;
}

export async function* eventLines({ events }: EventStream): AsyncGenerator<string> {
  for await (const { data, event, id, retry } of events) {
    let text = '';
    if (event !== undefined) text += `event: ${oneLine('event', event)}\n`;
    if (id !== undefined) text += `id: ${oneLine('id', id)}\n`;
    if (retry !== undefined) text += `retry: ${Math.trunc(retry)}\n`;
    const lines = (typeof data === 'string' ? data : (JSON.stringify(data) ?? 'null')).split(/\r\n|\r|\n/);
    yield `${text}${lines.map((line) => `data: ${line}\n`).join('')}\n`;
  }
}

/** A line break in a field would begin another field of the stream. */
function oneLine(field: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new FrameworkError(`A server-sent event has a line break in its ${field}`);
  return value;
}
