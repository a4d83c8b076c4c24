import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Body } from 'portico';
import { z } from 'zod';
import { type AnyInput, issuesOf, OneRoute } from './world.ts';

const ours = z.object({ a: z.int() });
const HOSTILE = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
const DEEP = `${'['.repeat(1_000)}${']'.repeat(1_000)}`;

/** Sends an object `in` that has `"a":1` and these members; what the handler gets, or the types of the issues. */
async function outcome(input: AnyInput, members: string, more = ''): Promise<{ value: unknown } | string[]> {
  let value: unknown;
  const route = new OneRoute({ method: 'POST', inputs: [input], handle: (seen) => void (value = seen) });
  const body = `{"in":{"a":1,${members}}${more}}`;
  const response = await route.request('/', { headers: { 'Content-Type': 'application/json' }, body });
  for (const name of ['polluted', 'prototype']) assert.equal(Reflect.get({}, name), undefined);
  if (response.status === 422) return (await issuesOf(response)).map(({ type }) => type);
  assert.equal(response.status, 200);
  return { value };
}

/** Whether a value, or one in it, has a key that reaches a prototype, or has had one. */
function isHostile(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const plain = [Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value) as object);
  const { constructor } = Object.fromEntries(Object.entries(value)) as { constructor: unknown };
  const reaches = typeof constructor === 'object' && constructor !== null && Object.hasOwn(constructor, 'prototype');
  return !plain || Object.hasOwn(value, '__proto__') || reaches || Object.values(value).some(isHostile);
}

describe('unknown keys of a JSON body that reach a prototype, or are nested without end, are dropped with others by', () => {
  const closed: Record<string, [schema: z.ZodType, value: unknown]> = {
    'an object': [ours, { a: 1 }],
    'an object or a tuple': [z.tuple([z.array(ours)], ours).or(ours), { a: 1 }],
    'one of several objects': [z.union([z.object({ b: z.int() }), ours]), { a: 1 }],
    'an object by its discriminator': [z.discriminatedUnion('a', [z.object({ a: z.literal(1) })]), { a: 1 }],
    'two objects at once': [z.intersection(ours, z.object({ a: z.number().min(1) })), { a: 1 }],
    'an object with a default': [ours.default({ a: 2 }).readonly(), { a: 1 }],
    'an object that is transformed': [ours.transform(({ a }) => ({ b: a })), { b: 1 }],
    'an object that is checked': [ours.refine(({ a }) => a === 1).nullable(), { a: 1 }],
    'an object that may be absent': [ours.optional().nonoptional(), { a: 1 }],
  };
  for (const [what, [schema, value]] of Object.entries(closed)) {
    test(what, async () => {
      for (const members of [HOSTILE, `"more":${DEEP}`, `"more":[{${HOSTILE}},${DEEP}],${HOSTILE}`]) {
        assert.deepEqual(await outcome(Body('in', schema), members), { value });
        assert.deepEqual(await outcome(Body(z.object({ in: schema })), members, `,${HOSTILE}`), {
          value: { in: value },
        });
      }
    });
  }
});

describe('such keys are lost, and nesting is limited, before', () => {
  interface Nested {
    a: number;
    in?: Nested | undefined;
  }
  const lazy: z.ZodType<Nested> = z.object({ a: z.int(), in: z.lazy(() => lazy).optional() });
  const own = z.object({
    a: z.int(),
    get in() {
      return z.array(own).optional();
    },
  });
  const open: Record<string, z.ZodType> = {
    'a schema of anything': z.unknown(),
    'an object with other keys': z.looseObject({ a: z.int() }),
    'an object with other keys of a kind': ours.catchall(z.unknown()),
    'a record': z.record(z.string(), z.unknown()),
    'an object of anything': z.object({ a: z.unknown() }),
    'a list of anything': z.array(z.unknown()).or(z.looseObject({})),
    'a function that prepares the value': z.preprocess((value) => value, ours),
    'a function of the value': z.unknown().transform((value) => value),
    'a value in place of one that is refused': z.object({ b: z.int() }).catch({ b: 2 }),
    'a lazy object in itself': lazy,
    'lists of an object in itself': own,
    'a list of an object with those': z.array(own).or(z.object({ b: own }).partial().extend(own.shape)),
    'an object that declares such a key': z.object({ constructor: z.unknown(), a: z.int() }),
  };
  for (const [what, schema] of Object.entries(open)) {
    test(what, async () => {
      for (const input of [Body('in', schema), Body(z.object({ in: schema }))]) {
        const made = await outcome(input, HOSTILE);
        if (!Array.isArray(made)) assert.ok(!isHostile(made.value), JSON.stringify(made.value));
        assert.deepEqual(await outcome(input, `"more":${DEEP}`), ['json_invalid']);
      }
    });
  }

  test('an object, if another input of the body is open', async () => {
    const route = new OneRoute({ method: 'POST', inputs: [Body('a', z.looseObject({})), Body('b', ours)] });
    const headers = { 'Content-Type': 'application/json' };
    const response = await route.request('/', { headers, body: `{"a":{},"b":{"a":1},"c":${DEEP}}` });
    assert.deepEqual(
      (await issuesOf(response)).map(({ type }) => type),
      ['json_invalid'],
    );
  });
});

test('such keys of a JSON body are unknown to a strict object', async () => {
  for (const schema of [z.strictObject({ a: z.int() }), ours.catchall(z.never())]) {
    for (const members of [HOSTILE, `"more":${DEEP}`]) {
      const made = await outcome(Body('in', schema), members);
      assert.deepEqual(new Set(Array.isArray(made) ? made : []), new Set(['unrecognized_keys']));
    }
  }
});

test('a value nested without end in place of another is refused as that value', async () => {
  for (const schema of [z.object({ b: z.string() }), z.strictObject({ a: z.int(), b: z.array(z.string()) })]) {
    for (const deep of [`{"c":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, `{${HOSTILE}}`]) {
      assert.deepEqual(await outcome(Body('in', schema), `"b":${deep}`), ['invalid_type']);
    }
  }
});
