import type { ZodType } from 'zod';
import { toJson } from '../http/reply.ts';
import { Content } from './content.ts';
import { type Filter, filterOf } from './filter.ts';

/** JSON, filtered by a schema where there is one: what a bare schema stands for. */
export class JsonContent extends Content<unknown> {
  readonly mediaType: string;
  override readonly schema: ZodType | undefined;
  /** The JSON text of a value; throws if it does not fit. */
  readonly encode: (value: unknown) => string | Promise<string>;

  constructor(schema?: ZodType, mediaType: string = 'application/json') {
    super();
    this.mediaType = mediaType;
    this.schema = schema;
    this.encode = schema === undefined ? toJson : filtering(filterOf(schema));
  }
}

function filtering(filter: Filter): JsonContent['encode'] {
  return function encode(value) {
    const filtered = filter(value);
    return filtered instanceof Promise ? filtered.then(toJson) : toJson(filtered);
  };
}
