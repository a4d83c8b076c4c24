import type { ZodType } from 'zod';
import { toJson } from '../http/reply.ts';
import { Content } from './content.ts';
import { type Filter, filterOf } from './filter.ts';

/** JSON, filtered by a schema where there is one: what a bare schema stands for. */
export class JsonContent extends Content<unknown> {
  readonly mediaType: string;
  override readonly schema: ZodType | undefined;
  /** The JSON text of a value; throws if it does not fit. */
  readonly stringify: (value: unknown) => string | Promise<string>;

  constructor(schema?: ZodType, mediaType: string = 'application/json') {
    super();
    this.mediaType = mediaType;
    this.schema = schema;
    this.stringify = schema === undefined ? toJson : filtering(filterOf(schema));
  }

  encode(value: unknown): string | Promise<string> {
    return this.stringify(value);
  }
}

function filtering(filter: Filter): JsonContent['stringify'] {
  return function stringify(value) {
    const filtered = filter(value);
    return filtered instanceof Promise ? filtered.then(toJson) : toJson(filtered);
  };
}
