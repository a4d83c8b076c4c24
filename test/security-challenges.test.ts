import assert from 'node:assert/strict';
import { before, beforeEach, describe, it } from 'node:test';
import { z } from 'zod';
import {
  anyOf,
  APIKeyCookie,
  APIKeyHeader,
  APIKeyQuery,
  type App,
  Body,
  compareSecrets,
  type Context,
  Controller,
  Cookie,
  Ctx,
  Depends,
  dependency,
  Get,
  Header,
  HTTPBasic,
  HTTPBearer,
  HTTPDigest,
  HTTPException,
  OAuth2AuthorizationCodeBearer,
  OAuth2PasswordBearer,
  OpenIdConnect,
  Post,
  Query,
  Scopes,
  Security,
  SecurityScheme,
  type SecurityScopes,
} from 'portico';
import {
  type Answer,
  answer,
  appOf,
  asking,
  basic,
  bearer,
  challengesOf,
  RawConnection,
  describeMatrix,
  type Line,
  Log,
  mistakesOf,
  parseChallenges,
  requestHead,
  type Send,
  servers,
} from './world.ts';

const oauth2 = new OAuth2PasswordBearer({
  tokenUrl: 'token',
  scopes: { me: 'Read me.', items: 'Read items.', admin: 'Everything.' },
});
const staff = new HTTPBasic({ realm: 'staff' });
const digest = new HTTPDigest();
const key = new APIKeyHeader('X-API-Key');
const otherKey = new APIKeyQuery('api_key');

/** `Bearer realm=api error=invalid_token`, to compare challenges at a glance. */
function summary(reply: Answer): string[] {
  return challengesOf(reply).map(({ scheme, parameters }) =>
    [scheme, ...Object.entries(parameters).map(([name, value]) => `${name}=${value}`)].join(' '),
  );
}

function schemesOf(reply: Answer): string[] {
  return challengesOf(reply).map(({ scheme }) => scheme);
}

/** The first Bearer challenge's parameter. */
function parameter(reply: Answer, name: string): string | undefined {
  return challengesOf(reply).find(({ scheme }) => scheme === 'Bearer')?.parameters[name];
}

const askOf = async (app: App, ...request: Parameters<Send>) => answer(await app.request(...request));

/** Turns whatever fails after it into a 401. */
const converting = dependency({ token: Depends(oauth2) }, function* ({ token }): Generator<string, void, void> {
  try {
    yield token;
  } catch {
    throw new HTTPException(401, 'Session lost');
  }
});
class CurrentUser {
  constructor(@Depends(oauth2) readonly token: string) {
    if (token === 'wrong') throw new HTTPException(401, 'Wrong');
  }
}
const deniedByVerifier = dependency({ token: Depends(oauth2) }, () => {
  throw new HTTPException(401, 'Revoked');
});
const anyToken = dependency({ token: Depends(oauth2) }, ({ token }) => token);
/** Refuses with what the query asks for, in a dependency that knows nothing of the scheme. */
const refusing = dependency({ status: Query('status', z.int()) }, ({ status }): string => {
  throw new HTTPException(status, 'No');
});

@Controller('/filled')
class Filled {
  @Get('/verifier')
  verifier(@Depends(deniedByVerifier) _user: unknown) {}

  @Get('/handler')
  handler(@Depends(anyToken) _user: string, @Query('status', z.int()) status: number) {
    throw new HTTPException(status, 'No');
  }

  @Get('/elsewhere')
  elsewhere(@Depends(anyToken) _user: string, @Depends(refusing) _never: string) {}

  @Get('/scoped')
  scoped(@Security(anyToken, { scopes: ['me', 'items'] }) _user: string, @Query('status', z.int()) status: number) {
    throw new HTTPException(status, 'No');
  }

  @Get('/own')
  own(@Security(anyToken, { scopes: ['me'] }) _user: string, @Query('status', z.int()) status: number) {
    throw new HTTPException(status, 'No', { headers: { 'WWW-Authenticate': 'Custom a="b"', 'X-Kept': '1' } });
  }

  @Get('/own-lower')
  ownLower(@Depends(anyToken) _user: string) {
    throw new HTTPException(401, 'No', { headers: [['www-authenticate', 'Custom']] });
  }

  @Get('/kept')
  kept(@Depends(anyToken) _user: string) {
    throw new HTTPException(401, { reason: 'No' }, { headers: { 'X-Kept': '1' } });
  }

  @Get('/basic')
  basic(@Depends(staff) _user: unknown) {
    throw new HTTPException(401, 'No');
  }

  @Get('/own-outgoing')
  ownOutgoing(@Depends(anyToken) _user: string, @Ctx() ctx: Context) {
    ctx.response.headers.set('WWW-Authenticate', 'Custom a="b"');
    throw new HTTPException(401, 'No');
  }

  @Get('/converted')
  converted(@Depends(converting) _user: string) {
    throw new Error('lost');
  }

  @Get('/class')
  class(@Security(CurrentUser, { scopes: ['me'] }) _user: CurrentUser) {}

  @Get('/either')
  either(@Depends(anyOf(oauth2, staff)) _user: unknown) {
    throw new HTTPException(401, 'No');
  }

  @Get('/public')
  public(@Query('status', z.int()) status: number) {
    throw new HTTPException(status, 'No');
  }
}

describeMatrix('challenges of thrown exceptions', (open) => {
  const ask = asking(() => open(appOf([Filled])));
  const get = (path: string, ...lines: Line[]) => ask(`/filled${path}`, { headers: lines });

  const rows: [name: string, path: string, lines: Line[], status: number, ...expected: string[]][] = [
    ['RFC 6750 §3.1: a 401 of a verifier', '/verifier', [bearer('t')], 401, 'Bearer realm=api error=invalid_token'],
    [
      'RFC 6750 §3.1: a 401 of a handler',
      '/handler?status=401',
      [bearer('t')],
      401,
      'Bearer realm=api error=invalid_token',
    ],
    [
      'a 401 of a dependency without credentials of its own',
      '/elsewhere?status=401',
      [bearer('t')],
      401,
      'Bearer realm=api error=invalid_token',
    ],
    [
      'RFC 6750 §3: a 401 under scopes names them',
      '/scoped?status=401',
      [bearer('t')],
      401,
      'Bearer realm=api error=invalid_token scope=me items',
    ],
    [
      'RFC 6750 §3.1: a 403 under scopes',
      '/scoped?status=403',
      [bearer('t')],
      403,
      'Bearer realm=api error=insufficient_scope scope=me items',
    ],
    ['a 403 without scopes gets none', '/handler?status=403', [bearer('t')], 403],
    ['any other status gets none', '/scoped?status=404', [bearer('t')], 404],
    ['a challenge of the user is not touched, 401', '/own?status=401', [bearer('t')], 401, 'Custom a=b'],
    ['a challenge of the user is not touched, 403', '/own?status=403', [bearer('t')], 403, 'Custom a=b'],
    ['a challenge of the user in lower case is not touched', '/own-lower', [bearer('t')], 401, 'Custom'],
    ['a challenge of the user on the context is not touched', '/own-outgoing', [bearer('t')], 401, 'Custom a=b'],
    [
      'a 401 that a generator makes of an error',
      '/converted',
      [bearer('t')],
      401,
      'Bearer realm=api error=invalid_token',
    ],
    ['a 401 of a class', '/class', [bearer('wrong')], 401, 'Bearer realm=api error=invalid_token scope=me'],
    ['RFC 7617 §2: Basic has no error parameter', '/basic', [basic('u:p')], 401, 'Basic realm=staff charset=UTF-8'],
    ['a public operation has no scheme to name', '/public?status=403', [], 403],
  ];
  for (const [name, path, lines, status, ...expected] of rows) {
    it(name, async () => {
      const reply = await get(path, ...lines);
      assert.equal(reply.status, status);
      assert.deepEqual(summary(reply), expected);
    });
  }

  it('leave the other headers and the detail of the exception alone', async () => {
    const reply = await get('/kept', bearer('t'));
    assert.deepEqual([reply.headers.get('x-kept'), JSON.parse(reply.text)], ['1', { detail: { reason: 'No' } }]);
    assert.deepEqual(schemesOf(reply), ['Bearer']);
    assert.equal((await get('/own?status=401', bearer('t'))).headers.get('x-kept'), '1');
  });

  it('RFC 9110 §11.6.1: all alternatives are named, the error by the scheme that was used alone', async () => {
    const byToken = await get('/either', bearer('t'));
    assert.deepEqual([byToken.status, ...schemesOf(byToken)], [401, 'Bearer', 'Basic']);
    assert.equal(parameter(byToken, 'error'), 'invalid_token');
    const byPair = await get('/either', basic('u:p'));
    assert.deepEqual(schemesOf(byPair), ['Bearer', 'Basic']);
    assert.equal(parameter(byPair, 'error'), undefined);
  });
});

