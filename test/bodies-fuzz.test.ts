import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serialize } from 'cookie';
import fc from 'fast-check';
import { type App, Body, Controller, Cookie, Form, Get, Header, Post, Query } from 'portico';
import { z } from 'zod';
import { appOf } from './world.ts';

// What correct encoders write is read as it was meant, and whatever else is sent is answered, at once and never by a 500.

const SEED = 20_260_713;
const many = (numRuns: number): fc.Parameters<unknown> => ({ seed: SEED, numRuns });

/** Names with their values, in order; a file is one with its name and type. */
type Entries = [string, string | { name: string; type: string; text: string }][];

@Controller()
class FuzzedController {
  @Post('/form') async form(@Form(z.looseObject({})) form: Record<string, unknown>) {
    const entries = Object.entries(form).flatMap(([name, values]) => [values].flat().map((value) => [name, value]));
    return Promise.all(
      entries.map(async ([name, value]) => {
        if (!(value instanceof File)) return [name, value];
        return [name, { name: value.name, type: value.type, text: await value.text() }];
      }),
    );
  }

  @Post('/fields') fields(
    @Form('text', z.string().optional()) text: string | undefined,
    @Form('file', z.file().optional()) file: File | undefined,
    @Form('json', z.looseObject({ n: z.int().optional() }).optional()) json: unknown,
    @Form('list', z.array(z.int()).optional()) list: unknown,
  ) {
    return { text, file: file?.name, json, list };
  }

  @Get('/query') query(@Query(z.looseObject({})) query: Record<string, unknown>) {
    return query;
  }

  @Get('/values') values(
    @Query('n', z.int().optional()) n: number | undefined,
    @Query('list', z.array(z.boolean()).optional()) list: boolean[] | undefined,
    @Header('x-list', z.array(z.string()).optional()) header: string[] | undefined,
  ) {
    return { n, list, header };
  }

  @Get('/cookies') cookies(@Cookie(z.looseObject({})) cookies: Record<string, unknown>) {
    return cookies;
  }

  @Post('/json') json(@Body(z.unknown()) body: unknown) {
    return { body };
  }

  @Post('/model') model(
    @Body('a', z.looseObject({ b: z.array(z.int()) })) a: unknown,
    @Body('c', z.string()) c: string,
  ) {
    return { a, c };
  }
}

const app: App = appOf([FuzzedController]);

/** Answers within seconds, on a busy machine too, and never by a 500. */
async function answered(path: string, init?: RequestInit): Promise<Response> {
  const started = performance.now();
  const response = await app.request(path, init);
  const took = performance.now() - started;
  assert.ok(took < 5_000, `${took} ms`);
  assert.ok(response.status < 500, `${response.status} ${await response.clone().text()}`);
  return response;
}

async function valueOf(response: Response): Promise<unknown> {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

const post = (type: string, body: string | Uint8Array): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': type },
  body: body as string,
});
const text = fc.string({ unit: 'binary', maxLength: 30 });
// Names of prototypes are a matter of their own, and zod drops some.
const name = text.filter((value) => !['__proto__', ''].includes(value));

/** The values under each name, in the order in which the names first came. */
function grouped<V>(entries: readonly (readonly [string, V])[]): (readonly [string, V])[] {
  const names = [...new Set(entries.map(([key]) => key))];
  return Object.keys(Object.fromEntries(names.map((key) => [key, true]))).flatMap((key) =>
    entries.filter(([other]) => other === key),
  );
}

