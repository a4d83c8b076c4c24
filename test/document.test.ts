import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  App,
  Body,
  Controller,
  Cookie,
  Ctx,
  type Context,
  Delete,
  dependency,
  Depends,
  File,
  Form,
  Get,
  Header,
  HTTPException,
  OAuth2PasswordBearer,
  OAuth2PasswordRequestForm,
  Path,
  Post,
  Put,
  Query,
  Route,
  Security,
  text,
} from 'portico';
import { z, type ZodType } from 'zod';
import {
  type AppOptions,
  appOf,
  assertValidDocument,
  type Controllers,
  decorate,
  describeMatrix,
  expectJson,
} from './world.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required?: boolean; schema: { [key: string]: Json } }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: { [key: string]: Json } }> };
  responses: Record<
    string,
    { $ref?: string; description: string; content?: Record<string, { schema: Json }>; headers?: Record<string, Json> }
  >;
  security?: Record<string, string[]>[];
  summary?: string;
  description?: string;
  tags?: string[];
  deprecated?: boolean;
  [extension: `x-${string}`]: Json;
}
interface Document {
  openapi: string;
  info: { [key: string]: Json };
  servers?: Json;
  tags?: Json;
  paths: Record<string, Record<string, Operation>>;
  components?: {
    responses?: Operation['responses'];
    schemas?: Record<string, { [key: string]: Json }>;
    securitySchemes?: Record<string, Json>;
  };
}

/** The document of an app, as a client reads it, which is always valid; references to responses are followed. */
async function documentOf(app: App): Promise<Document> {
  const document = JSON.parse(JSON.stringify(app.openapi())) as Document;
  await assertValidDocument(document);
  assert.doesNotMatch(JSON.stringify(document), /"\$schema"|"\$defs"|"\$id"|__shared|"~standard"/);
  const operations = Object.values(document.paths).flatMap((item) => Object.entries(item));
  for (const [name, { responses }] of operations) {
    if (name.startsWith('x-')) continue;
    for (const [status, response] of Object.entries(responses)) {
      const reference = /^#\/components\/responses\/(.*)$/.exec(response.$ref ?? '')?.[1];
      const shared = reference === undefined ? response : document.components?.responses?.[reference];
      assert.ok(shared !== undefined);
      responses[status] = shared;
    }
  }
  return document;
}

const of = (controllers: Controllers, options: Partial<AppOptions> = {}): Promise<Document> =>
  documentOf(appOf(controllers, options));

/** The operation of an app with one route whose parameters are these inputs. */
async function operationOf(method: string, inputs: unknown[], route: object = {}, path = '/x'): Promise<Operation> {
  const document = await of([controllerOf(method, inputs, route, path)]);
  const operation = document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
  assert.ok(operation !== undefined);
  return operation;
}

function controllerOf(method: string, inputs: unknown[], route: object = {}, path = '/x') {
  class SampleController {
    handle(..._values: unknown[]): void {}
  }
  const descriptor = Object.getOwnPropertyDescriptor(SampleController.prototype, 'handle');
  for (const [index, input] of inputs.entries()) decorate(input, SampleController.prototype, 'handle', index);
  decorate(Route(method, path, route), SampleController.prototype, 'handle', descriptor);
  decorate(Controller(), SampleController);
  return SampleController;
}

const names = ({ parameters = [] }: Operation): string[] =>
  parameters.map((parameter) => `${parameter.in} ${parameter.name}${parameter.required === true ? '' : '?'}`);

const propertyOf = (schema: { [key: string]: Json } | undefined, name: string): Json | undefined =>
  (schema?.['properties'] as Record<string, Json> | undefined)?.[name];

const bearer = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { items: 'Read items.', admin: 'Everything.' } });
const currentUser = dependency({ token: Depends(bearer) }, ({ token }) => {
  if (token !== 'valid') throw new HTTPException(401, 'Invalid token');
  return token;
});