describe('returned Responses and app-wide error handlers', () => {
  class Teapot extends Error {}

  @Controller()
  class Returning {
    @Get('/exception')
    exception(@Depends(anyToken) _user: string) {
      throw new Teapot('401 please');
    }
  }

  it('a 401 that an error handler makes by an HTTPException has its challenge', async () => {
    const app = appOf([Returning]);
    app.onError(Teapot, () => {
      throw new HTTPException(401, 'No');
    });
    const reply = await askOf(app, '/exception', { headers: [bearer('t')] });
    assert.deepEqual([reply.status, ...schemesOf(reply)], [401, 'Bearer']);
  });

  it('a 401 that is returned has its challenge too (RFC 9110 §15.5.2), unless it brings one', async () => {
    @Controller()
    class Returned {
      @Get('/response')
      response(@Depends(anyToken) _user: string) {
        return new Response('no', { status: 401 });
      }
      @Get('/own')
      own(@Depends(anyToken) _user: string) {
        return new Response('no', { status: 401, headers: { 'WWW-Authenticate': 'Custom' } });
      }
      @Get('/status')
      status(@Depends(anyToken) _user: string, @Ctx() ctx: Context) {
        ctx.response.status = 401;
        return 'no';
      }
    }
    const app = appOf([Returned]);
    for (const [path, scheme] of [
      ['/response', 'Bearer'],
      ['/own', 'Custom'],
      ['/status', 'Bearer'],
    ] as const) {
      const reply = await askOf(app, path, { headers: [bearer('t')] });
      assert.deepEqual([path, reply.status, ...schemesOf(reply)], [path, 401, scheme]);
    }
  });

  it('a handled HTTPException keeps the challenge that it would have had', async () => {
    @Controller()
    class Plain {
      @Get('/')
      read(@Depends(anyToken) _user: string) {
        return 'never';
      }
    }
    const app = appOf([Plain]);
    app.onError(HTTPException, (error) => ({ error: error.detail }));
    const reply = await askOf(app, '/');
    assert.deepEqual(
      [reply.status, JSON.parse(reply.text), ...schemesOf(reply)],
      [401, { error: 'Not authenticated' }, 'Bearer'],
    );
  });
});

const either = anyOf(oauth2, staff);
const keyOrToken = anyOf(key, oauth2);

@Controller()
class Combined {
  @Get('/either')
  either(@Depends(either) who: string | { username: string; password: string }) {
    return typeof who === 'string' ? `token ${who}` : `user ${who.username}`;
  }
  @Get('/key-or-token')
  keyOrToken(@Depends(keyOrToken) who: string) {
    return who;
  }
  @Get('/both')
  both(@Depends(oauth2) token: string, @Depends(key) value: string) {
    return `${token} ${value}`;
  }
  @Get('/token-or-key')
  tokenOrKey(@Depends(anyOf(oauth2, key)) who: string) {
    return who;
  }
  @Get('/token-or-digest')
  tokenOrDigest(@Depends(anyOf(oauth2, digest)) who: string | { scheme: string; credentials: string }) {
    return typeof who === 'string' ? who : who.credentials;
  }
  @Get('/three', { dependencies: [Depends(key)] })
  three(@Depends(either) _who: unknown, @Depends(otherKey) _key: string) {
    return 'all';
  }
}

describeMatrix('alternatives and conjunctions', (open) => {
  const ask = asking(() => open(appOf([Combined])));
  const withKey: Line = ['X-API-Key', 'k-1'];

  const accepted: [name: string, path: string, lines: Line[], answer: string][] = [
    ['the first alternative', '/either', [bearer('t')], 'token t'],
    ['the second alternative', '/either', [basic('u:p')], 'user u'],
    ['the first whose credentials are present decides', '/key-or-token', [withKey, bearer('t')], 'k-1'],
    ['the second where the first is absent', '/key-or-token', [bearer('t')], 't'],
    ['the second where the first is empty', '/key-or-token', [['X-API-Key', ''], bearer('t')], 't'],
    [
      'RFC 9110 §11.4: a comma in a quoted string of another scheme',
      '/token-or-digest',
      [['Authorization', 'Digest username="smith, John q"']],
      'username="smith, John q"',
    ],
    ['both of a conjunction', '/both', [bearer('t'), withKey], 't k-1'],
    ['alternatives within a conjunction', '/three?api_key=q', [basic('u:p'), withKey], 'all'],
  ];
  for (const [name, path, lines, answer] of accepted) {
    it(`${name}: 200`, async () => {
      const reply = await ask(path, { headers: lines });
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, answer]);
    });
  }

  const refused: [name: string, path: string, lines: Line[], ...expected: string[]][] = [
    [
      'RFC 9110 §11.6.1: nothing sent to alternatives',
      '/either',
      [],
      'Bearer realm=api',
      'Basic realm=staff charset=UTF-8',
    ],
    [
      'a foreign scheme sent to alternatives',
      '/either',
      [['Authorization', 'Digest a="b"']],
      'Bearer realm=api',
      'Basic realm=staff charset=UTF-8',
    ],
    [
      'malformed credentials of the first decide',
      '/either',
      [['Authorization', 'Bearer a b']],
      'Bearer realm=api error=invalid_token',
      'Basic realm=staff charset=UTF-8',
    ],
    [
      'malformed credentials of the second decide',
      '/either',
      [['Authorization', 'Basic %%%']],
      'Bearer realm=api',
      'Basic realm=staff charset=UTF-8',
    ],
  ];
  for (const [name, path, lines, ...expected] of refused) {
    it(`${name}: 401 with all challenges`, async () => {
      const reply = await ask(path, { headers: lines });
      assert.equal(reply.status, 401);
      assert.deepEqual(summary(reply).toSorted(), expected.toSorted());
    });
  }

  const incomplete: [name: string, path: string, lines: Line[], missing: string][] = [
    ['nothing of a conjunction', '/both', [], 'Bearer'],
    ['only the token of a conjunction', '/both', [bearer('t')], 'APIKey'],
    ['only the key of a conjunction', '/both', [withKey], 'Bearer'],
    ['no alternative within a conjunction', '/three?api_key=q', [withKey], 'Basic'],
    ['no key of the list', '/three?api_key=q', [bearer('t')], 'APIKey'],
    ['no last part of three', '/three', [bearer('t'), withKey], 'APIKey'],
  ];
  for (const [name, path, lines, missing] of incomplete) {
    it(`${name}: 401 with the challenge of what is missing`, async () => {
      const reply = await ask(path, { headers: lines });
      assert.equal(reply.status, 401);
      assert.ok(schemesOf(reply).includes(missing), `${missing} not in ${schemesOf(reply).join()}`);
    });
  }
});