describe('multipart', () => {
  const B = 'b0und';
  // Made of what a parser looks for.
  const nasty = fc
    .array(
      fc.constantFrom('\r', '\n', '\r\n', '-', '--', B, `--${B}`, `\r\n--${B.slice(0, 3)}`, ' ', 'x', 'é', ':', '"'),
    )
    .map((pieces) => pieces.join(''));
  const content = fc.oneof(nasty, text).filter((value) => value !== '' && !`\r\n${value}`.includes(`\r\n--${B}`));
  const file = fc.record(
    {
      name: text.filter((value) => value !== '' && !value.includes('\\')),
      type: fc.constantFrom('a/b', 'text/plain'),
      text: content,
    },
    { noNullPrototype: true },
  );
  const entries: fc.Arbitrary<Entries> = fc.array(
    fc.tuple(
      name.filter((value) => !value.includes('\\')),
      fc.oneof(content, file),
    ),
    { maxLength: 8 },
  );
  /** Browsers turn every line break of a name into both characters. */
  const escaped = (value: string): string =>
    value.replaceAll('\r', '%0D').replaceAll('\n', '%0A').replaceAll('"', '%22');
  const quoted = (value: string): string => value.replace(/["\\]/g, '\\$&');
  const printable = (value: string): boolean => !/[\0\r\n]/.test(value);

  function written(form: Entries, quote: (value: string) => string, padding: string): string {
    const parts = form.map(([key, value]) => {
      const head = `Content-Disposition: form-data; name="${quote(key)}"`;
      if (typeof value === 'string') return `--${B}${padding}\r\n${head}\r\n\r\n${value}\r\n`;
      const type = `${head}; filename="${quote(value.name)}"\r\nContent-Type: ${value.type}; x="${padding}"`;
      return `--${B}${padding}\r\n${type}\r\n\r\n${value.text}\r\n`;
    });
    return `${parts.join('')}--${B}--${padding}\r\n`;
  }

  for (const [how, quote, fits] of [
    ['a browser', escaped, (value: string) => !value.includes('\0') && !/%(?:22|0[AD])/i.test(value)],
    ['a mail program', quoted, (value: string) => printable(value) && !/%(?:22|0[AD])/i.test(value)],
  ] as const) {
    test(`is read as ${how} wrote it`, async () => {
      const property = fc.asyncProperty(
        entries,
        fc.constantFrom('', ' ', '\t \t'),
        fc.constantFrom('', 'preamble\r\n', `--${B.slice(1)}\r\n`, '\r\n'),
        fc.constantFrom('', 'epilogue', `--${B}\r\n`),
        async (form, padding, preamble, epilogue) => {
          const fit = form.filter(([key, value]) => fits(key) && (typeof value === 'string' || fits(value.name)));
          const body = preamble + written(fit, quote, padding) + epilogue;
          const response = await answered('/form', post(`multipart/form-data; boundary=${B}`, body));
          assert.deepEqual(await valueOf(response), grouped(fit));
        },
      );
      await fc.assert(property, many(200));
    });
  }

  test('is read as this platform writes it', async () => {
    const property = fc.asyncProperty(entries, async (form) => {
      const data = new FormData();
      // The platform normalises line breaks of names and texts, and cannot tell an escape from a text that looks like one.
      const plain = (value: string): string => value.replace(/[\r\n\0%]/g, '_');
      const fit = form.map(([key, value]): Entries[number] =>
        typeof value === 'string'
          ? [plain(key), value.replace(/[\r\n]/g, '_')]
          : [plain(key), { ...value, name: plain(value.name) }],
      );
      for (const [key, value] of fit) {
        if (typeof value === 'string') data.append(key, value);
        else data.append(key, new Blob([value.text], { type: value.type }), value.name);
      }
      assert.deepEqual(await valueOf(await answered('/form', { method: 'POST', body: data })), grouped(fit));
    });
    await fc.assert(property, many(200));
  });

  test('that is broken anywhere is answered, and nothing is read from what is cut off', async () => {
    const damage = fc.record({ at: fc.nat(2_000), cut: fc.nat(20), put: fc.oneof(nasty, fc.constant('')) });
    const property = fc.asyncProperty(
      entries,
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      async (form, damages) => {
        let body = written(form, quoted, '');
        for (const { at, cut, put } of damages) {
          const start = at % (body.length + 1);
          body = body.slice(0, start) + put + body.slice(start + cut);
        }
        for (const path of ['/form', '/fields']) await answered(path, post(`multipart/form-data; boundary=${B}`, body));
        const short = written([...form, ['last', 'x']], escaped, '').slice(0, -(5 + ((damages[0]?.at ?? 0) % 40)));
        const { status } = await answered('/form', post(`multipart/form-data; boundary=${B}`, short));
        assert.equal(status, short.length === 0 ? 200 : 400);
      },
    );
    await fc.assert(property, many(200));
  });

  test('of any bytes and any boundary is answered', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      nasty,
      text,
      async (bytes, pieces, boundary) => {
        const type = `multipart/form-data; boundary=${boundary.replace(/[^\x21-\x7e]/g, '')}`;
        for (const body of [bytes, pieces])
          for (const path of ['/form', '/fields']) await answered(path, post(type, body));
      },
    );
    await fc.assert(property, many(150));
  });
});

