import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  APIKeyHeader,
  APIKeyQuery,
  type App,
  Body,
  Controller,
  Cookie,
  Ctx,
  DeclarationError,
  dependency,
  Depends,
  Form,
  Get,
  Header,
  Path,
  Query,
  Route,
  Security,
} from 'portico';
import { z, type ZodType } from 'zod';
// A new kind is written inside of the package.
import { input } from '../src/decorators/input.ts';
import {
  appOf,
  type ControllerClass,
  decorate,
  describeMatrix,
  expectJson,
  type Issue,
  type Mistake,
  placesOf,
  type Send,
} from './world.ts';

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  style?: string;
  explode?: boolean;
  description?: string;
  schema: Record<string, unknown>;
}

/** A controller of one route, which answers what its inputs gave. */
function echoing(inputs: readonly unknown[], method = 'GET', path = '/'): ControllerClass {
  class EchoController {
    read(...values: unknown[]): unknown {
      return { values: values.map((value) => value ?? null) };
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(EchoController.prototype, 'read');
  for (const [index, input] of inputs.entries()) decorate(input, EchoController.prototype, 'read', index);
  decorate(Route(method, path), EchoController.prototype, 'read', descriptor);
  decorate(Controller(), EchoController);
  return EchoController;
}

const echo = (input: unknown, method = 'GET', path = '/'): App => appOf([echoing([input], method, path)]);

function parametersOf(app: App): Parameter[] {
  const [path] = Object.values(app.openapi().paths ?? {}) as Record<string, { parameters?: Parameter[] }>[];
  const [operation] = Object.values(path ?? {});
  return operation?.parameters ?? [];
}

function parameterOf(app: App): Parameter {
  const [parameter] = parametersOf(app);
  assert.ok(parameter !== undefined);
  return parameter;
}

/** The value that a request gave, which must have been accepted. */
async function valueOf(response: Response): Promise<unknown> {
  const { values } = (await expectJson(response, 200)) as { values: unknown[] };
  return values[0];
}

function mistakesOf(...inputs: readonly unknown[]): readonly Mistake[] {
  return mistakesAt('GET', '/', ...inputs);
}

function mistakesAt(method: string, path: string, ...inputs: readonly unknown[]): readonly Mistake[] {
  try {
    appOf([echoing(inputs, method, path)]);
  } catch (error) {
    assert.ok(error instanceof DeclarationError);
    return error.mistakes;
  }
  return [];
}

const codesOf = (...inputs: readonly unknown[]): string[] => mistakesOf(...inputs).map(({ code }) => code);

/** How one value `v`, or several of it, are sent in each place but the path. */
const PLACES = [
  {
    place: 'query',
    loc: 'query',
    app: (schema: ZodType) => echo(Query('v', schema)),
    object: (schema: ZodType) => echo(Query(schema)),
    send: (send: Send, ...texts: string[]) =>
      send(`/?a=1${texts.map((text) => `&v=${encodeURIComponent(text)}`).join('')}`),
  },
  {
    place: 'header',
    loc: 'header',
    app: (schema: ZodType) => echo(Header('v', schema)),
    object: (schema: ZodType) => echo(Header(schema)),
    send: (send: Send, ...texts: string[]) => send('/', { headers: texts.length === 0 ? {} : { v: texts.join(', ') } }),
  },
  {
    place: 'cookie',
    loc: 'cookie',
    app: (schema: ZodType) => echo(Cookie('v', schema)),
    object: (schema: ZodType) => echo(Cookie(schema)),
    send: (send: Send, ...texts: string[]) =>
      send('/', { headers: { cookie: ['a=1', ...texts.map((text) => `v=${encodeURIComponent(text)}`)].join('; ') } }),
  },
  {
    place: 'form',
    loc: 'body',
    app: (schema: ZodType) => echo(Form('v', schema), 'POST'),
    object: (schema: ZodType) => echo(Form(schema), 'POST'),
    send: (send: Send, ...texts: string[]) =>
      send('/', {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `a=1${texts.map((text) => `&v=${encodeURIComponent(text)}`).join('')}`,
      }),
  },
] as const;

const inMemory =
  (app: App): Send =>
  async (path, init) =>
    app.request(path, init);

describe('z.coerce in text accepts what is documented, and nothing else', () => {
  const day = '2024-02-29';
  const COERCED: [string, ZodType, accepted: [string, unknown][], refused: string[]][] = [
    [
      'boolean',
      z.coerce.boolean(),
      [
        ['true', true],
        ['false', false],
        ['0', false],
        ['Off', false],
      ],
      ['banana', 'null', '2', 'truee', 'undefined'],
    ],
    ['boolean with a default', z.coerce.boolean().default(false), [['yes', true]], ['banana', 'null']],
    ['number', z.coerce.number(), [['1.5', 1.5]], ['0x10', '0b11', '1e999', 'Infinity', 'NaN', 'null', '1_0', 'true']],
    ['integer', z.coerce.number().int(), [['7', 7]], ['0b11', '1.5', '9007199254740993']],
    ['number with bounds', z.coerce.number().min(2).max(3), [['2', 2]], ['1', '4', 'two']],
    ['optional number', z.coerce.number().optional(), [['2', 2]], ['0x10', 'null']],
    ['nullable number', z.coerce.number().nullable(), [['2', 2]], ['0x10', 'null']],
    ['string', z.coerce.string().min(2), [['12', '12']], ['1']],
    [
      'date',
      z.coerce.date(),
      [
        [day, `${day}T00:00:00.000Z`],
        [`${day}T10:20:30+02:00`, `${day}T08:20:30.000Z`],
      ],
      ['1', '0', 'today', '2023-02-29', '2024-13-01', '29 Feb 2024', `${day}T10:20:30`],
    ],
    ['refined number', z.coerce.number().refine((value) => value % 2 === 0), [['4', 4]], ['3', '0x10']],
    ['transformed boolean', z.coerce.boolean().transform((value) => !value), [['true', false]], ['banana']],
    ['array of numbers', z.array(z.coerce.number()), [['4', [4]]], ['0x10', 'x']],
    ['tuple of a boolean', z.tuple([z.coerce.boolean()]), [['no', [false]]], ['banana']],
    [
      'union with a word',
      z.union([z.coerce.number(), z.literal('all')]),
      [
        ['4', 4],
        ['all', 'all'],
      ],
      ['0x10', 'none'],
    ],
    [
      'union of a boolean and a word',
      z.union([z.coerce.boolean(), z.literal('auto')]),
      [
        ['auto', 'auto'],
        ['on', true],
      ],
      ['banana'],
    ],
  ];
  for (const { place, app: appWith, object, send } of PLACES) {
    for (const [what, schema, accepted, refused] of COERCED) {
      test(`${what}, in a ${place} and in an object of it`, async () => {
        const [single, fields] = [appWith(schema), object(z.object({ v: schema }))];
        for (const [text, value] of accepted) {
          assert.deepEqual(await valueOf(await send(inMemory(single), text)), value);
          assert.deepEqual(await valueOf(await send(inMemory(fields), text)), { v: value });
        }
        for (const text of refused) {
          assert.equal((await send(inMemory(single), text)).status, 422, text);
          assert.equal((await send(inMemory(fields), text)).status, 422, text);
        }
      });
    }
  }

  test('an empty text is no number, and absence is not false', async () => {
    assert.equal((await echo(Query('v', z.coerce.number())).request('/?v=')).status, 422);
    const absent = await echo(Query('v', z.coerce.boolean())).request('/');
    assert.deepEqual(await placesOf(absent), ['query.v missing']);
    assert.deepEqual(await placesOf(await echo(Query('v', z.coerce.string())).request('/')), ['query.v missing']);
  });

  test('in a path as well', async () => {
    const app = echo(Path('v', z.coerce.boolean()), 'GET', '/:v');
    assert.equal(await valueOf(await app.request('/off')), false);
    assert.equal((await app.request('/banana')).status, 422);
  });

  test('the message of the schema is kept', async () => {
    const app = echo(Query('v', z.coerce.number({ error: 'Give a number' })));
    const { detail } = (await expectJson(await app.request('/?v=0x10'), 422)) as { detail: { msg: string }[] };
    assert.equal(detail[0]?.msg, 'Give a number');
  });

  test('what follows the documented schema still coerces', async () => {
    const app = echo(Query('v', z.string().trim().pipe(z.coerce.number())));
    assert.equal(await valueOf(await app.request('/?v=%20%205')), 5);
    const spaced = echo(
      Query(
        'v',
        z.preprocess((value) => String(value).replace('.', ''), z.coerce.number()),
      ),
    );
    assert.equal(await valueOf(await spaced.request('/?v=1.000')), 1);
  });

  test('a bigint, which JSON Schema cannot say, is refused at startup', () => {
    for (const schema of [z.bigint(), z.coerce.bigint(), z.date(), z.set(z.string()), z.map(z.string(), z.int())]) {
      assert.deepEqual(codesOf(Query('v', schema)), ['SCHEMA_NOT_EXPRESSIBLE']);
    }
  });
});

describeMatrix('a tuple takes its items one by one', (open) => {
  const Pair = z.tuple([z.int(), z.string()]);
  const Box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
  for (const { place, loc, app: appWith, object, send } of PLACES) {
    test(`in a ${place}`, async () => {
      const to = await open(appWith(Pair));
      assert.deepEqual(await valueOf(await send(to, '1', '2')), [1, '2']);
      assert.deepEqual(await placesOf(await send(to, 'x', '2')), [`${loc}.v.0 invalid_type`]);
      assert.equal((await send(to, '1')).status, 422);
      assert.equal((await send(to, '1', '2', '3')).status, 422);
      assert.deepEqual(await placesOf(await send(to)), [`${loc}.v missing`]);
    });
    test(`among the fields of an object of a ${place}`, async () => {
      const to = await open(object(z.object({ v: Box, w: z.int().optional() })));
      assert.deepEqual(await valueOf(await send(to, '1', '2.5', '-3', '4')), { v: [1, 2.5, -3, 4] });
      assert.equal((await send(to, '1', '2', '3', 'x')).status, 422);
    });
  }
  test('with further items, with optional ones, and with booleans', async () => {
    const rest = await open(echo(Query('v', z.tuple([z.string()], z.boolean()))));
    assert.deepEqual(await valueOf(await rest('/?v=1&v=1&v=off')), ['1', true, false]);
    const optional = await open(echo(Query('v', z.tuple([z.int(), z.int().optional()]).optional())));
    assert.deepEqual(await valueOf(await optional('/?v=1')), [1]);
    assert.deepEqual(await valueOf(await optional('/?v=1&v=2')), [1, 2]);
    assert.deepEqual(await valueOf(await optional('/')), null);
  });
});

describe('alternatives are distinguished by what is documented', () => {
  const CASES: [string, ZodType, [search: string, value: unknown][], refused: string[]][] = [
    [
      'an integer, or a list of texts',
      z.union([z.int(), z.array(z.string())]),
      [
        ['v=5', 5],
        ['v=a', ['a']],
        ['v=a&v=5', ['a', '5']],
      ],
      [],
    ],
    [
      'a word, or a list of integers',
      z.union([z.literal('all'), z.array(z.int())]),
      [
        ['v=5', [5]],
        ['v=all', 'all'],
        ['v=1&v=2', [1, 2]],
      ],
      ['v=none', 'v=all&v=1'],
    ],
    [
      'a uuid, or a list of integers',
      z.union([z.uuid(), z.array(z.int())]),
      [
        ['v=5', [5]],
        ['v=3f2504e0-4f89-41d3-9a0c-0305e82c3301', '3f2504e0-4f89-41d3-9a0c-0305e82c3301'],
      ],
      ['v=x'],
    ],
    [
      'a list, or a tuple with a word',
      z.union([z.array(z.int()), z.tuple([z.literal('top'), z.int()])]),
      [
        ['v=1&v=2&v=3', [1, 2, 3]],
        ['v=top&v=2', ['top', 2]],
      ],
      ['v=low&v=2'],
    ],
    [
      'a short text, or an integer',
      z.union([z.string().max(3), z.int()]),
      [
        ['v=abc', 'abc'],
        ['v=12', '12'],
        ['v=12345', 12345],
      ],
      ['v=abcd'],
    ],
    ['an integer, or any text', z.union([z.int(), z.string()]), [['v=5', '5']], []],
    [
      'a date, or a number',
      z.union([z.iso.date(), z.number().min(10)]),
      [
        ['v=2024-02-29', '2024-02-29'],
        ['v=12', 12],
      ],
      ['v=5', 'v=x'],
    ],
    [
      'an integer of some, or of others',
      z.union([z.int().min(0).max(9), z.int().min(100)]),
      [
        ['v=5', 5],
        ['v=100', 100],
      ],
      ['v=50'],
    ],
    [
      'constants of all kinds',
      z.literal([1, 'a', true, null]),
      [
        ['v=1', 1],
        ['v=a', 'a'],
        ['v=true', true],
      ],
      ['v=b', 'v=null'],
    ],
    ['a text of a template', z.templateLiteral(['id-', z.int()]), [['v=id-5', 'id-5']], ['v=5']],
    ['a nullable list', z.array(z.int()).nullable(), [['v=5', [5]]], ['v=x']],
    [
      'a number that would be another beyond the safe integers, or a word',
      z.union([z.number(), z.literal('all')]),
      [
        ['v=9007199254740991', 9_007_199_254_740_991],
        ['v=1e300', 1e300],
        ['v=all', 'all'],
      ],
      ['v=9007199254740993'],
    ],
    [
      'an integer, or what is documented by a pattern that cannot be read',
      z.union([
        z
          .unknown()
          .refine((value) => typeof value === 'string')
          .meta({ type: 'string', pattern: '[' }),
        z.int(),
      ]),
      [
        ['v=a-b', 'a-b'],
        ['v=7', 7],
      ],
      [],
    ],
  ];
  for (const [what, schema, accepted, refused] of CASES) {
    test(what, async () => {
      const [single, fields] = [echo(Query('v', schema)), echo(Query(z.object({ v: schema })))];
      for (const [search, value] of accepted) {
        assert.deepEqual(await valueOf(await single.request(`/?${search}`)), value, search);
        assert.deepEqual(await valueOf(await fields.request(`/?${search}`)), { v: value }, search);
      }
      for (const search of refused) {
        assert.equal((await single.request(`/?${search}`)).status, 422, search);
        assert.equal((await fields.request(`/?${search}`)).status, 422, search);
      }
    });
  }

  test('a list of text that is decided by its pattern, however that is written', async () => {
    // A pattern that only the older way of reading takes.
    const unescaped = new RegExp(String.raw`^a\-b$`);
    const app = echo(Query('v', z.union([z.string().regex(/^\p{Lu}$/u), z.string().regex(unescaped), z.int()])));
    assert.equal(await valueOf(await app.request('/?v=a-b')), 'a-b');
    assert.equal(await valueOf(await app.request('/?v=7')), 7);
  });

  test('preprocess in front of a list is given the documented list', async () => {
    const seen: unknown[] = [];
    const Ids = z.preprocess((value) => {
      seen.push(value);
      return value;
    }, z.array(z.string()));
    const app = echo(Query('v', Ids));
    seen.length = 0;
    await valueOf(await app.request('/?v=a,b'));
    await valueOf(await app.request('/?v=a&v=b'));
    assert.deepEqual(seen, [['a,b'], ['a', 'b']]);
  });
});

describeMatrix('a list of the query in the style that is documented', (open) => {
  const Ids = z.array(z.int());
  const Texts = z.array(z.string());
  const STYLES: [style: 'form' | 'comma' | 'space' | 'pipe', documented: object, search: string][] = [
    ['form', { style: 'form', explode: true }, 'v=1&v=2&v=3'],
    ['comma', { style: 'form', explode: false }, 'v=1,2,3'],
    ['space', { style: 'spaceDelimited', explode: false }, 'v=1%202+3'],
    ['pipe', { style: 'pipeDelimited', explode: false }, 'v=1|2%7C3'],
  ];
  for (const [style, documented, search] of STYLES) {
    test(style, async () => {
      const app = echo(Query('v', Ids, { style }));
      const { style: named, explode } = parameterOf(app);
      assert.deepEqual({ style: named, explode }, documented);
      const send = await open(app);
      assert.deepEqual(await valueOf(await send(`/?a=0&${search}&b=4`)), [1, 2, 3]);
      assert.deepEqual(await valueOf(await send('/?v=7')), [7]);
      assert.deepEqual(await placesOf(await send(`/?${search}x`)), ['query.v.2 invalid_type']);
      assert.deepEqual(await placesOf(await send('/')), ['query.v missing']);
    });
  }

  test('unset, it repeats the name, and says no style', async () => {
    const app = echo(Query('v', Ids));
    assert.deepEqual(Object.keys(parameterOf(app)), ['name', 'in', 'required', 'schema']);
    const send = await open(app);
    assert.deepEqual(await valueOf(await send('/?v=1&v=2')), [1, 2]);
    assert.equal((await send('/?v=1,2')).status, 422);
  });

  test('an encoded comma is data, and so is an encoded ampersand', async () => {
    const send = await open(echo(Query('v', Texts, { style: 'comma' })));
    assert.deepEqual(await valueOf(await send('/?v=a%2Cb,c+d,%26,%2525')), ['a,b', 'c d', '&', '%25']);
    assert.deepEqual(await valueOf(await send('/?v=')), ['']);
    assert.deepEqual(await valueOf(await send('/?v=a,,b')), ['a', '', 'b']);
    assert.deepEqual(await valueOf(await send('/?v=a,b&v=c')), ['a', 'b', 'c']);
    assert.deepEqual(await valueOf(await send('/?%76=a,b')), ['a', 'b']);
    assert.deepEqual(await valueOf(await send('/?v')), ['']);
    assert.deepEqual(await valueOf(await send('/?v=%,%E4,b')), ['%', '\uFFFD', 'b']);
  });

  test('of cookies it repeats the name, as cookies and as the usual style of OpenAPI writes it', async () => {
    const app = appOf([echoing([Cookie('v', Ids), Cookie('w', z.string().optional())])]);
    assert.deepEqual(Object.keys(parameterOf(app)), ['name', 'in', 'required', 'schema']);
    const send = await open(app);
    for (const cookie of ['v=1; v=2; v=3', 'v=1&v=2&v=3', 'v=1&v=2; v=3; w=a&v=4']) {
      assert.deepEqual(await valueOf(await send('/', { headers: { cookie } })), [1, 2, 3]);
    }
    assert.deepEqual(await valueOf(await send('/', { headers: { cookie: 'v=7' } })), [7]);
    assert.equal((await send('/', { headers: { cookie: 'v=1&w=2' } })).status, 422);
    const single = await open(echo(Cookie('v')));
    assert.equal(await valueOf(await single('/', { headers: { cookie: 'v=1&v=2' } })), '1&v=2');
  });

  test('tuples, unions and the lists of an object have it too', async () => {
    const pair = await open(echo(Query('v', z.tuple([z.int(), z.boolean()]), { style: 'comma' })));
    assert.deepEqual(await valueOf(await pair('/?v=1,no')), [1, false]);
    const union = await open(echo(Query('v', z.union([z.literal('all'), Ids]), { style: 'pipe' })));
    assert.equal(await valueOf(await union('/?v=all')), 'all');
    assert.deepEqual(await valueOf(await union('/?v=1|2')), [1, 2]);
    assert.deepEqual(await valueOf(await union('/?v=1|2&v=3')), [1, 2, 3]);
    const app = echo(Query(z.object({ ids: Ids, q: z.string() }), { style: 'comma' }));
    assert.deepEqual(
      parametersOf(app).map(({ name, style }) => [name, style]),
      [
        ['ids', 'form'],
        ['q', undefined],
      ],
    );
    const object = await open(app);
    assert.deepEqual(await valueOf(await object('/?ids=1,2&q=a,b')), { ids: [1, 2], q: 'a,b' });
  });

  test('in an inputs object', async () => {
    const listing = dependency({ ids: Query(Ids, { style: 'comma' }) }, ({ ids }) => ids);
    const send = await open(echo(Depends(listing)));
    assert.deepEqual(await valueOf(await send('/?ids=1,2')), [1, 2]);
  });

  test('limits of the query hold', async () => {
    const send = await open(appOf([echoing([Query('v', Ids, { style: 'comma' })])], { limits: { queryPairs: 2 } }));
    assert.equal((await send('/?a&b&v=1')).status, 400);
  });

  test('a list in a path', async () => {
    const app = echo(Path('ids', Texts, { style: 'comma' }), 'GET', '/x/:ids/y');
    const { style, explode, required } = parameterOf(app);
    assert.deepEqual({ style, explode, required }, { style: 'simple', explode: false, required: true });
    const send = await open(app);
    assert.deepEqual(await valueOf(await send('/x/a,b/y')), ['a', 'b']);
    assert.deepEqual(await valueOf(await send('/x/a%2Cb,c%2Fd,%252C/y/')), ['a,b', 'c/d', '%2C']);
    assert.deepEqual(await valueOf(await send('/x/a/y')), ['a']);
    const numbers = await open(echo(Path('ids', z.array(z.int()).max(2), { style: 'comma' }), 'GET', '/:ids'));
    assert.deepEqual(await valueOf(await numbers('/1,2')), [1, 2]);
    assert.deepEqual(await placesOf(await numbers('/1,x')), ['path.ids.1 invalid_type']);
    assert.equal((await numbers('/1,2,3')).status, 422);
    const rest = await open(echo(Path('rest', Texts, { style: 'comma' }), 'GET', '/r/*rest'));
    assert.deepEqual(await valueOf(await rest('/r/a,b/c,d')), ['a', 'b/c', 'd']);
  });
});

describe('mistakes of lists', () => {
  test('a list in a path without a style', () => {
    for (const schema of [z.array(z.string()), z.tuple([z.int()]), z.union([z.literal('all'), z.array(z.int())])]) {
      const [mistake, ...others] = mistakesAt('GET', '/:ids', Path('ids', schema));
      assert.deepEqual([mistake?.code, mistake?.parameter, others], ['LIST_IN_PATH', 0, []]);
      assert.match(mistake?.message ?? '', /'ids'.*style: 'comma'/);
    }
  });

  test('a style without a list, and one that its place does not have', () => {
    assert.deepEqual(codesOf(Query('v', z.int(), { style: 'comma' })), ['INVALID_STYLE']);
    assert.deepEqual(codesOf(Query(z.object({ v: z.int() }), { style: 'comma' })), ['INVALID_STYLE']);
    const untyped = Header as unknown as typeof Query;
    assert.deepEqual(codesOf(untyped('v', z.array(z.int()), { style: 'pipe' })), ['INVALID_STYLE']);
    const path = Path as unknown as typeof Query;
    assert.deepEqual(
      mistakesAt('GET', '/:v', path('v', z.array(z.int()), { style: 'pipe' })).map(({ code }) => code),
      ['LIST_IN_PATH', 'INVALID_STYLE'],
    );
    const unknown = Query('v', z.array(z.int()), { style: 'semicolon' as 'comma' });
    assert.deepEqual(codesOf(unknown), ['INVALID_STYLE']);
  });

  test('a list of lists or of objects, in a tuple too', () => {
    for (const schema of [
      z.array(z.array(z.int())),
      z.tuple([z.int(), z.object({ a: z.int() })]),
      z.tuple([z.int()], z.array(z.int())),
    ]) {
      assert.deepEqual(codesOf(Query('v', schema)), ['OBJECT_IN_TEXT']);
    }
  });
});

describeMatrix('a list in a header is split at commas (RFC 9110 §5.6.1)', (open) => {
  const ROWS: [sent: string, list: string[]][] = [
    ['a,b', ['a', 'b']],
    ['a, b', ['a', 'b']],
    ['a ,b', ['a', 'b']],
    ['a \t,\t b', ['a', 'b']],
    ['a', ['a']],
    [',a,, ,b,', ['a', 'b']],
    [',', []],
    ['', []],
    ['a b, c', ['a b', 'c']],
    ['"a, b", c', ['"a, b"', 'c']],
    ['W/"a,b", "c\\",d"', ['W/"a,b"', '"c\\",d"']],
    ['a"b, c', ['a"b', 'c']],
    ['a\\, b', ['a\\', 'b']],
    ['a%2Cb', ['a%2Cb']],
  ];
  test('white space and empty items are left out, quoted commas do not split', async () => {
    const send = await open(echo(Header('x-tags', z.array(z.string()))));
    for (const [sent, list] of ROWS) {
      assert.deepEqual(await valueOf(await send('/', { headers: { 'x-tags': sent } })), list, JSON.stringify(sent));
    }
  });

  test('many quotes take no more time than other characters', async () => {
    const send = await open(echo(Header('x-tags', z.array(z.string()).max(1))));
    const start = performance.now();
    assert.equal((await send('/', { headers: { 'x-tags': `"${'\\"'.repeat(3_000)}` } })).status, 200);
    assert.ok(performance.now() - start < 1_000);
  });

  test('items are of the documented type, over several lines too', async () => {
    const send = await open(echo(Header('x-ids', z.array(z.int()).min(1))));
    const lines = [
      ['x-ids', '1,2'],
      ['x-ids', '3'],
    ] as [string, string][];
    assert.deepEqual(await valueOf(await send('/', { headers: lines })), [1, 2, 3]);
    assert.deepEqual(await placesOf(await send('/', { headers: { 'x-ids': '1,x' } })), ['header.x-ids.1 invalid_type']);
    assert.equal((await send('/', { headers: { 'x-ids': ',' } })).status, 422);
    assert.deepEqual(await placesOf(await send('/')), ['header.x-ids missing']);
  });

  test('a single value keeps its commas', async () => {
    const send = await open(echo(Header('x-name', z.string())));
    assert.equal(await valueOf(await send('/', { headers: { 'x-name': 'Doe, J' } })), 'Doe, J');
  });
});

describeMatrix('keys of a header object', (open) => {
  const app = echo(
    Header(
      z.object({
        userAgent: z.string(),
        'x-trace': z.int(),
        xRequestID: z.string().optional(),
        ETag2: z.string().optional(),
      }),
    ),
  );
  test('are names in kebab-case, in the document too', async () => {
    assert.deepEqual(
      parametersOf(app).map(({ name }) => name),
      ['user-agent', 'x-trace', 'x-request-id', 'e-tag2'],
    );
    const send = await open(app);
    const headers = { 'User-Agent': 'test', 'X-Trace': '5', 'X-Request-Id': 'r' };
    assert.deepEqual(await valueOf(await send('/', { headers })), { userAgent: 'test', 'x-trace': 5, xRequestID: 'r' });
  });

  test('are called by that name in issues', async () => {
    const send = await open(app);
    assert.deepEqual(await placesOf(await send('/', { headers: { 'user-agent': 'a' } })), ['header.x-trace missing']);
    const agent = await open(echo(Header(z.object({ clientVersion: z.array(z.int()) }))));
    assert.deepEqual(await placesOf(await agent('/')), ['header.client-version missing']);
    assert.deepEqual(await placesOf(await agent('/', { headers: { 'client-version': '1,x' } })), [
      'header.client-version.1 invalid_type',
    ]);
  });

  test('have that name in the alternatives of a union too', async () => {
    const either = z.union([z.object({ clientVersion: z.int() }), z.object({ clientName: z.string() })]);
    const send = await open(echo(Header(either)));
    const { detail } = (await expectJson(await send('/'), 422)) as { detail: { alternatives: Issue[][] }[] };
    assert.deepEqual(
      detail[0]?.alternatives.map((issues) => issues.map(({ loc }) => loc.join('.'))),
      [['header.client-version'], ['header.client-name']],
    );
  });

  test('of other places stay as they are', () => {
    assert.equal(parameterOf(echo(Query(z.object({ userAgent: z.string() })))).name, 'userAgent');
    assert.equal(parameterOf(echo(Cookie(z.object({ userAgent: z.string() })))).name, 'userAgent');
  });

  test('in an inputs object are the same', () => {
    const agent = dependency({ userAgent: Header(), xRequestID: Header() }, () => 1);
    assert.deepEqual(
      parametersOf(echo(Depends(agent))).map(({ name }) => name),
      ['user-agent', 'x-request-id'],
    );
  });
});

describeMatrix('objects whose fields are known', (open) => {
  const Range = z.object({ from: z.int(), to: z.int().default(9) });
  const ordered = ({ from, to }: z.output<typeof Range>): boolean => from <= to;
  const Node = z.object({ page: z.int() });
  const OBJECTS: [string, ZodType, names: string[], [search: string, value: unknown][], refused: string[]][] = [
    [
      'refined',
      Range.refine(ordered),
      ['from', 'to?'],
      [['from=1&to=3', { from: 1, to: 3 }]],
      ['from=3&to=1', 'to=1', 'from=x'],
    ],
    [
      'transformed',
      Range.transform(({ from, to }) => ({ span: to - from })),
      ['from', 'to?'],
      [['from=1', { span: 8 }]],
      [''],
    ],
    [
      'piped',
      Range.pipe(z.object({ from: z.int().min(2), to: z.int() })),
      ['from', 'to?'],
      [['from=2', { from: 2, to: 9 }]],
      ['from=1'],
    ],
    [
      'preprocessed',
      z.preprocess((value) => value, Range),
      ['from', 'to?'],
      [['from=1&to=3', { from: 1, to: 3 }]],
      [''],
    ],
    ['readonly', Range.readonly(), ['from', 'to?'], [['from=1', { from: 1, to: 9 }]], ['']],
    ['optional', Range.optional(), ['from', 'to?'], [['from=1', { from: 1, to: 9 }]], ['']],
    ['lazy', z.lazy(() => Node), ['page'], [['page=1', { page: 1 }]], ['']],
    ['of an id', Range.meta({ id: 'TextRange' }), ['from', 'to?'], [['from=1', { from: 1, to: 9 }]], ['']],
    [
      'of a codec',
      z.codec(Range, z.object({ span: z.int() }), {
        decode: ({ from, to }) => ({ span: to - from }),
        encode: ({ span }) => ({ from: 0, to: span }),
      }),
      ['from', 'to?'],
      [['from=1', { span: 8 }]],
      [''],
    ],
    [
      'an intersection',
      z.intersection(Node, z.object({ q: z.string().optional() })),
      ['page', 'q?'],
      [
        ['page=1&q=2', { page: 1, q: '2' }],
        ['page=1', { page: 1 }],
      ],
      ['q=2'],
    ],
    [
      'an intersection that says two things of one key',
      z.intersection(z.object({ n: z.int().min(1) }), z.object({ n: z.number().max(5).optional() })),
      ['n'],
      [['n=3', { n: 3 }]],
      ['n=0', 'n=6', ''],
    ],
    [
      'a union',
      z.union([z.object({ id: z.int() }), z.object({ name: z.string() })]),
      ['id?', 'name?'],
      [
        ['id=1', { id: 1 }],
        ['name=1', { name: '1' }],
      ],
      [''],
    ],
    [
      'a union of objects that read one key as different types',
      z.union([
        z.object({ kind: z.literal('n'), value: z.int() }),
        z.object({ kind: z.literal('t'), value: z.string() }),
      ]),
      ['kind', 'value'],
      [
        ['kind=n&value=5', { kind: 'n', value: 5 }],
        ['kind=t&value=5', { kind: 't', value: '5' }],
      ],
      ['kind=n&value=x', 'kind=x&value=5'],
    ],
    [
      'a discriminated union',
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('circle'), radius: z.number() }),
        z.object({ kind: z.literal(['box', 'cube']), size: z.array(z.int()) }),
      ]),
      ['kind', 'radius?', 'size?'],
      [
        ['kind=circle&radius=1.5', { kind: 'circle', radius: 1.5 }],
        ['kind=cube&size=1&size=2', { kind: 'cube', size: [1, 2] }],
      ],
      ['kind=circle&size=1', 'kind=box', 'radius=1'],
    ],
    [
      'a discriminated union by a number',
      z.discriminatedUnion('v', [
        z.object({ v: z.literal(1), a: z.boolean() }),
        z.object({ v: z.literal(2), a: z.string() }),
      ]),
      ['v', 'a'],
      [
        ['v=1&a=on', { v: 1, a: true }],
        ['v=2&a=on', { v: 2, a: 'on' }],
      ],
      ['v=3&a=on'],
    ],
    [
      'a union and something common',
      z.object({ q: z.string() }).and(z.union([z.object({ a: z.int() }), z.object({ b: z.int() })])),
      ['q', 'a?', 'b?'],
      [
        ['q=1&a=1', { q: '1', a: 1 }],
        ['q=1&b=1', { q: '1', b: 1 }],
      ],
      ['q=1', 'a=1'],
    ],
  ];
  for (const [what, schema, names, accepted, refused] of OBJECTS) {
    test(what, async () => {
      const app = echo(Query(schema));
      const documented = parametersOf(app).map(({ name, required }) => `${name}${required ? '' : '?'}`);
      assert.deepEqual(documented, names);
      const send = await open(app);
      for (const [search, value] of accepted) assert.deepEqual(await valueOf(await send(`/?${search}`)), value, search);
      for (const search of refused) assert.equal((await send(`/?${search}`)).status, 422, search);
    });
  }

  test('in every other place', async () => {
    const Both = z.intersection(z.object({ v: z.tuple([z.int(), z.int()]) }), z.object({ w: z.int().optional() }));
    for (const { object, send } of PLACES) {
      const to = await open(object(Both.refine(({ v: [one, other] }) => one < other)));
      assert.deepEqual(await valueOf(await send(to, '1', '2')), { v: [1, 2] });
      assert.equal((await send(to, '2', '1')).status, 422);
    }
  });

  test('in an inputs object, whatever its key', async () => {
    const listing = dependency({ range: Query(Range.refine(ordered)) }, ({ range }) => range);
    const send = await open(echo(Depends(listing)));
    assert.deepEqual(await valueOf(await send('/?from=1')), { from: 1, to: 9 });
  });

  test('further keys are refused, kept or converted as the schema says', async () => {
    const strict = await open(echo(Query(z.strictObject({ a: z.int() }).refine(() => true))));
    assert.deepEqual(await placesOf(await strict('/?a=1&b=2')), ['query.b unrecognized_keys']);
    const loose = await open(echo(Query(z.looseObject({ a: z.int() }).readonly())));
    assert.deepEqual(await valueOf(await loose('/?a=1&b=2')), { a: 1, b: '2' });
    const typed = await open(echo(Query(z.object({ a: z.int() }).catchall(z.int()))));
    assert.deepEqual(await valueOf(await typed('/?a=1&b=2')), { a: 1, b: 2 });
    const headers = await open(echo(Header(z.looseObject({ xA: z.int() }))));
    assert.deepEqual(await valueOf(await headers('/', { headers: { 'x-a': '1', 'x-b': '2' } })), { xA: 1 });
    const loosely = Query(z.looseObject({ a: z.int() }));
    const keyed = await open(appOf([echoing([loosely, Depends(new APIKeyQuery('key'))])]));
    assert.deepEqual(await valueOf(await keyed('/?a=1&b=2&key=k')), { a: 1, b: '2' }, 'a credential is no value');
    assert.equal((await typed('/?a=1&b=x')).status, 422);
    assert.equal((await typed('/?a=1&b=1&b=2')).status, 422);
  });

  test('a field that an alternative of a union does not have is ignored there, and documented so', async () => {
    const Shape = z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('circle'),
        radius: z.number().min(1).meta({ description: 'In pixels.', deprecated: true }),
      }),
      z.object({ kind: z.literal('point') }),
    ]);
    const app = echo(Query(Shape));
    const send = await open(app);
    assert.deepEqual(await valueOf(await send('/?kind=point&radius=0')), { kind: 'point' });
    assert.equal((await send('/?kind=circle&radius=0')).status, 422);
    const [, radius] = parametersOf(app);
    assert.deepEqual(radius, {
      name: 'radius',
      in: 'query',
      required: false,
      deprecated: true,
      description: 'In pixels.',
      schema: { anyOf: [{ type: 'number', minimum: 1, description: 'In pixels.', deprecated: true }, {}] },
    });
  });

  test('an alternative is chosen by a field that is one value or a list, too', async () => {
    const Filter = z.union([
      z.object({ v: z.union([z.int(), z.array(z.string().max(1))]), other: z.int() }),
      z.object({ v: z.string() }),
    ]);
    const send = await open(echo(Query(Filter)));
    assert.deepEqual(await valueOf(await send('/?v=5&other=1')), { v: 5, other: 1 });
    assert.deepEqual(await valueOf(await send('/?v=a&v=b&other=1')), { v: ['a', 'b'], other: 1 });
    assert.deepEqual(await valueOf(await send('/?v=abc')), { v: 'abc' });
  });

  test('a field that is documented by a component leads to it, and the object leaves none behind', () => {
    const Order = z.enum(['up', 'down']).meta({ id: 'TextOrder' });
    const app = echo(Query(z.object({ order: Order, any: z.json().optional() }).meta({ id: 'TextQuery' })));
    const { components, paths } = app.openapi();
    const names = Object.keys(components?.schemas ?? {});
    assert.ok(names.includes('TextOrder') && !names.includes('TextQuery'), names.join());
    for (const [, name = ''] of JSON.stringify(paths).matchAll(/#\/components\/schemas\/([\w.-]+)/g)) {
      assert.ok(names.includes(name), `${name} is none of ${names.join()}`);
    }
  });

  test('a field that is sent twice is refused', async () => {
    const send = await open(echo(Query(z.union([z.object({ a: z.any() }), z.object({ b: z.any() })]))));
    assert.deepEqual(await placesOf(await send('/?a=1&a=2')), ['query.a invalid_type']);
  });

  test('a value that is sent twice is refused, also if it takes time to validate it', async () => {
    const anything = z.any().refine(async () => Promise.resolve(true));
    for (const input of [Query('a', anything), Query(z.object({ a: anything }))]) {
      const send = await open(echo(input));
      assert.deepEqual(await placesOf(await send('/?a=1&a=2')), ['query.a invalid_type']);
      assert.equal((await send('/?a=1')).status, 200);
    }
  });
});