describe('credentials and the rest of the graph', () => {
  @Controller()
  class Mixed {
    @Get('/invalid')
    invalid(@Query('page', z.int()) _page: number, @Depends(anyToken) _user: string) {
      return 'in';
    }
  }

  it('an invalid input declared before the guard does not come before the refusal', async () => {
    const reply = await askOf(appOf([Mixed]), '/invalid?page=x');
    assert.equal(reply.status, 401);
    assert.doesNotMatch(reply.text, /page/);
  });

  it('malformed credentials of the first alternative decide, also where the second has good ones', async () => {
    const lines: Line[] = [
      ['Authorization', 'Bearer a b'],
      ['X-API-Key', 'k'],
    ];
    const reply = await askOf(appOf([Combined]), '/token-or-key', { headers: lines });
    assert.equal(reply.status, 401);
    assert.equal(parameter(reply, 'error'), 'invalid_token');
  });

  it('a scheme may be overridden, for tests without credentials', async () => {
    const app = appOf([Mixed]);
    const before = JSON.stringify(app.openapi());
    {
      using _ = app.override(oauth2, () => 'fake');
      assert.equal((await askOf(app, '/invalid?page=1')).status, 200);
      assert.equal(JSON.stringify(app.openapi()), before);
    }
    assert.equal((await askOf(app, '/invalid?page=1')).status, 401);
  });
});

describe('challenges under overrides', () => {
  const app = appOf([Filled]);
  const get = (path: string) => askOf(app, `/filled${path}`);

  it('a guard that a test replaces by a refusal is still answered with the challenge of the operation', async () => {
    using _ = app.override(anyToken, () => {
      throw new HTTPException(401, 'Expired');
    });
    const reply = await get('/handler?status=200');
    assert.deepEqual(
      [reply.status, JSON.parse(reply.text), ...summary(reply)],
      [401, { detail: 'Expired' }, 'Bearer realm=api'],
    );
    assert.equal(reply.headers.get('cache-control'), 'no-store');
  });

  it('a guard that a test replaces by a user leaves the challenges of the handler as they are', async () => {
    using _ = app.override(anyToken, () => 'somebody');
    assert.deepEqual(summary(await get('/handler?status=401')), ['Bearer realm=api']);
    assert.deepEqual(summary(await get('/scoped?status=403')), [
      'Bearer realm=api error=insufficient_scope scope=me items',
    ]);
  });
});

describe('types of alternatives', () => {
  it('are the union of what the schemes give', () => {
    class Typed {
      read(
        // @ts-expect-error: Basic gives a pair, which is no string
        @Depends(either) _who: string,
      ) {}
    }
    assert.equal(typeof Typed, 'function');
  });
});

describe('Security() and Scopes()', () => {
  /** What every call of `current` saw, in the order of the calls. */
  let calls: { scopes: readonly string[]; scopeStr: string }[] = [];
  let scopeless = 0;
  beforeEach(() => {
    calls = [];
    scopeless = 0;
  });

  const current = dependency({ token: Depends(oauth2), required: Scopes() }, ({ token, required }) => {
    calls.push({ scopes: [...required.scopes], scopeStr: required.scopeStr });
    if (required.scopes.includes('admin')) throw new HTTPException(403, 'Not enough permissions');
    return token;
  });
  const plain = dependency({ token: Depends(oauth2) }, ({ token }) => {
    scopeless += 1;
    return token;
  });
  const active = dependency({ user: Security(current, { scopes: ['me'] }) }, ({ user }) => user);
  const repeated = dependency({ user: Security(current, { scopes: ['me', 'items'] }) }, ({ user }) => user);
  const through = dependency({ user: Depends(current) }, ({ user }) => user);
  const denying = dependency({ user: Security(current, { scopes: ['admin', 'items'] }) }, ({ user }) => user);

  @Controller('/nested')
  class Nested {
    @Get('/ancestors')
    ancestors(@Security(active, { scopes: ['items'] }) _user: string) {}
    @Get('/repeated')
    repeated(@Security(repeated, { scopes: ['items'] }) _user: string) {}
    @Get('/through')
    through(@Security(through, { scopes: ['items', 'me'] }) _user: string) {}
    @Get('/none')
    none(@Depends(current) _user: string) {}
    @Get('/siblings')
    siblings(
      @Security(current, { scopes: ['items'] }) _first: string,
      @Security(current, { scopes: ['me'] }) _second: string,
      @Depends(current) _third: string,
    ) {}
    @Get('/order')
    order(
      @Security(current, { scopes: ['items', 'me'] }) _first: string,
      @Security(current, { scopes: ['me', 'items'] }) _second: string,
      @Security(active, { scopes: ['items'] }) _third: string,
    ) {}
    @Get('/uncached')
    uncached(
      @Security(current, { scopes: ['me'] }) _first: string,
      @Security(current, { scopes: ['me'], cache: false }) _second: string,
    ) {}
    @Get('/scopeless')
    scopeless(
      @Security(plain, { scopes: ['items'] }) _first: string,
      @Security(plain, { scopes: ['me'] }) _second: string,
      @Depends(plain) _third: string,
    ) {}
    @Get('/list', { dependencies: [Security(current, { scopes: ['items'] })] })
    list(@Depends(current) _user: string) {}
    @Get('/denied')
    denied(@Security(current, { scopes: ['items', 'admin'] }) _user: string) {}
    @Get('/denied-below')
    deniedBelow(@Security(denying, { scopes: ['items'] }) _user: string) {}
    @Get('/denied-sibling')
    deniedSibling(
      @Security(current, { scopes: ['me'] }) _first: string,
      @Security(current, { scopes: ['admin'] }) _second: string,
    ) {}
    @Get('/handler')
    handler(@Security(plain, { scopes: ['me'] }) _first: string, @Scopes() scopes: SecurityScopes) {
      return scopes.scopes;
    }
  }

  @Controller('/made')
  class Made {
    constructor(@Security(current, { scopes: ['items'] }) readonly user: string) {}
    @Get('/')
    read(@Depends(current) _user: string) {}
  }

  const app = appOf([Nested, Made]);
  const get = (path: string) => askOf(app, path, { headers: [bearer('t')] });
  const seen = () => calls.map(({ scopeStr }) => scopeStr);

  const rows: [name: string, path: string, ...seen: string[]][] = [
    ['the ancestors come first, then the place of use', '/nested/ancestors', 'items me'],
    ['none is repeated, and the outermost place counts', '/nested/repeated', 'items me'],
    ['scopes pass through Depends()', '/nested/through', 'items me'],
    ['none are required by Depends() alone', '/nested/none', ''],
    ['siblings do not see each other', '/nested/siblings', 'items', 'me', ''],
    ['the same set in another order is the same call', '/nested/order', 'items me'],
    ['cache: false calls again for its place', '/nested/uncached', 'me', 'me'],
    ['a list leaks nothing to the parameters', '/nested/list', 'items', ''],
    ['a constructor leaks nothing to the methods', '/made/', 'items', ''],
  ];
  for (const [name, path, ...expected] of rows) {
    it(name, async () => {
      assert.equal((await get(path)).status, 200);
      assert.deepEqual(seen(), expected);
      for (const { scopes, scopeStr } of calls) assert.deepEqual(scopes, scopeStr === '' ? [] : scopeStr.split(' '));
    });
  }

  it('scopes that nobody below reads do not make a second call', async () => {
    assert.equal((await get('/nested/scopeless')).status, 200);
    assert.equal(scopeless, 1);
  });

  it('a handler has no ancestors, and its siblings do not tell it theirs', async () => {
    assert.deepEqual(JSON.parse((await get('/nested/handler')).text), []);
  });

  it('values do not stay from one request to the next', async () => {
    await get('/nested/ancestors');
    await get('/nested/none');
    assert.deepEqual(seen(), ['items me', '']);
  });

  const denied: [name: string, path: string, scope: RegExp][] = [
    ['all scopes of the place', '/nested/denied', /^items admin$/],
    ['the scopes of the ancestors, outermost first', '/nested/denied-below', /^items admin$/],
    ['the scope of the sibling that refused', '/nested/denied-sibling', /^(me )?admin$/],
  ];
  for (const [name, path, scope] of denied) {
    it(`RFC 6750 §3.1: a refusal names ${name}`, async () => {
      const reply = await get(path);
      assert.equal(reply.status, 403);
      assert.equal(parameter(reply, 'error'), 'insufficient_scope');
      assert.match(parameter(reply, 'scope') ?? '', scope);
    });
  }

  it('overrides see the scopes of the place of use', async () => {
    const replaced: string[] = [];
    const replacement = dependency({ required: Scopes() }, ({ required }) => {
      replaced.push(required.scopeStr);
      return 'somebody';
    });
    const own = appOf([Nested]);
    using _ = own.override(current, replacement);
    assert.equal((await askOf(own, '/nested/ancestors')).status, 200);
    assert.deepEqual(replaced, ['items me']);
  });
});

