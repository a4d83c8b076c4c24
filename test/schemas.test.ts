import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { type App, Body, Controller, DeclarationError, Get, Post, Query } from 'portico';
import { z, type ZodType } from 'zod';
import { appOf, assertValidDocument, expectJson, issuesOf, Log, pause, raise } from './world.ts';
import { At, KINDS, NARROWER, OTHERS } from './fixtures/zod-kinds.ts';

type Json = Record<string, any>;

/** The document of an app, which is valid and has no reference that leads nowhere. */
async function documentOf(app: App): Promise<Json> {
  const document = app.openapi() as Json;
  await assertValidDocument(document);
  assert.deepEqual(brokenReferences(document), []);
  return document;
}

function brokenReferences(document: Json): string[] {
  const broken: string[] = [];
  const text = JSON.stringify(document);
  for (const [, name = ''] of text.matchAll(/"(?:\$ref":|[^"]*":)"#\/components\/schemas\/([^"]*)"/g)) {
    if (document['components']?.schemas?.[name] === undefined) broken.push(name);
  }
  if (text.includes('#/$defs')) broken.push('$defs');
  return broken;
}

/** Shared, because it compiles the schema of schemas first. Formats are annotations (JSON Schema 2020-12, Validation §7.2.1). */
const ajv = new Ajv2020({ strict: false, validateFormats: false, unicodeRegExp: true, multipleOfPrecision: 9 });
let documents = 0;

/** Whether the schema of a document takes a value. */
function acceptorOf(document: Json, schema: Json): (value: unknown) => boolean {
  const $id = `https://doc.test/${++documents}`;
  ajv.addSchema({ $id, components: document['components'] });
  const text = JSON.stringify(schema).replaceAll('"#/components', `"${$id}#/components`);
  const validate = ajv.compile(JSON.parse(text) as Json);
  return (value) => validate(value);
}

const taken = (document: Json, path = '/x'): Json =>
  document['paths'][path].post.requestBody.content['application/json'].schema;
const answered = (document: Json, path = '/x', method = 'get'): Json =>
  document['paths'][path][method].responses[200].content['application/json'].schema;
const component = (document: Json, name: string): Json => document['components'].schemas[name];

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  ...(body === undefined ? {} : { body: JSON.stringify(body) }),
});

function taking(schema: ZodType): App {
  @Controller('/x')
  class TakingController {
    @Post() take(@Body(schema) _value: any) {
      return 'taken';
    }
  }
  return appOf([TakingController]);
}

/** An app that answers what it is given. */
function giving(schema: ZodType): { app: App; give: (value: unknown) => Promise<Response> } {
  let value: unknown;
  @Controller('/x')
  class GivingController {
    @Get({ response: schema as ZodType<any> }) give(): any {
      return value;
    }
  }
  const app = appOf([GivingController]);
  return {
    app,
    give: (given) => {
      value = given;
      return app.request('/x');
    },
  };
}

function echoing(schema: ZodType): App {
  @Controller('/x')
  class EchoController {
    @Post({ response: schema as ZodType<any> }) echo(@Body(schema) value: any): any {
      return value;
    }
  }
  return appOf([EchoController]);
}

function codesOf(declare: () => unknown): string[] {
  try {
    declare();
  } catch (error) {
    assert.ok(error instanceof DeclarationError, String(error));
    return [...new Set(error.mistakes.map(({ code }) => code))];
  }
  return [];
}

function encodes(schema: ZodType, accepts: (value: unknown) => boolean): void {
  for (const value of SAMPLES) {
    const { success, data } = encode(schema, value);
    if (success) assert.ok(accepts(JSON.parse(JSON.stringify(data))), `${JSON.stringify(data)} for ${String(value)}`);
  }
}

function encode(schema: ZodType, value: unknown): { success: boolean; data?: unknown } {
  try {
    return (z.safeEncode as (schema: unknown, value: unknown) => { success: boolean })(schema, value);
  } catch {
    return { success: false };
  }
}

/** What JSON never is, or JSON Schema has no word for. */
const REFUSED =
  `_function bigint coerce.bigint custom date file function instanceof int64 map maxSize mime minSize nan set
  size symbol transform uint64 undefined void`.split(/\s+/);

