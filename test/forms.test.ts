import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type App,
  Body,
  Controller,
  type DeclarationError,
  Depends,
  dependency,
  File as Upload,
  Form,
  OAuth2PasswordRequestForm,
  Post,
  Query,
} from 'portico';
import { z } from 'zod';
import { type AppOptions, appOf, decorate, describeMatrix, expectJson, issuesOf, placesOf } from './world.ts';

/** What the handler got, as JSON can say it. */
async function shown(value: unknown): Promise<unknown> {
  if (value instanceof File) return { name: value.name, type: value.type, text: await value.text() };
  if (Array.isArray(value)) return Promise.all(value.map(shown));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    await Promise.all(Object.entries(value).map(async ([key, one]) => [key, await shown(one)])),
  );
}

/** An app of `POST /` with these inputs, which answers what its handler got. */
function taking(inputs: readonly unknown[], options: Partial<AppOptions> = {}): App {
  class TakingController {
    take(...values: unknown[]): unknown {
      return shown(values.length === 1 ? values[0] : values);
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(TakingController.prototype, 'take');
  for (const [index, input] of inputs.entries()) decorate(input, TakingController.prototype, 'take', index);
  decorate(Post('/'), TakingController.prototype, 'take', descriptor);
  decorate(Controller(), TakingController);
  return appOf([TakingController], options);
}

const B = '----FormBoundary7MA4YWxkTrZu0gW';
const multipart = (body: string | Uint8Array, boundary = B): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  body: body as string,
});
const part = (content: string, head = 'Content-Disposition: form-data; name="a"'): string =>
  `--${B}\r\n${head}\r\n\r\n${content}\r\n`;
const form = (...parts: string[]): string => `${parts.join('')}--${B}--\r\n`;
const named = (parameters: string): string => form(part('v', `Content-Disposition: form-data; ${parameters}`));
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const post = (body: FormData | URLSearchParams): RequestInit => ({ method: 'POST', body });
const json = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body,
});
/** A form whose parts are these; a file has a third entry, or is one. */
function data(...fields: [string, string | Blob, string?][]): RequestInit {
  const body = new FormData();
  for (const [name, value, filename] of fields) {
    if (typeof value === 'string') body.append(name, value);
    else body.append(name, value, filename);
  }
  return post(body);
}

describeMatrix('a multipart body (RFC 2046 §5.1.1)', (open) => {
  const app = taking([Form('a')]);

  for (const [what, body, value] of [
    ['the word of the boundary in its text', form(part(`see ${B} there`)), `see ${B} there`],
    ['a delimiter that begins no line', form(part(`see --${B} there`)), `see --${B} there`],
    ['a closing delimiter that begins no line', form(part(`x--${B}--`)), `x--${B}--`],
    ['a delimiter after a lone line feed', form(part(`x\n--${B}\ny`)), `x\n--${B}\ny`],
    ['a delimiter after a lone carriage return', form(part(`x\r--${B}\ry`)), `x\r--${B}\ry`],
    [
      'the beginnings of delimiters',
      form(part(`\r\n-\r\n--\r\n--${B.slice(0, -1)}\r\r\n`)),
      `\r\n-\r\n--\r\n--${B.slice(0, -1)}\r\r\n`,
    ],
    ['two dashes before the line of its delimiter', form(part('x\r\n--')), 'x\r\n--'],
    ['line breaks at both ends', form(part('\r\nx\r\n')), '\r\nx\r\n'],
    ['a preamble', `This is a form.\r\n${form(part('v'))}`, 'v'],
    ['an empty line before', `\r\n${form(part('v'))}`, 'v'],
    ['an epilogue that looks like more', `${form(part('v'))}${form(part('w'))}`, 'v'],
    ['no line break at its end', form(part('v')).slice(0, -2), 'v'],
    [
      'padding after its delimiters',
      form(part('v')).replaceAll(`${B}\r`, `${B} \t \r`).replace('--\r\n', '-- \t\r\n'),
      'v',
    ],
    ['padding at its end', `${form(part('v')).slice(0, -2)} \t`, 'v'],
    ['a mark of byte order', form(part('\uFEFFv')), '\uFEFFv'],
    ['text of many bytes', form(part('grüße 😀')), 'grüße 😀'],
  ] as const) {
    test(`may have ${what}`, async () => {
      await expectJson(await (await open(app))('/', multipart(body)), 200, value);
    });
  }

  for (const [what, body] of [
    ['no delimiter', 'no boundary at all'],
    ['no content but a preamble', '\r\n'],
    ['no last delimiter', part('v')],
    ['a last delimiter that does not close', `${part('v')}--${B}\r\n`],
    ['half a last delimiter', form(part('v')).slice(0, -4)],
    ['a last delimiter that begins no line', `${part('v').trimEnd()}--${B}--\r\n`],
    ['a line that begins like a delimiter and goes on', form(part(`x\r\n--${B}y`))],
    ['the same before the first one', `--${B}y\r\n${form(part('v'))}`],
    ['something after the last delimiter on its line', `${form(part('v')).trimEnd()}x`],
    ['line feeds alone', form(part('v')).replaceAll('\r', '')],
    ['a part without a head', form(part('v'), `--${B}\r\n\r\nv\r\n`)],
    ['a part without content and head', form(part('v'), `--${B}\r\n`)],
    ['a head that does not end', form(part('v'), `--${B}\r\nContent-Disposition: form-data; name="b"\r\n`)],
    [
      'a head whose disposition comes after an empty line',
      form(part('v', '\r\nContent-Disposition: form-data; name="a"')),
    ],
  ] as const) {
    test(`with ${what} is 400`, async () => {
      await expectJson(await (await open(app))('/', multipart(body)), 400, {
        detail: 'The multipart body is malformed',
      });
    });
  }
});