describe('configured text', () => {
  function guardedBy(scheme: SecurityScheme<unknown>): App {
    @Controller()
    class Guarded {
      @Get('/')
      read(@Depends(scheme) _credential: unknown) {}
    }
    return appOf([Guarded]);
  }
  const bearerWith = (realm: string) => new OAuth2PasswordBearer({ tokenUrl: 'token', realm });

  for (const realm of ['plain', 'say "hi"', 'back\\slash', '\\"', '", error="x', 'a, Basic realm="b"']) {
    it(`RFC 9110 §5.6.4: the realm ${JSON.stringify(realm)} is read back as it was written`, async () => {
      for (const scheme of [bearerWith(realm), new HTTPBasic({ realm }), new HTTPBearer({ realm })]) {
        const app = guardedBy(scheme);
        for (const reply of [
          await askOf(app, '/'),
          await askOf(app, '/', { headers: [['Authorization', 'Bearer a b']] }),
        ]) {
          assert.equal(reply.status, 401);
          const [challenge, ...others] = challengesOf(reply);
          assert.equal(others.length, 0);
          assert.equal(challenge?.parameters['realm'], realm);
        }
      }
    });
  }

  it('RFC 9110 §11.5: the realm is a quoted string, which old clients insist on', async () => {
    const field = (await askOf(guardedBy(bearerWith('plain')), '/')).headers.get('www-authenticate');
    assert.match(field ?? '', /^Bearer realm="plain"/);
  });

  for (const realm of ['a\r\nSet-Cookie: b=c', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', 'caf\u00e9', '\u{1f511}', '\u2028']) {
    it(`RFC 9110 §5.5: the realm ${JSON.stringify(realm)} is refused at start`, () => {
      for (const make of [() => bearerWith(realm), () => new HTTPBasic({ realm }), () => new HTTPDigest({ realm })]) {
        const mistakes = mistakesOf(() => guardedBy(make()));
        assert.ok(
          mistakes.some(({ code }) => code === 'INVALID_SCHEME'),
          JSON.stringify(mistakes),
        );
      }
    });
  }

  const unusable: [name: string, scheme: () => SecurityScheme<unknown>][] = [
    ['a scheme name with a space', () => new OAuth2PasswordBearer({ tokenUrl: 'token', schemeName: 'my scheme' })],
    ['a scheme name with a slash', () => new HTTPBasic({ schemeName: 'a/b' })],
    ['an empty scheme name', () => new HTTPBasic({ schemeName: '' })],
    ['a scheme name that is not ASCII', () => new HTTPBasic({ schemeName: 'caf\u00e9' })],
    ['a header name with a space', () => new APIKeyHeader('X Key')],
    ['a header name with a line break', () => new APIKeyHeader('X-Key\r\nX-Other')],
    ['an empty header name', () => new APIKeyHeader('')],
    ['a cookie name with =', () => new APIKeyCookie('a=b')],
    ['a cookie name with a semicolon', () => new APIKeyCookie('a;b')],
    ['RFC 6749 §3.3: a scope with a space', () => new OAuth2PasswordBearer({ tokenUrl: 't', scopes: { 'a b': '' } })],
    ['RFC 6749 §3.3: a scope with a quote', () => new OAuth2PasswordBearer({ tokenUrl: 't', scopes: { 'a"b': '' } })],
    [
      'RFC 6749 §3.3: a scope with a backslash',
      () => new OAuth2PasswordBearer({ tokenUrl: 't', scopes: { 'a\\b': '' } }),
    ],
    [
      'RFC 6749 §3.3: a scope with a line break',
      () => new OAuth2PasswordBearer({ tokenUrl: 't', scopes: { 'a\r\nb': '' } }),
    ],
    [
      'RFC 6749 §3.3: a scope that is not ASCII',
      () => new OAuth2PasswordBearer({ tokenUrl: 't', scopes: { '\u00e9': '' } }),
    ],
    ['RFC 6749 §3.3: an empty scope', () => new OAuth2PasswordBearer({ tokenUrl: 't', scopes: { '': '' } })],
  ];
  for (const [name, scheme] of unusable) {
    it(`${name} is refused at start`, () => {
      const mistakes = mistakesOf(() => guardedBy(scheme()));
      assert.ok(
        mistakes.some(({ code }) => code === 'INVALID_SCHEME'),
        JSON.stringify(mistakes),
      );
    });
  }

  it('a scope that cannot be sent is refused at start where it is required, declared or not', () => {
    const declaring = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { 'a"b': 'Broken.' } });

    @Controller()
    class Quoted {
      @Get('/')
      read(@Security(declaring, { scopes: ['a"b'] }) _token: string) {}
    }
    assert.notEqual(mistakesOf(() => appOf([Quoted])).length, 0);
  });

  it('a scope that cannot be sent is refused at start where the scheme declares none', () => {
    const discovered = new OpenIdConnect({ openIdConnectUrl: 'https://id.example/' });

    @Controller()
    class Quoted {
      @Get('/')
      read(@Security(discovered, { scopes: ['a"b\r\nX: y'] }) _token: string) {}
    }
    assert.notEqual(mistakesOf(() => appOf([Quoted])).length, 0);
  });
});

