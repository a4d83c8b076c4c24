import { z, type ZodType } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;
export type Direction = 'input' | 'output';

/** A zod schema as JSON Schema, converted once for everybody who needs it. */
export interface DescribedSchema {
  readonly json: JsonSchema;
  /** Schemas it refers to, under `#/$defs/`. */
  readonly definitions: Readonly<Record<string, JsonSchema>>;
  /** The zod schemas that named themselves with `.meta({ id })`, by that name. */
  readonly named: ReadonlyMap<string, ZodType>;
  /** What JSON Schema cannot express, with the path to it. */
  readonly faults: readonly string[];
  /** Set where two schemas below share one id. */
  readonly duplicate?: string | undefined;
}

const described = { input: new WeakMap<ZodType, DescribedSchema>(), output: new WeakMap<ZodType, DescribedSchema>() };

/** What a schema accepts (`input`) or gives (`output`), as JSON Schema 2020-12. */
export function describeSchema(schema: ZodType, direction: Direction): DescribedSchema {
  const known = described[direction].get(schema);
  if (known !== undefined) return known;
  const result = convert(schema, direction);
  described[direction].set(schema, result);
  return result;
}

/** Whether a schema accepts that nothing was sent. */
export function acceptsAbsence(schema: ZodType): boolean {
  return schema._zod.optin !== undefined;
}

/** A schema with its reference followed. */
export function resolve(json: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const name = json.$ref?.startsWith('#/$defs/') ? json.$ref.slice('#/$defs/'.length) : undefined;
  const target = name === undefined ? undefined : definitions[name];
  if (target === undefined) return json;
  const { $ref: _, ...rest } = json;
  return { ...target, ...rest };
}

/** The alternatives and the parts that a schema is put together from. */
export function partsOf(json: JsonSchema): readonly JsonSchema[] {
  const type: unknown = json.type;
  if (Array.isArray(type))
    return type.map((one: JsonSchema['type']): JsonSchema => ({ ...json, type: one }) as JsonSchema);
  return [...(json.anyOf ?? []), ...(json.oneOf ?? []), ...(json.allOf ?? [])];
}

function convert(schema: ZodType, io: Direction): DescribedSchema {
  const named = new Map<string, ZodType>();
  const faults: string[] = [];
  try {
    const {
      $schema: _,
      '~standard': __,
      $defs = {},
      ...json
    } = z.toJSONSchema(schema, {
      io,
      unrepresentable: ({ zodSchema, path, message }) => {
        if (io === 'input' && zodSchema._zod.def.type === 'date' && zodSchema._zod.def.coerce === true) {
          return { type: 'string', anyOf: [{ format: 'date-time' }, { format: 'date' }] };
        }
        faults.push(`${message} (at ${pathText(path)})`);
        return 'any';
      },
      override: ({ zodSchema }) => {
        const id = z.globalRegistry.get(zodSchema)?.id;
        if (id !== undefined) named.set(id, zodSchema as unknown as ZodType);
      },
    }) as JsonSchema;
    return { json, definitions: $defs, named, faults };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const duplicate = /^Duplicate schema id "(.*?)"/.exec(message)?.[1];
    return { json: {}, definitions: {}, named, faults: duplicate === undefined ? [message] : [], duplicate };
  }
}

/** `properties.user.items` and the like as a path through the data. */
function pathText(path: readonly (string | number)[]): string {
  let text = '';
  for (let index = 0; index < path.length; index++) {
    const step = path[index];
    if (step === 'properties') text += `.${String(path[++index])}`;
    else if (step === 'items') text += '[]';
    else if (step === 'additionalProperties') text += '.*';
  }
  return text === '' ? 'the schema itself' : text.replace(/^\./, '');
}