describe('a multipart body', () => {
  test('without parts is an empty form, and without bytes none', async () => {
    const app = taking([Form('a', z.string().default('none'))]);
    for (const body of [`--${B}--`, `--${B}--\r\n`, `preamble\r\n--${B}--\r\nepilogue`, '']) {
      await expectJson(await app.request('/', multipart(body)), 200, 'none');
    }
  });

  test('has the boundary that its type says, in quotes too', async () => {
    const app = taking([Form('a')]);
    for (const boundary of ["a b'()+_,-./:=?", 'x', '-', '--', 'y'.repeat(70)]) {
      const body = form(part('v')).replaceAll(B, boundary);
      await expectJson(await app.request('/', multipart(body, `"${boundary}"`)), 200, 'v');
    }
    for (const boundary of ['""', 'y'.repeat(71), '"a "', '"a\\"b"', '"ä"']) {
      assert.equal((await app.request('/', multipart(form(part('v')), boundary))).status, 400, boundary);
    }
    const init = { ...multipart(form(part('v'))), headers: { 'content-type': 'multipart/form-data' } };
    assert.equal((await app.request('/', init)).status, 400);
  });

  test('smuggles no field through a boundary that begins like another', async () => {
    const inner = `--${B.slice(0, 8)}\r\nContent-Disposition: form-data; name="admin"\r\n\r\n1`;
    const app = taking([Form('a'), Form('admin', z.string().default('no'))]);
    await expectJson(await app.request('/', multipart(form(part(inner)))), 200, [inner, 'no']);
    const nested = form(part('v'))
      .replaceAll(B, 'b')
      .replace('v\r\n', 'v\r\n--bb\r\nContent-Disposition: form-data; name="admin"\r\n\r\n1\r\n');
    assert.equal((await app.request('/', multipart(nested, 'b'))).status, 400);
  });

  test('of any bytes is read in linear time', async () => {
    const app = taking([Upload('a')]);
    const head = 'Content-Disposition: form-data; name="a"; filename="f"';
    const many = (text: string, size = 1_000_000): string => text.repeat(size / text.length);
    const bodies = [
      ...['\r', '\r\n', '\r\n--', '\r\n-', '\0', ' ', `\r\n--${B.slice(0, -1)}`].map((text) =>
        form(part(many(text), head)),
      ),
      many(`--${B}\r\n`),
      many(`\r\n--${B} `),
      form(part('v', `${head}${many(' ', 16_000)}x`)).repeat(60),
      form(part('v', `X: ${many(' ', 16_000)}\0\r\n${head}`)).repeat(60),
      form(part('v', `Content-Disposition: form-data; name="${many('\\"', 16_000)}`)).repeat(60),
      form(part('v', `Content-Disposition: form-data${many('; ', 16_000)}`)).repeat(60),
      form(part('v', many('\r\n ', 16_000))).repeat(60),
    ];
    const started = performance.now();
    for (const body of bodies) {
      const { status } = await app.request('/', multipart(body.slice(0, 1_048_576)));
      assert.ok([200, 400].includes(status), String(status));
    }
    assert.ok(performance.now() - started < 8_000, String(performance.now() - started));
  });
});