describe('objects whose fields are not known', () => {
  interface Tree {
    child: Tree;
  }
  const Circle: ZodType = z.lazy(() => z.intersection(Circle, z.object({ a: z.int() })));
  const UNKNOWN: [string, ZodType, RegExp][] = [
    ['a record', z.record(z.string(), z.int()), /record/],
    ['a refined record', z.record(z.string(), z.int()).refine(() => true), /record/],
    [
      'a union with text',
      z.union([z.object({ a: z.int() }), z.string()]),
      /one alternative of a union is not an object/,
    ],
    ['an intersection with a record', z.object({ a: z.int() }).and(z.record(z.string(), z.string())), /record/],
    [
      'an intersection of text with an object',
      z.string().and(z.object({ a: z.int() })),
      /one side of an intersection is not an object/,
    ],
    ['a union with a record', z.union([z.object({ a: z.int() }), z.record(z.string(), z.int())]), /record/],
    ['an intersection with any', z.object({ a: z.int() }).and(z.any()), /one side of an intersection is not an object/],
    ['a transform of anything', z.transform((value: unknown) => value as Tree), /transform/],
    ['one that is made of itself', Circle, /contains itself/],
  ];
  for (const [what, schema, reason] of UNKNOWN) {
    test(`${what} is a mistake that names the reason`, () => {
      const mistake = mistakesOf(Query(schema)).find(({ code }) => code === 'FIELDS_UNKNOWN');
      assert.match(mistake?.message ?? '', reason);
      assert.doesNotMatch(mistake?.message ?? '', /undefined/);
    });
  }

  test('a schema that is no object needs a name', () => {
    for (const schema of [z.int(), z.array(z.string()), z.union([z.int(), z.string()]), z.string().and(z.string())]) {
      assert.deepEqual(codesOf(Query(schema)), ['INPUT_WITHOUT_NAME']);
    }
  });
});