describe('a scheme of one’s own', () => {
  class Hawk<const A extends boolean | undefined = true> extends SecurityScheme<string, A> {
    override describe() {
      return { type: 'http' as const, scheme: 'hawk' };
    }
    override read(ctx: Context) {
      const [, value] = /^Hawk +(.*)$/i.exec(ctx.header('authorization') ?? '') ?? [];
      return value === 'broken' ? this.refuse('invalid_token') : value;
    }
    override challenge() {
      return 'Hawk ts="1"';
    }
  }

  const hawk = new Hawk();
  const optionalHawk = new Hawk({ autoError: false, schemeName: 'OptionalHawk' });
  class Hidden extends OAuth2PasswordBearer {
    override refuse(): HTTPException {
      return new HTTPException(404, 'Not here');
    }
  }
  class Reworded extends HTTPBearer {
    override refuse(): HTTPException {
      return new HTTPException(401, { code: 'login_first' });
    }
  }
  class Redirected extends HTTPBasic {
    override refuse(): HTTPException {
      return new HTTPException(401, 'No', { headers: { 'WWW-Authenticate': 'FormBased', Location: '/login' } });
    }
  }
  const hidden = new Hidden({ tokenUrl: 'token' });
  const reworded = new Reworded();
  const redirected = new Redirected();

  @Controller()
  class Own {
    @Get('/hawk')
    hawk(@Depends(hawk) credential: string) {
      if (credential === 'wrong') throw new HTTPException(401, 'Wrong');
      return credential;
    }
    @Get('/optional')
    optional(@Depends(optionalHawk) credential: string | undefined) {
      return credential === undefined ? 'undefined' : credential;
    }
    @Get('/hidden')
    hidden(@Depends(hidden) token: string) {
      return token;
    }
    @Get('/reworded')
    reworded(@Depends(reworded) _credentials: { scheme: string; credentials: string }) {
      return 'in';
    }
    @Get('/redirected')
    redirected(@Depends(redirected) _credentials: { username: string; password: string }) {
      return 'in';
    }
    @Get('/either')
    either(@Depends(anyOf(hawk, staff)) who: string | { username: string; password: string }) {
      return typeof who === 'string' ? who : who.username;
    }
  }
  const app = appOf([Own]);
  const get = (path: string, ...lines: Line[]) => askOf(app, path, { headers: lines });
  const sent = (value: string): Line => ['Authorization', value];

  it('reads, refuses and challenges', async () => {
    assert.equal(JSON.parse((await get('/hawk', sent('hawk abc'))).text), 'abc');
    for (const lines of [[], [bearer('t')], [sent('Hawk broken')], [sent('Hawk wrong')]]) {
      const reply = await get('/hawk', ...lines);
      assert.deepEqual([reply.status, reply.headers.get('www-authenticate')], [401, 'Hawk ts="1"']);
    }
    assert.deepEqual(JSON.parse((await get('/hawk')).text), { detail: 'Not authenticated' });
  });

  it('may be optional', async () => {
    assert.equal(JSON.parse((await get('/optional', sent('Hawk abc'))).text), 'abc');
    assert.equal(JSON.parse((await get('/optional')).text), 'undefined');
    assert.equal(JSON.parse((await get('/optional', sent('Hawk broken'))).text), 'undefined');
  });

  it('may be an alternative', async () => {
    assert.equal(JSON.parse((await get('/either', sent('Hawk abc'))).text), 'abc');
    assert.equal(JSON.parse((await get('/either', basic('u:p'))).text), 'u');
    assert.deepEqual(schemesOf(await get('/either')), ['Hawk', 'Basic']);
  });

  it('is documented by its class name and by what it says of itself', () => {
    const { components, paths } = app.openapi();
    assert.deepEqual(components?.securitySchemes?.['Hawk'], { type: 'http', scheme: 'hawk' });
    assert.deepEqual(paths?.['/hawk']?.get?.security, [{ Hawk: [] }]);
  });

  it('refuses by one method, whose status is kept', async () => {
    for (const lines of [[], [sent('Bearer a b')]]) {
      const reply = await get('/hidden', ...lines);
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [404, { detail: 'Not here' }]);
      assert.equal(reply.headers.get('www-authenticate'), null);
    }
    assert.equal(JSON.parse((await get('/hidden', bearer('t'))).text), 't');
  });

  it('refuses by one method, and a 401 of it without a challenge gets the challenge of the scheme', async () => {
    const reply = await get('/reworded');
    assert.deepEqual(
      [reply.status, JSON.parse(reply.text), ...summary(reply)],
      [401, { detail: { code: 'login_first' } }, 'Bearer realm=api'],
    );
    assert.deepEqual(summary(await get('/reworded', sent('Bearer a b'))), ['Bearer realm=api error=invalid_token']);
  });

  it('refuses by one method, whose challenge is not touched', async () => {
    const reply = await get('/redirected');
    assert.deepEqual([reply.headers.get('www-authenticate'), reply.headers.get('location')], ['FormBased', '/login']);
  });

  it('has a challenge without saying which', async () => {
    class Signed extends SecurityScheme<string> {
      override describe() {
        return { type: 'apiKey' as const, in: 'header' as const, name: 'X-Signature' };
      }
      override read(ctx: Context) {
        return ctx.header('x-signature');
      }
    }
    const signed = new Signed();

    @Controller()
    class Guarded {
      @Get('/')
      read(@Depends(signed) signature: string) {
        return signature;
      }
    }
    const own = appOf([Guarded]);
    const reply = await askOf(own, '/');
    assert.equal(reply.status, 401);
    assert.equal(challengesOf(reply).length, 1);
    assert.equal(JSON.parse((await askOf(own, '/', { headers: [['X-Signature', 's']] })).text), 's');
  });
});