describe('the head of a part (RFC 7578 §4.2)', () => {
  const app = taking([Form(z.looseObject({}))]);
  const names = async (body: string): Promise<number | string> => {
    const response = await app.request('/', multipart(body));
    return response.status === 200 ? Object.keys((await response.json()) as object).join('|') : response.status;
  };

  for (const [parameters, name] of [
    ['name=a', 'a'],
    ['NAME="a"', 'a'],
    ['name="a";', 'a'],
    ['  name="a"  ;; ', 'a'],
    ["filename*=UTF-8''x; name=a", 'a'],
    ["name=a; name*=UTF-8''b", 'a'],
    [String.raw`name="a\"b"`, 'a"b'],
    [String.raw`name="a\\"`, 'a\\'],
    [String.raw`name="C:\dir\a"`, String.raw`C:\dir\a`],
    ['name="a%22b%0D%0Ac"', 'a"b\r\nc'],
    ['name="100%25 %zz %41"', '100%25 %zz %41'],
    ['name="größe 😀"', 'größe 😀'],
    ['name="a;b=c"', 'a;b=c'],
    ['name=""', ''],
  ] as const) {
    test(`may say ${parameters}`, async () => {
      assert.equal(await names(named(parameters)), name);
    });
  }

  for (const parameters of [
    'filename="a"',
    'name',
    'name=',
    'name = a',
    'name=a b',
    'name="a',
    'name="a" x',
    'name="a"b',
    'name="a"; name="b"',
    'name=a; NAME=a',
    'name="a"; filename="b"; filename="c"',
    'name="a\\"',
  ]) {
    test(`may not say ${parameters}`, async () => {
      assert.equal(await names(named(parameters)), 400);
    });
  }

  for (const [what, head, status] of [
    ['is compared without case', 'CONTENT-disposition:FORM-DATA;name=a', 'a'],
    ['may be folded', 'Content-Disposition: form-data;\r\n  name=a', 'a'],
    ['may have other fields', 'X-Any: "\r\nContent-Disposition: form-data; name=a\r\nContent-Length: 99', 'a'],
    [
      'may say that the content is as it is',
      'Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: 8BIT',
      'a',
    ],
    ['may not encode the content', 'Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64', 415],
    ['needs a disposition', 'Content-Type: text/plain', 400],
    ['needs that of a form', 'Content-Disposition: attachment; name=a', 400],
    ['needs exactly that', 'Content-Disposition: form-datax; name=a', 400],
    ['has one disposition', 'Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b', 400],
    ['has one type', 'Content-Disposition: form-data; name=a\r\nContent-Type: a/b\r\ncontent-type: a/b', 400],
    ['has no space before a colon', 'Content-Disposition : form-data; name=a', 400],
    ['has no line without a colon', 'Content-Disposition: form-data; name=a\r\nx', 400],
    ['has no lone line feed', 'Content-Disposition: form-data; name=a\nX: y', 400],
    ['has no NUL', 'Content-Disposition: form-data; name="a\0"', 400],
    ['is no delimiter', `--${B}: x\r\nContent-Disposition: form-data; name=a`, 400],
  ] as const) {
    test(what, async () => {
      assert.equal(await names(form(part('v', head))), status);
    });
  }

  test('says the charset of a text', async () => {
    const text = taking([Form('a')]);
    const send = (charset: string, content: string) =>
      text.request(
        '/',
        multipart(
          latin1(
            form(
              part(content, `Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=${charset}`),
            ),
          ),
        ),
      );
    const utf8 = String.fromCharCode(...new TextEncoder().encode('grüße'));
    for (const charset of ['utf-8', 'UTF-8', '"utf8"']) await expectJson(await send(charset, utf8), 200, 'grüße');
    await expectJson(await send('ISO-8859-1', 'gr\xFC\xDFe \x80'), 200, 'grüße \x80');
    await expectJson(await send('US-ASCII', 'plain'), 200, 'plain');
    for (const charset of ['utf-16', 'windows-1252', 'utf-7', 'x']) await expectJson(await send(charset, 'plain'), 415);
    await expectJson(await text.request('/', multipart(latin1(form(part('\xFF'))))), 200, '\uFFFD');
  });
});

describe('limits of a multipart form', () => {
  const statusOf = async (limits: NonNullable<AppOptions['limits']>, ...parts: string[]): Promise<number> =>
    (await taking([Form(z.looseObject({}))], { limits }).request('/', multipart(form(...parts)))).status;
  const file = (name: string): string => part('v', `Content-Disposition: form-data; name=${name}; filename=f`);
  const text = (name: string): string => part('v', `Content-Disposition: form-data; name=${name}`);

  test('hold for parts, fields, files and heads, each exactly', async () => {
    assert.equal(await statusOf({ parts: 2 }, text('a'), file('b')), 200);
    assert.equal(await statusOf({ parts: 2 }, text('a'), file('b'), text('c')), 413);
    assert.equal(await statusOf({ fields: 1 }, text('a'), file('b'), file('c')), 200);
    assert.equal(await statusOf({ fields: 1 }, text('a'), text('a')), 413);
    assert.equal(await statusOf({ files: 1 }, text('a'), file('b'), text('c')), 200);
    assert.equal(await statusOf({ files: 1 }, file('b'), file('b')), 413);
    assert.equal(await statusOf({ files: 0 }, text('a')), 200);
    const head = 'Content-Disposition: form-data; name=a';
    assert.equal(await statusOf({ partHeaders: head.length }, part('v', head)), 200);
    assert.equal(await statusOf({ partHeaders: head.length - 1 }, part('v', head)), 431);
    assert.equal(await statusOf({ partHeaders: 100 }, part('v'.repeat(200), head)), 200);
    assert.equal(await statusOf({ partHeaders: 100 }, `--${B}\r\n${'x'.repeat(200)}\r\n`), 431);
  });

  test('are those that are documented unless set', async () => {
    const many = (count: number, one: (name: string) => string): string[] =>
      Array.from({ length: count }, () => one('a'));
    assert.equal(await statusOf({}, ...many(1_000, text)), 200);
    assert.equal(await statusOf({}, ...many(1_001, text)), 413);
    assert.equal(await statusOf({}, ...many(100, file)), 200);
    assert.equal(await statusOf({}, ...many(101, file)), 413);
    assert.equal(
      await statusOf({}, part('v', `X: ${'x'.repeat(16_384)}\r\nContent-Disposition: form-data; name=a`)),
      431,
    );
  });
});

describe('a form without files', () => {
  test('is read without a scan for each pair', async () => {
    const app = taking([Form('a', z.string().optional())], { limits: { fields: 1_000_000, body: 4_000_000 } });
    const started = performance.now();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    await expectJson(await app.request('/', { method: 'POST', headers, body: 'b&'.repeat(500_000) }), 200, null);
    assert.ok(performance.now() - started < 5_000);
  });
});