describe('the head of the document', () => {
  test('has version, info, tags and servers', async () => {
    const document = await of([controllerOf('GET', [])], {
      title: 'Items',
      version: '2.1.0',
      summary: 'Sells items.',
      description: 'All of **them**.',
      tags: [{ name: 'items', description: 'Things.' }],
      servers: [{ url: 'https://api.example.org' }],
      rootPath: '/behind/proxy',
    });
    assert.match(document.openapi, /^3\.1\.\d$/);
    assert.deepEqual(document.info, {
      title: 'Items',
      version: '2.1.0',
      summary: 'Sells items.',
      description: 'All of **them**.',
    });
    assert.deepEqual(document.tags, [{ name: 'items', description: 'Things.' }]);
    assert.deepEqual(document.servers, [{ url: '/behind/proxy' }, { url: 'https://api.example.org' }]);
  });

  test('has nothing that was not said', async () => {
    const document = await of([controllerOf('GET', [])]);
    assert.deepEqual(document.info, { title: 'Test', version: '1.0.0' });
    assert.equal(document.components?.securitySchemes, undefined);
    assert.deepEqual(Object.keys(document.paths), ['/x']);
  });

  test('an app without routes has a valid one', async () => {
    assert.deepEqual((await of([])).paths, {});
  });
});

describe('parameters', () => {
  test('of the whole graph are those of the operation, in order, one for each place and name', async () => {
    const inner = dependency({ q: Query(z.string().optional()), trace: Header('x-trace') }, () => 1);
    const outer = dependency({ inner: Depends(inner), limit: Query(z.int().default(5)), session: Cookie() }, () => 1);
    const operation = await operationOf('GET', [Depends(outer), Path('q'), Query('q', z.string())], {}, '/x/:q');
    assert.deepEqual(names(operation).toSorted(), [
      'cookie session',
      'header x-trace',
      'path q',
      'query limit?',
      'query q',
    ]);
  });

  test('that are required in one place are required', async () => {
    for (const inputs of [
      [Query('q', z.string().optional()), Query('q', z.string())],
      [Query('q', z.string()), Query('q', z.string().optional())],
    ]) {
      assert.deepEqual(names(await operationOf('GET', inputs)), ['query q']);
    }
  });

  test('that several places read have a default if all of them have the same', async () => {
    const a = z.string().default('a');
    const rows: [ZodType[], object][] = [
      [[a, z.string().default('a')], { required: false, schema: { type: 'string', default: 'a' } }],
      [[a, z.string().default('b')], { required: false, schema: { type: 'string' } }],
      [[a, z.string().optional()], { required: false, schema: { type: 'string' } }],
      [[z.string().optional(), a], { required: false, schema: { type: 'string' } }],
      [[a, z.string()], { required: true, schema: { type: 'string' } }],
    ];
    for (const [schemas, expected] of rows) {
      const inputs = schemas.map((schema) => Query('q', schema));
      assert.deepEqual((await operationOf('GET', inputs)).parameters, [{ name: 'q', in: 'query', ...expected }]);
    }
  });

  test('may be described and deprecated', async () => {
    const told = { description: 'Which one', deprecated: true };
    const { parameters } = await operationOf('GET', [Query('q', z.int().meta(told))]);
    assert.deepEqual(parameters, [{ name: 'q', in: 'query', required: true, ...told, schema: { type: 'integer' } }]);
  });

  test('of lists, includes and constructors are there too', async () => {
    const listed = (name: string) => Depends(dependency({ value: Query(name) }, () => 1));
    @Controller('/:b', { dependencies: [listed('c')] })
    class DeepController {
      constructor(
        @Query('d') readonly d: string,
        @Path('b') readonly b: string,
      ) {}
      @Get('/', { dependencies: [listed('e')] })
      read(@Path('a') _a: string): void {}
    }
    const app = appOf([], { dependencies: [listed('app')] });
    app.include([DeepController], { prefix: '/:a', dependencies: [listed('include')] });
    const operation = (await documentOf(app)).paths['/{a}/{b}/']?.['get'];
    assert.ok(operation !== undefined);
    assert.deepEqual(names(operation).toSorted(), [
      'path a',
      'path b',
      'query app',
      'query c',
      'query d',
      'query e',
      'query include',
    ]);
  });

  test('have the schema of what they take', async () => {
    const schemas: [ZodType, { [key: string]: Json }][] = [
      [z.int().min(1).max(9), { type: 'integer', minimum: 1, maximum: 9 }],
      [z.boolean(), { type: 'boolean' }],
      [z.string().min(2), { type: 'string', minLength: 2 }],
      [z.int().min(0).max(9).default(3), { type: 'integer', minimum: 0, maximum: 9, default: 3 }],
      [z.array(z.string()).max(3), { type: 'array', items: { type: 'string' }, maxItems: 3 }],
      [z.enum(['a', 'b']), { type: 'string', enum: ['a', 'b'] }],
      [z.boolean().transform(String), { type: 'boolean' }],
    ];
    for (const [schema, expected] of schemas) {
      const [parameter] = (await operationOf('GET', [Query('v', schema)])).parameters ?? [];
      assert.deepEqual(parameter?.schema, expected);
      assert.equal(parameter.required ?? false, !schema.safeParse(undefined).success);
    }
    const [date] = (await operationOf('GET', [Query('v', z.coerce.date())])).parameters ?? [];
    assert.equal(date?.schema['type'], 'string');
    const [iso] = (await operationOf('GET', [Query('v', z.iso.date())])).parameters ?? [];
    assert.deepEqual([iso?.schema['type'], iso?.schema['format']], ['string', 'date']);
  });

  test('of object schemas are one for each field', async () => {
    const inputs = [
      Query(z.object({ page: z.int().default(1), tag: z.array(z.string()), on: z.boolean().optional() })),
      Header(z.object({ 'x-a': z.string() })),
      Cookie(z.strictObject({ c: z.string().optional() })),
    ];
    const operation = await operationOf('GET', inputs);
    assert.deepEqual(names(operation), ['query page?', 'query tag', 'query on?', 'header x-a', 'cookie c?']);
  });

  test('a header that is named by its key is documented in kebab-case', async () => {
    const agent = dependency({ userAgent: Header() }, () => 1);
    assert.deepEqual(names(await operationOf('GET', [Depends(agent)])), ['header user-agent']);
  });

  test('a path variable is required and named without its sign', async () => {
    const operation = await operationOf('GET', [Path('id', z.int())], {}, '/items/:id');
    assert.deepEqual(names(operation), ['path id']);
    assert.equal(operation.parameters?.[0]?.schema['type'], 'integer');
  });

  test('an operation without inputs has none', async () => {
    assert.deepEqual(names(await operationOf('GET', [Ctx()])), []);
  });
});

