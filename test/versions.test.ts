import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import {
  type App,
  Body,
  Controller,
  Depends,
  Get,
  HTTPBearer,
  lines,
  Post,
  Query,
  Route,
  SecurityScheme,
} from 'portico';
import { assertSecurityDocumented } from 'portico/testing';
import { z, type ZodType } from 'zod';
import { app as example } from '../examples/app/app.ts';
import { app as guide } from '../examples/guides/document.ts';
import { type AppOptions, appOf, assertValidDocument, decorate, Log } from './world.ts';

type Json = Record<string, any>;
type Version = '3.0' | '3.1' | '3.2';
const VERSIONS: readonly Version[] = ['3.0', '3.1', '3.2'];

async function valid(document: Json): Promise<Json> {
  await assertValidDocument(document);
  return document;
}

/** The only schema of 3.0 that fits null alone. */
const NULL = { type: 'string', nullable: true, enum: [null] };

const Pet = z
  .object({
    name: z.string().meta({ examples: ['Ida', 'Bo'] }),
    age: z.int().gt(0).lt(100),
    kind: z.literal('pet'),
    nothing: z.null(),
    color: z.enum(['red', 'blue']).nullable(),
    tags: z.array(z.string()).nullable(),
    pair: z.tuple([z.int(), z.string()]),
    more: z.record(z.string().regex(/^x/), z.int()),
    loose: z.looseRecord(z.string().regex(/^x/), z.int()),
    either: z.union([z.string(), z.int(), z.null()]),
    wrapped: z.union([z.enum(['a']), z.int()]).nullable(),
    shape: z.discriminatedUnion('k', [z.object({ k: z.literal('a') }), z.object({ k: z.literal('b') })]).nullable(),
    data: z.base64(),
    get parent(): ZodType {
      return Pet.nullable();
    },
    get friend(): ZodType {
      return Pet.optional().meta({ description: 'Another one' });
    },
  })
  .meta({ id: 'Pet', title: 'A pet' });

function petApp(options: Partial<AppOptions> = {}): App {
  @Controller('/pets')
  class PetController {
    @Post({ response: Pet, status: 201 }) add(@Body(Pet) _pet: any): any {}
    @Get({ public: true, responses: { 404: z.looseObject({}) } }) list(
      @Query('q', z.string().nullish()) _q: any,
      @Query('n', z.array(z.int()).default([1])) _n: any,
    ): any {
      return [];
    }
  }
  return appOf([PetController], options);
}