const SAMPLES: readonly unknown[] = [
  ...[null, true, false, 0, 1, -1, 2, 5, 1.5, -2.5, 1e20, 1e39, 2 ** 31, -1e20],
  ...[
    '',
    'a',
    'b',
    'ab',
    'abc',
    'abcd',
    'ABC',
    'Ab',
    ' a ',
    ' ',
    'a-b',
    'a5',
    '5',
    '-1',
    'true',
    'YES',
    'no',
    'maybe',
    '\n\nb',
  ],
  ...['\u{1F600}', '\u{1F600}\u{1F600}', 'é', 'e\u0301', 'x', 'y'],
  ...[
    'me@example.com',
    ' Me@example.com ',
    'http://example.com/x',
    'https://localhost',
    'ftp://example.com',
    'example.com',
  ],
  ...['1.2.3.4', '::1', '::ffff:1.2.3.4', 'fe80::1%eth0', '10.0.0.0/8', '::ffff:1.2.3.4/96', 'fe80::/64', 'zz::'],
  ...[
    '2020-01-01',
    '2020-01-01T00:00:00Z',
    '2020-01-01T00:00:00',
    '2020-02-31',
    '10:00:00',
    '10:00',
    'P1D',
    '1 January 2020',
  ],
  ...['aGk=', 'aGk', '-_-_', '====', '68656c6c6f', '+4915112345678', '4242424242424242', '4242424242424241'],
  ...[
    'DE89370400440532013000',
    'DE89370400440532013001',
    'EUR',
    'eur',
    '00:1A:2B:3C:4D:5E',
    'eyJhbGciOiJIUzI1NiJ9.e30.x',
    'a.b.c',
  ],
  ...[
    '3f2504e0-4f89-41d3-9a0c-0305e82c3301',
    '3f2504e0-4f89-71d3-9a0c-0305e82c3301',
    'ffffffff-ffff-ffff-ffff-fffffffffff0',
  ],
  ...[
    '5d41402abc4b2a76b9719d911017c592',
    'tz4a98xxat96iws9zmbrgj3a',
    'cjld2cjxh0000qzrmn831i7rn',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  ],
  ...['9m4e2mr0ui3e8a215n4g', '0ujsswThIGTUYm2K8FjOOfXtY1K', 'V1StGXR8_Z5jdHi6B-myT'],
  ...[[], ['a'], [1], [1, 'a'], [1, 2], [1, 2, 3], [1, null], [null], [[1]]],
  ...[
    {},
    { a: 'x' },
    { a: 'xy' },
    { a: 'y' },
    { a: 1 },
    { a: null },
    { b: 1 },
    { a: 'x', b: 1 },
    { a: 'x', b: 'y' },
    { a: 'y', b: 1 },
  ],
  ...[
    { a: 'x', c: 1 },
    { a: {} },
    { a: { b: 1 } },
    { a: { b: 'x' } },
    { ab: 1 },
    { B: 'x' },
    { a: '2020-01-01T00:00:00Z' },
  ],
  ...[{ a: new Date(0) }, new Date(0), new Set(['a']), new Map(), undefined, Symbol('a'), 1n, Number.NaN],
];

/** What JSON can say of the samples. */
const BODIES = SAMPLES.filter((value) => {
  try {
    const text = JSON.stringify(value);
    if (typeof value === 'number' && !Number.isFinite(value)) return false;
    return (
      text !== undefined &&
      JSON.stringify(JSON.parse(text)) === text &&
      !text.includes('1970') &&
      !/Set|Map/.test(String(value?.constructor.name))
    );
  } catch {
    return false;
  }
});