describe('a parameter is required exactly where its absence is refused', () => {
  const SCHEMAS: [string, ZodType][] = [
    ['string', z.string()],
    ['optional', z.string().optional()],
    ['nullable', z.int().nullable()],
    ['nullish', z.int().nullish()],
    ['default', z.int().default(1)],
    ['prefault', z.int().prefault(1)],
    ['catch', z.int().catch(1)],
    ['exact optional', z.string().exactOptional()],
    ['nonoptional', z.string().optional().nonoptional()],
    ['nonoptional default', z.string().default('a').nonoptional()],
    ['any', z.any()],
    ['unknown', z.unknown()],
    ['preprocess', z.preprocess((value) => value, z.int())],
    ['preprocess that fills in', z.preprocess((value) => value ?? 5, z.int())],
    ['preprocess of an optional', z.preprocess((value) => value, z.int().optional())],
    ['a transform that comes first', z.transform((value: unknown) => Number(value)).pipe(z.int())],
    [
      'an optional that is refined',
      z
        .string()
        .optional()
        .refine((value) => value !== undefined),
    ],
    [
      'transform of an optional',
      z
        .string()
        .optional()
        .transform((value) => value ?? 'x'),
    ],
    ['a pipe into a required one', z.string().optional().pipe(z.string())],
    ['union with an optional', z.union([z.int(), z.string().optional()])],
    ['coerced boolean', z.coerce.boolean()],
    ['coerced string', z.coerce.string()],
    ['coerced date', z.coerce.date()],
    ['optional coerced date', z.coerce.date().optional()],
    ['list', z.array(z.int())],
    ['list with a default', z.array(z.int()).default([])],
    ['tuple of optional items', z.tuple([z.int().optional()])],
    ['an asynchronous rule', z.string().refine(async () => Promise.resolve(true))],
    [
      'an asynchronous rule of an optional',
      z
        .string()
        .optional()
        .refine(async () => Promise.resolve(true)),
    ],
    ['lazy', z.lazy(() => z.string().optional())],
    ['readonly', z.array(z.int()).optional().readonly()],
  ];
  for (const [what, schema] of SCHEMAS) {
    test(what, async () => {
      for (const { place, app: appWith, object, send } of PLACES) {
        if (place === 'form') continue;
        for (const app of [appWith(schema), object(z.object({ v: schema }))]) {
          const { status } = await send(inMemory(app));
          assert.equal(parameterOf(app).required, status === 422, `${place}: ${status}`);
        }
      }
    });
  }

  test('of a path it always is, and what puts a value in place of nothing is fine there', async () => {
    for (const schema of [z.int(), z.preprocess((value) => value, z.int()), z.int().default(1), z.int().catch(1)]) {
      const app = echo(Path('id', schema), 'GET', '/:id');
      assert.equal(parameterOf(app).required, true);
      assert.equal(await valueOf(await app.request('/5')), 5);
    }
    const [optional] = mistakesAt('GET', '/:id', Path('id', z.int().optional()));
    assert.equal(optional?.code, 'PATH_VARIABLE_OPTIONAL');
  });

  test('a preprocess that throws without a value is required, and breaks no start', () => {
    const throwing = z.preprocess((value) => (value as string).trim(), z.string());
    assert.equal(parameterOf(echo(Query('v', throwing))).required, true);
    const hostile = z.preprocess(() => {
      throw new Proxy({}, { getPrototypeOf: () => assert.fail('looked at') });
    }, z.string());
    assert.equal(parameterOf(echo(Query('v', hostile))).required, true);
  });
});