const Meta = z.object({ title: z.string(), tags: z.array(z.string()) });
const META = { title: 'a', tags: ['b', 'c'] };
const TEXT = JSON.stringify(META);
const jsonPart = (content: string, type = 'application/json'): Blob => new Blob([content], { type });

describeMatrix('an object in a form', (open) => {
  const app = taking([Form('meta', Meta), Upload('file')]);
  const fields = taking([Form(z.object({ meta: Meta.optional(), n: z.int() }))]);
  const file = { name: 'f', type: 'text/plain', text: 'hi' };
  const hi = new Blob(['hi'], { type: 'text/plain' });

  for (const [what, meta] of [
    ['text', TEXT],
    ['a part of JSON', jsonPart(TEXT)],
    ['a part of JSON with parameters', jsonPart(TEXT, 'Application/JSON; charset=UTF-8')],
    ['a part of a type that ends in +json', jsonPart(TEXT, 'application/ld+json')],
  ] as const) {
    test(`may be ${what}`, async () => {
      const request = await open(app);
      await expectJson(await request('/', data(['meta', meta], ['file', hi, 'f'])), 200, [META, file]);
      await expectJson(await (await open(fields))('/', data(['meta', meta], ['n', '1'])), 200, { meta: META, n: 1 });
    });
  }

  test('may be a part with a type and no file name', async () => {
    const head = 'Content-Disposition: form-data; name="meta"\r\nContent-Type: application/json';
    const body = form(part(TEXT, head), part('1', 'Content-Disposition: form-data; name="n"'));
    await expectJson(await (await open(fields))('/', multipart(body)), 200, { meta: META, n: 1 });
  });

  test('may be urlencoded', async () => {
    const request = await open(fields);
    await expectJson(await request('/', post(new URLSearchParams({ meta: TEXT, n: '1' }))), 200, { meta: META, n: 1 });
    await expectJson(await request('/', post(new URLSearchParams({ meta: '', n: '1' }))), 200, { n: 1 });
  });

  for (const [what, meta, type] of [
    ['no JSON', '{', 'json_invalid'],
    ['no JSON in a part of JSON', jsonPart('{'), 'json_invalid'],
    ['no UTF-8', new Blob([latin1('"\xFF"')], { type: 'application/json' }), 'json_invalid'],
    ['a part of another type', jsonPart(TEXT, 'text/plain'), 'json_invalid'],
    ['a part of another charset', jsonPart(TEXT, 'application/json; charset=utf-16'), 'json_invalid'],
    ['an empty part of JSON', jsonPart(''), 'json_invalid'],
    ['nested too deep', `${'['.repeat(65)}${']'.repeat(65)}`, 'json_invalid'],
    ['something else', '[]', 'invalid_type'],
    ['null', 'null', 'invalid_type'],
  ] as const) {
    test(`that is ${what} is an issue at its field, and at no other`, async () => {
      assert.deepEqual(await placesOf(await (await open(app))('/', data(['meta', meta], ['file', hi, 'f']))), [
        `body.meta ${type}`,
      ]);
      const issues = await placesOf(await (await open(fields))('/', data(['meta', meta], ['n', 'x'])));
      assert.deepEqual(issues.toSorted(), [`body.meta ${type}`, 'body.n invalid_type']);
      assert.deepEqual(await placesOf(await (await open(fields))('/', data(['meta', meta], ['n', '1']))), [
        `body.meta ${type}`,
      ]);
    });
  }

  test('tells where it is wrong', async () => {
    const wrong = data(['meta', '{"title":1,"tags":["b",2]}'], ['file', hi, 'f']);
    assert.deepEqual(await placesOf(await (await open(app))('/', wrong)), [
      'body.meta.title invalid_type',
      'body.meta.tags.1 invalid_type',
    ]);
  });

  test('is missing where it is not sent, or empty', async () => {
    for (const init of [data(['file', hi, 'f']), data(['meta', ''], ['file', hi, 'f'])]) {
      assert.deepEqual(await placesOf(await (await open(app))('/', init)), ['body.meta missing']);
    }
  });

  test('that is sent twice is refused', async () => {
    const twice = data(['meta', TEXT], ['meta', TEXT], ['file', hi, 'f']);
    assert.deepEqual(await placesOf(await (await open(app))('/', twice)), ['body.meta invalid_type']);
    const any = taking([Form('meta', z.record(z.string(), z.unknown()).or(z.unknown()))]);
    assert.equal((await any.request('/', data(['meta', '{}'], ['meta', '{}']))).status, 422);
  });
});