describe('every schema that zod makes', () => {
  test('is in the table of these tests, or is said to be none', () => {
    const made = (['coerce', 'iso'] as const).flatMap((group) =>
      Object.keys(group === 'iso' ? z.iso : z.coerce)
        .filter((name) => /^[a-z]/.test(name))
        .map((name) => `${group}.${name}`),
    );
    const named = Object.entries(z).flatMap(([name, value]) => {
      return typeof value === 'function' && /^_?[a-z]/.test(name) ? [name] : [];
    });
    const missing = [...named, ...made].filter((name) => !(name in KINDS) && !OTHERS.has(name));
    assert.deepEqual(missing, []);
  });

  const refused: string[] = [];
  const narrower: string[] = [];
  for (const [name, make] of Object.entries(KINDS)) {
    test(`as a body, is refused at start or accepts what the document accepts: ${name}`, async () => {
      const schema = make();
      if (codesOf(() => taking(schema)).length > 0) return void refused.push(name);
      const app = taking(schema);
      const document = app.openapi() as Json;
      const accepts = acceptorOf(document, taken(document));
      for (const body of BODIES) {
        const { status } = await app.request('/x', post(body));
        assert.ok(status === 200 || status === 422, `${status} for ${JSON.stringify(body)}`);
        if (accepts(body) && status === 422 && !narrower.includes(name)) narrower.push(name);
        assert.ok(accepts(body) || status === 422, `${JSON.stringify(body)} is taken, and the document refuses it`);
      }
      const { required } = document['paths']['/x'].post.requestBody;
      assert.equal(required, (await app.request('/x', post(undefined))).status === 422);
    });

    test(`as an answer, is refused at start or sends what the document says: ${name}`, async () => {
      const schema = make();
      if (codesOf(() => giving(schema)).length > 0) return;
      const { app, give } = giving(schema);
      const document = app.openapi() as Json;
      const accepts = acceptorOf(document, answered(document));
      if (schema instanceof z.ZodCodec || name === 'codec') return encodes(schema, accepts);
      for (const value of SAMPLES) {
        const response = await give(value);
        const text = await response.text();
        if (response.status === 200) assert.ok(accepts(JSON.parse(text)), `${text} for ${String(value)}`);
        else assert.equal(response.status, 500);
      }
    });
  }

  for (const [what, derive] of Object.entries({
    described: (schema: ZodType) => schema.describe('One of them'),
    refined: (schema: ZodType) => schema.refine(() => true),
    'described and refined': (schema: ZodType) => schema.describe('One of them').refine(() => true),
  })) {
    test(`is documented as it runs where it is named and ${what}`, async () => {
      for (const [name, make] of Object.entries(KINDS)) {
        const named = make().meta({ id: 'Named' });
        const schema = z.object({ it: derive(named), other: named.optional() });
        if (codesOf(() => echoing(schema)).length > 0) continue;
        const app = echoing(schema);
        const document = app.openapi() as Json;
        const accepts = acceptorOf(document, taken(document));
        const fits = acceptorOf(document, answered(document, '/x', 'post'));
        for (const it of BODIES) {
          const response = await app.request('/x', post({ it }));
          const text = await response.text();
          const told = `${name}: ${response.status} for ${JSON.stringify(it)}`;
          if (response.status === 200) assert.ok(accepts({ it }) && fits(JSON.parse(text)), told);
          else assert.ok(!accepts({ it }) || NARROWER.includes(name) || response.status === 500, told);
        }
      }
    });
  }

  test('is refused, or differs, only where that is listed', () => {
    assert.deepEqual(refused.toSorted(), REFUSED.toSorted());
    assert.deepEqual(narrower.toSorted(), NARROWER);
  });

  test('that is documented narrower than it runs has its row in docs/narrower.md', () => {
    const page = readFileSync(join(import.meta.dirname, '../docs/narrower.md'), 'utf8');
    const rows = [...page.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    assert.deepEqual((rows as string[]).toSorted(), NARROWER);
  });
});

test('z.xor takes nothing that the document refuses, where an alternative is documented as accepting more', async () => {
  for (const [schema, body] of [
    [z.xor([z.object({ a: z.string() }), z.object({ b: z.int() })]), { a: 'x', b: 1e21 }],
    [z.xor([z.string(), z.string().regex(/^a/i)]), 'b'],
  ] as const) {
    const app = taking(schema);
    const document = app.openapi() as Json;
    assert.equal((await app.request('/x', post(body))).status, 200);
    assert.ok(acceptorOf(document, taken(document))(body), JSON.stringify(body));
  }
});

describe('in JSON, z.coerce takes what is documented', () => {
  const Deep: ZodType = z.object({
    count: z.coerce.number(),
    get inner() {
      return Deep.optional();
    },
  });
  const COERCED: [string, ZodType, taken: unknown[], refused: unknown[]][] = [
    ['number', z.coerce.number(), [5], ['5', true, null, [], undefined]],
    ['boolean', z.coerce.boolean().default(true), [false, undefined], ['no', 0, null]],
    ['string', z.coerce.string().optional(), ['a', undefined], [1, null]],
    ['date', z.coerce.date(), ['2020-01-01', '2020-01-01T00:00:00Z'], [0, null, '1', undefined]],
    ['of a record', z.record(z.string(), z.coerce.number()), [{ a: 1 }], [{ a: '1' }]],
    ['behind a lazy one', z.lazy(() => z.coerce.number()), [1], ['1']],
    ['of a list', z.array(z.coerce.boolean()), [[true]], [['x']]],
    ['of a union', z.union([z.coerce.number().max(5), z.literal('all')]), [5, 'all'], ['5', 6]],
    [
      'of a discriminated union',
      z.discriminatedUnion('k', [
        z.object({ k: z.literal('n'), v: z.coerce.number() }),
        z.object({ k: z.literal('m') }),
      ]),
      [{ k: 'n', v: 1 }, { k: 'm' }],
      [{ k: 'n', v: '1' }, { k: 'n' }],
    ],
    [
      'of an intersection',
      z.object({ a: z.int() }).and(z.object({ b: z.coerce.number() })),
      [{ a: 1, b: 1 }],
      [{ a: 1 }],
    ],
    [
      'of an object that contains itself',
      Deep,
      [{ count: 1 }, { count: 1, inner: { count: 2, inner: { count: 3 } } }],
      [{ count: '1' }, { count: 1, inner: { count: '2' } }, { count: 1, inner: { count: 2, inner: { count: '3' } } }],
    ],
  ];
  for (const [what, schema, fitting, others] of COERCED) {
    test(what, async () => {
      const app = taking(schema);
      const document = await documentOf(app);
      const accepts = acceptorOf(document, taken(document));
      for (const body of [...fitting, ...others]) {
        const { status } = await app.request('/x', post(body));
        assert.equal(status, fitting.includes(body) ? 200 : 422, JSON.stringify(body));
        if (body !== undefined && !(what === 'date' && body === '1')) assert.equal(accepts(body), status === 200);
      }
      assert.equal(document['paths']['/x'].post.requestBody.required, !fitting.includes(undefined));
    });
  }

  test('and what fits becomes what it was declared to become', async () => {
    @Controller('/x')
    class DateController {
      @Post() take(@Body(z.object({ at: z.coerce.date() })) { at }: { at: Date }) {
        return at.getTime();
      }
    }
    assert.equal(await (await appOf([DateController]).request('/x', post({ at: '1970-01-01' }))).json(), 0);
  });
});

describe('what a function or z.catch takes is anything', () => {
  const LENIENT: [string, ZodType, unknown[]][] = [
    [
      'preprocess of a list',
      z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(z.int())),
      [1, [1]],
    ],
    ['a list with catch', z.array(z.int()).catch([]), [1, 'a', { a: 1 }, [1]]],
    [
      'preprocess of an object',
      z.object({ a: z.preprocess((value) => Number(value), z.int()) }),
      [{ a: '5' }, { a: 5 }],
    ],
  ];
  for (const [what, schema, bodies] of LENIENT) {
    test(what, async () => {
      const app = taking(schema);
      const document = await documentOf(app);
      const accepts = acceptorOf(document, taken(document));
      for (const body of bodies) {
        assert.equal((await app.request('/x', post(body))).status, 200);
        assert.ok(accepts(body), JSON.stringify(body));
      }
    });
  }
});