describe('credentials before the body', () => {
  let handled = 0;
  const size = 50_000_000;
  const Item = z.object({ name: z.string(), secret: z.string().optional() });
  const user = dependency({ token: Depends(oauth2) }, async ({ token }) => {
    await Promise.resolve();
    if (token !== 'tok-1') throw new HTTPException(401, 'Invalid');
    return token;
  });
  const admin = dependency({ token: Depends(oauth2) }, () => {
    throw new HTTPException(403, 'Not you');
  });

  const bodied = dependency({ item: Body(Item) }, ({ item }) => item.name);

  @Controller('/upload', { dependencies: [] })
  class Upload {
    @Post('/parameter', { limits: { body: 2 * size } })
    parameter(@Body(Item) item: z.output<typeof Item>, @Depends(user) _user: string) {
      handled += 1;
      return item.name;
    }
    @Post('/below', { limits: { body: 2 * size }, dependencies: [Depends(bodied)] })
    below(@Depends(bodied) name: string, @Depends(user) _user: string) {
      handled += 1;
      return name;
    }
    @Post('/forbidden', { limits: { body: 2 * size } })
    forbidden(@Body(Item) item: z.output<typeof Item>, @Depends(admin) _user: unknown) {
      handled += 1;
      return item.name;
    }
    @Post('/key', { limits: { body: 2 * size } })
    key(@Body(Item) item: z.output<typeof Item>, @Depends(key) _key: string) {
      handled += 1;
      return item.name;
    }
    @Post('/either', { limits: { body: 2 * size } })
    either(@Body(Item) item: z.output<typeof Item>, @Depends(either) _who: unknown) {
      handled += 1;
      return item.name;
    }
  }
  const app = appOf([Upload]);
  const served = servers();
  let port: number;
  before(async () => ({ port } = await served(app)));
  beforeEach(() => (handled = 0));

  const type: Line = ['Content-Type', 'application/json'];
  const refused: [name: string, path: string, lines: Line[], status: number][] = [
    ['no token', '/upload/parameter', [], 401],
    ['a malformed token', '/upload/parameter', [['Authorization', 'Bearer a b']], 401],
    ['two tokens', '/upload/parameter', [bearer('tok-1'), bearer('tok-1')], 400],
    ['a wrong token', '/upload/parameter', [bearer('wrong')], 401],
    ['a wrong token, and a dependency with a body before it', '/upload/below', [bearer('wrong')], 401],
    ['a token without permission', '/upload/forbidden', [bearer('tok-1')], 403],
    ['no key', '/upload/key', [], 401],
    ['no alternative', '/upload/either', [], 401],
  ];

  for (const [name, path, lines, status] of refused) {
    it(`RFC 9110 §10.1.1: ${name} is refused without 100 Continue`, async () => {
      const wire = await RawConnection.open(port);
      wire.write(
        requestHead('POST', path, [...lines, type, ['Content-Length', `${size}`], ['Expect', '100-continue']]),
      );
      const answer = await wire.until(/\r\n\r\n/);
      wire.destroy();
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.doesNotMatch(answer, / 100 Continue/);
      if (status === 401) assert.match(answer, /^www-authenticate: /im);
      assert.equal(handled, 0);
    });

    it(`${name} is refused while not one byte of the declared body has come`, async () => {
      const wire = await RawConnection.open(port);
      wire.write(requestHead('POST', path, [...lines, type, ['Content-Length', `${size}`]]));
      assert.match(await wire.until(/\r\n\r\n/), new RegExp(`^HTTP/1\\.1 ${status} `));
      wire.destroy();
      assert.equal(handled, 0);
    });

    it(`${name} is refused while not one chunk of the body has come`, async () => {
      const wire = await RawConnection.open(port);
      wire.write(requestHead('POST', path, [...lines, type, ['Transfer-Encoding', 'chunked']]));
      assert.match(await wire.until(/\r\n\r\n/), new RegExp(`^HTTP/1\\.1 ${status} `));
      wire.destroy();
    });

    if (name === 'two tokens') continue;
    it(`${name} is refused without a read of the stream, in memory`, async () => {
      let pulls = 0;
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulls += 1;
            controller.enqueue(new TextEncoder().encode(' '.repeat(1_000)));
          },
        },
        { highWaterMark: 0 },
      );
      const headers = [...lines, type].map(([field, value]): [string, string] => [field, value]);
      const response = await app.request(path, { method: 'POST', headers, body, duplex: 'half' });
      assert.deepEqual([response.status, pulls], [status, 0]);
    });
  }

  for (const [name, path, lines] of [
    ['a broken body', '/upload/parameter', [type]],
    ['a body of a type that is not read', '/upload/parameter', [['Content-Type', 'text/plain']]],
    ['a broken body and a wrong token', '/upload/parameter', [type, bearer('wrong')]],
    ['a broken body below', '/upload/below', [type, bearer('wrong')]],
  ] as [string, string, Line[]][]) {
    it(`${name} is not looked at: 401`, async () => {
      const reply = await askOf(app, path, { method: 'POST', headers: lines, body: '{"name":' });
      assert.equal(reply.status, 401);
    });
  }

  it('RFC 9110 §10.1.1: 100 Continue is sent once the credentials are good', async () => {
    const wire = await RawConnection.open(port);
    const content = '{"name":"x"}';
    const lines: Line[] = [bearer('tok-1'), type, ['Content-Length', `${content.length}`], ['Expect', '100-continue']];
    wire.write(requestHead('POST', '/upload/parameter', [...lines, ['Connection', 'close']]));
    const first = await wire.until(/\r\n\r\n/);
    assert.match(first, /^HTTP\/1\.1 100 Continue\r\n/);
    wire.write(content);
    await wire.rest();
    const reply = wire.answers.at(-1);
    assert.deepEqual([reply?.status, reply?.body, handled], [200, '"x"', 1]);
  });

  it('the refused body is not taken for the next request', async () => {
    const wire = await RawConnection.open(port);
    const smuggled = requestHead('POST', '/upload/parameter', [bearer('tok-1'), type, ['Content-Length', '12']]);
    wire.write(requestHead('POST', '/upload/parameter', [type, ['Content-Length', `${smuggled.length + 12}`]]));
    await wire.until(/\r\n\r\n/);
    wire.write(smuggled, '{"name":"x"}');
    wire.write(
      requestHead('POST', '/upload/parameter', [
        ['Content-Length', '0'],
        ['Connection', 'close'],
      ]),
    );
    assert.doesNotMatch(await wire.rest(), /HTTP\/1\.1 200/);
    assert.equal(handled, 0);
  });
});

