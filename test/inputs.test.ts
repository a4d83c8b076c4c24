import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type App,
  Body,
  Controller,
  Cookie,
  dependency,
  Depends,
  File,
  Form,
  Get,
  Header,
  Path,
  Post,
  Put,
  Query,
  Route,
} from 'portico';
import { z, type ZodType } from 'zod';
import {
  type AppOptions,
  appOf,
  type Content,
  decorate,
  describeMatrix,
  expectJson,
  type Issue,
  issuesOf,
  placesOf,
  type Send,
} from './world.ts';

interface Probe {
  app: App;
  /** The value that the handler got, or the issues. */
  outcome(path: string, init?: RequestInit, send?: Send): Promise<{ value: unknown } | { issues: Issue[] }>;
}

/** An app of one route with one input, which keeps what its handler got. */
function probe(input: unknown, method = 'GET', path = '/', options: Partial<AppOptions> = {}): Probe {
  let value: unknown;
  class ProbeController {
    read(seen: unknown): void {
      value = seen;
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(ProbeController.prototype, 'read');
  decorate(input, ProbeController.prototype, 'read', 0);
  decorate(Route(method, path), ProbeController.prototype, 'read', descriptor);
  decorate(Controller(), ProbeController);
  const app = appOf([ProbeController], options);
  return {
    app,
    async outcome(target, init, send = (to, how) => app.request(to, how)) {
      value = 'the handler was not called';
      const response = await send(target, { method, ...init });
      if (response.status === 422) return { issues: await issuesOf(response) };
      await expectJson(response, 200);
      return { value };
    },
  };
}

const post = (body: Content, type?: string): RequestInit => ({
  method: 'POST',
  body,
  ...(type === undefined ? {} : { headers: { 'content-type': type } }),
});
const json = (value: unknown): RequestInit => post(JSON.stringify(value), 'application/json');
const urlencoded = (text: string): RequestInit => post(text, 'application/x-www-form-urlencoded');
const encoded = (texts: readonly string[], separator: string): string =>
  texts.map((text) => `v=${encodeURIComponent(text)}`).join(separator);

function multipart(...fields: [string, string | Blob, string?][]): RequestInit {
  const form = new FormData();
  for (const [name, value, filename] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, filename);
  }
  return { method: 'POST', body: form };
}

/** How the texts of a value `v` are sent in each place; undefined where the place cannot carry them. */
const PLACES: {
  place: string;
  loc: string;
  probe: (schema: ZodType) => Probe;
  send: (texts: readonly string[]) => [string, RequestInit?] | undefined;
}[] = [
  {
    place: 'query',
    loc: 'query',
    probe: (schema) => probe(Query('v', schema)),
    send: (texts) => [`/?${encoded(texts, '&')}`],
  },
  {
    place: 'path',
    loc: 'path',
    probe: (schema) => probe(Path('v', schema), 'GET', '/:v'),
    // Without a text the route does not match; a client would take a lone dot out of the path.
    send: ([text = '', ...more]) =>
      ['', '.'].includes(text) || more.length > 0 ? undefined : [`/${encodeURIComponent(text)}`],
  },
  {
    place: 'header',
    loc: 'header',
    probe: (schema) => probe(Header('v', schema)),
    send: (texts) => {
      const [text] = texts;
      // A header's lines are one list with commas (RFC 9110 §5.3).
      if (texts.length > 1 || (text !== undefined && !/^(?:[!-~](?:[ -+\--~]*[!-~])?)?$/.test(text))) return undefined;
      return ['/', text === undefined ? {} : { headers: { v: text } }];
    },
  },
  {
    place: 'cookie',
    loc: 'cookie',
    probe: (schema) => probe(Cookie('v', schema)),
    send: (texts) => ['/', { headers: { cookie: `a=1; ${encoded(texts, '; ')}` } }],
  },
  {
    place: 'urlencoded form',
    loc: 'body',
    probe: (schema) => probe(Form('v', schema), 'POST'),
    send: (texts) => ['/', urlencoded(encoded(texts, '&'))],
  },
  {
    place: 'multipart form',
    loc: 'body',
    probe: (schema) => probe(Form('v', schema), 'POST'),
    send: (texts) => ['/', multipart(['a', '1'], ...texts.map((text): [string, string] => ['v', text]))],
  },
];

const NO_NUMBERS = [
  ...['', ' ', ' 1', '1 ', '\t1', '1\n', '0x10', '0b1', '0o7', '1e999', '-1e999', 'NaN', 'Infinity', '-Infinity'],
  ...['1_000', '1,5', '1n', '--1', '-', '+', '.', 'e', '1e', 'abc', 'true', 'null', '٣', '１', '1.2.3', '[1]'],
];
const TRUE = ['true', 'TRUE', 'True', 'tRuE', '1', 'on', 'ON', 'On', 'yes', 'YES', 'Yes'];
const FALSE = ['false', 'FALSE', 'False', 'fAlSe', '0', 'off', 'OFF', 'Off', 'no', 'NO', 'No'];
const NO_BOOLEANS = [
  '',
  't',
  'f',
  'y',
  'n',
  '2',
  '-1',
  '00',
  '1.0',
  'truee',
  ' true',
  'true ',
  'null',
  'enabled',
  'ａ',
];

type Texts = string | string[];
const COERCIONS: { what: string; schema: ZodType; accepted: [Texts, unknown][]; refused: Texts[] }[] = [
  {
    what: 'int',
    schema: z.int(),
    accepted: [
      ['0', 0],
      ['7', 7],
      ['-7', -7],
      ['9007199254740991', Number.MAX_SAFE_INTEGER],
      ['-9007199254740991', Number.MIN_SAFE_INTEGER],
    ],
    refused: [
      ...NO_NUMBERS,
      ...['1.5', '9007199254740992', '9007199254740993', '-9007199254740992', '9'.repeat(400), '9'.repeat(5_000)],
      ['1', '2'],
      ['1', '1'],
    ],
  },
  {
    what: 'int with bounds',
    schema: z.int().min(1).max(9),
    accepted: [['1', 1]],
    refused: ['0', '10', '-1'],
  },
  {
    what: 'number',
    schema: z.number(),
    accepted: [
      ['0', 0],
      ['1.5', 1.5],
      ['-0.25', -0.25],
      ['1234567.125', 1234567.125],
    ],
    refused: [...NO_NUMBERS, ['1', '2']],
  },
  {
    what: 'boolean',
    schema: z.boolean(),
    accepted: [
      ...TRUE.map((text): [string, boolean] => [text, true]),
      ...FALSE.map((text): [string, boolean] => [text, false]),
    ],
    refused: [...NO_BOOLEANS, ['true', 'true'], ['true', 'false']],
  },
  {
    what: 'coerced boolean',
    schema: z.coerce.boolean(),
    accepted: [
      ['false', false],
      ['off', false],
      ['0', false],
      ['true', true],
    ],
    refused: [],
  },
  {
    what: 'string',
    schema: z.string(),
    accepted: ['a', '5', 'true', 'null', '0x10', '1e999', '[]', 'a,b', 'ä€😀', 'a&b=c;d', '%41', '+'].map((text) => [
      text,
      text,
    ]),
    refused: [
      ['a', 'b'],
      ['a', 'a'],
    ],
  },
  { what: 'string with a length', schema: z.string().min(2), accepted: [['ab', 'ab']], refused: ['', 'a'] },
  { what: 'email', schema: z.email(), accepted: [['a@example.org', 'a@example.org']], refused: ['a', 'a@'] },
  {
    what: 'uuid',
    schema: z.uuid(),
    accepted: [['3f2504e0-4f89-41d3-9a0c-0305e82c3301', '3f2504e0-4f89-41d3-9a0c-0305e82c3301']],
    refused: ['3f2504e0'],
  },
  {
    what: 'nullable int',
    schema: z.int().nullable(),
    accepted: [['5', 5]],
    refused: ['abc', '1.5', '0x10', ['1', '2']],
  },
  {
    what: 'nullish boolean',
    schema: z.boolean().nullish(),
    accepted: [
      ['no', false],
      [[], undefined],
    ],
    refused: ['maybe'],
  },
  {
    what: 'optional int',
    schema: z.int().optional(),
    accepted: [
      [[], undefined],
      ['5', 5],
    ],
    refused: ['abc', ['1', '2']],
  },
  {
    what: 'int with a default',
    schema: z.int().default(3),
    accepted: [
      [[], 3],
      ['5', 5],
    ],
    refused: ['abc', '1.5', ['1', '2']],
  },
  {
    what: 'int in layers',
    schema: z.int().min(1).optional().nullable().default(3).readonly(),
    accepted: [
      [[], 3],
      ['5', 5],
    ],
    refused: ['0', 'abc'],
  },
  { what: 'transformed int', schema: z.int().transform((n) => n * 2), accepted: [['5', 10]], refused: ['abc'] },
  { what: 'piped int', schema: z.int().pipe(z.number().max(9)), accepted: [['5', 5]], refused: ['abc', '10'] },
  { what: 'int of an id', schema: z.int().meta({ id: 'Count' }), accepted: [['5', 5]], refused: ['abc'] },
  {
    what: 'optional int of an id',
    schema: z.int().meta({ id: 'OptionalCount' }).optional(),
    accepted: [
      ['5', 5],
      [[], undefined],
    ],
    refused: ['abc'],
  },
  { what: 'intersection', schema: z.int().and(z.number().max(9)), accepted: [['5', 5]], refused: ['abc', '10'] },
  {
    what: 'coerced number',
    schema: z.coerce.number(),
    accepted: [['5', 5]],
    refused: ['abc', ['1', '2']],
  },
  {
    what: 'array of int',
    schema: z.array(z.int()),
    accepted: [
      ['1', [1]],
      [
        ['1', '2', '1'],
        [1, 2, 1],
      ],
    ],
    refused: ['abc', ['1', 'x'], ['x', '1'], '1,2', ['1', '0x10']],
  },
  {
    what: 'array of strings',
    schema: z.array(z.string()),
    accepted: [
      ['a', ['a']],
      ['a,b', ['a,b']],
      [
        ['1', 'true'],
        ['1', 'true'],
      ],
    ],
    refused: [],
  },
  {
    what: 'array of booleans',
    schema: z.array(z.boolean()).optional(),
    accepted: [
      [
        ['yes', '0'],
        [true, false],
      ],
      [[], undefined],
    ],
    refused: [['yes', 'maybe']],
  },
  {
    what: 'array with a default',
    schema: z.array(z.int()).max(2).default([]),
    accepted: [
      [[], []],
      ['4', [4]],
    ],
    refused: [['1', '2', '3']],
  },
  {
    what: 'array of ints of an id',
    schema: z.array(z.int().meta({ id: 'Element' })),
    accepted: [
      [
        ['1', '2'],
        [1, 2],
      ],
    ],
    refused: ['abc'],
  },
  {
    what: 'array of nullable ints',
    schema: z.array(z.int().nullable()),
    accepted: [[['1'], [1]]],
    refused: ['abc'],
  },
  {
    what: 'enum',
    schema: z.enum(['up', 'down']),
    accepted: [
      ['up', 'up'],
      ['down', 'down'],
    ],
    refused: ['UP', 'left', '', ['up', 'down'], 'constructor', '__proto__'],
  },
  {
    what: 'enum of numbers',
    schema: z.enum({ Low: 1, High: 2 }),
    accepted: [
      ['1', 1],
      ['2', 2],
    ],
    refused: ['3', 'Low', 'abc', '0x1'],
  },
  {
    what: 'array of enum',
    schema: z.array(z.enum(['a', 'b'])),
    accepted: [
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
    ],
    refused: [['a', 'c']],
  },
  { what: 'literal text', schema: z.literal('5'), accepted: [['5', '5']], refused: ['6', ['5', '5']] },
  { what: 'literal number', schema: z.literal(5), accepted: [['5', 5]], refused: ['6', 'abc'] },
  {
    what: 'literal boolean',
    schema: z.literal(true),
    accepted: [
      ['true', true],
      ['on', true],
    ],
    refused: ['false', '0', 'maybe'],
  },
  {
    what: 'literal numbers',
    schema: z.literal([1, 2]),
    accepted: [
      ['1', 1],
      ['2', 2],
    ],
    refused: ['3', 'x'],
  },
  {
    what: 'union of int and boolean',
    schema: z.union([z.int(), z.boolean()]),
    accepted: [
      ['5', 5],
      ['true', true],
      ['no', false],
    ],
    refused: ['zz', '1.5', ['1', '2']],
  },
  {
    what: 'union of int and a word',
    schema: z.union([z.int(), z.literal('all')]),
    accepted: [
      ['5', 5],
      ['all', 'all'],
    ],
    refused: ['none', '0x10'],
  },
  {
    what: 'union of int and its array',
    schema: z.union([z.array(z.int()), z.literal('all')]),
    accepted: [
      [
        ['1', '2'],
        [1, 2],
      ],
      ['all', 'all'],
    ],
    refused: ['none'],
  },
  {
    what: 'date text',
    schema: z.iso.date(),
    accepted: [['2024-02-29', '2024-02-29']],
    refused: ['2023-02-29', '5', 'today'],
  },
  {
    what: 'date and time text',
    schema: z.iso.datetime(),
    accepted: [['2024-02-29T10:20:30Z', '2024-02-29T10:20:30Z']],
    refused: ['2024-02-29', '2024-02-29T25:00:00Z'],
  },
  { what: 'time text', schema: z.iso.time(), accepted: [['10:20', '10:20']], refused: ['25:00'] },
  {
    what: 'coerced date',
    schema: z.coerce.date(),
    accepted: [
      ['2024-02-29', new Date('2024-02-29')],
      ['2024-02-29T10:20:30Z', new Date('2024-02-29T10:20:30Z')],
    ],
    refused: ['someday', '2024-13-01', '', ['2024-01-01', '2024-01-02']],
  },
  {
    what: 'optional coerced date',
    schema: z.coerce.date().optional(),
    accepted: [
      [[], undefined],
      ['2024-02-29', new Date('2024-02-29')],
    ],
    refused: ['someday'],
  },
  {
    what: 'text decided asynchronously',
    schema: z.string().refine(async (text) => Promise.resolve(text === 'free')),
    accepted: [['free', 'free']],
    refused: ['taken'],
  },
];

describe('coercion follows the documented type', () => {
  for (const { place, loc, probe: probeOf, send } of PLACES) {
    for (const { what, schema, accepted, refused } of COERCIONS) {
      if (place === 'path' && (schema.safeParse(undefined).success || what.includes('array'))) continue;
      test(`${what} in the ${place}`, async () => {
        const { outcome } = probeOf(schema);
        const show = (texts: Texts): string => JSON.stringify(texts).slice(0, 80);
        for (const [texts, value] of accepted) {
          const request = send([texts].flat());
          if (request !== undefined) assert.deepEqual(await outcome(...request), { value }, show(texts));
        }
        for (const texts of refused) {
          const request = send([texts].flat());
          // An empty form value counts as absent.
          if (request === undefined || (loc === 'body' && texts === '')) continue;
          const result = await outcome(...request);
          assert.ok('issues' in result, `${show(texts)} was accepted as ${JSON.stringify(result)}`);
          assert.ok(result.issues.length > 0);
          for (const issue of result.issues) {
            assert.deepEqual(issue.loc.slice(0, 2), [loc, 'v'], show(texts));
            assert.notEqual(issue.type, 'missing', show(texts));
          }
        }
      });
    }

    test(`an absent required value in the ${place} is missing`, async () => {
      for (const schema of [z.string(), z.int(), z.boolean(), z.array(z.int()), z.enum(['a']), z.int().nullable()]) {
        const request = send([]);
        if (place === 'path' || request === undefined) continue;
        const result = await probeOf(schema).outcome(...request);
        assert.ok('issues' in result);
        assert.deepEqual(
          result.issues.map((issue) => [issue.type, issue.loc, 'input' in issue]),
          [['missing', [loc, 'v'], false]],
        );
      }
    });
  }

  test('the same value is decided alike in every request', async () => {
    const { outcome } = probe(Query('v', z.union([z.int(), z.boolean()])));
    for (let round = 0; round < 3; round++) {
      assert.deepEqual(await outcome('/?v=5'), { value: 5 });
      assert.deepEqual(await outcome('/?v=off'), { value: false });
      assert.ok('issues' in (await outcome('/?v=x')));
    }
  });

  test('JSON is not coerced', async () => {
    const { outcome } = probe(Body(z.object({ n: z.int().optional(), b: z.boolean().optional() })), 'POST');
    assert.deepEqual(await outcome('/', json({ n: 5, b: true })), { value: { n: 5, b: true } });
    for (const body of [{ n: '5' }, { b: 'true' }, { b: 1 }, { n: null }]) {
      assert.ok('issues' in (await outcome('/', json(body))), JSON.stringify(body));
    }
  });
});

describe('what an issue says', () => {
  const issueOf = async (schema: ZodType, text: string): Promise<Issue | undefined> => {
    const result = await probe(Query('v', schema)).outcome(`/?v=${encodeURIComponent(text)}`);
    assert.ok('issues' in result);
    return result.issues[0];
  };

  test("type is zod's code, msg is zod's message, and the text is given back", async () => {
    for (const [schema, text] of [
      [z.int(), 'abc'],
      [z.boolean(), 'maybe'],
      [z.enum(['a', 'b']), 'c'],
      [z.string().min(3), 'a'],
      [z.iso.date(), 'today'],
      [z.string().max(1, 'one letter, please'), 'ab'],
      [z.union([z.int(), z.boolean()]), 'zz'],
    ] as const) {
      const [expected] = schema.safeParse(text).error?.issues ?? [];
      const { alternatives: _, ...issue } = (await issueOf(schema, text)) ?? {};
      assert.deepEqual(issue, {
        type: expected?.code,
        loc: ['query', 'v'],
        msg: expected?.message,
        input: text,
      });
    }
  });

  test('a number out of its bounds keeps the code and message of the number', async () => {
    const issue = await issueOf(z.int().max(5), '6');
    assert.deepEqual([issue?.type, issue?.msg], ['too_big', z.int().max(5).safeParse(6).error?.issues[0]?.message]);
  });

  test('an item is named by its integer index', async () => {
    const result = await probe(Query('v', z.array(z.int()))).outcome('/?v=1&v=x&v=2&v=y');
    assert.ok('issues' in result);
    assert.deepEqual(
      result.issues.map(({ loc }) => loc),
      [
        ['query', 'v', 1],
        ['query', 'v', 3],
      ],
    );
  });

  test('the name of a missing value is the one that is documented', async () => {
    const agent = dependency({ userAgent: Header(), xRequestId: Header(z.int()) }, () => 1);
    const { outcome } = probe(Depends(agent));
    const result = await outcome('/', { headers: { 'user-agent': 'test' } });
    assert.ok('issues' in result);
    assert.deepEqual(
      result.issues.map(({ loc, type }) => [type, ...loc]),
      [['missing', 'header', 'x-request-id']],
    );
  });

  describe('redacts', () => {
    const inputsOf = async (result: ReturnType<Probe['outcome']>): Promise<boolean[]> => {
      const settled = await result;
      assert.ok('issues' in settled);
      return settled.issues.map((issue) => 'input' in issue);
    };

    test('values of secret names, at any depth', async () => {
      const secrets = ['password', 'client_secret', 'access_token', 'token', 'apiKey', 'newPassword', 'PASSWORD'];
      const shape = Object.fromEntries(secrets.map((name) => [name, z.int()]));
      const flat = probe(Body(z.object({ ...shape, plain: z.int() })), 'POST');
      const body = Object.fromEntries([...secrets, 'plain'].map((name) => [name, 'hunter2']));
      assert.deepEqual(await inputsOf(flat.outcome('/', json(body))), [...secrets.map(() => false), true]);
      const nested = probe(Body(z.object({ users: z.array(z.object({ password: z.string().min(20) })) })), 'POST');
      assert.deepEqual(await inputsOf(nested.outcome('/', json({ users: [{ password: 'hunter2' }] }))), [false]);
      const form = probe(Form('password', z.string().min(20)), 'POST');
      assert.deepEqual(await inputsOf(form.outcome('/', urlencoded('password=hunter2'))), [false]);
      assert.deepEqual(await inputsOf(probe(Query('token', z.int())).outcome('/?token=hunter2')), [false]);
    });

    test('cookies', async () => {
      const cookie = probe(Cookie('theme', z.int()));
      assert.deepEqual(await inputsOf(cookie.outcome('/', { headers: { cookie: 'theme=dark' } })), [false]);
    });

    test('objects and arrays, and long text is cut', async () => {
      const body = probe(Body(z.object({ n: z.int(), long: z.int() })), 'POST');
      for (const n of [{ password: 'hunter2' }, ['hunter2']]) {
        assert.deepEqual(await inputsOf(body.outcome('/', json({ n, long: 'x'.repeat(100_000) }))), [false, true]);
      }
      const whole = probe(Body(z.string()), 'POST');
      assert.deepEqual(await inputsOf(whole.outcome('/', json({ password: 'hunter2' }))), [false]);
      const response = await body.app.request('/', json({ n: 'x'.repeat(100_000), long: 'y'.repeat(100_000) }));
      assert.ok((await response.text()).length < 2_000);
    });
  });

  test('there are at most a hundred, or as many as are set', async () => {
    const wrong = json(Array.from({ length: 1_000 }, () => 'x'));
    const count = async (options: Partial<AppOptions>): Promise<number> => {
      const result = await probe(Body(z.array(z.int())), 'POST', '/', options).outcome('/', wrong);
      return 'issues' in result ? result.issues.length : 0;
    };
    assert.equal(await count({}), 100);
    assert.equal(await count({ limits: { issues: 7 } }), 7);
  });

  test('a step of a path that is a symbol is told as text', async () => {
    const here = Symbol('here');
    const schema = z.unknown().superRefine((_, context) => {
      context.addIssue({ code: 'custom', path: [here, 0], message: 'wrong' });
      context.addIssue({ code: 'unrecognized_keys', path: [here], keys: ['b'], input: {} });
    });
    const result = await probe(Body(schema), 'POST').outcome('/', json({}));
    assert.ok('issues' in result);
    assert.deepEqual(
      result.issues.map(({ loc }) => loc),
      [
        ['body', 'Symbol(here)', 0],
        ['body', 'Symbol(here)', 'b'],
      ],
    );
  });

  test('the bound holds over all inputs together', async () => {
    const inputs = Array.from({ length: 150 }, (_, index) => [`q${index}`, Query(`q${index}`)] as const);
    const all = dependency(Object.fromEntries(inputs), () => 1);
    const result = await probe(Depends(all)).outcome('/');
    assert.ok('issues' in result);
    assert.equal(result.issues.length, 100);
  });
});

describe('object schemas', () => {
  const fields = z.object({ page: z.int().default(1), tag: z.array(z.string()).default([]), on: z.boolean() });

  test('each field is a value of its own, and unknown ones are left out', async () => {
    const query = probe(Query(fields));
    assert.deepEqual(await query.outcome('/?on=yes'), { value: { page: 1, tag: [], on: true } });
    assert.deepEqual(await query.outcome('/?on=0&page=3&tag=a&tag=b&other=1'), {
      value: { page: 3, tag: ['a', 'b'], on: false },
    });
    const header = probe(Header(z.object({ 'x-page': z.int(), 'X-Mixed': z.string().optional() })));
    assert.deepEqual(await header.outcome('/', { headers: { 'x-page': '3', 'x-mixed': 'm' } }), {
      value: { 'x-page': 3, 'X-Mixed': 'm' },
    });
    const cookie = probe(Cookie(z.object({ page: z.int() })));
    assert.deepEqual(await cookie.outcome('/', { headers: { cookie: 'page=3; other=1' } }), { value: { page: 3 } });
    const form = probe(Form(fields), 'POST');
    for (const init of [
      urlencoded('on=off&tag=a&tag=b&x=1'),
      multipart(['on', 'off'], ['tag', 'a'], ['tag', 'b'], ['x', '1']),
    ]) {
      assert.deepEqual(await form.outcome('/', init), { value: { page: 1, tag: ['a', 'b'], on: false } });
    }
  });

  test('issues are named by place and field', async () => {
    const query = await probe(Query(fields)).outcome('/?page=x&page=1&on=maybe');
    const form = await probe(Form(fields), 'POST').outcome('/', urlencoded('page=x'));
    const cookie = await probe(Cookie(z.object({ page: z.int() }))).outcome('/');
    const header = await probe(Header(z.object({ 'x-page': z.int() }))).outcome('/', { headers: { 'x-page': 'x' } });
    const places = [query, form, cookie, header].map((result) => {
      assert.ok('issues' in result);
      return result.issues.map(({ loc, type }) => `${loc.join('.')} ${type}`);
    });
    assert.deepEqual(places, [
      ['query.page invalid_type', 'query.on invalid_type'],
      ['body.page invalid_type', 'body.on missing'],
      ['cookie.page missing'],
      ['header.x-page invalid_type'],
    ]);
  });

  test('a strict object refuses what it does not know, one issue for each key', async () => {
    const strict = z.strictObject({ page: z.int().default(1) });
    const expected = { issues: ['a', 'b'] };
    for (const [loc, result] of [
      ['query', await probe(Query(strict)).outcome('/?page=2&a=1&b=2&b=3')],
      ['cookie', await probe(Cookie(strict)).outcome('/', { headers: { cookie: 'page=2; a=1; b=2' } })],
      ['body', await probe(Form(strict), 'POST').outcome('/', urlencoded('page=2&a=1&b=2'))],
      ['body', await probe(Body(strict), 'POST').outcome('/', json({ page: 2, a: 1, b: 2 }))],
    ] as const) {
      assert.ok('issues' in result);
      assert.deepEqual(
        result.issues.map((issue) => [issue.type, issue.loc]),
        expected.issues.map((key) => ['unrecognized_keys', [loc, key]]),
      );
    }
    assert.deepEqual(await probe(Query(strict)).outcome('/?page=2'), { value: { page: 2 } });
  });

  test('rules over several fields keep their path', async () => {
    const range = z
      .object({ min: z.int(), max: z.int() })
      .refine(({ min, max }) => min <= max, { path: ['max'], error: 'too small' });
    const { outcome } = probe(Query(range));
    assert.deepEqual(await outcome('/?min=1&max=2'), { value: { min: 1, max: 2 } });
    const result = await outcome('/?min=2&max=1');
    assert.ok('issues' in result);
    assert.deepEqual(
      result.issues.map(({ type, loc, msg }) => [type, loc, msg]),
      [['custom', ['query', 'max'], 'too small']],
    );
  });
});

describe('names', () => {
  test('header names have no case', async () => {
    const { outcome } = probe(Header('X-Trace-ID'));
    assert.deepEqual(await outcome('/', { headers: { 'x-trace-id': 'a' } }), { value: 'a' });
  });

  test('in an inputs object the key is the name, in kebab-case for a header', async () => {
    const all = dependency(
      { id: Path(z.int()), q: Query(), userAgent: Header(), session: Cookie(), renamed: Query('other-name', z.int()) },
      (values) => ({ ...values }),
    );
    const { outcome } = probe(Depends(all), 'GET', '/:id');
    const headers = { 'user-agent': 'agent', cookie: 'session=s' };
    assert.deepEqual(await outcome('/5?q=text&other-name=7', { headers }), {
      value: { id: 5, q: 'text', userAgent: 'agent', session: 's', renamed: 7 },
    });
  });

  test('the same name in several places stays apart', async () => {
    @Controller()
    class ApartController {
      @Put('/:v')
      read(
        @Path('v') path: string,
        @Query('v') query: string,
        @Header('v') header: string,
        @Cookie('v') cookie: string,
        @Body('v', z.string()) body: string,
      ): unknown {
        return [path, query, header, cookie, body];
      }
    }
    const headers = { v: 'c', cookie: 'v=d', 'content-type': 'application/json' };
    const response = await appOf([ApartController]).request('/a?v=b', { method: 'PUT', headers, body: '{"v":"e"}' });
    await expectJson(response, 200, ['a', 'b', 'c', 'd', 'e']);
  });
});

describe('encodings', () => {
  const query: [string, unknown][] = [
    ['a+b', 'a b'],
    ['a%2Bb', 'a+b'],
    ['%C3%A4', 'ä'],
    ['%c3%a4', 'ä'],
    ['%2541', '%41'],
    ['%zz', '%zz'],
    ['%', '%'],
    ['%4', '%4'],
    ['%FF', '\uFFFD'],
    ['a=b', 'a=b'],
    ['a;b', 'a;b'],
    ['', ''],
  ];
  for (const [text, value] of query) {
    test(`query and urlencoded '${text}' is ${JSON.stringify(value)}`, async () => {
      const schema = z.string().default('');
      assert.deepEqual(await probe(Query('v', schema)).outcome(`/?v=${text}`), { value });
      assert.deepEqual(await probe(Form('v', schema), 'POST').outcome('/', urlencoded(`v=${text}`)), { value });
    });
  }

  test('names are decoded as values are, and a name without = is an empty value', async () => {
    const { outcome } = probe(Query('a b', z.string()));
    assert.deepEqual(await outcome('/?a+b=1'), { value: '1' });
    assert.deepEqual(await outcome('/?a%20b=1'), { value: '1' });
    assert.deepEqual(await outcome('/?a+b'), { value: '' });
    assert.deepEqual(await outcome('/?&&a+b=1&'), { value: '1' });
  });

  test('cookies are decoded once, and a broken escape stays', async () => {
    const { outcome } = probe(Cookie('v'));
    for (const [text, value] of [
      ['a%20b', 'a b'],
      ['%2541', '%41'],
      ['%zz', '%zz'],
      ['a=b', 'a=b'],
      ['', ''],
    ]) {
      assert.deepEqual(await outcome('/', { headers: { cookie: `a=1; v=${text}; b` } }), { value });
    }
  });
});

describeMatrix('inputs of every place', (open) => {
  const Item = z.object({ name: z.string(), tags: z.array(z.int()).default([]) });

  @Controller('/items')
  class ItemController {
    @Put('/:id')
    update(
      @Path('id', z.int()) id: number,
      @Query('q', z.int()) q: number,
      @Header('x-n', z.int()) n: number,
      @Cookie('c', z.int()) c: number,
      @Body(Item) item: z.output<typeof Item>,
    ): unknown {
      return { id, q, n, c, item };
    }
    @Post('/order')
    order(@Body(Item) _item: unknown, @Query('q', z.int()) _q: number): void {}
    @Post('/keyed')
    keyed(@Body('item', Item) item: unknown, @Body('count', z.int()) count: number): unknown {
      return { item, count };
    }
    @Post('/single')
    single(@Body('item', Item) item: unknown): unknown {
      return item;
    }
    @Post('/optional')
    optional(@Body(Item.optional()) item?: unknown): unknown {
      return item ?? 'none';
    }
    @Post('/any')
    any(@Body(z.unknown()) value: unknown): unknown {
      return { value };
    }
    @Post('/form')
    form(@Form('name') name: string, @Form('age', z.int().default(18)) age: number): unknown {
      return { name, age };
    }
  }
  const world = (): Promise<Send> => open(appOf([ItemController]));
  const send = (init: RequestInit, method: string, headers: Record<string, string> = {}): RequestInit => ({
    ...init,
    method,
    headers: { ...(init.headers as Record<string, string>), ...headers },
  });

  test('reach the handler as values', async () => {
    const request = await world();
    const init = send(json({ name: 'a', tags: [1], extra: true }), 'PUT', { 'x-n': '-2', cookie: 'b=0; c=3' });
    await expectJson(await request('/items/5?q=1', init), 200, {
      id: 5,
      q: 1,
      n: -2,
      c: 3,
      item: { name: 'a', tags: [1] },
    });
  });

  test('fail in one 422 that lists all places in the order they are declared', async () => {
    const request = await world();
    const init = send(json({ tags: [1, 'x'] }), 'PUT', { 'x-n': 'y', cookie: 'c=z' });
    assert.deepEqual(await issuesOf(await request('/items/abc?q=x', init)), [
      {
        type: 'invalid_type',
        loc: ['path', 'id'],
        msg: 'Invalid input: expected number, received string',
        input: 'abc',
      },
      { type: 'invalid_type', loc: ['query', 'q'], msg: 'Invalid input: expected number, received string', input: 'x' },
      {
        type: 'invalid_type',
        loc: ['header', 'x-n'],
        msg: 'Invalid input: expected number, received string',
        input: 'y',
      },
      { type: 'invalid_type', loc: ['cookie', 'c'], msg: 'Invalid input: expected number, received string' },
      { type: 'missing', loc: ['body', 'name'], msg: 'Invalid input: expected string, received undefined' },
      {
        type: 'invalid_type',
        loc: ['body', 'tags', 1],
        msg: 'Invalid input: expected number, received string',
        input: 'x',
      },
    ]);
  });

  test('keep that order when the body is declared first', async () => {
    const request = await world();
    const response = await request('/items/order', json({}));
    assert.deepEqual(await placesOf(response), ['body.name missing', 'query.q missing']);
  });

  test('a missing body is one missing value', async () => {
    const request = await world();
    const response = await request('/items/order?q=1', { method: 'POST' });
    assert.deepEqual(await placesOf(response), ['body missing']);
  });

  test('an optional body may be missing', async () => {
    const request = await world();
    await expectJson(await request('/items/optional', { method: 'POST' }), 200, 'none');
    await expectJson(await request('/items/optional', json({ name: 'a' })), 200, { name: 'a', tags: [] });
    assert.deepEqual(await placesOf(await request('/items/optional', json({}))), ['body.name missing']);
  });

  test('several bodies are the keys of one object', async () => {
    const request = await world();
    const path = '/items/keyed';
    await expectJson(await request(path, json({ item: { name: 'a' }, count: 2 })), 200, {
      item: { name: 'a', tags: [] },
      count: 2,
    });
    assert.deepEqual(await placesOf(await request(path, json({ item: { tags: 1 } }))), [
      'body.item.name missing',
      'body.item.tags invalid_type',
      'body.count missing',
    ]);
    assert.deepEqual(await placesOf(await request(path, { method: 'POST' })), [
      'body.item missing',
      'body.count missing',
    ]);
    for (const value of [[], 5, 'text', null]) assert.equal((await request(path, json(value))).status, 422);
  });

  test('a single named body is a key as well', async () => {
    const request = await world();
    await expectJson(await request('/items/single', json({ item: { name: 'a' } })), 200, { name: 'a', tags: [] });
    assert.deepEqual(await placesOf(await request('/items/single', json({ name: 'a' }))), ['body.item missing']);
  });

  test('any JSON value may be a body', async () => {
    const request = await world();
    for (const value of [null, true, 0, '', [], {}, 'text', { a: { b: [1] } }]) {
      await expectJson(await request('/items/any', json(value)), 200, { value });
    }
  });

  for (const [what, bytes] of [
    ['unfinished', '{"name":'],
    ['with single quotes', "{'name':1}"],
    ['with a trailing comma', '{"name":"a",}'],
    ['with something behind it', '{} {}'],
    ['of a bare word', 'undefined'],
    ['with NaN', '{"a":NaN}'],
    ['in invalid UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ] as const) {
    test(`JSON ${what} is json_invalid`, async () => {
      const request = await world();
      const response = await request('/items/any', post(bytes, 'application/json'));
      assert.deepEqual(await placesOf(response), ['body json_invalid']);
    });
  }

  test('forms are read from both types, and an empty value counts as absent', async () => {
    const request = await world();
    const path = '/items/form';
    for (const init of [urlencoded('name=J%C3%BC+rgen&age=7'), multipart(['name', 'Jü rgen'], ['age', '7'])]) {
      await expectJson(await request(path, init), 200, { name: 'Jü rgen', age: 7 });
    }
    for (const init of [urlencoded('name=a&age='), multipart(['name', 'a'], ['age', '']), urlencoded('name=a')]) {
      await expectJson(await request(path, init), 200, { name: 'a', age: 18 });
    }
    for (const init of [urlencoded('name='), multipart(['name', '']), urlencoded(''), { method: 'POST' }]) {
      assert.deepEqual(await placesOf(await request(path, init)), ['body.name missing']);
    }
    for (const init of [urlencoded('name=a&name=b'), multipart(['name', 'a'], ['name', 'a'])]) {
      assert.deepEqual(
        (await issuesOf(await request(path, init))).map(({ loc }) => loc),
        [['body', 'name']],
      );
    }
  });
});

describe('the order of issues', () => {
  test('is lists, constructor, parameters; a shared input is reported once', async () => {
    const shared = dependency({ shared: Query(z.int()) }, (values) => values.shared);
    const listed = (name: string) =>
      Depends(dependency({ value: Query(name, z.int()), shared: Depends(shared) }, () => 1));
    @Controller('/x', { dependencies: [listed('controller')] })
    class OrderController {
      constructor(
        @Query('constructed', z.int()) readonly constructed: number,
        @Depends(shared) readonly shared: number,
      ) {}
      @Get('/', { dependencies: [listed('route')] })
      read(
        @Query('first', z.int()) _first: number,
        @Depends(shared) _shared: number,
        @Header('x-last') _last: string,
      ): void {}
    }
    const app = appOf([], { dependencies: [listed('app')] });
    app.include([OrderController], { dependencies: [listed('include')] });
    assert.deepEqual(
      (await placesOf(await app.request('/x'))).map((place) => place.split(' ')[0]),
      [
        'query.app',
        'query.shared',
        'query.include',
        'query.controller',
        'query.route',
        'query.constructed',
        'query.first',
        'header.x-last',
      ],
    );
  });

  test('a dependency whose inputs failed is not called, nor what needs it', async () => {
    const calls: string[] = [];
    const inner = dependency({ q: Query(z.int()) }, () => calls.push('inner'));
    const outer = dependency({ inner: Depends(inner) }, () => calls.push('outer'));
    const { outcome } = probe(Depends(outer));
    assert.ok('issues' in (await outcome('/?q=x')));
    assert.deepEqual(calls, []);
    assert.ok('value' in (await outcome('/?q=1')));
    assert.deepEqual(calls, ['inner', 'outer']);
  });
});

describe('files', () => {
  test('are Web files with name, type and content', async () => {
    @Controller()
    class UploadController {
      @Post('/')
      async upload(
        @File('file') file: globalThis.File,
        @Form('note', z.string().optional()) note?: string,
      ): Promise<unknown> {
        return [file instanceof Blob, file.name, file.type, file.size, await file.text(), note ?? null];
      }
    }
    const app = appOf([UploadController]);
    const file = new Blob(['grüße'], { type: 'text/plain' });
    const response = await app.request('/', multipart(['file', file, 'a.txt'], ['note', 'n']));
    await expectJson(response, 200, [true, 'a.txt', 'text/plain', 7, 'grüße', 'n']);
    assert.deepEqual(await placesOf(await app.request('/', multipart(['note', 'n']))), ['body.file missing']);
    const text = await app.request('/', multipart(['file', 'no file']));
    assert.deepEqual(
      (await issuesOf(text)).map(({ loc }) => loc),
      [['body', 'file']],
    );
    const twice = await app.request('/', multipart(['file', file, 'a.txt'], ['file', file, 'b.txt']));
    assert.equal(twice.status, 422);
    assert.ok([415, 422].includes((await app.request('/', urlencoded('note=n'))).status));
  });

  test('may be many, or none', async () => {
    const file = new Blob(['x']);
    const many = probe(File('files', { multiple: true }), 'POST');
    const result = await many.outcome('/', multipart(['files', file, 'a'], ['files', file, 'b']));
    assert.ok('value' in result && Array.isArray(result.value));
    assert.deepEqual(
      result.value.map(({ name }) => name),
      ['a', 'b'],
    );
    assert.deepEqual(await probe(File('file', { optional: true }), 'POST').outcome('/', multipart(['x', '1'])), {
      value: undefined,
    });
  });

  test('malformed multipart is 400', async () => {
    const { app } = probe(Form('v'), 'POST');
    const type = 'multipart/form-data; boundary=b';
    for (const [body, contentType] of [
      ['--b\r\nContent-Disposition: form-data; name="v"\r\n\r\nunfinished', type],
      ['no boundary at all', type],
      ['--b\r\nContent-Disposition: form-data; name="v"\r\n\r\n1\r\n--b--\r\n', 'multipart/form-data'],
    ] as const) {
      assert.equal((await app.request('/', post(body, contentType))).status, 400, body);
    }
  });
});

describe('keys of the prototype', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'];
  const clean = (): void => {
    assert.equal(Reflect.get({}, 'polluted'), undefined);
    assert.equal(Reflect.get(Object, 'polluted'), undefined);
  };

  for (const name of names) {
    test(`'${name}' is a name like any other, absent unless it is sent`, async () => {
      const schema = z.string().optional();
      const absent = { value: undefined };
      assert.deepEqual(await probe(Query(name, schema)).outcome('/'), absent);
      assert.deepEqual(await probe(Header(name, schema)).outcome('/'), absent);
      assert.deepEqual(await probe(Cookie(name, schema)).outcome('/', { headers: { cookie: 'a=1' } }), absent);
      assert.deepEqual(await probe(Form(name, schema), 'POST').outcome('/', urlencoded('a=1')), absent);
      assert.deepEqual(await probe(Form(name, schema), 'POST').outcome('/', multipart(['a', '1'])), absent);
      assert.deepEqual(await probe(Body(name, schema), 'POST').outcome('/', json({ a: 1 })), absent);

      const sent = { value: 'x' };
      assert.deepEqual(await probe(Query(name, schema)).outcome(`/?${name}=x`), sent);
      assert.deepEqual(await probe(Cookie(name, schema)).outcome('/', { headers: { cookie: `${name}=x` } }), sent);
      assert.deepEqual(await probe(Form(name, schema), 'POST').outcome('/', urlencoded(`${name}=x`)), sent);
      assert.deepEqual(await probe(Path(name), 'GET', `/:${name}`).outcome('/x'), sent);
    });
  }

  test('of object schemas are absent unless they are sent', async () => {
    const schema = z.object({ constructor: z.string().optional(), toString: z.string().optional() });
    assert.ok('value' in (await probe(Query(schema)).outcome('/')));
    assert.ok('value' in (await probe(Header(schema)).outcome('/')));
    assert.ok('value' in (await probe(Cookie(schema)).outcome('/')));
    assert.ok('value' in (await probe(Form(schema), 'POST').outcome('/', urlencoded('a=1'))));
  });

  test('of a JSON body never reach a prototype', async () => {
    const body = post(
      '{"a":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"inner":{"__proto__":{"polluted":1}}}',
      'application/json',
    );
    for (const schema of [
      z.unknown(),
      z.object({ a: z.int() }),
      z.looseObject({ a: z.int() }),
      z.record(z.string(), z.unknown()),
      z.object({ inner: z.record(z.string(), z.unknown()) }),
    ]) {
      const result = await probe(Body(schema), 'POST').outcome('/', body);
      clean();
      // Refusing such keys is as good as keeping them away.
      if ('issues' in result) continue;
      const value = result.value as { inner?: object };
      for (const object of [value, value.inner ?? {}]) {
        assert.equal(Reflect.get(object, 'polluted'), undefined);
        assert.ok([Object.prototype, null].includes(Object.getPrototypeOf(object) as object | null));
      }
    }
  });

  test('of a query, cookies and forms never reach a prototype', async () => {
    const text = names.map((name) => `${name}=polluted&${name}[polluted]=1`).join('&');
    await probe(Query(z.looseObject({ a: z.string() }))).outcome(`/?a=1&${text}`);
    await probe(Form(z.looseObject({ a: z.string() })), 'POST').outcome('/', urlencoded(`a=1&${text}`));
    await probe(Cookie('a')).outcome('/', { headers: { cookie: `a=1; ${text.replaceAll('&', '; ')}` } });
    clean();
  });
});

describe('limits', () => {
  const refused = (response: Response): void => {
    assert.ok(response.status >= 400 && response.status < 500, String(response.status));
  };
  const pairs = (count: number): string => Array.from({ length: count }, (_, index) => `k${index}=1`).join('&');

  test('hold for the pairs of a query', async () => {
    const { app } = probe(Query('k0', z.int()));
    await expectJson(await app.request(`/?${pairs(1_000)}`), 200);
    refused(await app.request(`/?${pairs(1_001)}`));
    refused(await probe(Query('k0', z.int()), 'GET', '/', { limits: { queryPairs: 2 } }).app.request(`/?${pairs(3)}`));
  });

  test('hold for cookies', async () => {
    const { app } = probe(Cookie('k0', z.int()), 'GET', '/', { limits: { queryPairs: 2 } });
    const ask = (count: number) => app.request('/', { headers: { cookie: pairs(count).replaceAll('&', '; ') } });
    await expectJson(await ask(2), 200);
    await expectJson(await ask(3), 431);
  });

  test('hold for the fields and parts of a form', async () => {
    const { app } = probe(Form('k0', z.int()), 'POST');
    await expectJson(await app.request('/', urlencoded(pairs(1_000))), 200);
    refused(await app.request('/', urlencoded(pairs(1_001))));
    const few = probe(Form('k0', z.int()), 'POST', '/', { limits: { fields: 2, files: 1, parts: 3 } }).app;
    refused(await few.request('/', urlencoded(pairs(3))));
    refused(await few.request('/', multipart(['k0', '1'], ['k1', '1'], ['k2', '1'])));
    const file = new Blob(['x']);
    refused(await few.request('/', multipart(['k0', '1'], ['f', file, 'a'], ['f', file, 'b'])));
  });

  test('hold for the depth of JSON', async () => {
    const nested = (depth: number): RequestInit => post(`${'['.repeat(depth)}${']'.repeat(depth)}`, 'application/json');
    const objects = post(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`, 'application/json');
    const { app } = probe(Body(z.unknown()), 'POST');
    await expectJson(await app.request('/', nested(60)), 200);
    for (const init of [nested(129), nested(10_000), nested(100_000), objects]) refused(await app.request('/', init));
    const shallow = probe(Body(z.unknown()), 'POST', '/', { limits: { depth: 2 } }).app;
    await expectJson(await shallow.request('/', nested(2)), 200);
    refused(await shallow.request('/', nested(3)));
    await expectJson(await shallow.request('/', json({ text: '[[[[{{{{' })), 200);
  });
});