describe('a named schema', () => {
  for (const name of ['default', 'enum', 'const', 'example', 'examples', 'properties', 'items', '__proto__']) {
    test(`may be that of a property called '${name}'`, async () => {
      const Address = z.object({ street: z.string().default('here') }).meta({ id: 'Address' });
      const document = await documentOf(echoing(z.object({ [name]: Address, other: Address })));
      const { properties } = taken(document);
      assert.deepEqual(Object.getOwnPropertyDescriptor(properties, name)?.value, properties.other);
      assert.deepEqual(properties.other, { $ref: '#/components/schemas/AddressInput' });
      assert.equal(acceptorOf(document, taken(document))({ other: {}, [name]: {} }), true);
    });

    test(`may contain itself at a property called '${name}'`, async () => {
      const Node: ZodType = z.object({ [name]: z.array(z.lazy(() => Node)) });
      const document = await documentOf(taking(Node));
      assert.deepEqual(taken(document), { $ref: '#/components/schemas/Schema1' });
    });
  }

  test('is told apart from what only looks like a reference', async () => {
    const schema = z.object({ a: z.object({ $ref: z.string() }).default({ $ref: '#/$defs/X' }) });
    const text = JSON.stringify(taken(echoing(schema).openapi() as Json));
    assert.match(text, /"default":\{"\$ref":"#\/\$defs\/X"\}/);
  });

  for (const id of ['Page[User]', 'Page<User>', 'Page of User', 'shop/Order', 'Größe', '', '[]', '__schema0']) {
    test(`cannot have the id '${id}'`, () => {
      if (id === '') return;
      const schema = z.object({ a: z.array(z.object({ b: z.string() }).meta({ id })) });
      assert.deepEqual(
        codesOf(() => taking(schema)),
        ['INVALID_SCHEMA_ID'],
      );
      assert.deepEqual(
        codesOf(() => giving(schema)),
        ['INVALID_SCHEMA_ID'],
      );
    });
  }

  test('whose id cannot be a name is told another', () => {
    assert.throws(() => taking(z.string().meta({ id: 'Page[User]' })), /the id 'Page\[User\]' .* such as 'Page_User'/);
  });

  test('keeps its name beside names that were made', async () => {
    const Recursive: ZodType = z.object({ next: z.lazy(() => Recursive).optional() });
    const One = z.object({ a: z.int() }).meta({ id: 'Schema1' });
    const Half = z.object({ a: z.int().default(1) }).meta({ id: 'Half' });
    const Taken = z.object({ half: z.string() }).meta({ id: 'HalfInput' });
    const document = await documentOf(echoing(z.object({ Recursive, One, Half, Taken })));
    const names = Object.keys(document['components'].schemas);
    assert.deepEqual(names, ['Half', 'HalfInput', 'HalfInput_', 'Schema1', 'Schema2']);
    assert.deepEqual(component(document, 'Schema1').properties, { a: { type: 'integer' } });
    assert.deepEqual(component(document, 'HalfInput').properties, { half: { type: 'string' } });
  });

  test('with two different outputs is refused like one with two inputs', () => {
    const of = (to: ZodType) =>
      z
        .object({
          a: z
            .string()
            .transform((text): any => text)
            .pipe(to as ZodType<any, any>),
        })
        .meta({ id: 'Same' });
    @Controller('/x')
    class PairController {
      @Get('/a', { response: of(z.string()) as ZodType<any> }) a(): any {}
      @Get('/b', { response: of(z.int()) as ZodType<any> }) b(): any {}
    }
    assert.deepEqual(
      codesOf(() => appOf([PairController])),
      ['DUPLICATE_SCHEMA_ID'],
    );
  });
});