describe('request bodies', () => {
  const Item = z.object({ name: z.string(), price: z.number().default(0) });
  const schemaOf = ({ requestBody }: Operation, type = 'application/json') => requestBody?.content[type]?.schema;

  test('are JSON, required unless the schema is optional', async () => {
    const operation = await operationOf('POST', [Body(Item)]);
    assert.equal(operation.requestBody?.required, true);
    assert.deepEqual(Object.keys(operation.requestBody.content), ['application/json']);
    assert.deepEqual(schemaOf(operation)?.['required'], ['name']);
    const optional = await operationOf('POST', [Body(Item.optional())]);
    assert.notEqual(optional.requestBody?.required, true);
    assert.ok(schemaOf(optional) !== undefined);
  });

  test('of dependencies are those of the operation', async () => {
    const item = dependency({ item: Body(Item) }, (values) => values.item);
    assert.deepEqual(schemaOf(await operationOf('POST', [Depends(item)]))?.['required'], ['name']);
  });

  test('that are keyed are one object, a single one too', async () => {
    const operation = await operationOf('POST', [Body('item', Item), Body('count', z.int().optional())]);
    const schema = schemaOf(operation);
    assert.equal(schema?.['type'], 'object');
    assert.deepEqual(Object.keys(schema['properties'] as object), ['item', 'count']);
    assert.deepEqual(schema['required'], ['item']);
    const single = schemaOf(await operationOf('POST', [Body('item', Item)]));
    assert.deepEqual([Object.keys(single?.['properties'] as object), single?.['required']], [['item'], ['item']]);
  });

  test('that are forms have fields, in one schema', async () => {
    const operation = await operationOf('POST', [Form('name'), Form('age', z.int().default(18))]);
    const schema = schemaOf(operation, 'application/x-www-form-urlencoded');
    assert.deepEqual(Object.keys(schema?.['properties'] as object), ['name', 'age']);
    assert.deepEqual(schema?.['required'], ['name']);
    const fields = await operationOf('POST', [Form(z.object({ name: z.string(), on: z.boolean().optional() }))]);
    const fieldsSchema = schemaOf(fields, 'application/x-www-form-urlencoded');
    assert.deepEqual(
      [Object.keys(fieldsSchema?.['properties'] as object), fieldsSchema?.['required']],
      [['name', 'on'], ['name']],
    );
  });

  test('that are forms of several objects say of each field what all of them say', async () => {
    const objects = [z.string().min(2), z.string().max(9), z.string().regex(/^a/)].map((x) => z.object({ x }));
    const inputs = [...objects, z.looseObject({})].map((schema) => Form(schema));
    const { requestBody } = await operationOf('POST', inputs);
    assert.deepEqual(requestBody?.content['application/x-www-form-urlencoded']?.schema, {
      type: 'object',
      properties: {
        x: {
          allOf: [
            { type: 'string', minLength: 2 },
            { type: 'string', maxLength: 9 },
            { type: 'string', pattern: '^a' },
          ],
        },
      },
      required: ['x'],
      additionalProperties: {},
    });
  });

  test('with files are multipart alone', async () => {
    const operation = await operationOf('POST', [File('photo'), Form('note', z.string().optional())]);
    assert.deepEqual(Object.keys(operation.requestBody?.content ?? {}), ['multipart/form-data']);
    const schema = schemaOf(operation, 'multipart/form-data');
    assert.deepEqual(
      [Object.keys(schema?.['properties'] as object), schema?.['required']],
      [['photo', 'note'], ['photo']],
    );
  });

  test('of the password form have its fields', async () => {
    const operation = await operationOf('POST', [Depends(OAuth2PasswordRequestForm)]);
    const schema = schemaOf(operation, 'application/x-www-form-urlencoded');
    assert.deepEqual(new Set(schema?.['required'] as string[]), new Set(['password', 'username']));
  });
});