describe('urlencoded forms and queries', () => {
  const pairs = fc.array(fc.tuple(name, text), { maxLength: 8 });
  const URLENCODED = 'application/x-www-form-urlencoded';

  test('are read as they were written', async () => {
    const property = fc.asyncProperty(pairs, async (form) => {
      const fit = form.filter(([, value]) => value !== '');
      const body = new URLSearchParams(fit);
      assert.deepEqual(await valueOf(await answered('/form', post(URLENCODED, body.toString()))), grouped(fit));
      const query = await valueOf(await answered(`/query?${body.toString()}`));
      const flat = Object.entries(query as object).flatMap(([key, values]: [string, unknown]) =>
        [values].flat().map((value) => [key, value]),
      );
      assert.deepEqual(flat, grouped(fit));
    });
    await fc.assert(property, many(200));
  });

  test('are read as the URL standard has it, whatever they are', async () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom('&', '=', '%', '+', '%2', '%zz', '%C3', '%C3%BC', '%00', 'ä', 'a', ';', '[', ']', '&&'),
        text,
      ),
    );
    const property = fc.asyncProperty(pieces, async (parts) => {
      const body = parts.join('');
      const fit = [...new URLSearchParams(body.replace(/^\?/, '&?'))].filter(
        ([key, value]) => value !== '' && key !== '__proto__',
      );
      const read = body.startsWith('?') ? undefined : await valueOf(await answered('/form', post(URLENCODED, body)));
      if (read !== undefined) assert.deepEqual(read, grouped(fit));
      await answered('/fields', post(URLENCODED, body));
      await answered(`/values?${encodeURI(body)}`);
    });
    await fc.assert(property, many(200));
  });

  test('of any bytes are answered', async () => {
    const property = fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      for (const path of ['/form', '/fields']) await answered(path, post(URLENCODED, bytes));
    });
    await fc.assert(property, many(200));
  });
});

describe('cookies and headers', () => {
  test('are read as they were written', async () => {
    const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/).filter((key) => key !== '__proto__');
    const property = fc.asyncProperty(fc.array(fc.tuple(token, text), { maxLength: 8 }), async (cookies) => {
      const once = [...new Map(cookies)];
      const cookie = once.map(([key, value]) => serialize(key, value)).join('; ');
      assert.deepEqual(await valueOf(await answered('/cookies', { headers: { cookie } })), Object.fromEntries(once));
    });
    await fc.assert(property, many(150));
  });

  test('of any text are answered', async () => {
    const value = fc
      .array(fc.oneof(fc.constantFrom('=', ';', ',', '"', '%', ' ', '%C3', '\\', '__proto__'), text))
      .map((pieces) => pieces.join('').replace(/[^\t\x20-\x7e\x80-\xff]/g, ''));
    const property = fc.asyncProperty(value, async (header) => {
      await answered('/cookies', { headers: { cookie: header } });
      await answered('/values', { headers: { 'x-list': header } });
    });
    await fc.assert(property, many(150));
  });
});

describe('JSON', () => {
  const value = fc.jsonValue({ maxDepth: 6 });

  test('is read as it was written', async () => {
    const property = fc.asyncProperty(value, fc.boolean(), async (body, indented) => {
      const sent = JSON.stringify(body, null, indented ? 2 : 0).replaceAll('"__proto__"', '"proto"');
      // An answer has no negative zero.
      const expected: unknown = JSON.parse(JSON.stringify(JSON.parse(sent)));
      assert.deepEqual(await valueOf(await answered('/json', post('application/json', sent))), { body: expected });
      await answered('/model', post('application/json', sent));
    });
    await fc.assert(property, many(200));
  });

  test('that is broken anywhere, or no text at all, is answered', async () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          '{',
          '}',
          '[',
          ']',
          '"',
          ':',
          ',',
          '\\',
          '\\u',
          '"a":',
          '"__proto__":',
          '1e999',
          '-',
          'null',
          '[[',
        ),
        text,
      ),
    );
    const property = fc.asyncProperty(value, fc.nat(100), pieces, fc.uint8Array(), async (body, at, parts, bytes) => {
      const written = JSON.stringify({ a: body, c: 'x' });
      const broken = written.slice(0, at) + parts.join('') + written.slice(at);
      for (const path of ['/json', '/model']) {
        for (const sent of [broken, parts.join(''), bytes]) await answered(path, post('application/json', sent));
      }
      await answered(
        '/fields',
        post('application/x-www-form-urlencoded', new URLSearchParams({ json: broken, list: broken }).toString()),
      );
    });
    await fc.assert(property, many(200));
  });
});