describe('words that mean something else', () => {
  test('what the program may not change is no readOnly property', async () => {
    const schema = z.object({
      tags: z.array(z.string()).readonly(),
      at: z.object({ a: z.int() }).readonly().optional(),
    });
    assert.doesNotMatch(JSON.stringify(await documentOf(echoing(schema.readonly()))), /readOnly/);
    assert.equal(taken(await documentOf(taking(z.string().readonly().meta({ readOnly: true }))))['readOnly'], true);
  });

  test('integers and numbers have the bounds that were declared', async () => {
    const schema = z.tuple([z.int(), z.int().min(0), z.number(), z.int().lt(5), z.int32(), z.float64()]);
    assert.deepEqual(taken(await documentOf(taking(schema))).prefixItems, [
      { type: 'integer' },
      { type: 'integer', minimum: 0 },
      { type: 'number' },
      { type: 'integer', exclusiveMaximum: 5 },
      { type: 'integer', minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
      { type: 'number' },
    ]);
  });
});

describe('an intersection', () => {
  const A = z.object({ a: z.string() }).meta({ id: 'InA' });
  const B = z.object({ b: z.int() }).meta({ id: 'InB' });
  const Recursive: ZodType = z
    .object({
      a: z.string(),
      get inner() {
        return z.array(Recursive.and(B)).optional();
      },
    })
    .meta({ id: 'InRecursive' });
  const Whole: ZodType = z.object({
    a: z.string(),
    get inner() {
      return Whole.and(B)
        .and(z.object({ c: z.int() }))
        .optional();
    },
  });
  const union = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('x'), x: z.int() }).meta({ id: 'InX' }),
    z.object({ kind: z.literal('y') }).meta({ id: 'InY' }),
  ]);
  const value = { a: 'x', b: 1 };
  for (const [name, schema, good, bad] of [
    ['of two named objects', A.and(B), value, { a: 'x' }],
    ['of a named and a plain object', A.and(z.object({ b: z.int() })), value, { a: 'x' }],
    [
      'of three',
      A.and(B).and(z.object({ c: z.boolean() }).meta({ description: 'third' })),
      { ...value, c: true },
      value,
    ],
    ['with a record', A.and(z.record(z.string(), z.union([z.string(), z.int()]))), value, { a: 'x', b: true }],
    ['with a record of known keys', A.and(z.record(z.enum(['k']), z.int())), { a: 'x', k: 1 }, { a: 'x', k: 'y' }],
    ['with a catchall', A.and(z.object({ b: z.int() }).catchall(z.string())), { ...value, c: 'd' }, { ...value, c: 1 }],
    [
      'of strict objects',
      z.strictObject({ a: z.string() }).and(z.strictObject({ b: z.int() })),
      value,
      { ...value, c: 1 },
    ],
    [
      'of named objects that may be empty',
      z
        .object({ a: z.string().optional() })
        .meta({ id: 'InMaybe' })
        .and(B.partial().meta({ id: 'InPartial' })),
      { a: 'x' },
      { a: 1 },
    ],
    [
      'within objects',
      z.object({ n: A.and(B) }).and(z.object({ n: z.object({ c: z.int() }) })),
      { n: { ...value, c: 1 } },
      { n: value },
    ],
    ['in lists', z.object({ n: z.array(A) }).and(z.object({ n: z.array(B) })), { n: [value] }, { n: [{ a: 'x' }] }],
    ['with a union', A.and(union), { a: 'x', kind: 'x', x: 1 }, { a: 'x', kind: 'x' }],
    ['with a plain union', A.and(z.union([B, z.object({ c: z.int() })])), value, { a: 'x' }],
    ['that is named', A.and(B).meta({ id: 'InAB' }), value, { a: 'x' }],
    [
      'that contains itself',
      Recursive.and(B),
      { ...value, inner: [{ ...value, inner: [value] }] },
      { ...value, inner: [{ a: 'x' }] },
    ],
    [
      'of objects that may be empty',
      z.object({ a: z.string().optional() }).and(z.object({ b: z.int().optional() })),
      { a: 'x' },
      { a: 1 },
    ],
    ['with a record of one known key', A.and(z.record(z.literal('k'), z.int())), { a: 'x', k: 1 }, { a: 'x', k: 'y' }],
    [
      'of alternatives and a record of known keys',
      z.union([A, B]).and(z.record(z.enum(['k']), z.int())),
      { a: 'x', k: 1 },
      { a: 'x', k: 'y' },
    ],
    [
      'of alternatives and a record of certain keys',
      z.union([A, B]).and(z.record(z.string().regex(/^[a-z]$/), z.unknown())),
      { a: 'x', k: 1 },
      { a: 1 },
    ],
    [
      'with inline alternatives',
      A.and(
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('x'), x: z.int() }),
          z.object({ kind: z.literal('y') }),
        ]),
      ),
      { a: 'x', kind: 'x', x: 1 },
      { a: 'x', kind: 'x' },
    ],
    ['that contains the whole schema', Whole, { a: 'x', inner: { ...value, c: 1 } }, { a: 'x', inner: value }],
    ['of texts', z.string().min(2).and(z.string().max(3)), 'ab', 'a'],
  ] as [string, ZodType, unknown, unknown][]) {
    test(`${name} is taken and given as documented`, async () => {
      const app = echoing(schema);
      const document = await documentOf(app);
      const takes = acceptorOf(document, taken(document));
      const gives = acceptorOf(document, answered(document, '/x', 'post'));
      const response = await app.request('/x', post(good));
      assert.equal(response.status, 200, await response.clone().text());
      const answer: unknown = await response.json();
      assert.deepEqual(answer, good);
      assert.deepEqual(
        [takes(good), gives(answer)],
        [true, true],
        JSON.stringify([taken(document), document['components']]),
      );
      assert.deepEqual([takes(bad), (await app.request('/x', post(bad))).status], [false, 422]);
      const given = giving(schema);
      const alone = given.app.openapi() as Json;
      assert.deepEqual(await (await given.give(good)).json(), good);
      assert.equal(acceptorOf(alone, answered(alone))(good), true, JSON.stringify(answered(alone)));
    });
  }

  test('with what contains itself, or is described elsewhere, leads there', async () => {
    const Choice: ZodType = z.lazy(() => z.union([B, Choice])).meta({ id: 'InChoice' });
    const own = taken(await documentOf(taking(A.and(Choice))));
    assert.deepEqual(own.allOf[1], {
      anyOf: [{ $ref: '#/components/schemas/InB' }, { $ref: '#/components/schemas/InChoice' }],
    });
    const $ref = 'https://example.com/schema.json';
    const elsewhere = A.and(z.looseObject({}).meta({ $ref }));
    assert.equal(taken(taking(elsewhere).openapi()).allOf[1].$ref, $ref);
  });

  test('has one form for both sides', async () => {
    const document = await documentOf(echoing(A.and(B).meta({ id: 'InOne' })));
    assert.equal(component(document, 'InOneInput'), undefined);
    assert.deepEqual(component(document, 'InOne').required, ['a', 'b']);
  });
});

