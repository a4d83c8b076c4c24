import { z, type ZodType } from 'zod';
import { acceptsUndefined } from './absence.ts';
import { featuresOf } from '../content/codecs.ts';
import { messageOf } from '../http/errors.ts';
import { correct } from './conversion.ts';
import { joinIntersections } from './intersection.ts';
import type { MistakeCode, Report } from './mistakes.ts';

export type JsonSchema = z.core.JSONSchema.BaseSchema;
export type Direction = 'input' | 'output';

/** Why a schema cannot be documented. */
interface SchemaFault {
  readonly code: MistakeCode;
  readonly text: string;
}

/** A zod schema as JSON Schema, converted once. */
export interface DescribedSchema {
  readonly json: JsonSchema;
  /** Schemas it refers to, under `#/$defs/`. */
  readonly definitions: Readonly<Record<string, JsonSchema>>;
  /** The zod schemas that named themselves with `.meta({ id })`, by that name. */
  readonly named: ReadonlyMap<string, ZodType>;
  /** What JSON Schema cannot express, with the path to it, and names that no component may have. */
  readonly faults: readonly SchemaFault[];
  /** Set where two schemas below share one id. */
  readonly duplicate?: string | undefined;
}

const described = { input: new WeakMap<ZodType, DescribedSchema>(), output: new WeakMap<ZodType, DescribedSchema>() };

/**
 * What a schema accepts (`input`) or what is sent by it (`output`), as JSON Schema 2020-12.
 *
 * A schema with codecs encodes what is sent, so then both are what the codecs decode from.
 */
export function describeSchema(schema: ZodType, direction: Direction): DescribedSchema {
  const known = described[direction].get(schema);
  if (known !== undefined) return known;
  const result = convert(schema, direction);
  described[direction].set(schema, result);
  return result;
}

/** Reports why a schema cannot be documented. */
export function checkSchema(schema: ZodType, direction: Direction, report: Report): void {
  for (const { code, text } of describeSchema(schema, direction).faults) report(code, text);
}

/** Whether a schema accepts that nothing was sent; if only its functions can tell, they are tried with undefined. */
export function acceptsAbsence(schema: ZodType): boolean {
  return acceptsUndefined(schema);
}

/** A schema with its reference followed. */
export function resolve(json: JsonSchema, definitions: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const name = json.$ref?.startsWith('#/$defs/') ? json.$ref.slice('#/$defs/'.length) : undefined;
  const target = name === undefined ? undefined : definitions[name];
  if (target === undefined) return json;
  const { $ref: _, ...rest } = json;
  return { ...target, ...rest };
}

const NONE: readonly JsonSchema[] = [];

/** The alternatives and the parts that a schema consists of. */
export function partsOf(json: JsonSchema): readonly JsonSchema[] {
  const { anyOf, oneOf, allOf } = json;
  const type: unknown = json.type;
  if (Array.isArray(type))
    return type.map((one: JsonSchema['type']): JsonSchema => ({ ...json, type: one }) as JsonSchema);
  if (anyOf === undefined && oneOf === undefined && allOf === undefined) return NONE;
  return [...(anyOf ?? []), ...(oneOf ?? []), ...(allOf ?? [])];
}

function convert(schema: ZodType, direction: Direction): DescribedSchema {
  const named: [string, ZodType][] = [];
  const faults: SchemaFault[] = [];
  let joins = false;
  try {
    const {
      $schema: _,
      '~standard': __,
      $defs = {},
      ...json
    } = z.toJSONSchema(schema, {
      io: direction === 'output' && !featuresOf(schema).codec ? 'output' : 'input',
      unrepresentable: ({ zodSchema, path, message }) => {
        const { type, coerce } = zodSchema._zod.def as { type: string; coerce?: boolean };
        if (type === 'date' && direction === 'output') return { type: 'string', format: 'date-time' };
        if (type === 'date' && coerce === true)
          return { type: 'string', anyOf: [{ format: 'date-time' }, { format: 'date' }] };
        faults.push({
          code: 'SCHEMA_NOT_EXPRESSIBLE',
          text: `its schema cannot be documented: ${message} (at ${pathText(path)})`,
        });
        return 'any';
      },
      override: ({ zodSchema, jsonSchema }) => {
        const id = z.globalRegistry.get(zodSchema)?.id;
        if (id !== undefined) named.push([id, zodSchema as unknown as ZodType]);
        if (zodSchema._zod.def.type === 'intersection') joins = true;
        correct(zodSchema, jsonSchema, direction);
      },
    }) as JsonSchema;
    if (direction === 'output') faults.push(...oneWayFaults(schema));
    for (const [id] of named) faults.push(...nameFaults(id));
    const joined = joins ? joinIntersections(json, $defs) : { json, $defs };
    const whole = direction === 'output' ? orNothing(schema, joined.json) : joined.json;
    return { json: whole, definitions: joined.$defs, named: byName(named), faults };
  } catch (error) {
    const message = messageOf(error);
    const duplicate = /^Duplicate schema id "(.*?)"/.exec(message)?.[1];
    const fault: SchemaFault = { code: 'SCHEMA_NOT_EXPRESSIBLE', text: `its schema cannot be documented: ${message}` };
    return {
      json: {},
      definitions: {},
      named: byName(named),
      faults: duplicate === undefined ? [fault] : [],
      duplicate,
    };
  }
}

const NOTHING_NAMED: ReadonlyMap<string, ZodType> = new Map();

function byName(named: readonly [string, ZodType][]): ReadonlyMap<string, ZodType> {
  return named.length === 0 ? NOTHING_NAMED : new Map(named);
}

/** The schema of a present value: an absent header is not null. */
export function withoutNothing(schema: ZodType, json: JsonSchema): JsonSchema {
  return schema._zod.optout === 'optional' ? (json.anyOf?.[0] ?? json) : json;
}

/** A response of undefined is sent as null. */
function orNothing(schema: ZodType, json: JsonSchema): JsonSchema {
  if (schema._zod.optout !== 'optional' || Object.keys(json).length === 0) return json;
  return { anyOf: [json, { type: 'null' }] };
}

function oneWayFaults(schema: ZodType): readonly SchemaFault[] {
  const { codec, oneWay } = featuresOf(schema);
  const fileFault = fileFaultOf(schema);
  const faults = fileFault === undefined ? [] : [fileFault];
  if (!codec || !oneWay) return faults;
  const text =
    'its response has a codec, which encodes values, and a transform, which cannot be reversed; make the transform a codec';
  return [...faults, { code: 'CODEC_WITH_TRANSFORM', text }];
}

/** Faults of a schema whose values are JSON. */
function fileFaultOf(schema: ZodType): SchemaFault | undefined {
  if (!featuresOf(schema).file) return undefined;
  return { code: 'SCHEMA_NOT_EXPRESSIBLE', text: 'its schema cannot be documented: JSON cannot contain files' };
}

/** OpenAPI 3.1, Components Object. */
function nameFaults(id: string): readonly SchemaFault[] {
  if (id.startsWith('__')) {
    return [
      { code: 'INVALID_SCHEMA_ID', text: `the id '${id}' begins like the generated names of schemas without an id` },
    ];
  }
  if (/^[a-zA-Z0-9._-]+$/.test(id)) return [];
  const suggestion = id.replace(/[^a-zA-Z0-9._-]+/g, '_').replace(/^_+|_+$/g, '');
  const text = `the id '${id}' cannot be the name of a component; it may contain only letters, digits, '.', '_' and '-'`;
  return [{ code: 'INVALID_SCHEMA_ID', text: suggestion === '' ? text : `${text}, such as '${suggestion}'` }];
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
