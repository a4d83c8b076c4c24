import { z, type ZodType } from 'zod';
import { acceptsMissingKey } from './absence.ts';

/** One field of an object whose fields are sent separately. */
export interface Field {
  readonly key: string;
  readonly schema: ZodType;
  readonly required: boolean;
}

/** What an object schema says about its fields, seen from outside. */
export interface ObjectFields {
  /** Every key once, with all of its schemas. */
  readonly fields: readonly Field[];
  /** The same for each alternative of a union, in order; otherwise a single one. */
  readonly variants: readonly (readonly Field[])[];
  /** What applies to unknown keys; undefined if they are dropped. */
  readonly further: ZodType | undefined;
}

/** Several schemas may describe one key, as in an intersection. */
interface Alternative {
  readonly shape: ReadonlyMap<string, readonly ZodType[]>;
  readonly further: ZodType | undefined;
}

/** Alternatives, or in words why they are unknown; undefined for a schema that is not an object. */
type Reading = readonly Alternative[] | string | undefined;

type Definition = z.core.$ZodTypes['_zod']['def'];

const read = new WeakMap<ZodType, ObjectFields | string | undefined>();

/** The fields of an object schema, or in words why they are unknown; undefined for a schema that is not an object. */
export function objectFieldsOf(schema: ZodType): ObjectFields | string | undefined {
  if (!read.has(schema)) {
    const alternatives = alternativesOf(schema, new Set());
    read.set(schema, typeof alternatives === 'object' ? fieldsOf(alternatives) : alternatives);
  }
  return read.get(schema);
}

function alternativesOf(schema: ZodType, within: ReadonlySet<ZodType>): Reading {
  if (within.has(schema)) return 'it contains itself';
  const inside = new Set([...within, schema]);
  const follow = (part: z.core.$ZodType): Reading => alternativesOf(part as ZodType, inside);
  const def = schema._zod.def as Definition;
  switch (def.type) {
    case 'object':
      return [alternativeOf(def.shape, def.catchall)];
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'catch':
    case 'readonly':
      return follow(def.innerType);
    case 'lazy':
      return follow(def.getter());
    case 'pipe':
      // `z.preprocess` is documented by the schema after it.
      return follow(def.in._zod.def.type === 'transform' ? def.out : def.in);
    case 'intersection':
      return both(follow(def.left), follow(def.right));
    case 'union':
      return oneOf(def.options.map(follow));
    case 'record':
      return 'the keys of a record are not known in advance';
    case 'transform':
      return 'a transform does not say which fields it takes';
    default:
      return undefined;
  }
}

function alternativeOf(shape: z.core.$ZodShape, catchall: z.core.$ZodType | undefined): Alternative {
  const fields = Object.entries(shape).map(([key, field]) => [key, [field as ZodType]] as const);
  return { shape: new Map(fields), further: catchall as ZodType | undefined };
}

/** Combines every alternative of one side with every one of the other. */
function both(left: Reading, right: Reading): Reading {
  if (left === undefined && right === undefined) return undefined;
  if (typeof left !== 'object') return left ?? 'one side of an intersection is not an object';
  if (typeof right !== 'object') return right ?? 'one side of an intersection is not an object';
  return left.flatMap((one) => right.map((other) => joined(one, other)));
}

function joined(one: Alternative, other: Alternative): Alternative {
  const shape = new Map(one.shape);
  for (const [key, schemas] of other.shape) shape.set(key, [...new Set([...(shape.get(key) ?? []), ...schemas])]);
  return { shape, further: one.further ?? other.further };
}

function oneOf(options: readonly Reading[]): Reading {
  const told = options.flatMap((option) => (typeof option === 'object' ? option : []));
  const reason = options.find((option) => typeof option === 'string');
  if (reason !== undefined) return reason;
  if (told.length === 0) return undefined;
  return options.includes(undefined) ? 'one alternative of a union is not an object' : told;
}

function fieldsOf(alternatives: readonly Alternative[]): ObjectFields {
  const variants = alternatives.map(({ shape }) =>
    [...shape].map(([key, schemas]): Field => {
      const required = schemas.some((schema) => !acceptsMissingKey(schema));
      return { key, schema: schemas.reduce((one, other) => z.intersection(one, other)), required };
    }),
  );
  const keys = [...new Set(variants.flatMap((fields) => fields.map(({ key }) => key)))];
  const fields = keys.map((key): Field => {
    const found = variants.flatMap((variant) => variant.filter((field) => field.key === key));
    const isShared = found.length === variants.length;
    const schema = either(found.map((field) => field.schema));
    const required = isShared && found.every((field) => field.required);
    return { key, schema: isShared ? schema : orAnything(schema), required };
  });
  return { fields, variants, further: alternatives.find(({ further }) => further !== undefined)?.further };
}

/** An alternative that does not have the field ignores whatever is sent by its name. */
function orAnything(schema: ZodType): ZodType {
  const { description, deprecated } = z.globalRegistry.get(schema) ?? {};
  const said = {
    ...(description === undefined ? {} : { description }),
    ...(deprecated === true ? { deprecated } : {}),
  };
  return z.union([schema, z.unknown()]).meta(said);
}

function either(schemas: readonly ZodType[]): ZodType {
  const [first = z.never(), ...others] = new Set(schemas);
  if (others.length === 0) return first;
  const all = [first, ...others];
  return all.every((schema) => schema instanceof z.ZodLiteral)
    ? z.literal([...new Set(all.flatMap((schema) => [...schema.values]))])
    : z.union(all);
}