describe('a discriminated union', () => {
  const Cat = z.object({ kind: z.literal('cat'), lives: z.int().default(9) }).meta({ id: 'Cat' });
  const Dog = z.object({ kind: z.enum(['dog', 'puppy']) }).meta({ id: 'Dog' });
  const Fish = z.object({ kind: z.literal('fish') }).meta({ id: 'Fish' });

  test('of named schemas says which is which, on both sides', async () => {
    const document = await documentOf(echoing(z.discriminatedUnion('kind', [Cat, Dog]).meta({ id: 'Pet' })));
    const mapping = { dog: '#/components/schemas/Dog', puppy: '#/components/schemas/Dog' };
    assert.deepEqual(component(document, 'Pet').discriminator, {
      propertyName: 'kind',
      mapping: { cat: '#/components/schemas/Cat', ...mapping },
    });
    assert.deepEqual(component(document, 'PetInput').discriminator.mapping, {
      cat: '#/components/schemas/CatInput',
      ...mapping,
    });
  });

  test('within another is part of it, or named itself', async () => {
    const inner = z.discriminatedUnion('kind', [Dog, Fish]);
    const flat = taken(await documentOf(taking(z.discriminatedUnion('kind', [Cat, inner]))));
    assert.deepEqual(Object.keys(flat.discriminator.mapping), ['cat', 'dog', 'puppy', 'fish']);
    assert.equal(flat.oneOf.length, 3);
    const named = taken(await documentOf(taking(z.discriminatedUnion('kind', [Cat, inner.meta({ id: 'Wet' })]))));
    assert.equal(named.discriminator.mapping.fish, '#/components/schemas/Wet');
  });

  test('of inline schemas, or by something that is no text, has none', async () => {
    const inline = z.discriminatedUnion('kind', [Cat, z.object({ kind: z.literal('x') })]);
    const numbers = z.discriminatedUnion('n', [
      z.object({ n: z.literal(1) }).meta({ id: 'N1' }),
      z.object({ n: z.literal(2) }).meta({ id: 'N2' }),
    ]);
    const open = z.discriminatedUnion('kind', [z.object({ kind: z.string() }).meta({ id: 'Any' }) as never, Cat]);
    for (const schema of [inline, numbers, open]) {
      assert.equal(taken(await documentOf(taking(schema))).discriminator, undefined);
    }
  });

  test('may be mapped to schemas elsewhere by the program', async () => {
    const discriminator = { propertyName: 'kind', mapping: { x: 'https://example.com/x.json' } };
    const Mapped = z.object({ kind: z.string(), of: z.array(Cat) }).meta({ discriminator });
    assert.deepEqual(taken(await documentOf(taking(Mapped))).discriminator, discriminator);
  });
});

describe('a loose record', () => {
  const item = z.int();
  const json = { type: 'integer' };
  const whole = { type: 'object' };
  const rows: [string, ZodType, Json][] = [
    [
      'of keys by a pattern',
      z.looseRecord(z.string().regex(/^x/), item),
      { ...whole, patternProperties: { '^x': json } },
    ],
    ['of keys by a pattern with flags', z.looseRecord(z.string().regex(/^x/i), item), whole],
    ['of keys by several patterns', z.looseRecord(z.string().regex(/^x/).regex(/y$/), item), whole],
    ['of keys by a format', z.looseRecord(z.email(), item), whole],
    ['of keys by a template', z.looseRecord(z.templateLiteral(['x', z.int()]), item), whole],
    ['of keys of some length', z.looseRecord(z.string().min(2), item), whole],
    ['of known keys', z.looseRecord(z.enum(['k']), item), { ...whole, properties: { k: json }, required: ['k'] }],
    [
      'of any keys',
      z.looseRecord(z.string(), item),
      { ...whole, propertyNames: { type: 'string' }, additionalProperties: json },
    ],
  ];
  for (const [what, schema, expected] of rows) {
    test(`${what} is documented by what is checked`, async () => {
      const app = taking(schema);
      const document = await documentOf(app);
      assert.deepEqual(taken(document), expected);
      const accepts = acceptorOf(document, taken(document));
      for (const body of [{ x1: 1 }, { xy: 1 }, { 'me@example.com': 1 }, { k: 1 }, { k: 1, z: 'other' }]) {
        if ((await app.request('/x', post(body))).status === 200) assert.ok(accepts(body), JSON.stringify(body));
      }
    });
  }
});

describe('required', () => {
  const values: Record<string, ZodType> = {
    preprocess: z.preprocess((value) => value, z.int()),
    'preprocess with a value of its own': z.preprocess((value) => value ?? 1, z.int()),
    'a leading transform': z.transform((value: unknown) => Number(value)).pipe(z.int()),
    exactOptional: z.string().exactOptional(),
    any: z.any(),
    unknown: z.unknown(),
    catch: z.string().catch('x'),
    optional: z.string().optional(),
    prefault: z.string().prefault('x'),
    'a function that throws': z.preprocess(() => {
      throw new Error('no');
    }, z.int()),
    'an asynchronous function': z.string().refine(async (text) => text !== ''),
  };
  for (const [name, schema] of Object.entries(values)) {
    test(`is what absence does: ${name}`, async () => {
      @Controller('/x')
      class AbsenceController {
        @Get() query(@Query('v', schema) _v: any) {}
        @Post() body(@Body(schema) _v: any) {}
        @Post('/keyed') keyed(@Body('v', schema) _v: any) {}
        @Post('/object') object(@Body(z.object({ v: schema })) _v: any) {}
      }
      const app = appOf([AbsenceController]);
      const { paths } = await documentOf(app);
      const refuses = async (path: string, init?: RequestInit) => (await app.request(path, init)).status === 422;
      if (name === 'a function that throws') {
        // Absence is a fault of the program there, and so the document does not offer it.
        assert.equal(paths['/x'].get.parameters[0].required, true);
        return;
      }
      assert.equal(paths['/x'].get.parameters[0].required, await refuses('/x'));
      assert.equal(paths['/x'].post.requestBody.required, await refuses('/x', post(undefined)));
      assert.equal(paths['/x/keyed'].post.requestBody.required, await refuses('/x/keyed', { method: 'POST' }));
      const { required = [] } = paths['/x/object'].post.requestBody.content['application/json'].schema;
      assert.equal(required.includes('v'), await refuses('/x/object', post({})));
    });
  }

  test('of a named body holds for an object alone', async () => {
    @Controller('/x')
    class KeyedController {
      @Post() take(@Body('a', z.string().optional()) _a: any, @Body('b', z.string().optional()) _b: any) {}
    }
    const app = appOf([KeyedController]);
    for (const body of [[], 'a', 1, null]) {
      const issues = await issuesOf(await app.request('/x', post(body)));
      assert.deepEqual(
        issues.map(({ loc, type }) => [loc, type]),
        [[['body'], 'invalid_type']],
      );
    }
    for (const body of [{}, { a: 'x' }, undefined]) assert.equal((await app.request('/x', post(body))).status, 200);
  });
});

