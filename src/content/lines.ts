import type { input, output } from 'zod';
import type { ZodType } from 'zod';
import { toJson } from '../http/reply.ts';
import type { Schema } from './declarations.ts';
import { Content, type ReplyBody } from './content.ts';
import { type Filter, filterOf } from './filter.ts';
import { mapItems, type Sequence } from './sequence.ts';

class LinesContent extends Content<Sequence<unknown>> {
  readonly mediaType = 'application/jsonl';
  override readonly bodySchema = { type: 'string' };
  override readonly itemSchema: ZodType;
  readonly #filter: Filter;

  constructor(schema: ZodType) {
    super();
    this.itemSchema = schema;
    this.#filter = filterOf(schema);
  }

  encode(value: Sequence<unknown>): ReplyBody {
    const filter = this.#filter;
    return mapItems(value, function line(item: unknown) {
      const filtered = filter(item);
      return filtered instanceof Promise ? filtered.then(lineOf) : lineOf(filtered);
    });
  }
}

/** JSON lines: each item of an iterable is filtered by the schema and sent as soon as it is available. */
export function lines<S extends Schema>(schema: S): Content<Sequence<input<S> | output<S>>> {
  return new LinesContent(schema as unknown as ZodType);
}

function lineOf(value: unknown): string {
  return `${toJson(value)}\n`;
}