describe('JSON in a form', () => {
  test('is one part for each item of a list', async () => {
    const app = taking([Form('a', z.array(z.object({ n: z.int() })))]);
    await expectJson(await app.request('/', data(['a', '{"n":1}'])), 200, [{ n: 1 }]);
    await expectJson(await app.request('/', data(['a', '{"n":1}'], ['a', jsonPart('{"n":2}')])), 200, [
      { n: 1 },
      { n: 2 },
    ]);
    assert.deepEqual(await placesOf(await app.request('/', data(['a', '{"n":1}'], ['a', '{'], ['a', '{']))), [
      'body.a.1 json_invalid',
      'body.a.2 json_invalid',
    ]);
    const lists = taking([Form('a', z.array(z.array(z.int())))]);
    await expectJson(await lists.request('/', data(['a', '[1,2]'], ['a', '[]'])), 200, [[1, 2], []]);
  });

  test('may be null, a record, a choice of objects, or have a default', async () => {
    const Choice = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), n: z.int() }),
      z.object({ kind: z.literal('b') }),
    ]);
    for (const [schema, text, value] of [
      [Meta.nullable(), 'null', null],
      [z.record(z.string(), z.int()), '{"a":1}', { a: 1 }],
      [Choice, '{"kind":"a","n":1}', { kind: 'a', n: 1 }],
      [Meta.default(META), '', META],
      [Meta.transform(({ title }) => title), TEXT, 'a'],
      [z.object({ a: z.string() }).and(z.object({ b: z.int() })), '{"a":"x","b":1}', { a: 'x', b: 1 }],
      [z.json(), '[1,{"a":null}]', [1, { a: null }]],
      [z.object({ on: z.boolean(), n: z.number() }), '{"on":true,"n":1.5}', { on: true, n: 1.5 }],
    ] as const) {
      await expectJson(await taking([Form('a', schema)]).request('/', data(['a', text])), 200, value);
    }
    // Within JSON nothing is text that becomes something else.
    const numbers = taking([Form('a', z.object({ n: z.int() }))]);
    assert.deepEqual(await placesOf(await numbers.request('/', data(['a', '{"n":"1"}']))), ['body.a.n invalid_type']);
  });

  test('never reaches a prototype', async () => {
    const app = taking([Form('a', z.looseObject({}))]);
    const text =
      '{"b":1,"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"c":[{"__proto__":{"x":1}}]}';
    for (const sent of [text, jsonPart(text)]) {
      await expectJson(await app.request('/', data(['a', sent])), 200, { b: 1, c: [{}] });
    }
    assert.equal(Reflect.get({}, 'polluted'), undefined);
  });

  test('is bounded in depth as bodies are', async () => {
    const app = taking([Form('a', z.looseObject({}))], { limits: { depth: 2 } });
    await expectJson(await app.request('/', data(['a', '{"b":{}}'])), 200, { b: {} });
    assert.deepEqual(await placesOf(await app.request('/', data(['a', '{"b":[[]]}']))), ['body.a json_invalid']);
    assert.deepEqual(await placesOf(await app.request('/', data(['a', jsonPart('{"b":[[]]}')]))), [
      'body.a json_invalid',
    ]);
  });

  test('and a file leave it to the texts which alternative of a form is meant', async () => {
    const app = taking([
      Form(
        z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('a'), n: z.string(), meta: Meta }),
          z.object({ kind: z.literal('b'), n: z.int(), f: z.file() }),
        ]),
      ),
    ]);
    await expectJson(await app.request('/', data(['kind', 'a'], ['n', '1'], ['meta', TEXT])), 200, {
      kind: 'a',
      n: '1',
      meta: META,
    });
    const file = data(['kind', 'b'], ['n', '1'], ['f', new Blob(['hi'], { type: 'a/b' }), 'x']);
    await expectJson(await app.request('/', file), 200, { kind: 'b', n: 1, f: { name: 'x', type: 'a/b', text: 'hi' } });
  });

  test('is a text where the schema reads it from one', async () => {
    const text = z
      .string()
      .transform((value) => JSON.parse(value) as unknown)
      .pipe(Meta);
    await expectJson(await taking([Form('meta', text)]).request('/', data(['meta', TEXT])), 200, META);
  });
});

