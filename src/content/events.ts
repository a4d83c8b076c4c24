import { type input, type output, z, type ZodType } from 'zod';
import type { Context } from '../http/context.ts';
import { ResponseValidationError } from '../http/errors.ts';
import { toJson } from '../http/reply.ts';
import type { Schema } from './declarations.ts';
import { Content, type ReplyBody } from './content.ts';
import { eventStream } from './event-stream.ts';
import { type Filter, filterOf } from './filter.ts';
import type { Sequence } from './sequence.ts';

/** One server-sent event; `retry` is in milliseconds. */
export interface ServerSentEvent<D = unknown> {
  readonly data: D;
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly retry?: number | undefined;
}

export interface EventsOptions {
  /** Milliseconds without an event by which a comment line is sent, 15 000 unless set; 0 sends none. */
  readonly keepAlive?: number;
}

class EventsContent extends Content<Sequence<ServerSentEvent>> {
  readonly mediaType = 'text/event-stream';
  override readonly bodySchema = { type: 'string' };
  override readonly itemSchema: ZodType;
  // Intermediaries would hold events back, or give old ones to somebody else.
  override readonly headers = { 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' };
  readonly #filter: Filter;
  readonly #keepAlive: number;
  readonly #isText: boolean;

  constructor(schema: ZodType, { keepAlive = 15_000 }: EventsOptions) {
    super();
    if (!Number.isFinite(keepAlive) || keepAlive < 0) throw new RangeError(`events: keepAlive is ${keepAlive}`);
    this.itemSchema = z.object({
      data: schema,
      event: z.string().optional(),
      id: z.string().optional(),
      retry: z.int().min(0).optional(),
    });
    this.#filter = filterOf(schema);
    this.#keepAlive = keepAlive;
    this.#isText = isTextSchema(schema);
  }

  encode(value: Sequence<ServerSentEvent>, { exchange }: Context): ReplyBody {
    return eventStream(value, (event) => this.#text(event), this.#keepAlive, exchange.closing);
  }

  /** The lines of an event (HTML standard §9.2.6). */
  #text(sent: ServerSentEvent): string | Promise<string> {
    if (typeof sent !== 'object' || sent === null) throw new ResponseValidationError('an event is an object with data');
    const { data, event, id, retry } = sent;
    let head = '';
    if (event !== undefined) head += `event: ${oneLine('event', event)}\n`;
    if (id !== undefined) head += `id: ${oneLine('id', id)}\n`;
    if (retry !== undefined) head += `retry: ${wholeNumber(retry)}\n`;
    const filtered = this.#filter(data);
    return filtered instanceof Promise
      ? filtered.then((value) => head + this.#dataLines(value))
      : head + this.#dataLines(filtered);
  }

  #dataLines(value: unknown): string {
    // JSON is one line: its strings have their line breaks escaped.
    if (!this.#isText || typeof value !== 'string') return `data: ${toJson(value)}\n\n`;
    const lines = value.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
    return `${lines.join('')}\n`;
  }
}

/**
 * Server-sent events: the data of each is filtered by the schema; strings are sent as they are, everything else as
 * JSON.
 */
export function events<S extends Schema>(
  schema: S,
  options: EventsOptions = {},
): Content<Sequence<ServerSentEvent<input<S> | output<S>>>> {
  return new EventsContent(schema as unknown as ZodType, options);
}

/** A line break in a field would begin another field of the stream. */
function oneLine(field: string, value: unknown): string {
  if (typeof value === 'string' && !/[\r\n\0]/.test(value)) return value;
  throw new ResponseValidationError(`the ${field} of an event is one line of text`);
}

function wholeNumber(retry: unknown): number {
  if (typeof retry === 'number' && Number.isInteger(retry) && retry >= 0) return retry;
  throw new ResponseValidationError('the retry of an event is a whole number of milliseconds');
}

/** Whether all values of a schema are strings. */
function isTextSchema(schema: ZodType): boolean {
  const { def } = schema._zod as unknown as { def: { type: string; innerType?: ZodType; out?: ZodType; in?: ZodType } };
  switch (def.type) {
    case 'string':
    case 'enum':
    case 'template_literal':
      return true;
    case 'literal':
      return [...(schema as unknown as z.ZodLiteral).values].every((value) => typeof value === 'string');
    case 'pipe':
      return def.out !== undefined && isTextSchema(def.out);
    default:
      return def.innerType !== undefined && isTextSchema(def.innerType);
  }
}