describe('two inputs of one place and name', () => {
  const schemaOf = (...inputs: unknown[]): unknown => {
    const [parameter, ...others] = parametersOf(appOf([echoing(inputs)]));
    assert.deepEqual(others, []);
    return parameter?.schema;
  };

  test('are one parameter whose schema says both, and both apply', async () => {
    const app = appOf([echoing([Query('n', z.int().min(10)), Query('n', z.number().max(100).optional())])]);
    const [parameter, ...others] = parametersOf(app);
    assert.deepEqual(others, []);
    assert.equal(parameter?.required, true);
    const { allOf } = parameter.schema as { allOf: Record<string, unknown>[] };
    assert.deepEqual(
      allOf.map(({ minimum, maximum }) => [minimum === 10, maximum === 100]),
      [
        [true, false],
        [false, true],
      ],
    );
    assert.equal((await app.request('/?n=50')).status, 200);
    assert.equal((await app.request('/?n=5')).status, 422);
    assert.equal((await app.request('/?n=500')).status, 422);
  });

  test('over dependencies, objects and names of any case', () => {
    const short = dependency({ name: Header('X-Name', z.string().max(5).describe('Who asks')) }, () => 1);
    const app = appOf([echoing([Depends(short), Header(z.object({ xName: z.string().min(2) }))])]);
    const [parameter, ...others] = parametersOf(app);
    assert.deepEqual(others, []);
    assert.deepEqual(parameter, {
      name: 'X-Name',
      in: 'header',
      required: true,
      description: 'Who asks',
      schema: {
        allOf: [
          { type: 'string', maxLength: 5 },
          { type: 'string', minLength: 2 },
        ],
      },
    });
  });

  test('that say the same, or of which one takes any text, need no allOf', () => {
    const uuid = z.uuid();
    assert.deepEqual(schemaOf(Query('a', z.string()), Query('a', z.string())), { type: 'string' });
    assert.deepEqual(schemaOf(Query('a'), Query('a', z.boolean())), { type: 'boolean' });
    assert.deepEqual(schemaOf(Query('a', uuid), Query('a', z.string().default('x'))), schemaOf(Query('a', uuid)));
    assert.deepEqual(schemaOf(Query('a', z.boolean().default(true)), Query('a', z.boolean())), { type: 'boolean' });
  });

  test('are a mistake where no value is accepted by both', () => {
    for (const [one, other, text] of [
      [Query('a', z.boolean()), Query('a', z.int()), /as boolean and as number/],
      [Query('a', z.int()), Query('a', z.array(z.int())), /as a list and as a single value/],
      [Query('a', z.array(z.string()).nullable()), Query('a'), /as a list and as a single value/],
      [Query('a', z.array(z.int())), Query('a', z.array(z.int()), { style: 'comma' }), /different styles/],
      [Query('a', z.uuid()), Query(z.object({ a: z.int() })), /as string and as number/],
      [Header('X-A', z.boolean()), Header('x-a', z.int()), /'x-a'/],
    ] as const) {
      const [mistake, ...others] = mistakesOf(one, other);
      assert.deepEqual([mistake?.code, mistake?.parameter, others], ['INPUT_CONFLICT', 1, []]);
      assert.match(mistake?.message ?? '', text);
    }
    const list = z.array(z.int());
    assert.deepEqual(codesOf(Query('a', list), Query('a', z.union([list, z.int()])), Query('a', list.max(3))), []);
    assert.deepEqual(codesOf(Query('a', z.boolean()), Header('a', z.int()), Cookie('a', z.array(z.int()))), []);
  });
});