describe('a file of a form', () => {
  const sent = (type: string): RequestInit =>
    multipart(form(part('hi', `Content-Disposition: form-data; name="f"; filename="x"\r\nContent-Type: ${type}`)));

  for (const [types, type, status] of [
    [['text/plain'], 'text/plain; charset=utf-8', 200],
    [['text/plain'], 'TEXT/Plain', 200],
    [['Text/PLAIN; charset=utf-8'], 'text/plain', 200],
    [['application/json'], 'application/json; charset=UTF-8', 200],
    [['image/png', 'text/plain'], 'text/plain;charset=UTF-8', 200],
    [['image/png', 'text/plain'], 'text/html', 422],
    [['image/*'], 'image/png', 200],
    [['IMAGE/*'], 'image/svg+xml; charset=utf-8', 200],
    [['image/*'], 'imagex/png', 422],
    [['image/*'], 'text/plain', 422],
    [['image/*', 'text/plain'], 'text/plain', 200],
    [['*/*'], 'a/b', 200],
    [['image/*'], 'no type', 422],
    [['*/*'], 'no type', 422],
  ] as const) {
    test(`of type ${type} is ${status} where ${types.join(', ')} is taken (RFC 9110 §8.3.1)`, async () => {
      const fields = z.object({ f: z.file().mime([...types]) });
      for (const input of [Upload('f', { types }), Form('f', fields.shape.f.max(9)), Form(fields)]) {
        const response = await taking([input]).request('/', sent(type));
        if (status === 200) await expectJson(response, 200);
        else assert.deepEqual(await placesOf(response), ['body.f invalid_value']);
      }
    });
  }

  test('of a range keeps the message of its check', async () => {
    const app = taking([Form('f', z.file().mime('image/*', { error: 'Send a picture' }).optional())]);
    const { detail } = (await (await app.request('/', sent('text/plain'))).json()) as { detail: { msg: string }[] };
    assert.deepEqual(
      detail.map(({ msg }) => msg),
      ['Send a picture'],
    );
    assert.equal((await app.request('/', sent('image/png'))).status, 200);
  });

  test('has a type without parameters, so that schemas compare it alike', async () => {
    const app = taking([Form('f', z.file().mime('text/plain'))]);
    await expectJson(await app.request('/', sent('Text/Plain; charset=utf-8')), 200, {
      name: 'x',
      type: 'text/plain',
      text: 'hi',
    });
    assert.deepEqual(await placesOf(await app.request('/', sent('text/html'))), ['body.f invalid_value']);
    const plain = multipart(form(part('hi', 'Content-Disposition: form-data; name="f"; filename="x"')));
    await expectJson(await app.request('/', plain), 200, { name: 'x', type: 'text/plain', text: 'hi' });
  });

  test('may be a field of Form, of a form object, optional, or several', async () => {
    const file = { name: 'x', type: 'text/html', text: 'hi' };
    const blob = new Blob(['hi'], { type: 'text/html' });
    const one = data(['f', blob, 'x'], ['title', 't']);
    await expectJson(await taking([Form('f', z.file())]).request('/', one), 200, file);
    const object = taking([Form(z.object({ title: z.string(), f: z.file().max(5).optional() }))]);
    await expectJson(await object.request('/', one), 200, { title: 't', f: file });
    await expectJson(await object.request('/', data(['title', 't'])), 200, { title: 't' });
    assert.deepEqual(
      await placesOf(await object.request('/', data(['f', new Blob(['too long']), 'x'], ['title', 't']))),
      ['body.f too_big'],
    );
    const several = taking([Form(z.object({ f: z.array(z.file()).default([]) }))]);
    await expectJson(await several.request('/', one), 200, { f: [file] });
    await expectJson(await several.request('/', data(['f', blob, 'x'], ['f', blob, 'x'])), 200, { f: [file, file] });
    await expectJson(await several.request('/', data()), 200, { f: [] });
  });

  test('is absent where a browser sends the control that was left alone', async () => {
    const empty = data(['f', new Blob([], { type: 'application/octet-stream' }), ''], ['t', '']);
    for (const input of [
      Upload('f', { optional: true }),
      Form('f', z.file().optional()),
      Form(z.object({ f: z.file().optional() })),
    ]) {
      const response = await taking([input]).request('/', empty);
      assert.ok(['null', '{}'].includes(await response.text()));
    }
    assert.deepEqual(await placesOf(await taking([Upload('f')]).request('/', empty)), ['body.f missing']);
  });

  test('is no text, and a text no file', async () => {
    const file = data(['a', new Blob(['hi']), 'x']);
    assert.deepEqual(await placesOf(await taking([Form('a')]).request('/', file)), ['body.a invalid_type']);
    for (const input of [Upload('a'), Form('a', z.file()), Form(z.object({ a: z.file() }))]) {
      assert.equal((await taking([input]).request('/', data(['a', 'text']))).status, 422);
    }
  });

  test('can be nowhere but in a field of a form', () => {
    const codes = (input: unknown): string[] => {
      try {
        taking([input]);
        return [];
      } catch (error) {
        return (error as DeclarationError).mistakes.map(({ code }) => code);
      }
    };
    const hidden = z.object({ f: z.file().optional() });
    for (const input of [
      Body(hidden),
      Body('a', z.array(z.file())),
      Query('f', z.file()),
      Form('a', hidden),
      Form(z.object({ a: hidden })),
      Form('a', z.array(z.array(z.file()))),
    ]) {
      assert.deepEqual(codes(input), ['FILE_OUTSIDE_FORM']);
    }
    for (const input of [Form(hidden), Form('f', z.array(z.file())), Form('f', z.file().nullable())]) {
      assert.deepEqual(codes(input), []);
    }
  });
});

interface MediaType {
  schema: { properties: Record<string, unknown>; required?: string[]; [key: string]: unknown };
  encoding?: Record<string, unknown>;
}
/** The documented body: whether it is required, and its one media type. */
function described(...inputs: unknown[]): [boolean | undefined, string, MediaType] {
  const { requestBody } = taking(inputs).openapi().paths?.['/']?.post ?? {};
  const { required, content } = requestBody as unknown as { required?: boolean; content: Record<string, MediaType> };
  const [[type, media], ...more] = Object.entries(content) as [[string, MediaType], ...unknown[]];
  assert.deepEqual(more, []);
  return [required, type, media];
}