describe('redaction', () => {
  const log = new Log();
  beforeEach(() => log.clear());
  const secret = /s3cret|hunter2|8675309/;
  const Login = z.object({ user: z.string(), password: z.string(), nested: z.object({ clientSecret: z.string() }) });

  @Controller()
  class Leaky {
    @Get('/boom')
    boom(@Depends(anyToken) _user: string) {
      throw new Error('boom');
    }
    @Get('/key')
    key(@Header('x-api-key', z.int()) _value: number) {}
    @Get('/cookie')
    cookie(@Cookie('theme', z.int()) _value: number) {}
    @Get('/query')
    query(
      @Query('password', z.int()) _password: number,
      @Query('access_token', z.int()) _token: number,
      @Query('page', z.int()) _page: number,
    ) {}
    @Post('/body')
    body(@Body(Login) _login: unknown) {}
    @Post('/boom')
    boomBody(@Body(Login) _login: unknown) {
      throw new Error('boom');
    }
  }
  const app = appOf([Leaky], { logger: log });

  it('the log of a failing request has its route and stack, and no token, key or cookie', async () => {
    const lines: Line[] = [bearer('s3cret'), ['Cookie', 'session=s3cret'], ['X-API-Key', 's3cret']];
    const reply = await askOf(app, '/boom?access_token=s3cret&code=s3cret', { headers: lines });
    assert.equal(reply.status, 500);
    assert.match(log.text, /boom/);
    assert.doesNotMatch(log.text, secret);
    assert.doesNotMatch(reply.text, secret);
  });

  it('the log of a failing request has no body', async () => {
    const body = JSON.stringify({ user: 'u', password: 'hunter2', nested: { clientSecret: 's3cret' } });
    const reply = await askOf(app, '/boom', { method: 'POST', headers: [['Content-Type', 'application/json']], body });
    assert.equal(reply.status, 500);
    assert.doesNotMatch(log.text, secret);
  });

  const rows: [name: string, path: string, lines: Line[], body: string | undefined, ...locations: string[]][] = [
    ['a header that is named like a key', '/key', [['X-API-Key', 's3cret']], undefined, 'header x-api-key'],
    ['a cookie, whatever its name', '/cookie', [['Cookie', 'theme=s3cret']], undefined, 'cookie theme'],
    [
      'query values that are named like secrets',
      '/query?password=hunter2&access_token=s3cret&page=x',
      [],
      undefined,
      'query password',
      'query access_token',
      'query page',
    ],
    [
      'secrets in a body, at any depth',
      '/body',
      [['Content-Type', 'application/json']],
      '{"user":1,"password":8675309,"nested":{"clientSecret":8675309}}',
      'body user',
      'body password',
      'body nested clientSecret',
    ],
    ['the parent of a secret', '/body', [['Content-Type', 'application/json']], '[{"password":"hunter2"}]', 'body'],
    ['a body that is broken', '/body', [['Content-Type', 'application/json']], '{"password":"hunter2",', 'body'],
  ];
  for (const [name, path, lines, body, ...locations] of rows) {
    it(`a 422 does not echo ${name}`, async () => {
      const method = body === undefined ? 'GET' : 'POST';
      const reply = await askOf(app, path, { method, headers: lines, ...(body === undefined ? {} : { body }) });
      assert.equal(reply.status, 422);
      const { detail } = JSON.parse(reply.text) as { detail: { loc: unknown[]; input?: unknown }[] };
      assert.deepEqual(
        detail.map(({ loc }) => loc.join(' ')),
        locations,
      );
      assert.doesNotMatch(reply.text, secret);
      assert.doesNotMatch(log.text, secret);
    });
  }

  it('a 422 does echo what is no secret', async () => {
    const reply = await askOf(app, '/query?password=1&access_token=1&page=x');
    const { detail } = JSON.parse(reply.text) as { detail: { input?: unknown }[] };
    assert.deepEqual(
      detail.map(({ input }) => input),
      ['x'],
    );
  });
});

describe('compareSecrets', () => {
  for (const [a, b, equal] of [
    ['secret', 'secret', true],
    ['', '', true],
    ['us\u00e9r\u{1f511}', 'us\u00e9r\u{1f511}', true],
    ['x'.repeat(100_000), 'x'.repeat(100_000), true],
    ['secret', 'Secret', false],
    ['secret', 'secret ', false],
    ['secret', 'secre', false],
    ['secret', '', false],
    ['', 'secret', false],
    ['\u00e9', 'e\u0301', false],
    ['a\0b', 'a\0c', false],
    [`${'x'.repeat(100_000)}y`, `${'x'.repeat(100_000)}z`, false],
  ] as const) {
    it(`${JSON.stringify(a.slice(0, 8))} and ${JSON.stringify(b.slice(0, 8))}: ${equal}`, async () => {
      const result = compareSecrets(a, b);
      assert.ok(result instanceof Promise);
      assert.equal(await result, equal);
      assert.equal(await compareSecrets(Buffer.from(a), b), equal, 'as bytes too');
    });
  }
});