describe('responses', () => {
  test('have the schema and status of the route, and the phrase of the status', async () => {
    const response = z.array(z.object({ name: z.string() }));
    const { responses } = await operationOf('POST', [], { response, status: 201 });
    assert.deepEqual(Object.keys(responses), ['201', 'default']);
    assert.equal(responses['201']?.description, 'Created');
    const schema = responses['201'].content?.['application/json']?.schema as { type: Json; items: { required: Json } };
    assert.deepEqual([schema.type, schema.items.required], ['array', ['name']]);
  });

  test('without a schema are documented all the same, and 204 has no content', async () => {
    const plain = await operationOf('GET', []);
    assert.deepEqual([Object.keys(plain.responses), plain.responses['200']?.description], [['200', 'default'], 'OK']);
    const empty = await operationOf('DELETE', [], { status: 204 });
    assert.deepEqual(empty.responses['204'], { description: 'No Content' });
  });

  test('that are declared are added, with the standard phrase where none is given', async () => {
    const { responses } = await operationOf('GET', [], {
      responses: { 404: { description: 'No such item.', content: z.object({ detail: z.string() }) }, 409: {} },
    });
    assert.deepEqual([responses['404']?.description, responses['409']?.description], ['No such item.', 'Conflict']);
    assert.ok(responses['404']?.content?.['application/json']?.schema);
    const error = responses['409']?.content?.['application/json']?.schema as { required: Json };
    assert.deepEqual(error.required, ['detail'], 'an error without a content of its own has the shape of errors');
  });

  test('have examples of their bodies, whatever type they are of', async () => {
    const examples = { one: { value: 'a' }, two: { summary: 'The second', value: 'b' } };
    const content = [z.string(), text('text/csv')];
    const { responses } = await operationOf('GET', [], { responses: { 200: { content, examples } } });
    assert.deepEqual(responses['200']?.content, {
      'application/json': { schema: { type: 'string' }, examples },
      'text/csv': { schema: { type: 'string' }, examples },
    });
  });

  test('of an include, a controller and of dependencies flow to every operation that uses them', async () => {
    const inner = dependency(() => 1, { responses: { 402: { description: 'Pay first.' } } });
    const outer = dependency({ inner: Depends(inner) }, () => 1, { responses: { 410: { description: 'Gone.' } } });
    @Controller('/a', { responses: { 409: { description: 'Taken.' } } })
    class ItemController {
      @Get('/used')
      used(@Depends(outer) _outer: number): void {}
      @Get('/free')
      free(): void {}
    }
    const app = appOf([]);
    app.include([ItemController], { responses: { 503: { description: 'Later.' } } });
    const { paths } = await documentOf(app);
    assert.deepEqual(Object.keys(paths['/a/used']?.['get']?.responses ?? {}), [
      '200',
      '402',
      '409',
      '410',
      '503',
      'default',
    ]);
    assert.deepEqual(Object.keys(paths['/a/free']?.['get']?.responses ?? {}), ['200', '409', '503', 'default']);
  });

  test('422 is there where something is read, and describes what is answered', async () => {
    const inputs: [string, unknown, boolean, string?][] = [
      ['GET', Query('q'), true],
      ['GET', Depends(dependency({ q: Query() }, () => 1)), true],
      ['GET', Path('id'), true, '/x/:id'],
      ['POST', Body(z.unknown()), true],
      ['GET', Ctx(), false],
      ['GET', Depends(() => 1), false],
    ];
    for (const [method, input, documented, path] of inputs) {
      const { responses } = await operationOf(method, [input], {}, path);
      assert.equal('422' in responses, documented);
      if (documented) assert.ok(responses['422']?.content?.['application/json']?.schema);
    }
  });

  test('401, 403 and 422 that are declared are kept', async () => {
    const { responses } = await operationOf('GET', [Query('q'), Security(currentUser, { scopes: ['items'] })], {
      responses: { 401: { description: 'Who?' }, 403: { description: 'No.' }, 422: { description: 'What?' } },
    });
    assert.deepEqual(
      ['401', '403', '422'].map((status) => responses[status]?.description),
      ['Who?', 'No.', 'What?'],
    );
  });
});