describe('a form in the document', () => {
  const FILE = { type: 'string', format: 'binary' };
  const URLENCODED = 'application/x-www-form-urlencoded';

  test('is multipart alone with a file, wherever it is declared', () => {
    for (const input of [
      Upload('f'),
      Upload('f', { multiple: true, optional: true }),
      Form('f', z.file()),
      Form('f', z.array(z.file())),
      Form(z.object({ title: z.string(), f: z.file() })),
      Form(z.object({ f: z.file().optional() })),
      Form(z.object({ f: z.file().nullable() })),
      Depends(dependency({ f: Form(z.file()) }, ({ f }) => f)),
    ]) {
      assert.equal(described(input)[1], 'multipart/form-data');
    }
  });

  test('is urlencoded alone without one, and multipart is taken too', async () => {
    const inputs = [Form('a'), Form('n', z.int())];
    assert.equal(described(...inputs)[1], URLENCODED);
    await expectJson(await taking(inputs).request('/', data(['a', 'x'], ['n', '1'])), 200, ['x', 1]);
  });

  test('says how its parts are sent', () => {
    const [, , media] = described(
      Form('meta', Meta),
      Form('rows', z.array(z.object({ n: z.int() })).optional()),
      Form('note'),
      Upload('one', { types: ['image/png'] }),
      Upload('two', { types: ['image/PNG', 'text/plain; charset=utf-8'], multiple: true }),
      Upload('any', { types: ['image/*'] }),
      Upload('free'),
      Form('own', z.file().mime(['text/csv', 'text/plain']).max(9)),
    );
    assert.deepEqual(media.encoding, {
      meta: { contentType: 'application/json' },
      rows: { contentType: 'application/json' },
      one: { contentType: 'image/png' },
      two: { contentType: 'image/png, text/plain' },
      any: { contentType: 'image/*' },
      own: { contentType: 'text/csv, text/plain' },
    });
    const { one, two, any, free, own } = media.schema.properties;
    assert.deepEqual(one, { ...FILE, contentMediaType: 'image/png' });
    assert.deepEqual(two, { type: 'array', items: FILE });
    assert.deepEqual([any, free, own], [FILE, FILE, { ...FILE, maxLength: 9 }]);
  });

  test('says it of a form object too, and keeps what the object says of further fields', () => {
    const [, , media] = described(Form(z.strictObject({ meta: Meta, f: z.file().mime(['a/b', 'c/d']) })));
    assert.deepEqual(media.encoding, {
      meta: { contentType: 'application/json' },
      f: { contentType: 'a/b, c/d' },
    });
    assert.deepEqual(media.schema.properties['f'], FILE);
    assert.equal(media.schema['additionalProperties'], false);
    const [, , loose] = described(Form(z.looseObject({ a: z.string() })), Upload('f'));
    assert.deepEqual(loose.schema['additionalProperties'], {});
    const [, , strict] = described(Form(z.strictObject({ a: z.string() })), Upload('f'));
    assert.equal(strict.schema['additionalProperties'], false);
    assert.deepEqual(strict.schema.required, ['a', 'f']);
    const [, , urlencoded] = described(Form(z.object({ meta: Meta }).meta({ id: 'FormWithMeta' })));
    assert.deepEqual(urlencoded, {
      schema: { $ref: '#/components/schemas/FormWithMeta' },
      encoding: { meta: { contentType: 'application/json' } },
    });
    const [, , file] = described(Form(z.object({ f: z.file() }).meta({ id: 'FormWithFile' })));
    assert.deepEqual(file.schema.properties, { f: FILE });
  });

  test('has a strict object that knows the fields of other inputs, as it runs', async () => {
    const app = taking([Form(z.strictObject({ a: z.string() })), Upload('f')]);
    const blob = new Blob(['hi'], { type: 'a/b' });
    const file = { name: 'x', type: 'a/b', text: 'hi' };
    await expectJson(await app.request('/', data(['a', '1'], ['f', blob, 'x'])), 200, [{ a: '1' }, file]);
    assert.deepEqual(await placesOf(await app.request('/', data(['a', '1'], ['f', blob, 'x'], ['b', '1']))), [
      'body.b unrecognized_keys',
    ]);
  });

  test('says of one field what all its inputs say', () => {
    const [, , media] = described(Form('n', z.int().max(5).optional()), Form(z.object({ n: z.int().min(1) })));
    const { allOf } = media.schema.properties['n'] as { allOf: { maximum?: number; minimum?: number }[] };
    assert.deepEqual([allOf.length, allOf[0]?.maximum, allOf[1]?.minimum, media.schema.required], [2, 5, 1, ['n']]);
  });

  test('of alternatives is one of them, and multipart where one has a file', () => {
    const choice = z.union([z.object({ a: z.string() }), z.object({ f: z.file().mime(['a/b', 'c/d']) })]);
    const [required, type, media] = described(Form(choice));
    assert.deepEqual([required, type], [true, 'multipart/form-data']);
    assert.deepEqual(media.encoding, { f: { contentType: 'a/b, c/d' } });
    assert.ok(JSON.stringify(media.schema).includes('"binary"') && !JSON.stringify(media.schema).includes('a/b'));
    const [, , both] = described(Form(choice), Form('note'));
    assert.equal((both.schema['allOf'] as unknown[]).length, 2);
  });

  test('is required where none at all is refused', async () => {
    for (const [inputs, required] of [
      [[Form('a')], true],
      [[Form('a', z.string().optional())], false],
      [[Form(z.object({ a: z.string().optional() }))], false],
      [[Form(z.object({ a: z.string().default('x') }))], false],
      [[Form(z.object({ a: z.string() }))], true],
      [[Form('a', z.string().optional()), Upload('f', { optional: true })], false],
      [[Form('a', z.string().optional()), Upload('f')], true],
    ] as const) {
      assert.equal(described(...inputs)[0], required);
      assert.equal((await taking(inputs).request('/', { method: 'POST' })).status === 422, required);
    }
  });
});