describe('what goes out', () => {
  test('may be a date, which is a date-time', async () => {
    const schema = z.object({ at: z.date(), on: z.coerce.date().nullable(), list: z.array(z.date()).min(1) });
    const { app, give } = giving(schema);
    const document = await documentOf(app);
    const at = { type: 'string', format: 'date-time' };
    assert.deepEqual(answered(document).properties.at, at);
    assert.deepEqual(answered(document).properties.list.items, at);
    const day = new Date(0);
    assert.deepEqual(await (await give({ at: day, on: null, list: [day] })).json(), {
      at: '1970-01-01T00:00:00.000Z',
      on: null,
      list: ['1970-01-01T00:00:00.000Z'],
    });
    assert.deepEqual(
      codesOf(() => taking(z.date())),
      ['SCHEMA_NOT_EXPRESSIBLE'],
    );
  });

  test('by a codec is documented by what it is encoded to, on both sides', async () => {
    const schema = z.object({ at: At, size: z.int().default(1), made: z.date().optional() }).meta({ id: 'Encoded' });
    const { properties, required, additionalProperties } = component(await documentOf(giving(schema).app), 'Encoded');
    assert.equal(properties.at.format, 'date-time');
    assert.deepEqual([required, additionalProperties], [['at', 'size'], false]);
    assert.equal(taken(await documentOf(taking(z.object({ at: At })))).properties.at.format, 'date-time');
  });

  test('by a codec cannot be transformed as well', () => {
    const oneWay = z
      .string()
      .transform((text) => text.length)
      .pipe(z.int());
    for (const schema of [
      z.object({ at: At, n: oneWay }),
      z.object({ at: At, deep: z.array(z.union([z.lazy(() => oneWay), z.int()])) }),
      z.object({ at: At, n: z.preprocess((value) => value, z.int()) }),
    ]) {
      assert.deepEqual(
        codesOf(() => giving(schema)),
        ['CODEC_WITH_TRANSFORM'],
      );
      assert.deepEqual(
        codesOf(() => taking(schema)),
        [],
      );
    }
  });

  test('is null where it is undefined, and null in lists', async () => {
    const { app, give } = giving(z.string().optional());
    const document = await documentOf(app);
    assert.equal(acceptorOf(document, answered(document))(await (await give(undefined)).json()), true);
    const tuple = giving(z.tuple([z.string().optional()]).rest(z.int().optional()));
    const lists = await documentOf(tuple.app);
    for (const list of [[undefined], [undefined, undefined], ['a', 1, undefined]]) {
      const answer: unknown = await (await tuple.give(list)).json();
      assert.deepEqual([answer, acceptorOf(lists, answered(lists))(answer)], [list.map((one) => one ?? null), true]);
    }
  });

  test('in a header is never null', async () => {
    const headers = { 'X-Size': z.int().optional(), 'X-Any': z.any().optional() };
    @Controller('/x')
    class HeadersController {
      @Get({ responses: { 200: { headers } } }) give(): void {}
    }
    const { paths } = await documentOf(appOf([HeadersController]));
    assert.deepEqual(paths['/x'].get.responses[200].headers, {
      'X-Size': { required: false, schema: { type: 'integer' } },
      'X-Any': { required: false, schema: {} },
    });
  });
});

describe('texts', () => {
  for (const [name, schema, expected] of [
    ['a flag', z.string().regex(/^a+$/i), { type: 'string' }],
    [
      'escapes that `u` does not know',
      z.string().regex(new RegExp(String.raw`^\d\-\d$`)),
      { type: 'string', pattern: String.raw`^\d-\d$` },
    ],
    ['classes that `u` reads otherwise', z.string().regex(new RegExp(String.raw`\p{L}`)), { type: 'string' }],
    [
      'what is checked before it is trimmed',
      z.string().max(3).trim().min(1).regex(/@/),
      { type: 'string', maxLength: 3, minLength: 1 },
    ],
    [
      'what is checked after other rewriting',
      z
        .string()
        .overwrite((text) => text.trim() || 'none')
        .min(3),
      { type: 'string' },
    ],
    [
      'several patterns',
      z.string().regex(/^a/).regex(/b$/),
      { type: 'string', allOf: [{ pattern: '^a' }, { pattern: 'b$' }] },
    ],
    [
      'several patterns, one with a flag',
      z.string().regex(/^a/).regex(/b$/i),
      { type: 'string', allOf: [{ pattern: '^a' }] },
    ],
    ['several patterns with flags', z.string().regex(/^a/i).regex(/b$/i), { type: 'string' }],
    [
      'a pattern beside parts of its own',
      z
        .string()
        .regex(/^a/)
        .meta({ allOf: [{ minLength: 2 }] }),
      { type: 'string', pattern: '^a', allOf: [{ minLength: 2 }] },
    ],
    ['a brace that `u` does not know', z.string().regex(new RegExp('^a{$')), { type: 'string' }],
    ['words', z.stringbool({ truthy: ['y'], falsy: ['n+'], case: 'sensitive' }), { type: 'string', enum: ['y', 'n+'] }],
  ] as [string, ZodType, Json][]) {
    test(`have what is true of them as they are sent: ${name}`, async () => {
      assert.deepEqual(taken(await documentOf(taking(schema))), expected);
    });
  }

  test('keep what is true of them as they are answered', async () => {
    const answer = answered(await documentOf(giving(z.string().min(3).trim().max(5)).app));
    assert.deepEqual(answer, { type: 'string', maxLength: 5 });
    assert.equal(answered(await documentOf(giving(z.email().toLowerCase()).app)).format, 'email');
  });
});