describe('a document of a version', () => {
  for (const version of VERSIONS) {
    for (const [name, app] of Object.entries({ pets: petApp(), example, guide })) {
      test(`${version} is valid: ${name}`, async () => {
        const document = await valid(app.openapi({ version }));
        assert.equal(document['openapi'].slice(0, 3), version);
      });
    }
  }

  test('is 3.1 unless the app or the caller says otherwise', async () => {
    assert.match(petApp().openapi().openapi, /^3\.1\./);
    const app = petApp({ openapi: '3.0' });
    assert.match(app.openapi().openapi, /^3\.0\./);
    assert.match(app.openapi({ version: '3.2' }).openapi, /^3\.2\./);
    assert.match(((await (await app.request('/openapi.json')).json()) as Json)['openapi'], /^3\.0\./);
  });

  test('that does not exist is refused', () => {
    for (const version of ['2.0', '3', '3.1.0', '', null, '__proto__', 3.1] as never[]) {
      assert.throws(() => petApp().openapi({ version }), /is not a version of OpenAPI/);
      if (version !== null) assert.throws(() => petApp({ openapi: version }), /is not a version of OpenAPI/);
    }
  });

  test('3.0 expresses in its own way what it can', () => {
    const document = petApp({ summary: 'Pets' }).openapi({ version: '3.0' }) as Json;
    const { properties, title } = document['components'].schemas.Pet;
    assert.equal(title, 'A pet');
    assert.equal(document['info'].summary, undefined);
    const expected: Json = {
      name: { type: 'string', example: 'Ida' },
      age: { type: 'integer', minimum: 0, exclusiveMinimum: true, maximum: 100, exclusiveMaximum: true },
      kind: { type: 'string', enum: ['pet'] },
      nothing: NULL,
      color: { type: 'string', nullable: true, enum: ['red', 'blue', null] },
      tags: { type: 'array', nullable: true, items: { type: 'string' } },
      pair: { type: 'array', minItems: 2, maxItems: 2, items: { anyOf: [{ type: 'integer' }, { type: 'string' }] } },
      more: { type: 'object', additionalProperties: { type: 'integer' } },
      loose: { type: 'object' },
      // `nullable` means nothing but beside a type (3.0.3), and a reference has none.
      parent: { anyOf: [{ $ref: '#/components/schemas/Pet' }, NULL] },
      friend: { description: 'Another one', allOf: [{ $ref: '#/components/schemas/Pet' }] },
    };
    for (const [name, schema] of Object.entries(expected)) assert.deepEqual(properties[name], schema, name);
    assert.deepEqual(properties.either, { anyOf: [{ type: 'string', nullable: true }, { type: 'integer' }] });
    assert.deepEqual(properties.wrapped, {
      anyOf: [{ anyOf: [{ type: 'string', enum: ['a'] }, { type: 'integer' }] }, NULL],
    });
    const [shape, ...others] = properties.shape.anyOf;
    assert.equal(shape.oneOf.length, 2);
    assert.deepEqual(others, [NULL]);
    assert.equal(properties.data.format, 'byte');
    assert.doesNotMatch(
      JSON.stringify(document),
      /"(?:const|examples|prefixItems|patternProperties|propertyNames|\$defs|contentEncoding)"|"type":\[|"type":"null"/,
    );
  });
});

/** A webhook whose request has this schema, as each version of the document has it. */
async function webhookOf(schema: unknown, operation: Json = {}, version: Version = '3.0'): Promise<Json> {
  const requestBody = { content: { 'application/json': { schema } } };
  const post = { requestBody, responses: { 200: { description: 'Received' } }, ...operation };
  const document = await valid(petApp({ webhooks: { sent: { post } } as never }).openapi({ version }));
  return (document[version === '3.0' ? 'x-webhooks' : 'webhooks'] as Json)['sent'].post as Json;
}

describe('3.0 has a schema of 3.1', () => {
  const rows: [schema: unknown, expected: Json][] = [
    [true, {}],
    [false, { not: {} }],
    [{ not: { const: 1 } }, { not: { enum: [1] } }],
    [{ not: true }, { not: {} }],
    [
      { allOf: [{ const: 1 }, { type: ['integer', 'null'] }] },
      { allOf: [{ enum: [1] }, { type: 'integer', nullable: true }] },
    ],
    // Null has to fit the type as well.
    [
      { type: 'string', enum: ['a', null] },
      { type: 'string', enum: ['a', null] },
    ],
    [{ enum: ['a', null] }, { enum: ['a', null] }],
    [
      { type: ['string', 'null'], enum: ['a', null] },
      { type: 'string', enum: ['a', null], nullable: true },
    ],
    [
      { type: 'number', minimum: 1, exclusiveMinimum: 2 },
      { type: 'number', minimum: 2, exclusiveMinimum: true },
    ],
    [
      { type: 'number', minimum: 2, exclusiveMinimum: 2 },
      { type: 'number', minimum: 2, exclusiveMinimum: true },
    ],
    [
      { type: 'number', minimum: 3, exclusiveMinimum: 2 },
      { type: 'number', minimum: 3 },
    ],
    [
      { type: 'number', maximum: 3, exclusiveMaximum: 2 },
      { type: 'number', maximum: 2, exclusiveMaximum: true },
    ],
    [
      { type: 'number', maximum: 1, exclusiveMaximum: 2 },
      { type: 'number', maximum: 1 },
    ],
    [{ contentMediaType: 'image/png' }, { type: 'string', format: 'binary' }],
    [
      { type: 'string', contentMediaType: 'image/png' },
      { type: 'string', format: 'binary' },
    ],
    [
      { type: 'string', contentMediaType: 'image/png', contentEncoding: 'base64' },
      { type: 'string', format: 'byte' },
    ],
    [
      { type: ['string', 'array'], items: { const: 1 } },
      { anyOf: [{ type: 'string' }, { type: 'array', items: { enum: [1] } }] },
    ],
    [{ type: 'array' }, { type: 'array', items: {} }],
    [
      { type: 'array', prefixItems: [{ const: 1 }, { const: 1 }], items: false },
      { type: 'array', items: { enum: [1] } },
    ],
  ];
  const whole = (schemas: unknown[]) => ({ type: 'object', properties: Object.fromEntries(Object.entries(schemas)) });

  test('as far as it can say it', async () => {
    const schema = whole(rows.map(([given]) => given));
    const { requestBody } = await webhookOf(schema);
    assert.deepEqual(requestBody.content['application/json'].schema, whole(rows.map(([, expected]) => expected)));
    assert.deepEqual((await webhookOf(schema, {}, '3.1'))['requestBody'].content['application/json'].schema, schema);
  });

  test('in callbacks too, and leaves extensions alone', async () => {
    const schema = { const: 1 };
    const content = { 'text/plain': { schema } };
    const other = { $ref: '#/x-webhooks/sent/post/callbacks/done' };
    const called = { post: { requestBody: { content }, responses: { 200: { description: 'OK' } } } };
    const { callbacks, responses } = await webhookOf(schema, {
      callbacks: { done: { '{$request.body#/url}': called, 'x-note': { post: schema } }, other },
      responses: {
        200: { description: 'OK', headers: { 'X-One': { schema } } },
        'x-text': 'text',
        'x-note': { content },
      },
    });
    assert.deepEqual(callbacks.other, other);
    const { post } = callbacks.done['{$request.body#/url}'];
    assert.deepEqual(post.requestBody.content['text/plain'].schema, { enum: [1] });
    assert.deepEqual(callbacks.done['x-note'], { post: schema });
    assert.deepEqual(responses[200].headers['X-One'].schema, { enum: [1] });
    assert.deepEqual([responses['x-text'], responses['x-note']], ['text', { content }]);
  });
});

test('an empty tuple is an empty list in every version', async () => {
  @Controller('/empty')
  class EmptyController {
    @Post({ response: z.tuple([]) }) same(@Body(z.tuple([])) body: any): any {
      return body;
    }
  }
  for (const version of VERSIONS) {
    const { post } = (await valid(appOf([EmptyController]).openapi({ version })))['paths']['/empty'];
    const empty = { type: 'array', maxItems: 0, ...(version === '3.0' ? { items: {} } : { items: false }) };
    assert.deepEqual(post.requestBody.content['application/json'].schema, empty, version);
    assert.deepEqual(post.responses[200].content['application/json'].schema, empty, version);
  }
});

test('the items of a stream are a schema of their own since 3.2', async () => {
  @Controller('/lines')
  class LinesController {
    @Get({ response: lines(z.int()) }) *read(): any {
      yield 1;
    }
  }
  const bodies = await Promise.all(
    VERSIONS.map(async (version) => {
      const { get } = (await valid(appOf([LinesController]).openapi({ version })))['paths']['/lines'];
      return get.responses[200].content['application/jsonl'] as Json;
    }),
  );
  const item = { type: 'integer' };
  const text = { schema: { type: 'string' }, 'x-itemSchema': item };
  assert.deepEqual(bodies, [text, text, { itemSchema: item }]);
});

test('what 3.2 added to schemes is an extension of earlier ones', async () => {
  const told = { flows: { clientCredentials: { tokenUrl: 'https://example.com/token', scopes: {} } } };
  class Old extends SecurityScheme<string> {
    describe() {
      return { type: 'oauth2', ...told, deprecated: true, oauth2MetadataUrl: 'https://example.com/a' } as const;
    }
    read(): undefined {}
  }
  @Controller('/old', { dependencies: [Depends(new Old())] })
  class OldController {
    @Get() read(): void {}
  }
  for (const version of VERSIONS) {
    const document = await valid(appOf([OldController]).openapi({ version }));
    const prefix = version === '3.2' ? '' : 'x-';
    assert.deepEqual(document['components'].securitySchemes.Old, {
      type: 'oauth2',
      ...told,
      [`${prefix}deprecated`]: true,
      [`${prefix}oauth2MetadataUrl`]: 'https://example.com/a',
    });
  }
});

describe('methods that have no field of their own', () => {
  class FurtherController {
    @Route('QUERY', '/x', { operationId: 'q' }) search(): void {}
    @Route('PROPFIND', '/x', { operationId: 'p' }) find(): void {}
    @Get('/x') read(): void {}
  }
  decorate(Controller(), FurtherController);
  const app = appOf([FurtherController]);

  test('are in every document', async () => {
    const items = await Promise.all(
      VERSIONS.map(async (version) => ((await valid(app.openapi({ version })))['paths'] as Json)['/x'] as Json),
    );
    assert.deepEqual(
      items.map((item) =>
        Object.entries(item).map(([name, value]) => [name, Object.keys(value).filter((key) => /^[A-Z]/.test(key))]),
      ),
      [
        [
          ['x-additionalOperations', ['QUERY', 'PROPFIND']],
          ['get', []],
        ],
        [
          ['x-additionalOperations', ['QUERY', 'PROPFIND']],
          ['get', []],
        ],
        [
          ['query', []],
          ['additionalOperations', ['PROPFIND']],
          ['get', []],
        ],
      ],
    );
    await assertSecurityDocumented(app);
  });
});

describe('what an app says of itself', () => {
  const about: Partial<AppOptions> = {
    termsOfService: 'https://example.com/terms',
    contact: { name: 'Support', url: 'https://example.com', email: 'help@example.com' },
    license: { name: 'MIT', identifier: 'MIT' },
    externalDocs: { url: 'https://example.com/docs' },
    extensions: { 'x-logo': { url: '/logo.svg' } },
    webhooks: {
      petAdded: {
        post: {
          requestBody: { content: { 'application/json': { schema: { type: ['string', 'null'] } } } },
          responses: { 200: { description: 'Received' } },
        },
      },
    },
  };

  test('is in the document', async () => {
    const document = await valid(petApp(about).openapi());
    const { info, externalDocs, webhooks } = document;
    assert.deepEqual(
      [info.termsOfService, info.contact, info.license],
      [about.termsOfService, about.contact, about.license],
    );
    assert.deepEqual([externalDocs, webhooks], [about.externalDocs, about.webhooks]);
    assert.deepEqual(document['x-logo'], { url: '/logo.svg' });
    await valid(petApp(about).openapi({ version: '3.2' }));
  });

  test('is said in 3.0 as far as it can be', async () => {
    const document = await valid(petApp(about).openapi({ version: '3.0' }));
    assert.deepEqual(document['info'].license, { name: 'MIT' });
    const { schema } = document['x-webhooks'].petAdded.post.requestBody.content['application/json'];
    assert.deepEqual(schema, { type: 'string', nullable: true });
    assert.equal(document['webhooks'], undefined);
  });

  test('`public: true` is an empty list of security', () => {
    const { paths } = petApp().openapi() as Json;
    assert.deepEqual(paths['/pets'].get.security, []);
    assert.equal('security' in paths['/pets'].post, false);
    @Controller('/y')
    class GuardedController {
      @Get({ public: true, dependencies: [Depends(new HTTPBearer())] }) read(): void {}
    }
    const guarded = appOf([GuardedController]).openapi() as Json;
    assert.deepEqual(guarded['paths']['/y'].get.security, [{ HTTPBearer: [] }]);
  });
});

describe('a document', () => {
  test('is a copy that its caller may change', async () => {
    const app = petApp();
    const before = await (await app.request('/openapi.json')).text();
    const document = app.openapi() as Json;
    document['info'].title = 'Other';
    delete document['paths'];
    assert.equal(await (await app.request('/openapi.json')).text(), before);
    assert.deepEqual(app.openapi(), JSON.parse(before));
    app.include([]);
    assert.deepEqual(app.openapi(), JSON.parse(before));
  });

  test('is transformed in every version, before anybody sees it', async () => {
    const tags = [{ name: 'a' }];
    const app = petApp({
      tags,
      transform(document) {
        document.tags?.push({ name: 'b' });
        return { ...document, info: { ...document.info, description: document.openapi } };
      },
    });
    for (const version of VERSIONS) {
      const { info, tags: all } = app.openapi({ version });
      assert.deepEqual([info.description?.slice(0, 3), all?.length], [version, 2]);
    }
    assert.equal(((await (await app.request('/openapi.json')).json()) as Json)['info'].description, '3.1.1');
    assert.deepEqual(tags, [{ name: 'a' }]);
  });

  test('that is not given back by `transform` is an error, and a logged 500', async () => {
    for (const transform of [
      () => undefined,
      () => null,
      async () => ({}),
      () => 'text',
      () => {
        throw new Error('no');
      },
    ] as never[]) {
      const logger = new Log();
      const app = petApp({ transform, logger });
      assert.throws(() => app.openapi(), /`transform` (?:has to return the document|returned a promise)|^Error: no/);
      assert.equal((await app.request('/openapi.json')).status, 500);
      assert.equal(logger.errors.length, 1);
    }
  });
});

describe('portico openapi', () => {
  const main = join(import.meta.dirname, '../src/cli/main.ts');
  const file = join(import.meta.dirname, '../examples/guides/document.ts');
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, ['--import', 'tsx', main, 'openapi', file, ...args], {
      encoding: 'utf8',
      stdio: 'pipe',
    });

  test('writes a version, and YAML', () => {
    const folder = mkdtempSync(join(tmpdir(), 'portico-'));
    try {
      const out = join(folder, 'openapi.yaml');
      run('--version', '3.0', '--out', out);
      const yaml = readFileSync(out, 'utf8');
      assert.match(yaml, /^openapi: 3\.0\.3\ninfo:\n {2}title: Customers\n/);
      assert.match(run('--version', '3.0', '--out', out, '--check'), /up to date/);
      assert.throws(() => run('--out', out, '--check'), /is out of date/);
      writeFileSync(out, yaml.replaceAll('\n', '\r\n'));
      assert.match(run('--version', '3.0', '--out', out, '--check'), /up to date/);
    } finally {
      rmSync(folder, { recursive: true });
    }
    assert.throws(() => run('--version', '4'), /'4' is not a version of OpenAPI/);
  });
});