describe('headers that OpenAPI ignores', () => {
  for (const [name, key] of [
    ['authorization', 'authorization'],
    ['Content-Type', 'contentType'],
    ['ACCEPT', 'accept'],
  ] as const) {
    test(`${name} is a mistake, as a field and by its key too`, () => {
      const byKey = dependency({ [key]: Header(z.string().optional()) }, () => 1);
      for (const input of [
        Header(name),
        Header(z.object({ [name.toLowerCase()]: z.string() })),
        Header(z.object({ [key]: z.string() }).refine(() => true)),
        Depends(byKey),
      ]) {
        const [mistake, ...others] = mistakesOf(input);
        assert.deepEqual([mistake?.code, others], ['RESERVED_HEADER', []]);
        assert.match(mistake?.message ?? '', /OpenAPI ignores/);
      }
      assert.deepEqual(codesOf(Query(name), Cookie(key), Header(`x-${name}`)), []);
    });
  }
});

describe('Security() without options', () => {
  test('is Depends()', async () => {
    const key = new APIKeyHeader('X-Key');
    const caller = dependency({ key: Security(key) }, ({ key: sent }) => sent);
    @Controller()
    class SecureController {
      @Get('/')
      read(@Security(caller) name: string, @Security(caller, { cache: false }) again: string) {
        return { name, again };
      }
    }
    const app = appOf([SecureController]);
    assert.deepEqual(app.openapi().paths?.['/']?.get?.security, [{ APIKeyHeader: [] }]);
    assert.equal((await app.request('/')).status, 401);
    const answer = await app.request('/', { headers: { 'x-key': 'a' } });
    await expectJson(answer, 200, { name: 'a', again: 'a' });
  });
});