describeMatrix('bodies that are keyed', (open) => {
  const app = taking([Body('a', z.int().optional()), Body('b', z.string().optional())]);

  test('are an object, also where nothing in it is required', async () => {
    const request = await open(app);
    await expectJson(await request('/', json('{}')), 200, [null, null]);
    await expectJson(await request('/', json('{"b":"x","c":1}')), 200, [null, 'x']);
    await expectJson(await request('/', { method: 'POST' }), 200, [null, null]);
    for (const body of ['[]', '[1]', '"a"', '1', 'null', 'true']) {
      const issues = await issuesOf(await request('/', json(body)));
      assert.deepEqual(
        issues.map(({ loc, type }) => [...loc, type]),
        [['body', 'invalid_type']],
        body,
      );
    }
  });

  test('that are required say so of no body alone', async () => {
    const request = await open(taking([Body('a', z.int()), Body('b', z.int())]));
    assert.deepEqual(await placesOf(await request('/', json('{}'))), ['body.a missing', 'body.b missing']);
    assert.deepEqual(await placesOf(await request('/', { method: 'POST' })), ['body.a missing', 'body.b missing']);
    assert.deepEqual(await placesOf(await request('/', json('[]'))), ['body invalid_type']);
  });
});

describe('a body of a type and no content', () => {
  test('is no body', async () => {
    const init = (type: string): RequestInit => ({ method: 'POST', headers: { 'content-type': type }, body: '' });
    const optional = taking([Body(z.int().optional())]);
    await expectJson(await optional.request('/', init('application/json')), 200, null);
    assert.deepEqual(await placesOf(await taking([Body(z.int())]).request('/', init('application/json'))), [
      'body missing',
    ]);
    for (const type of ['application/x-www-form-urlencoded', `multipart/form-data; boundary=${B}`]) {
      await expectJson(await taking([Form('a', z.int().default(1))]).request('/', init(type)), 200, 1);
      assert.deepEqual(await placesOf(await taking([Form('a')]).request('/', init(type))), ['body.a missing']);
    }
    for (const type of ['text/plain', 'application/jsonx']) {
      assert.equal((await optional.request('/', init(type))).status, 415);
    }
  });
});

describe('JSON', () => {
  const any = taking([Body(z.unknown())]);

  test('nested very deep neither overflows the stack nor takes long', async () => {
    const started = performance.now();
    for (const body of [
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
      '['.repeat(1_000_000),
      `[${'[],'.repeat(300_000)}${'['.repeat(100)}${']'.repeat(100)}]`,
    ]) {
      assert.deepEqual(await placesOf(await any.request('/', json(body))), ['body json_invalid']);
    }
    assert.ok(performance.now() - started < 8_000);
  });

  test('is as deep as its deepest value, and brackets in a text are none', async () => {
    const app = taking([Body(z.unknown())], { limits: { depth: 3 } });
    for (const body of [
      '[{"a":[]},{"b":[1,{}.a]}]'.replace(',{}.a', ''),
      '{"a":{"b":{"c":"[[[[{{{{"}}}',
      '[[[]],[[]],[[]]]',
      '1',
    ]) {
      await expectJson(await app.request('/', json(body)), 200, JSON.parse(body));
    }
    for (const body of ['[{"a":[[]]}]', '{"a":1,"b":{"c":{"d":{}}}}', '[[],[],[[[]]]]']) {
      assert.deepEqual(await placesOf(await app.request('/', json(body))), ['body json_invalid']);
    }
  });

  test('loses the keys that reach a prototype, however they are written, and keeps those that do not', async () => {
    for (const [body, value] of [
      [String.raw`[{"\u005f_proto__":{"a":1},"b":1}]`, [{ b: 1 }]],
      ['{"a":[{"constructor":{"prototype":{"x":1},"y":2}}]}', { a: [{}] }],
      [
        '{"constructor":{"name":"x"},"prototype":{"a":1},"toString":1}',
        { constructor: { name: 'x' }, prototype: { a: 1 }, toString: 1 },
      ],
      ['{"constructor":"text","proto":1}', { constructor: 'text', proto: 1 }],
      ['{"constructor":{"__proto__":{"x":1}}}', { constructor: {} }],
    ] as const) {
      await expectJson(await any.request('/', json(body)), 200, value);
    }
  });
});

describe('the scopes of a password form', () => {
  test('are bounded, as documented', async () => {
    const inputs = [Depends(OAuth2PasswordRequestForm)];
    const app = taking(inputs);
    const send = (scope: string): RequestInit => post(new URLSearchParams({ username: 'a', password: 'b', scope }));
    const response = await app.request('/', send('a '.repeat(500_000)));
    await expectJson(response, 400);
    const few = (await (await app.request('/', send('a '.repeat(4_096)))).json()) as { scopes: string[] };
    assert.equal(few.scopes.length, 4_096);
    const { maxLength } = described(...inputs)[2].schema.properties['scope'] as { maxLength: number };
    assert.equal(maxLength, 8_192);
  });
});
