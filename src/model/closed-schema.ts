import type { z, ZodType } from 'zod';

type Definition = z.core.$ZodTypes['_zod']['def'];

/** Kinds of schema whose values contain no others. */
const PLAIN: ReadonlySet<string> = new Set([
  'string',
  'number',
  'boolean',
  'bigint',
  'literal',
  'enum',
  'null',
  'undefined',
  'void',
  'nan',
  'date',
  'template_literal',
  'never',
]);

/** Keys by which a value reaches a prototype, or a merge of it does. */
const REACHING = ['__proto__', 'constructor'];

const known = new WeakMap<ZodType, boolean>();

/**
 * Whether all of a value that a schema returns was declared: no unknown keys, no value of any kind, no recursion, and
 * no function that makes it of what was sent.
 *
 * Neither nesting nor keys that reach a prototype then get past the schema, and nothing has to look for them before it.
 */
export function isClosed(schema: ZodType): boolean {
  const before = known.get(schema);
  if (before !== undefined) return before;
  // One that contains itself finds this, and is open.
  known.set(schema, false);
  const closed = containsClosed(schema._zod.def as Definition);
  known.set(schema, closed);
  return closed;
}

function containsClosed(def: Definition): boolean {
  switch (def.type) {
    case 'object': {
      const { shape, catchall } = def;
      // Without one, unknown keys are dropped; one of `z.never()` refuses them.
      if (catchall !== undefined && catchall._zod.def.type !== 'never') return false;
      return REACHING.every((key) => !Object.hasOwn(shape, key)) && areClosed(Object.values(shape));
    }
    case 'array':
      return areClosed([def.element]);
    case 'tuple':
      return areClosed([...def.items, ...(def.rest === null ? [] : [def.rest])]);
    case 'union':
      return areClosed(def.options);
    case 'intersection':
      return areClosed([def.left, def.right]);
    case 'pipe':
      return areClosed([def.in]);
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'default':
    case 'prefault':
    case 'readonly':
      return areClosed([def.innerType]);
    default:
      return PLAIN.has(def.type);
  }
}

function areClosed(schemas: readonly z.core.$ZodType[]): boolean {
  return schemas.every((schema) => isClosed(schema as ZodType));
}