describe('operations', () => {
  test('are named by controller and method', async () => {
    @Controller('/a')
    class UserProfileController {
      @Get('/one')
      readItems(): void {}
      @Get('/two')
      me(): void {}
      @Get('/three', { operationId: 'custom', summary: 'My own', description: 'In *words*.' })
      three(): void {}
    }
    @Controller('/b')
    class Items {
      @Get('/one')
      readOAuthToken2(): void {}
    }
    const { paths } = await of([UserProfileController, Items]);
    const [one, two, three, other] = ['/a/one', '/a/two', '/a/three', '/b/one'].map((path) => paths[path]?.['get']);
    assert.deepEqual(
      [one?.operationId, one?.summary, one?.tags],
      ['userProfile_readItems', 'Read Items', ['UserProfile']],
    );
    assert.deepEqual([two?.operationId, two?.summary], ['userProfile_me', 'Me']);
    assert.deepEqual([three?.operationId, three?.summary, three?.description], ['custom', 'My own', 'In *words*.']);
    assert.deepEqual([other?.operationId, other?.tags], ['items_readOAuthToken2', ['Items']]);
  });

  test('may be named by a function', async () => {
    const document = await of([controllerOf('GET', [])], { operationId: () => 'made' });
    assert.equal(document.paths['/x']?.['get']?.operationId, 'made');
  });

  test('have the tags of include, controller and route, without repeats', async () => {
    @Controller('/a', { tags: ['b', 'c'] })
    class TaggedController {
      @Get('/', { tags: ['c', 'd', 'a'] })
      read(): void {}
      @Post('/')
      create(): void {}
    }
    const app = appOf([]);
    app.include([TaggedController], { tags: ['a', 'b'] });
    const item = (await documentOf(app)).paths['/a/'];
    assert.deepEqual(
      [item?.['get']?.tags, item?.['post']?.tags],
      [
        ['a', 'b', 'c', 'd'],
        ['a', 'b', 'c'],
      ],
    );
  });

  test('may be deprecated, extended or left out', async () => {
    assert.equal((await operationOf('GET', [], { deprecated: true })).deprecated, true);
    assert.deepEqual((await operationOf('GET', [], { extensions: { 'x-internal': { a: [1] } } }))['x-internal'], {
      a: [1],
    });
    const Hidden = z.object({ a: z.int() }).meta({ id: 'HiddenModel' });
    const app = appOf([
      controllerOf('GET', [], { includeInSchema: false, response: Hidden }),
      controllerOf('POST', [], { operationId: 'b' }),
    ]);
    const document = await documentOf(app);
    assert.deepEqual(Object.keys(document.paths['/x'] ?? {}), ['post']);
    assert.equal(document.components?.schemas?.['HiddenModel'], undefined);
    assert.equal((await appOf([controllerOf('GET', [], { includeInSchema: false })]).request('/x')).status, 200);
    assert.deepEqual((await of([controllerOf('GET', [], { includeInSchema: false })])).paths, {});
  });

  test('that follow by themselves are not listed; a method that the document cannot hold keeps it valid', async () => {
    const document = await of([controllerOf('GET', []), controllerOf('PROPFIND', [], { operationId: 'found' })]);
    assert.deepEqual(
      Object.keys(document.paths['/x'] ?? {}).filter((key) => !key.startsWith('x-')),
      ['get'],
    );
  });

  test('of one path written with other variable names are one path', async () => {
    const app = appOf([
      controllerOf('GET', [Path('id')], {}, '/x/:id'),
      controllerOf('DELETE', [Path('id')], { operationId: 'b' }, '/x/{id}'),
    ]);
    assert.deepEqual(Object.keys((await documentOf(app)).paths['/x/{id}'] ?? {}), ['get', 'delete']);
  });
});