describe('where several functions of a schema fail', () => {
  const late = async (): Promise<never> => {
    await pause(2);
    throw new Error('late');
  };
  const atOnce = async (): Promise<never> => Promise.reject(new Error('at once'));
  const thrown = (): never => raise(new Error('thrown'));
  const a = z.string().refine(late);
  const b = z.string().refine(thrown);
  const schemas: Record<string, [ZodType, unknown]> = {
    'two that reject': [z.string().refine(late).refine(late), ''],
    'two that reject at once': [z.string().refine(atOnce).refine(atOnce), ''],
    'one that rejects, one that throws': [z.string().refine(late).refine(thrown), ''],
    'one that rejects, a condition that throws': [
      z
        .string()
        .refine(late)
        .refine(() => true, { when: thrown }),
      '',
    ],
    superRefine: [z.string().superRefine(late).superRefine(thrown), ''],
    overwrite: [z.string().refine(late).overwrite(thrown), ''],
    object: [z.object({ a, b }), { a: '', b: '' }],
    'object in an object': [z.object({ a, o: z.object({ b }) }), { a: '', o: { b: '' } }],
    'object that is refined': [z.object({ a }).refine(late).refine(thrown), { a: '' }],
    array: [z.array(z.string().refine((text) => (text === 'a' ? late() : thrown()))), ['a', 'b']],
    tuple: [z.tuple([a, b]), ['', '']],
    union: [z.union([a, b]), ''],
    intersection: [z.intersection(z.object({ a }), z.object({ b })), { a: '', b: '' }],
    record: [
      z.record(
        z.string(),
        z.string().refine((text) => (text === 'a' ? late() : thrown())),
      ),
      { x: 'a', y: 'b' },
    ],
    'record whose keys wait': [z.record(a, z.string()), { x: '' }],
    'what follows something that waits': [
      z.object({ a: z.string().refine(async () => pause(1).then(() => true)) }).pipe(z.object({ a, b: b.default('') })),
      { a: '' },
    ],
    preprocess: [z.object({ a, b: z.preprocess(thrown, z.string()) }), { a: '', b: '' }],
    codec: [z.object({ a, b: z.codec(z.string(), z.string(), { decode: thrown, encode: thrown }) }), { a: '', b: '' }],
    lazy: [z.object({ a, b: z.lazy(() => b) }), { a: '', b: '' }],
  };
  for (const [name, [schema, value]] of Object.entries(schemas)) {
    test(`${name}: a request is answered by one 500, and the process lives`, async () => {
      const unhandled: unknown[] = [];
      const collect = (error: unknown): void => void unhandled.push(error);
      process.on('unhandledRejection', collect);
      try {
        const log = new Log();
        @Controller('/x')
        class FailingController {
          @Post() take(@Body(schema) _v: any) {}
          @Get({ response: schema }) give(): any {
            return value;
          }
        }
        const app = appOf([FailingController], { logger: log });
        await expectJson(await app.request('/x', post(value)), 500, { detail: 'Internal Server Error' });
        await expectJson(await app.request('/x'), 500, { detail: 'Internal Server Error' });
        await pause(10);
        assert.equal(log.errors.length, 2);
      } finally {
        process.off('unhandledRejection', collect);
      }
      assert.deepEqual(unhandled, []);
    });
  }

  test('a user’s own parsing of the same schema is as it was', async () => {
    const failing = z.object({ a: z.string().refine(thrown) });
    const waiting = z.object({ a: z.string().refine(async (text) => text === 'a') });
    const conditional = z.object({ a: z.string().refine(() => true, { when: thrown }) });
    @Controller('/x')
    class ParsingController {
      @Post('/failing') fail(@Body(failing) _v: any) {}
      @Post('/conditional') decide(@Body(conditional) _v: any) {}
      @Post('/waiting') wait(@Body(waiting) v: any) {
        return v;
      }
    }
    const app = appOf([ParsingController]);
    assert.equal((await app.request('/x/failing', post({ a: '' }))).status, 500);
    assert.deepEqual(await (await app.request('/x/waiting', post({ a: 'a' }))).json(), { a: 'a' });
    assert.equal((await app.request('/x/waiting', post({ a: 'b' }))).status, 422);
    assert.equal((await app.request('/x/conditional', post({ a: '' }))).status, 500);
    assert.throws(() => failing.parse({ a: '' }), { message: 'thrown' });
    assert.throws(() => conditional.parse({ a: '' }), { message: 'thrown' });
    assert.throws(() => waiting.parse({ a: 'a' }), z.core.$ZodAsyncError);
    assert.deepEqual(await waiting.parseAsync({ a: 'a' }), { a: 'a' });
    assert.equal((await waiting.safeParseAsync({ a: 'b' })).success, false);
  });
});