describe('a kind of value that is taken from a request as it is', () => {
  test('is declared by a function that reads it, and a name', async () => {
    const Target = () =>
      input<string>({ kind: 'request', what: 'request target', read: ({ incoming }) => incoming.target });
    const caller = dependency({ target: Target() }, ({ target }) => `for ${target}`);
    const app = appOf([echoing([Target(), Depends(caller)])]);
    await expectJson(await app.request('/?a=1'), 200, { values: ['/?a=1', 'for /?a=1'] });
    assert.equal(JSON.stringify(app.openapi().paths).includes('parameters'), false);
    await using scope = app.scope();
    await assert.rejects(scope.get(caller), {
      name: 'FrameworkError',
      message: /^Outside of a request there is no request target/,
    });
    const kept = dependency({ target: Target() }, ({ target }) => target, { lifetime: 'app' });
    const [mistake] = mistakesOf(Depends(kept));
    assert.equal(mistake?.code, 'LIFETIME_CONFLICT');
    assert.match(mistake.message, /the request target of a request/);
  });
});

describe('outside of a request', () => {
  const ROWS: [string, unknown][] = [
    ['context', Ctx()],
    ['query', Query('q')],
    ['query', Query(z.object({ q: z.string() }))],
    ['header', Header('x-a')],
    ['cookie', Cookie('a')],
    ['path', Path('a')],
    ['form', Form('a')],
    ['body', Body(z.unknown())],
    ['credential', Depends(new APIKeyHeader('X-Key'))],
    ['context', Depends((context: { path: string }) => context.path)],
  ];
  for (const [what, input] of ROWS) {
    test(`there is no ${what}`, async () => {
      let calls = 0;
      const inner = dependency({ value: input as ReturnType<typeof Ctx> }, () => calls++);
      const outer = dependency({ inner: Depends(inner) }, () => calls++);
      await using scope = appOf([]).scope();
      const message = new RegExp(`^Outside of a request there is no ${what}, which .+ -> inner`);
      await assert.rejects(scope.get(outer), { name: 'FrameworkError', message });
      assert.equal(calls, 0);
    });
  }

  test('nothing is left in a scope that is closed', async () => {
    const scope = appOf([]).scope();
    await scope.close();
    await assert.rejects(scope.get(dependency(() => 1)), {
      name: 'FrameworkError',
      message: 'The scope has been closed',
    });
  });
});

// Types: what does not compile does not run.
void function types(): void {
  const ids = z.array(z.int());
  class Typed {
    list(
      @Query('ids', ids, { style: 'comma' }) _ids: number[],
      @Path('ids', ids, { style: 'comma' }) _path: number[],
      @Query(z.object({ a: z.int() }).transform(({ a }) => a)) _a: number,
      @Security((_context: { path: string }) => 1) _number: number,
    ): void {}
    wrong(
      // @ts-expect-error: a header has no style to choose
      @Header('ids', ids, { style: 'comma' }) _header: number[],
      // @ts-expect-error: a path has lists with commas alone
      @Path('ids', ids, { style: 'pipe' }) _path: number[],
      // @ts-expect-error: there is no such style
      @Query('ids', ids, { style: 'tab' }) _query: number[],
      // @ts-expect-error: the intersection gives another type
      @Query(z.object({ a: z.int() }).and(z.object({ b: z.int() }))) _both: { a: string },
    ): void {}
  }
  void Typed;
};