describe('components', () => {
  const Named = z.object({ name: z.string() }).meta({ id: 'Named' });
  const Defaulted = z.object({ role: z.string().default('user') }).meta({ id: 'Defaulted' });
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const parts = (document: Document) => {
    const operation = document.paths['/x']?.['post'];
    return {
      taken: operation?.requestBody?.content['application/json']?.schema,
      given: operation?.responses['200']?.content?.['application/json']?.schema,
      schemas: document.components?.schemas ?? {},
    };
  };
  const both = async (body: ZodType, response: ZodType) =>
    parts(await of([controllerOf('POST', [Body(body)], { response })]));
  const models = (schemas: object): string[] =>
    Object.keys(schemas)
      .filter((name) => /^(?:Named|Defaulted|Outer|Wrapper|Tree)/.test(name))
      .toSorted();

  test('are the schemas with an id, wherever they stand', async () => {
    const { taken, given, schemas } = await both(Named, z.array(Named));
    assert.deepEqual([taken, given], [ref('Named'), { type: 'array', items: ref('Named') }]);
    assert.deepEqual(models(schemas), ['Named']);
    assert.deepEqual(schemas['Named']?.['required'], ['name']);
    const inner = await both(z.object({ inner: Named, list: z.array(Named).optional() }), z.record(z.string(), Named));
    assert.deepEqual(propertyOf(inner.taken, 'inner'), ref('Named'));
    assert.deepEqual(models(inner.schemas), ['Named']);
  });

  test('of parameters too, or inline', async () => {
    const Sort = z.enum(['up', 'down']).meta({ id: 'Sort' });
    const document = await of([controllerOf('GET', [Query('sort', Sort), Query('sorts', z.array(Sort).optional())])]);
    const [sort] = document.paths['/x']?.['get']?.parameters ?? [];
    const resolved = sort?.schema['$ref'] === undefined ? sort?.schema : document.components?.schemas?.['Sort'];
    assert.deepEqual(resolved?.['enum'], ['up', 'down']);
  });

  test('schemas without an id are inline', async () => {
    const { taken, schemas } = await both(z.object({ a: z.int().min(0).max(1) }), z.object({ b: z.string() }));
    assert.deepEqual(propertyOf(taken, 'a'), { type: 'integer', minimum: 0, maximum: 1 });
    assert.deepEqual(models(schemas), []);
  });

  test('that are taken and given alike are one', async () => {
    // In its output form, zod adds additionalProperties: false to every object.
    const Outer = z.object({ inner: Named, names: z.array(z.object({ a: z.string() })) }).meta({ id: 'Outer' });
    const { taken, given, schemas } = await both(Outer, Outer);
    assert.deepEqual([taken, given], [ref('Outer'), ref('Outer')]);
    assert.deepEqual(models(schemas), ['Named', 'Outer']);
  });

  test('that differ are X as it is given and XInput as it is taken', async () => {
    const { taken, given, schemas } = await both(Defaulted, Defaulted);
    assert.deepEqual([taken, given], [ref('DefaultedInput'), ref('Defaulted')]);
    assert.deepEqual(models(schemas), ['Defaulted', 'DefaultedInput']);
    assert.deepEqual(
      [schemas['Defaulted']?.['required'], schemas['DefaultedInput']?.['required'] ?? []],
      [['role'], []],
    );
  });

  test('that differ deep inside split those that refer to them', async () => {
    const Outer = z.object({ inner: z.array(Defaulted).nullable(), named: Named }).meta({ id: 'Outer' });
    const Wrapper = z.object({ outer: Outer }).meta({ id: 'Wrapper' });
    const { taken, given, schemas } = await both(Wrapper, Wrapper);
    assert.deepEqual([taken, given], [ref('WrapperInput'), ref('Wrapper')]);
    assert.deepEqual(models(schemas), [
      'Defaulted',
      'DefaultedInput',
      'Named',
      'Outer',
      'OuterInput',
      'Wrapper',
      'WrapperInput',
    ]);
    assert.deepEqual(propertyOf(schemas['WrapperInput'], 'outer'), ref('OuterInput'));
    assert.deepEqual(propertyOf(schemas['Wrapper'], 'outer'), ref('Outer'));
    assert.match(JSON.stringify(schemas['OuterInput']), /schemas\/DefaultedInput"/);
    assert.match(JSON.stringify(schemas['Outer']), /schemas\/Defaulted"/);
    assert.match(JSON.stringify(schemas['OuterInput']), /schemas\/Named"/);
  });

  test('may be recursive, and split when they differ', async () => {
    const Tree = z
      .object({
        label: z.string(),
        get children() {
          return z.array(Tree);
        },
      })
      .meta({ id: 'Tree' });
    const alike = await both(Tree, Tree);
    assert.deepEqual(models(alike.schemas), ['Tree']);
    assert.match(JSON.stringify(alike.schemas['Tree']), /schemas\/Tree"/);
    const TreeOfDefaults = z
      .object({
        label: z.string().default('leaf'),
        get children() {
          return z.array(TreeOfDefaults);
        },
      })
      .meta({ id: 'TreeOfDefaults' });
    const split = await both(TreeOfDefaults, TreeOfDefaults);
    assert.deepEqual(models(split.schemas), ['TreeOfDefaults', 'TreeOfDefaultsInput']);
    assert.match(JSON.stringify(split.schemas['TreeOfDefaultsInput']), /schemas\/TreeOfDefaultsInput"/);
    assert.doesNotMatch(JSON.stringify(split.schemas['TreeOfDefaults']), /TreeOfDefaultsInput/);
  });

  test('are of the operations of this app alone', async () => {
    z.object({ a: z.int() }).meta({ id: 'Outer-unused' });
    const { schemas } = await both(Named, Named);
    assert.deepEqual(models(schemas), ['Named']);
  });
});

describe('security', () => {
  const securityOf = async (inputs: unknown[], route: object = {}, options: Partial<AppOptions> = {}) => {
    const document = await of([controllerOf('GET', inputs, route)], options);
    const operation = document.paths['/x']?.['get'];
    assert.ok(operation !== undefined);
    return { operation, schemes: document.components?.securitySchemes };
  };

  test('a scheme anywhere in the graph is required by the operation, and documented once', async () => {
    const { operation, schemes } = await securityOf([Depends(currentUser), Depends(bearer)]);
    assert.deepEqual(operation.security, [{ OAuth2PasswordBearer: [] }]);
    assert.deepEqual(schemes, {
      OAuth2PasswordBearer: {
        type: 'oauth2',
        flows: { password: { tokenUrl: 'token', scopes: { items: 'Read items.', admin: 'Everything.' } } },
      },
    });
  });

  test('scopes of all places of use are united, in order of first use', async () => {
    const inputs = [
      Security(currentUser, { scopes: ['admin'] }),
      Security(currentUser, { scopes: ['items', 'admin'] }),
    ];
    const { operation } = await securityOf(inputs);
    assert.deepEqual(operation.security, [{ OAuth2PasswordBearer: ['admin', 'items'] }]);
  });

  test('401 and, under scopes, 403 have the challenge as a header', async () => {
    const { operation } = await securityOf([Depends(currentUser)]);
    assert.deepEqual(Object.keys(operation.responses['401']?.headers ?? {}), ['WWW-Authenticate']);
    assert.equal(operation.responses['401']?.description, 'Unauthorized');
    assert.equal(operation.responses['403'], undefined);
    const scoped = await securityOf([Security(currentUser, { scopes: ['items'] })]);
    assert.deepEqual(Object.keys(scoped.operation.responses['403']?.headers ?? {}), ['WWW-Authenticate']);
  });

  test('an optional scheme has the empty alternative', async () => {
    const optional = new OAuth2PasswordBearer({ tokenUrl: 'token', autoError: false, schemeName: 'Optional' });
    const { operation } = await securityOf([Depends(optional)]);
    assert.deepEqual(
      operation.security?.toSorted((a, b) => Object.keys(b).length - Object.keys(a).length),
      [{ Optional: [] }, {}],
    );
  });

  test('a public operation has none', async () => {
    const { operation, schemes } = await securityOf([Query('q')]);
    assert.deepEqual([operation.security ?? [], operation.responses['401'], schemes], [[], undefined, undefined]);
  });

  test('a guard of the app is on every operation but those that leave it out', async () => {
    const options = { dependencies: [Depends(currentUser)] };
    const controllers = [
      controllerOf('GET', []),
      controllerOf('POST', [], { without: [currentUser], public: true, operationId: 'b' }),
    ];
    const app = appOf(controllers, options);
    const { paths } = await documentOf(app);
    assert.deepEqual(paths['/x']?.['get']?.security, [{ OAuth2PasswordBearer: [] }]);
    assert.deepEqual([paths['/x']?.['post']?.security ?? [], paths['/x']?.['post']?.responses['401']], [[], undefined]);
    assert.equal((await app.request('/x')).status, 401);
    assert.equal((await app.request('/x', { method: 'POST' })).status, 200);
  });
});

test('what the document says of security is what an anonymous request gets', async () => {
  @Controller('/items')
  class ItemController {
    @Get('/')
    list(): void {}
    @Get('/:id')
    read(@Path('id') _id: string, @Depends(currentUser) _user: string): void {}
    @Put('/:id')
    write(
      @Path('id') _id: string,
      @Security(currentUser, { scopes: ['items'] }) _user: string,
      @Body(z.object({ a: z.int() })) _b: object,
    ): void {}
    @Delete('/:id', { dependencies: [Depends(currentUser)] })
    remove(@Path('id') _id: string): void {}
  }
  const app = appOf([ItemController]);
  const { paths } = await documentOf(app);
  let guarded = 0;
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, { security = [] }] of Object.entries(item)) {
      const response = await app.request(path.replaceAll(/\{\w+\}/g, '1'), { method: method.toUpperCase() });
      assert.equal([401, 403].includes(response.status), security.length > 0, `${method} ${path}`);
      if (security.length > 0) guarded++;
    }
  }
  assert.equal(guarded, 3);
});

describeMatrix('the document as it is served', (open) => {
  test('is what app.openapi() gives', async () => {
    const app = appOf([controllerOf('GET', [Query('grüße', z.int())])]);
    const request = await open(app);
    const response = await request('/openapi.json');
    await expectJson(response, 200, JSON.parse(JSON.stringify(app.openapi())));
  });

  test('knows what was included later', async () => {
    const app = appOf([]);
    const request = await open(app);
    await expectJson(await request('/openapi.json'), 200);
    app.include([controllerOf('GET', [])]);
    const document = (await expectJson(await request('/openapi.json'), 200)) as Document;
    assert.deepEqual(Object.keys(document.paths), ['/x']);
  });

  test('is where openapiPath says', async () => {
    const app = appOf([], { openapiPath: '/spec/v1.json' });
    const request = await open(app);
    await expectJson(await request('/spec/v1.json'), 200);
    await expectJson(await request('/openapi.json'), 404);
    assert.match(await (await request('/docs/init.js')).text(), /spec\/v1\.json/);
  });

  test('answers HEAD, and 405 to other methods', async () => {
    const request = await open(appOf([]));
    for (const path of ['/openapi.json', '/docs']) {
      assert.equal((await request(path, { method: 'HEAD' })).status, 200);
      assert.equal((await request(path, { method: 'POST' })).status, 405);
    }
  });
});

test('a route of the app comes before the pages of the framework', async () => {
  const app = appOf([controllerOf('GET', [], {}, '/docs')], { docs: false });
  await expectJson(await app.request('/docs'), 200, null);
});

test('no example or default of a secret is made up', async () => {
  @Controller('/token')
  class TokenController {
    @Post('/')
    create(@Depends(OAuth2PasswordRequestForm) _form: OAuth2PasswordRequestForm, @Ctx() _ctx: Context): void {}
  }
  const text = JSON.stringify(await of([TokenController]));
  assert.doesNotMatch(text, /"examples?":|at .*\.ts:/);
});

test('paths that differ only in the names of their variables are one path of the document', async () => {
  @Controller('/items')
  class TwoNamesController {
    @Get('/:id') read(@Path('id') id: string) {
      return id;
    }

    @Delete('/:itemId') remove(@Path('itemId') itemId: string) {
      return itemId;
    }
  }
  const app = new App({ title: 'Names', version: '1.0.0', controllers: [TwoNamesController] });
  const { paths } = app.openapi();
  assert.deepEqual(Object.keys(paths!), ['/items/{id}']);
  const names = Object.values(paths!['/items/{id}'] as Record<string, { parameters: { name: string }[] }>);
  assert.deepEqual(
    names.map(({ parameters }) => parameters.map(({ name }) => name)),
    [['id'], ['id']],
  );
  await assertValidDocument(app.openapi());
});
