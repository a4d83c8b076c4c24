import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import {
  anyOf,
  APIKeyCookie,
  APIKeyHeader,
  APIKeyQuery,
  App,
  Body,
  Connection,
  type Context,
  Controller,
  DeclarationError,
  Depends,
  dependency,
  Form,
  Get,
  HTTPBasic,
  HTTPBearer,
  HTTPDigest,
  HTTPException,
  OAuth2,
  OAuth2AuthorizationCodeBearer,
  OAuth2ClientCredentialsBearer,
  OAuth2PasswordBearer,
  OAuth2PasswordRequestForm,
  OpenIdConnect,
  Path,
  Post,
  Query,
  Scopes,
  Security,
  SecurityScheme,
  Socket,
  type SocketConnection,
} from 'portico';
import { assertSecurityDocumented, findSecurityMismatches } from 'portico/testing';
import { assertValidDocument, Log } from './world.ts';

type Json = Record<string, any>;
type Requirement = Record<string, string[]>;
type Decorate = (target: object, key: string | undefined, index: unknown) => void;

const authorizationUrl = 'https://id.example/authorize';
const scopes = { me: 'Read me.', items: 'Read items.', admin: 'Everything.' };

const password = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes, refreshUrl: 'refresh', description: 'Log in.' });
const bare = new OAuth2PasswordBearer({ tokenUrl: '/api/token', schemeName: 'Bare' });
const code = new OAuth2AuthorizationCodeBearer({ authorizationUrl, tokenUrl: 'https://id.example/token', scopes });
const client = new OAuth2ClientCredentialsBearer({ tokenUrl: 'https://id.example/token', scopes });
const flows = {
  implicit: { authorizationUrl, scopes: {} },
  clientCredentials: { tokenUrl: 'https://id.example/token', scopes: { me: 'Read me.' } },
};
const oauth2 = new OAuth2({ flows });
const oidc = new OpenIdConnect({ openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' });
const httpBearer = new HTTPBearer();
const jwt = new HTTPBearer({ bearerFormat: 'JWT', schemeName: 'Jwt' });
const httpBasic = new HTTPBasic({ realm: 'staff' });
const digest = new HTTPDigest();
const headerKey = new APIKeyHeader('X-API-Key', { description: 'Ask for one.' });
const queryKey = new APIKeyQuery('api_key');
const cookieKey = new APIKeyCookie('session');
class Hawk extends SecurityScheme<string> {
  override describe() {
    return { type: 'http' as const, scheme: 'hawk' };
  }
  override read(ctx: Context) {
    return ctx.header('hawk');
  }
}
const hawk = new Hawk();

/** Every scheme, by the name it is documented with, and how. */
const documented: [name: string, scheme: SecurityScheme<unknown>, expected: Json][] = [
  [
    'OAuth2PasswordBearer',
    password,
    {
      type: 'oauth2',
      description: 'Log in.',
      flows: { password: { tokenUrl: 'token', refreshUrl: 'refresh', scopes } },
    },
  ],
  ['Bare', bare, { type: 'oauth2', flows: { password: { tokenUrl: '/api/token', scopes: {} } } }],
  [
    'OAuth2AuthorizationCodeBearer',
    code,
    {
      type: 'oauth2',
      flows: { authorizationCode: { authorizationUrl, tokenUrl: 'https://id.example/token', scopes } },
    },
  ],
  [
    'OAuth2ClientCredentialsBearer',
    client,
    { type: 'oauth2', flows: { clientCredentials: { tokenUrl: 'https://id.example/token', scopes } } },
  ],
  ['OAuth2', oauth2, { type: 'oauth2', flows }],
  [
    'OpenIdConnect',
    oidc,
    { type: 'openIdConnect', openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' },
  ],
  ['HTTPBearer', httpBearer, { type: 'http', scheme: 'bearer' }],
  ['Jwt', jwt, { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' }],
  ['HTTPBasic', httpBasic, { type: 'http', scheme: 'basic' }],
  ['HTTPDigest', digest, { type: 'http', scheme: 'digest' }],
  ['APIKeyHeader', headerKey, { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'Ask for one.' }],
  ['APIKeyQuery', queryKey, { type: 'apiKey', in: 'query', name: 'api_key' }],
  ['APIKeyCookie', cookieKey, { type: 'apiKey', in: 'cookie', name: 'session' }],
  ['Hawk', hawk, { type: 'http', scheme: 'hawk' }],
];

function appOf(controllers: NonNullable<ConstructorParameters<typeof App>[0]['controllers']>, options: Json = {}): App {
  return new App({ title: 'Documented', version: '1', controllers, logger: new Log(), ...options });
}

function documentOf(app: App): Json {
  return JSON.parse(JSON.stringify(app.openapi())) as Json;
}

/** What an operation requires: its own list, or that of the document. */
function securityOf(document: Json, path: string, method = 'get'): Requirement[] {
  const operation: Json | undefined = document['paths'][path]?.[method];
  assert.notEqual(operation, undefined, `${method} ${path} is not documented`);
  return operation?.['security'] ?? document['security'] ?? [];
}

function resolve(document: Json, node: Json | undefined): Json {
  const pointer: string | undefined = node?.['$ref'];
  if (pointer === undefined) return node ?? {};
  return resolve(
    document,
    pointer
      .slice(2)
      .split('/')
      .reduce((at: Json, name) => at[name], document),
  );
}

/** A controller whose one route is guarded by a list. */
function listed(path: string, dependencies: ReturnType<typeof Depends>[]) {
  @Controller(path)
  class Listed {
    @Get('', { dependencies, operationId: path.slice(1) })
    read() {
      return 'in';
    }
  }
  return Listed;
}

describe('security schemes in the document', () => {
  const document = documentOf(appOf(documented.map(([name, scheme]) => listed(`/${name}`, [Depends(scheme)]))));

  for (const [name, , expected] of documented) {
    it(`${name} is described and required by its operation`, () => {
      assert.deepEqual(document['components'].securitySchemes[name], expected);
      assert.deepEqual(securityOf(document, `/${name}`), [{ [name]: [] }]);
    });
  }

  it('an app that uses every scheme has a valid document', async () => {
    assert.match(document['openapi'], /^3\.1\.\d+$/);
    assert.equal(Object.keys(document['components'].securitySchemes).length, documented.length);
    await assertValidDocument(document);
  });

  for (const schemeName of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    it(`the scheme name ${schemeName} is a name like any other, or refused at start`, async () => {
      const controller = listed('/one', [Depends(new HTTPBasic({ schemeName }))]);
      let app: App;
      try {
        app = appOf([controller]);
      } catch (error) {
        assert.ok(error instanceof DeclarationError);
        return;
      }
      const { components, paths } = documentOf(app);
      assert.deepEqual(Object.keys(components.securitySchemes ?? {}), [schemeName]);
      assert.deepEqual(Object.keys(paths['/one'].get.security[0]), [schemeName]);
      await assertSecurityDocumented(app);
    });
  }

  it('a scheme that nobody uses is not there, and neither is the section', () => {
    assert.equal(documentOf(appOf([listed('/open', [])]))['components']?.securitySchemes, undefined);
  });
});

const current = dependency({ token: Depends(password), required: Scopes() }, ({ token }) => token);
const active = dependency({ user: Security(current, { scopes: ['me'] }) }, ({ user }) => user);
const optionalPassword = new OAuth2PasswordBearer({
  tokenUrl: 'token',
  autoError: false,
  schemeName: 'OptionalPassword',
});
const optionalKey = new APIKeyHeader('X-Other-Key', { autoError: false, schemeName: 'OptionalKey' });

@Controller('/r')
class Requirements {
  @Get('/nested')
  nested(@Depends(dependency({ user: Depends(active) }, ({ user }) => user)) _user: string) {}
  @Get('/twice', { dependencies: [Depends(current)] })
  twice(@Depends(password) _token: string, @Depends(current) _user: string) {}
  @Get('/merged')
  merged(
    @Security(active, { scopes: ['items'] }) _first: string,
    @Security(current, { scopes: ['admin', 'items'] }) _second: string,
  ) {}
  @Get('/and')
  and(@Security(current, { scopes: ['me'] }) _user: string, @Depends(headerKey) _key: string) {}
  @Get('/or')
  or(@Depends(anyOf(password, httpBasic)) _who: unknown) {}
  @Get('/or-scopes')
  orScopes(@Security(anyOf(password, headerKey), { scopes: ['items'] }) _who: unknown) {}
  @Get('/and-or')
  andOr(@Depends(headerKey) _key: string, @Depends(anyOf(password, httpBasic)) _who: unknown) {}
  @Get('/or-or')
  orOr(@Depends(anyOf(headerKey, queryKey)) _key: unknown, @Depends(anyOf(password, httpBasic)) _who: unknown) {}
  @Get('/optional')
  optional(@Depends(optionalPassword) _token: string | undefined) {}
  @Get('/optional-both')
  optionalBoth(@Depends(optionalPassword) _token: string | undefined, @Depends(optionalKey) _key: string | undefined) {}
  @Get('/beside')
  beside(@Depends(headerKey) _key: string, @Depends(optionalPassword) _token: string | undefined) {}
  @Get('/discovered')
  discovered(@Security(oidc, { scopes: ['openid', 'email'] }) _token: string) {}
  @Get('/open')
  open() {}
}

describe('requirements in the document', () => {
  const document = documentOf(appOf([Requirements]));

  const rows: [name: string, path: string, ...expected: Requirement[]][] = [
    ['a scheme three dependencies down', '/nested', { OAuth2PasswordBearer: ['me'] }],
    ['a scheme used three times is listed once', '/twice', { OAuth2PasswordBearer: [] }],
    ['scopes are the union, in order of first use', '/merged', { OAuth2PasswordBearer: ['items', 'me', 'admin'] }],
    ['AND is one requirement of two schemes', '/and', { OAuth2PasswordBearer: ['me'], APIKeyHeader: [] }],
    ['OR is two requirements', '/or', { OAuth2PasswordBearer: [] }, { HTTPBasic: [] }],
    [
      'scopes belong to OAuth 2 and OpenID Connect alone',
      '/or-scopes',
      { OAuth2PasswordBearer: ['items'] },
      { APIKeyHeader: [] },
    ],
    ['OpenID Connect has scopes', '/discovered', { OpenIdConnect: ['openid', 'email'] }],
    ['AND over OR', '/and-or', { APIKeyHeader: [], OAuth2PasswordBearer: [] }, { APIKeyHeader: [], HTTPBasic: [] }],
    [
      'OR and OR',
      '/or-or',
      { APIKeyHeader: [], OAuth2PasswordBearer: [] },
      { APIKeyHeader: [], HTTPBasic: [] },
      { APIKeyQuery: [], OAuth2PasswordBearer: [] },
      { APIKeyQuery: [], HTTPBasic: [] },
    ],
    ['an optional scheme', '/optional', { OptionalPassword: [] }, {}],
    [
      'two optional schemes',
      '/optional-both',
      { OptionalPassword: [], OptionalKey: [] },
      { OptionalPassword: [] },
      { OptionalKey: [] },
      {},
    ],
    [
      'an optional scheme beside a required one',
      '/beside',
      { APIKeyHeader: [], OptionalPassword: [] },
      { APIKeyHeader: [] },
    ],
    ['a public operation', '/open'],
  ];
  for (const [name, path, ...expected] of rows) {
    it(name, () => {
      const found = securityOf(document, `/r${path}`);
      const keyed = (list: Requirement[]) =>
        new Set(list.map((one) => JSON.stringify(one, Object.keys(one).toSorted())));
      assert.deepEqual(keyed(found), keyed(expected));
      assert.equal(found.length, expected.length);
    });
  }

  it('the alternative with credentials is offered before the one without', () => {
    assert.deepEqual(securityOf(document, '/r/optional'), [{ OptionalPassword: [] }, {}]);
    assert.deepEqual(securityOf(document, '/r/beside'), [
      { APIKeyHeader: [], OptionalPassword: [] },
      { APIKeyHeader: [] },
    ]);
  });

  it('every name that is required is described, and may be a component name', () => {
    for (const item of Object.values<Json>(document['paths'])) {
      for (const { security = [] } of Object.values<Json>(item)) {
        for (const name of (security as Requirement[]).flatMap((requirement) => Object.keys(requirement))) {
          assert.ok(Object.hasOwn(document['components'].securitySchemes, name), name);
          assert.match(name, /^[a-zA-Z0-9._-]+$/);
        }
      }
    }
  });

  it('is a valid document', () => assertValidDocument(document));

  it('a public operation under a guard of the whole app requires nothing', () => {
    @Controller()
    class Mixed {
      @Get('/guarded')
      guarded() {}
      @Get('/left-out', { without: [current] })
      leftOut() {}
    }
    const guarded = documentOf(appOf([Mixed], { dependencies: [Depends(current)] }));
    assert.deepEqual(securityOf(guarded, '/guarded'), [{ OAuth2PasswordBearer: [] }]);
    assert.deepEqual(securityOf(guarded, '/left-out'), []);
  });

  it('guards of the app, the include, the controller, its constructor and the route all count', () => {
    @Controller('/all', { dependencies: [Depends(httpBasic)] })
    class All {
      constructor(@Depends(queryKey) readonly key: string) {}
      @Get('', { dependencies: [Depends(cookieKey)] })
      read(@Depends(hawk) _hawk: string) {}
    }
    const app = appOf([], { dependencies: [Depends(current)] });
    app.include([All], { dependencies: [Depends(headerKey)] });
    assert.deepEqual(securityOf(documentOf(app), '/all'), [
      { OAuth2PasswordBearer: [], APIKeyHeader: [], HTTPBasic: [], APIKeyCookie: [], APIKeyQuery: [], Hawk: [] },
    ]);
  });

  it('an override does not change what is documented', () => {
    const app = appOf([Requirements]);
    const before = documentOf(app);
    using _ = app.override(
      current,
      dependency({}, () => 'somebody'),
    );
    assert.deepEqual(documentOf(app), before);
  });
});

describe('responses of protected operations in the document', () => {
  const Item = z.object({ name: z.string() });
  const guardWithResponse = dependency({ token: Depends(password) }, ({ token }) => token, {
    responses: { 429: { description: 'Slow down.' } },
  });

  @Controller('/s')
  class Responses {
    @Get('/token')
    token(@Depends(current) _user: string) {}
    @Get('/scopes')
    scopes(@Depends(active) _user: string) {}
    @Get('/basic')
    basic(@Depends(httpBasic) _user: unknown) {}
    @Get('/optional')
    optional(@Depends(optionalPassword) _token: string | undefined) {}
    @Get('/open')
    open() {}
    @Get('/inputs')
    inputs(@Depends(current) _user: string, @Query('page', z.int()) _page: number) {}
    @Post('/body/{id}')
    body(@Depends(active) _user: string, @Path('id', z.int()) _id: number, @Body(Item) _item: unknown) {}
    @Get('/declared', {
      responses: { 401: { description: 'Log in first.', content: Item }, 403: { description: 'No.' } },
    })
    declared(@Depends(active) _user: string) {}
    @Get('/flowing')
    flowing(@Depends(guardWithResponse) _user: string) {}
    @Post('/token')
    issue(@Depends(OAuth2PasswordRequestForm) _form: OAuth2PasswordRequestForm) {}
  }
  const document = documentOf(appOf([Responses]));
  const responses = (path: string, method = 'get'): Json => document['paths'][`/s${path}`][method].responses;

  const rows: [name: string, path: string, method: string, ...statuses: string[]][] = [
    ['a guarded operation', '/token', 'get', '401'],
    ['an operation under scopes', '/scopes', 'get', '401', '403'],
    ['a guarded operation by Basic', '/basic', 'get', '401'],
    ['an open operation', '/open', 'get'],
    ['a guarded operation with inputs', '/inputs', 'get', '401', '422'],
    ['an operation under scopes with a body', '/body/{id}', 'post', '401', '403', '422'],
    ['a guard that declares a response', '/flowing', 'get', '401', '429'],
  ];
  for (const [name, path, method, ...statuses] of rows) {
    it(`${name} documents ${statuses.join(' and ') || 'no refusal'}`, () => {
      const found = Object.keys(responses(path, method)).filter((status) => status.startsWith('4'));
      assert.deepEqual(found.toSorted(), statuses);
      for (const status of statuses) {
        const response = resolve(document, responses(path, method)[status]);
        assert.ok(response['description'].length > 0);
        const header = resolve(document, response['headers']?.['WWW-Authenticate']);
        if (status === '401' || status === '403') assert.equal(resolve(document, header['schema'])['type'], 'string');
        else assert.deepEqual(header, {});
      }
    });
  }

  it('declared refusals are kept', () => {
    const declared = responses('/declared');
    assert.equal(resolve(document, declared['401'])['description'], 'Log in first.');
    assert.notEqual(resolve(document, declared['401'])['content']?.['application/json'], undefined);
    assert.equal(resolve(document, declared['403'])['description'], 'No.');
  });

  it('the password form is documented as RFC 6749 §4.3.2 has it', () => {
    const body = resolve(document, document['paths']['/s/token'].post.requestBody);
    const schema = resolve(document, body['content']['application/x-www-form-urlencoded'].schema);
    assert.deepEqual(Object.keys(schema['properties']).toSorted(), [
      'client_id',
      'client_secret',
      'grant_type',
      'password',
      'scope',
      'username',
    ]);
    assert.deepEqual((schema['required'] as string[]).toSorted(), ['password', 'username']);
    assert.notEqual(responses('/token', 'post')['400'], undefined);
  });

  it('the refusal of the password form is documented with all members that it has', async () => {
    const response = await appOf([Responses]).request('/s/token', {
      method: 'POST',
      body: new URLSearchParams({ username: 'u' }),
    });
    assert.equal(response.status, 400);
    const documentedResponse = resolve(document, responses('/token', 'post')['400']);
    const schema = resolve(document, documentedResponse['content']['application/json'].schema);
    const undocumented = Object.keys((await response.json()) as Json).filter((name) => !(name in schema['properties']));
    if (schema['additionalProperties'] === false) assert.deepEqual(undocumented, []);
  });

  it('is valid, and holds no default of a secret', async () => {
    await assertValidDocument(document);
    assert.doesNotMatch(JSON.stringify(document), /"examples?":/);
    const form = resolve(document, document['paths']['/s/token'].post.requestBody).content;
    const { properties } = resolve(document, form['application/x-www-form-urlencoded'].schema);
    for (const name of ['password', 'client_secret', 'username', 'client_id']) {
      assert.ok(!Object.hasOwn(properties[name], 'default'), name);
    }
  });
});

describe('the document and the runtime agree', () => {
  it('every anonymous 401 has a challenge', async () => {
    const app = appOf([Requirements]);
    for (const path of Object.keys(documentOf(app)['paths'])) {
      const response = await app.request(path);
      assert.equal(response.headers.has('www-authenticate'), response.status === 401, path);
    }
  });

  it('over all operations of this file', async () => {
    @Controller('/inputs')
    class Inputs {
      @Get('/{id}')
      read(@Path('id', z.int()) _id: number, @Query('page', z.int()) _page: number) {}
      @Post('/{id}')
      write(@Body(z.object({})) _body: unknown, @Path('id', z.int()) _id: number, @Depends(current) _user: string) {}
      @Post('/form')
      form(@Form('name') _name: string) {}
      @Post('/token')
      token(@Depends(OAuth2PasswordRequestForm) _form: OAuth2PasswordRequestForm) {}
    }
    @Controller('/public')
    class Public {
      @Get('', { public: true, dependencies: [] })
      read() {}
      @Get('/guarded', { public: true })
      guarded(@Depends(optionalKey) _key: string | undefined) {}
    }
    await assertSecurityDocumented(appOf([Requirements, Inputs, Public]));
  });

  it('also under an app-wide guard, for operations that call themselves public', async () => {
    @Controller()
    class Labelled {
      @Get('/labelled', { public: true })
      labelled() {}
      @Get('/left-out', { public: true, without: [current] })
      leftOut() {}
      @Get('/guarded')
      guarded() {}
    }
    await assertSecurityDocumented(appOf([Labelled], { dependencies: [Depends(current)] }));
  });

  it('the check finds a handler that refuses by itself, and a dependency that lets everybody in', async () => {
    class Careless extends HTTPBasic {
      override read() {
        return { username: 'nobody', password: '' };
      }
    }
    @Controller()
    class Wrong {
      @Get('/hidden')
      hidden() {
        throw new HTTPException(403, 'No');
      }
      @Get('/careless')
      careless(@Depends(new Careless()) _user: unknown) {}
    }
    const app = appOf([Wrong]);
    assert.deepEqual(await findSecurityMismatches(app), [
      { method: 'GET', path: '/hidden', documentedAsProtected: false, status: 403 },
      { method: 'GET', path: '/careless', documentedAsProtected: true, status: 200 },
    ]);
    await assert.rejects(assertSecurityDocumented(app), /GET \/hidden .* 403\n.*GET \/careless .* 200/);
  });

  it('the check opens sockets, asks a path that is listed, and does not hide an app that fails', async () => {
    const seen: string[] = [];
    const refusing = dependency(() => {
      throw new HTTPException(403);
    });
    const options = { receive: z.string(), send: z.string() };
    @Controller()
    class Sockets {
      @Socket('/open', options)
      async open(@Connection() socket: SocketConnection<string, string>) {
        for await (const message of socket) assert.fail(message);
        seen.push('open');
      }
      @Socket('/guarded', { ...options, dependencies: [Depends(current)] })
      guarded(@Connection() _socket: SocketConnection<string, string>) {
        seen.push('guarded');
      }
      @Socket('/hidden', { ...options, dependencies: [Depends(refusing)] })
      hidden(@Connection() _socket: SocketConnection<string, string>) {
        seen.push('hidden');
      }
      @Get('/listed/:colour/:size')
      listed(@Path('colour', z.enum(['red', 'blue'])) colour: string, @Path('size', z.int()) size: number) {
        seen.push(`${colour} ${size}`);
      }
    }
    const app = appOf([Sockets], { documentSockets: true });
    assert.deepEqual(await findSecurityMismatches(app), [
      { method: 'GET', path: '/hidden', documentedAsProtected: false, status: 403 },
    ]);
    assert.deepEqual(seen, ['open', 'red 1']);

    Object.assign(app, { fetch: () => Promise.reject(new Error('gone')) });
    await assert.rejects(findSecurityMismatches(app), /^Error: gone$/);
    app.openapi = () => ({ openapi: '3.1.1' }) as never;
    assert.deepEqual(await findSecurityMismatches(app), []);
  });

  it('the check finds a guard that was taken away', async () => {
    const app = appOf([listed('/guarded', [Depends(current)])]);
    using _ = app.override(current, () => 'anybody');
    assert.deepEqual(await findSecurityMismatches(app), [
      { method: 'GET', path: '/guarded', documentedAsProtected: true, status: 200 },
    ]);
  });

  interface Guard {
    readonly names: readonly string[];
    readonly place: 'include' | 'controller' | 'constructor' | 'route' | 'parameter' | 'below';
    readonly omitted: boolean;
  }
  const pool = new Map(documented.map(([name, scheme]) => [name, scheme]));
  const optionals = new Map<string, SecurityScheme<unknown>>([
    ['OptionalPassword', optionalPassword],
    ['OptionalKey', optionalKey],
  ]);
  const required = fc.uniqueArray(fc.constantFrom(...pool.keys()), { minLength: 1, maxLength: 3 });
  const guard: fc.Arbitrary<Guard> = fc.record({
    names: fc.oneof(
      { weight: 4, arbitrary: required },
      { weight: 1, arbitrary: fc.constantFrom(['OptionalPassword'], ['OptionalKey']) },
    ),
    place: fc.constantFrom('include', 'controller', 'constructor', 'route', 'parameter', 'below'),
    omitted: fc.boolean(),
  });

  function dependableOf({ names }: Guard) {
    const schemes = names.map((name) => pool.get(name) ?? optionals.get(name) ?? assert.fail(name));
    const [first = assert.fail('no scheme'), ...others] = schemes;
    const chosen = others.length === 0 ? first : anyOf(first, ...others);
    return dependency({ credential: Depends(chosen) }, ({ credential }) => credential);
  }

  /** Puts an operation with these guards into the app, and tells what it ought to require. */
  function add(app: App, path: string, guards: readonly Guard[]): Requirement[] {
    const dependables = guards.map((one) => ({ ...one, dependable: dependableOf(one) }));
    const at = (...places: Guard['place'][]) => dependables.filter(({ place }) => places.includes(place));
    const listOf = (place: Guard['place']) => at(place).map(({ dependable }) => Depends(dependable));
    const without = at('include', 'controller')
      .filter(({ omitted }) => omitted)
      .map(({ dependable }) => dependable);
    const below = at('below').reduce(
      (inner, { dependable }) => dependency({ inner: Depends(inner), own: Depends(dependable) }, () => null),
      dependency({}, () => null),
    );

    class Guarded {
      read(..._inputs: unknown[]): string {
        return 'in';
      }
    }
    const inputs = [...at('parameter').map(({ dependable }) => dependable), below];
    for (const [index, dependable] of inputs.entries())
      (Depends(dependable) as Decorate)(Guarded.prototype, 'read', index);
    for (const [index, { dependable }] of at('constructor').entries()) {
      (Depends(dependable) as Decorate)(Guarded, undefined, index);
    }
    const descriptor = Object.getOwnPropertyDescriptor(Guarded.prototype, 'read');
    const options = { dependencies: listOf('route'), without, operationId: path.slice(1) };
    (Get('', options) as Decorate)(Guarded.prototype, 'read', descriptor);
    Controller(path, { dependencies: listOf('controller') })(Guarded);
    app.include([Guarded], { dependencies: listOf('include') });

    const counted = dependables.filter(({ dependable }) => !without.includes(dependable));
    return counted.reduce<Requirement[]>(
      (all, { names }) => {
        const alternatives: Requirement[] = names.map((name) => ({ [name]: [] }));
        if (names.some((name) => optionals.has(name))) alternatives.push({});
        return all.flatMap((one) => alternatives.map((other) => Object.assign({}, one, other)));
      },
      [{}],
    );
  }

  it('over generated guards at every place, with every scheme', async () => {
    const app = appOf([]);
    const expected = new Map<string, Requirement[]>();
    const samples = fc.sample(fc.array(guard, { maxLength: 3 }), { numRuns: 150, seed: 6750 });
    for (const [index, guards] of samples.entries()) expected.set(`/g${index}`, add(app, `/g${index}`, guards));

    await assertSecurityDocumented(app);
    const document = documentOf(app);
    for (const [path, requirements] of expected) {
      const keyed = (list: Requirement[]) =>
        [...new Set(list.map((one) => Object.keys(one).toSorted().join('+')))].toSorted();
      const isPublic = requirements.length === 1 && Object.keys(requirements[0] ?? {}).length === 0;
      assert.deepEqual(keyed(securityOf(document, path)), isPublic ? [] : keyed(requirements), path);
    }
    const used = new Set([...expected.values()].flat().flatMap((requirement) => Object.keys(requirement)));
    assert.equal(used.size, pool.size + optionals.size, 'not every scheme was drawn');
    await assertValidDocument(document);
  });

  it('also for credentials: each opens what its scheme guards', async () => {
    const lines: Json = {
      OAuth2PasswordBearer: ['authorization', 'Bearer t'],
      HTTPBasic: ['authorization', 'Basic dTpw'],
      HTTPDigest: ['authorization', 'Digest a="b"'],
      APIKeyHeader: ['x-api-key', 'k'],
      APIKeyCookie: ['cookie', 'session=k'],
      Hawk: ['hawk', 'h'],
    };
    for (const [name, line] of Object.entries(lines)) {
      const app = appOf([listed('/one', [Depends(pool.get(name) ?? assert.fail(name))])]);
      assert.equal((await app.request('/one', { headers: [line] })).status, 200, name);
    }
  });
});

it('the flow of devices is documented as the version of OpenAPI can say it', () => {
  const deviceAuthorization = { deviceAuthorizationUrl: 'device', tokenUrl: 'token', scopes: { read: 'Read.' } };
  const password = { tokenUrl: 'token', scopes: {} };
  const scheme = new OAuth2({ flows: { password, deviceAuthorization } });
  @Controller()
  class DeviceController {
    @Get('/') read(@Security(scheme, { scopes: ['read'] }) token: string) {
      return token;
    }
  }
  const app = appOf([DeviceController]);
  const flowsIn = (version: '3.0' | '3.1' | '3.2') =>
    (app.openapi({ version }) as any).components.securitySchemes.OAuth2.flows as unknown;
  assert.deepEqual(flowsIn('3.2'), { password, deviceAuthorization });
  for (const version of ['3.0', '3.1'] as const) {
    assert.deepEqual(flowsIn(version), { password, 'x-deviceAuthorization': deviceAuthorization });
  }
});

it('a flow that OpenAPI does not know is a mistake, not part of the document', () => {
  const flows = { telepathy: { tokenUrl: 'token', scopes: {} } };
  const scheme = new OAuth2({ flows });
  @Controller()
  class DeviceController {
    @Get('/') read(@Depends(scheme) token: string) {
      return token;
    }
  }
  assert.throws(
    () => new App({ title: 'Flows', version: '1.0.0', controllers: [DeviceController] }),
    (error) => {
      assert.ok(error instanceof DeclarationError);
      assert.deepEqual(
        error.mistakes.map(({ code }) => code),
        ['INVALID_SCHEME'],
      );
      assert.match(error.message, /telepathy/);
      return true;
    },
  );
});