describe('start-up errors', () => {
  const bare = new OAuth2PasswordBearer({ tokenUrl: 'token', schemeName: 'Bare' });
  const bareToken = dependency({ token: Security(bare, { scopes: ['me'] }) }, ({ token }) => token);

  it('UNDECLARED_SCOPE: on the scheme itself, through a dependency, below one, in a list, on an alternative', () => {
    @Controller()
    class Undeclared {
      @Get('/itself')
      itself(@Security(oauth2, { scopes: ['me', 'wrong'] }) _token: string) {}
      @Get('/through')
      through(@Security(anyToken, { scopes: ['wrong'] }) _token: string) {}
      @Get('/below')
      below(@Depends(bareToken) _token: string) {}
      @Get('/list', { dependencies: [Security(anyToken, { scopes: ['wrong'] })] })
      list() {}
      @Get('/either')
      either(@Security(anyOf(oauth2, bare), { scopes: ['wrong'] }) _token: string) {}
      @Get('/right')
      right(@Security(anyToken, { scopes: ['me', 'admin'] }) _token: string) {}
    }
    const mistakes = mistakesOf(() => appOf([Undeclared]));
    assert.deepEqual([...new Set(mistakes.map(({ code }) => code))], ['UNDECLARED_SCOPE']);
    const methods = new Set(mistakes.map(({ method }) => String(method)));
    assert.deepEqual([...methods].toSorted(), ['below', 'either', 'itself', 'list', 'through']);
    assert.ok(mistakes.every((mistake) => mistake.class === 'Undeclared'));
    for (const { method, message } of mistakes) assert.match(message, method === 'below' ? /\bme\b/ : /\bwrong\b/);
  });

  it('UNDECLARED_SCOPE: not where the provider declares them elsewhere', () => {
    const oidc = new OpenIdConnect({ openIdConnectUrl: 'https://id.example/' });

    @Controller()
    class Discovered {
      @Get('/')
      read(@Security(oidc, { scopes: ['anything'] }) _token: string) {}
    }
    appOf([Discovered]);
  });

  it('DUPLICATE_SCHEME_NAME: two different schemes with one name', () => {
    const one = new OAuth2PasswordBearer({ tokenUrl: 'one' });
    const two = new OAuth2PasswordBearer({ tokenUrl: 'two' });
    const named = new HTTPBasic({ schemeName: 'OAuth2PasswordBearer' });

    for (const other of [two, named]) {
      @Controller()
      class Twice {
        @Get('/one')
        one(@Depends(one) _token: string) {}
        @Get('/other', { dependencies: [Depends(other)] })
        other() {}
      }
      const mistakes = mistakesOf(() => appOf([Twice]));
      assert.deepEqual(
        mistakes.map(({ code }) => code),
        ['DUPLICATE_SCHEME_NAME'],
      );
      assert.match(mistakes[0]?.message ?? '', /OAuth2PasswordBearer/);
    }
  });

  it('DUPLICATE_SCHEME_NAME: across controllers, in alternatives, and for what is included later', () => {
    const two = new OAuth2PasswordBearer({ tokenUrl: 'two' });

    @Controller('/a')
    class First {
      @Get('/one')
      one(@Depends(oauth2) _token: string) {}
    }
    @Controller('/b')
    class Second {
      @Get('/either')
      either(@Depends(anyOf(staff, two)) _who: unknown) {}
    }
    assert.deepEqual(
      mistakesOf(() => appOf([First, Second])).map(({ code }) => code),
      ['DUPLICATE_SCHEME_NAME'],
    );
    const app = appOf([First]);
    assert.deepEqual(
      mistakesOf(() => {
        app.include([Second]);
        return app;
      }).map(({ code }) => code),
      ['DUPLICATE_SCHEME_NAME'],
    );
    assert.deepEqual(Object.keys(app.openapi().components?.securitySchemes ?? {}), ['OAuth2PasswordBearer']);
  });

  it('DUPLICATE_SCHEME_NAME: not for one scheme used twice, nor for schemes with names of their own', () => {
    const two = new OAuth2PasswordBearer({ tokenUrl: 'two', schemeName: 'Second' });

    @Controller()
    class Named {
      @Get('/one')
      one(@Depends(oauth2) _a: string, @Depends(anyToken) _b: string, @Depends(two) _c: string) {}
      @Get('/two')
      two(@Depends(oauth2) _a: string) {}
    }
    appOf([Named]);
  });

  it('UNSECURED_OPERATION: with requireSecurity, every operation without a scheme that is not public', () => {
    const optional = new HTTPBasic({ autoError: false });

    @Controller('/a')
    class First {
      @Get('/guarded')
      guarded(@Depends(anyToken) _user: string) {}
      @Get('/public', { public: true })
      public() {}
      @Get('/open')
      open() {}
    }
    @Controller('/b', { dependencies: [Depends(anyToken)] })
    class Second {
      @Get('/guarded')
      guarded() {}
      @Get('/without', { without: [anyToken] })
      without() {}
      @Get('/public', { without: [anyToken], public: true })
      public() {}
    }
    @Controller('/c')
    class Third {
      constructor(@Depends(anyToken) readonly user: string) {}
      @Get('/guarded')
      guarded() {}
    }
    @Controller('/d')
    class Fourth {
      @Get('/optional')
      optional(@Depends(optional) _user: unknown) {}
    }
    const mistakes = mistakesOf(() => appOf([First, Second, Third, Fourth], { requireSecurity: true }));
    assert.deepEqual(
      mistakes.map(({ code, class: name, method }) => `${code} ${String(name)}.${String(method)}`),
      ['UNSECURED_OPERATION First.open', 'UNSECURED_OPERATION Second.without', 'UNSECURED_OPERATION Fourth.optional'],
    );
    appOf([First, Second, Third, Fourth]);
  });

  it('UNSECURED_OPERATION: for what is included later, too', () => {
    @Controller()
    class Open {
      @Get('/open')
      open() {}
    }
    const app = appOf([], { requireSecurity: true });
    assert.deepEqual(
      mistakesOf(() => {
        app.include([Open]);
        return app;
      }).map(({ code }) => code),
      ['UNSECURED_OPERATION'],
    );
    app.include([Open], { dependencies: [Depends(anyToken)] });
  });

  it('UNKNOWN_WITHOUT: a guard that is in no list was never left out', () => {
    const elsewhere = dependency({ token: Depends(oauth2) }, ({ token }) => token);

    @Controller('/a', { dependencies: [Depends(anyToken)] })
    class Left {
      @Get('/right', { without: [anyToken] })
      right() {}
      @Get('/wrong', { without: [elsewhere] })
      wrong() {}
    }
    const mistakes = mistakesOf(() => appOf([Left]));
    assert.deepEqual(
      mistakes.map(({ code, method }) => [code, method]),
      [['UNKNOWN_WITHOUT', 'wrong']],
    );
  });

  it('a guard that is undefined does not make an open route', () => {
    const missing = undefined as unknown as typeof anyToken;

    @Controller()
    class Dropped {
      @Get('/parameter')
      parameter(@Depends(missing) _user: string) {}
      @Get('/list', { dependencies: [Depends(missing)] })
      list() {}
    }
    const mistakes = mistakesOf(() => appOf([Dropped]));
    assert.deepEqual(
      mistakes.map(({ code, method }) => [code, method]),
      [
        ['DEPENDENCY_UNDEFINED', 'parameter'],
        ['DEPENDENCY_UNDEFINED', 'list'],
      ],
    );
  });
});

describe('without and public', () => {
  const flow = new OAuth2AuthorizationCodeBearer({
    authorizationUrl: 'https://id.example/authorize',
    tokenUrl: 'token',
  });
  const guard = dependency({ token: Depends(flow) }, ({ token }) => token);

  @Controller('/mixed', { dependencies: [Depends(key)] })
  class Mixed {
    @Get('/both')
    both() {
      return 'both';
    }
    @Get('/key', { without: [guard] })
    key() {
      return 'key';
    }
    @Get('/token', { without: [key] })
    token() {
      return 'token';
    }
    @Get('/none', { without: [guard, key], public: true })
    none() {
      return 'none';
    }
    @Get('/again', { without: [guard, key] })
    again(@Depends(guard) _user: string) {
      return 'again';
    }
  }
  @Controller('/left', { without: [guard] })
  class Left {
    @Get('/')
    read() {
      return 'left';
    }
  }
  const app = appOf([Mixed, Left], { dependencies: [Depends(guard)] });
  const withKey: Line = ['X-API-Key', 'k'];

  for (const [path, ...needed] of [
    ['/mixed/both', bearer('t'), withKey],
    ['/mixed/key', withKey],
    ['/mixed/token', bearer('t')],
    ['/mixed/none'],
    ['/mixed/again', bearer('t')],
    ['/left/'],
  ] as [string, ...Line[]][]) {
    it(`${path} needs ${needed.map(([name]) => name).join(' and ') || 'nothing'}`, async () => {
      assert.equal((await askOf(app, path, { headers: needed })).status, 200);
      for (const left of needed) {
        const reply = await askOf(app, path, { headers: needed.filter((line) => line !== left) });
        assert.equal(reply.status, 401);
      }
      const documented = app.openapi().paths?.[path]?.get?.security ?? app.openapi().security ?? [];
      const names = documented.flatMap((requirement) => Object.keys(requirement));
      const expected = needed.map(([name]) =>
        name === 'Authorization' ? 'OAuth2AuthorizationCodeBearer' : 'APIKeyHeader',
      );
      assert.deepEqual(names.toSorted(), expected.toSorted());
    });
  }
});

describe('the parser of these tests', () => {
  it('refuses what is no challenge', () => {
    assert.deepEqual(parseChallenges('A, B a="x, \\"y", c=d, E f="g"'), [
      { scheme: 'A', parameters: {} },
      { scheme: 'B', parameters: { a: 'x, "y', c: 'd' } },
      { scheme: 'E', parameters: { f: 'g' } },
    ]);
    for (const broken of [
      'Bearer realm="a',
      'Bearer realm="a" b',
      'Bearer realm="a"x',
      'Bearer a="1", a="2"',
      'Bearer a="\u00e9"',
    ]) {
      assert.throws(() => parseChallenges(broken), broken);
    }
  });
});
