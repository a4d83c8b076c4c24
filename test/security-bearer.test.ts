import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { z } from 'zod';
import {
  App,
  Controller,
  Ctx,
  type Context,
  Depends,
  dependency,
  Get,
  HTTPBearer,
  HTTPException,
  OAuth2,
  OAuth2AuthorizationCodeBearer,
  OAuth2ClientCredentialsBearer,
  OAuth2PasswordBearer,
  OpenIdConnect,
  Post,
  Query,
  Scopes,
  Security,
  type SecurityScopes,
} from 'portico';
import { type Answer, asking, bearer, challengesOf, describeMatrix, type Line, Log } from './world.ts';

const scopes = { read: 'Read.', write: 'Write.' };
const granted = new Map([
  ['tok-1', ['read']],
  ['AZaz09-._~+/==', ['read']],
]);

const password = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes });
const optional = new OAuth2PasswordBearer({ tokenUrl: 'token', autoError: false, schemeName: 'Optional' });
const httpBearer = new HTTPBearer();
const httpToken = dependency({ found: Depends(httpBearer) }, ({ found }) => {
  assert.equal(found.scheme.toLowerCase(), 'bearer');
  return found.credentials;
});

/** Every scheme that reads a bearer token, by the route that is guarded with it. */
const schemes = {
  password,
  code: new OAuth2AuthorizationCodeBearer({ authorizationUrl: 'https://id.example/authorize', tokenUrl: 'token' }),
  client: new OAuth2ClientCredentialsBearer({ tokenUrl: 'token' }),
  oauth2: new OAuth2({ flows: { clientCredentials: { tokenUrl: 'token', scopes: {} } } }),
  oidc: new OpenIdConnect({ openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' }),
  http: httpToken,
};

/** The tokens that got as far as the verifier, and how often a handler ran. */
let verified: string[] = [];
let handled = 0;

function verify(token: string): string {
  verified.push(token);
  if (!granted.has(token)) throw new HTTPException(401, 'Invalid authentication credentials');
  return token;
}

const user = dependency({ token: Depends(password), required: Scopes() }, ({ token, required }) => {
  verify(token);
  const missing = required.scopes.filter((scope) => granted.get(token)?.includes(scope) !== true);
  if (missing.length > 0) throw new HTTPException(403, 'Not enough permissions');
  return token;
});

@Controller()
class Resources {
  @Get('/password')
  password(@Depends(verifiedBy(schemes.password)) token: string) {
    return answer(token);
  }
  @Get('/code')
  code(@Depends(verifiedBy(schemes.code)) token: string) {
    return answer(token);
  }
  @Get('/client')
  client(@Depends(verifiedBy(schemes.client)) token: string) {
    return answer(token);
  }
  @Get('/oauth2')
  oauth2(@Depends(verifiedBy(schemes.oauth2)) token: string) {
    return answer(token);
  }
  @Get('/oidc')
  oidc(@Depends(verifiedBy(schemes.oidc)) token: string) {
    return answer(token);
  }
  @Get('/http')
  http(@Depends(verifiedBy(schemes.http)) token: string) {
    return answer(token);
  }
  @Get('/optional')
  optional(@Depends(optional) token: string | undefined) {
    return { token: token === undefined ? 'undefined' : token };
  }
  @Get('/read')
  read(@Security(user, { scopes: ['read'] }) token: string) {
    return answer(token);
  }
  @Get('/write')
  write(@Security(user, { scopes: ['write'] }) token: string) {
    return answer(token);
  }
  @Post('/form')
  form(@Depends(verifiedBy(schemes.password)) token: string) {
    return answer(token);
  }
  @Get('/cached')
  cached(@Depends(user) _token: string, @Ctx() ctx: Context) {
    ctx.response.headers.set('Cache-Control', 'private, max-age=60');
    return 'cached';
  }
  @Get('/stream')
  async *stream(@Depends(user) token: string) {
    yield token;
  }
  @Get('/response')
  response(@Depends(user) token: string, @Query('age', z.int().optional()) age?: number) {
    return new Response(token, age === undefined ? {} : { headers: { 'Cache-Control': `max-age=${age}` } });
  }
  @Get('/open')
  open() {
    return 'open';
  }
}

function verifiedBy(scheme: (typeof schemes)[keyof typeof schemes]) {
  return dependency({ token: Depends(scheme) }, ({ token }) => verify(token));
}

function answer(token: string) {
  handled += 1;
  return { token };
}

const bearerApp = () => new App({ title: 'Bearer', version: '1', controllers: [Resources], logger: new Log() });

type Outcome = 'accepted' | 'absent' | 'foreign' | 'malformed' | 'duplicate' | 'refused';
interface Row {
  readonly name: string;
  readonly lines: Line[];
  readonly outcome: Outcome;
  /** What the verifier gets where the row is accepted. */
  readonly token?: string;
  /** Rows that only bytes can express. */
  readonly socketOnly?: true;
}

function row(name: string, outcome: Outcome, value: string, token = 'tok-1'): Row {
  return { name, lines: [['Authorization', value]], outcome, token };
}

const rows: readonly Row[] = [
  { name: 'RFC 6750 §3: no Authorization', lines: [], outcome: 'absent' },
  row('an empty Authorization', 'absent', ''),
  row('RFC 6750 §2.1: Bearer tok-1', 'accepted', 'Bearer tok-1'),
  row('RFC 9110 §11.1: the scheme in lower case', 'accepted', 'bearer tok-1'),
  row('RFC 9110 §11.1: the scheme in upper case', 'accepted', 'BEARER tok-1'),
  row('RFC 9110 §11.1: the scheme in mixed case', 'accepted', 'BeArEr tok-1'),
  row('RFC 6750 §2.1: 1*SP, two spaces', 'accepted', 'Bearer  tok-1'),
  row('RFC 6750 §2.1: 1*SP, five spaces', 'accepted', 'Bearer     tok-1'),
  row('RFC 9110 §5.5: white space around the value is not part of it', 'accepted', ' \tBearer tok-1 \t'),
  row('RFC 6750 §2.1: a tab is no separator', 'refused', 'Bearer\ttok-1'),
  row('RFC 6750 §2.1: a tab after the space', 'malformed', 'Bearer \ttok-1'),
  row('RFC 6750 §3.1: the scheme alone', 'malformed', 'Bearer'),
  row('RFC 6750 §3.1: the scheme and a space', 'malformed', 'Bearer '),
  row('the scheme alone in lower case', 'malformed', 'bearer'),
  row('RFC 6750 §2.1 b64token: two words', 'malformed', 'Bearer a b'),
  row('RFC 6750 §2.1 b64token: the token and a second word', 'malformed', 'Bearer tok-1 tok-1'),
  row('RFC 6750 §2.1 b64token: a quote', 'malformed', 'Bearer a"b'),
  row('RFC 6750 §2.1 b64token: quoted', 'malformed', 'Bearer "tok-1"'),
  row('RFC 6750 §2.1 b64token: a comma', 'malformed', 'Bearer a,b'),
  row('RFC 6750 §2.1 b64token: a comma after the token', 'malformed', 'Bearer tok-1,'),
  row('RFC 6750 §2.1 b64token: Latin-1', 'malformed', 'Bearer \u00e9'),
  row('RFC 6750 §2.1 b64token: UTF-8 bytes', 'malformed', 'Bearer \u00c3\u00a9'),
  row('RFC 6750 §2.1 b64token: a no-break space after the token', 'malformed', 'Bearer tok-1\u00a0'),
  row('RFC 6750 §2.1 b64token: = inside', 'malformed', 'Bearer a==b'),
  row('RFC 6750 §2.1 b64token: nothing but =', 'malformed', 'Bearer =='),
  row('RFC 6750 §2.1 b64token: percent', 'malformed', 'Bearer tok%2D1'),
  row('RFC 6750 §2.1: every kind of b64token character', 'accepted', 'Bearer AZaz09-._~+/==', 'AZaz09-._~+/=='),
  row('RFC 6750 §3.1: another scheme', 'foreign', 'Basic dTpw'),
  row('another scheme around a valid token', 'foreign', 'Basic tok-1'),
  row('an unknown scheme around a valid token', 'foreign', 'X tok-1'),
  row('a longer scheme that begins alike', 'foreign', 'BearerX tok-1'),
  row('a valid token without a scheme', 'foreign', 'tok-1'),
  row('RFC 9110 §11.4: a comma in a quoted string of another scheme', 'foreign', 'Digest username="smith, John q"'),
  row('RFC 7616 §3.9: a whole Digest header', 'foreign', 'Digest username="M", realm="a b", uri="/x", qop=auth'),
  {
    name: 'RFC 6750 §3.1: the same Authorization line twice',
    lines: [bearer('tok-1'), bearer('tok-1')],
    outcome: 'duplicate',
    socketOnly: true,
  },
  {
    name: 'RFC 9110 §5.3: two Authorization lines, the first valid',
    lines: [bearer('tok-1'), bearer('other')],
    outcome: 'duplicate',
    socketOnly: true,
  },
  {
    name: 'RFC 9110 §5.3: two Authorization lines, the second valid',
    lines: [bearer('other'), ['authorization', 'Bearer tok-1']],
    outcome: 'duplicate',
    socketOnly: true,
  },
  {
    name: 'RFC 9110 §5.3: Basic and Bearer in two lines',
    lines: [['Authorization', 'Basic dTpw'], bearer('tok-1')],
    outcome: 'duplicate',
    socketOnly: true,
  },
  {
    name: 'an empty line and a valid one',
    lines: [['Authorization', ''], bearer('tok-1')],
    outcome: 'duplicate',
    socketOnly: true,
  },
  {
    name: 'two lines that were joined on the way: never the first',
    lines: [['Authorization', 'Bearer tok-1, Bearer tok-1']],
    outcome: 'refused',
  },
];

const refusals: Record<Exclude<Outcome, 'accepted'>, (reply: Answer) => void> = {
  absent: (reply) => refusedWith(reply, 401, undefined, 'Not authenticated'),
  foreign: (reply) => refusedWith(reply, 401, undefined, 'Not authenticated'),
  malformed: (reply) => refusedWith(reply, 401, 'invalid_token'),
  duplicate: (reply) => refusedWith(reply, 400, 'invalid_request'),
  refused: (reply) => assert.ok(reply.status === 401 || reply.status === 400, `answered ${reply.status}`),
};

/** One Bearer challenge with a realm, and exactly this error (RFC 6750 §3: at least one auth-param). */
function refusedWith(reply: Answer, status: number, error: string | undefined, detail?: string): void {
  assert.equal(reply.status, status);
  const [challenge, ...others] = challengesOf(reply);
  assert.equal(others.length, 0);
  assert.equal(challenge?.scheme, 'Bearer');
  assert.equal(challenge.parameters['realm'], 'api');
  assert.equal(challenge.parameters['error'], error);
  if (error === undefined) assert.equal(challenge.parameters['error_description'], undefined);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/json\b/);
  if (detail !== undefined) assert.deepEqual(JSON.parse(reply.text), { detail });
}

describeMatrix('bearer tokens', (open, way) => {
  const ask = asking(() => open(bearerApp()));
  beforeEach(() => {
    verified = [];
    handled = 0;
  });

  for (const { name, lines, outcome, token, socketOnly } of rows) {
    if (socketOnly === true && way === 'in memory') continue;

    it(`${name}: ${outcome}`, async () => {
      for (const path of Object.keys(schemes)) {
        verified = [];
        const reply = await ask(`/${path}`, { headers: lines });
        if (outcome === 'accepted') {
          assert.equal(reply.status, 200, path);
          assert.deepEqual(JSON.parse(reply.text), { token });
          assert.deepEqual(verified, [token]);
        } else {
          refusals[outcome](reply);
          assert.deepEqual(verified, [], `the verifier behind ${path} was called`);
        }
      }
    });

    it(`${name}: ${outcome === 'accepted' ? 'the token' : 'undefined'} where autoError is false`, async () => {
      const reply = await ask('/optional', { headers: lines });
      if (outcome === 'duplicate' && reply.status === 400) return;
      assert.equal(reply.status, 200);
      assert.deepEqual(JSON.parse(reply.text), { token: outcome === 'accepted' ? token : 'undefined' });
    });
  }

  it('every malformed credential gets the same answer, byte for byte', async () => {
    const bodies = new Set<string>();
    for (const { lines, outcome } of rows) {
      if (outcome === 'malformed') bodies.add((await ask('/password', { headers: lines })).text);
    }
    assert.equal(bodies.size, 1);
  });

  it('RFC 6750 §3.1: a wrong token is 401 invalid_token, with the detail of the verifier', async () => {
    const reply = await ask('/password', { headers: [bearer('revoked')] });
    refusedWith(reply, 401, 'invalid_token', 'Invalid authentication credentials');
    assert.deepEqual(verified, ['revoked']);
    assert.equal(handled, 0);
  });

  it('RFC 6750 §3.1: a token without the scope is 403 insufficient_scope that names the scope', async () => {
    const reply = await ask('/write', { headers: [bearer('tok-1')] });
    refusedWith(reply, 403, 'insufficient_scope', 'Not enough permissions');
    assert.equal(challengesOf(reply)[0]?.parameters['scope'], 'write');
    assert.equal(handled, 0);
  });

  it('a token with the scope is accepted', async () => {
    assert.equal((await ask('/read', { headers: [bearer('tok-1')] })).status, 200);
  });

  it('RFC 9700 §4.3.2: a token in the query is nothing', async () => {
    refusedWith(await ask('/password?access_token=tok-1'), 401, undefined, 'Not authenticated');
    assert.deepEqual(verified, []);
  });

  it('RFC 6750 §2.2: a token in the body is nothing', async () => {
    const form: Line = ['Content-Type', 'application/x-www-form-urlencoded'];
    const reply = await ask('/form', { method: 'POST', headers: [form], body: 'access_token=tok-1' });
    refusedWith(reply, 401, undefined, 'Not authenticated');
    assert.deepEqual(verified, []);
  });

  it('a token in X-Authorization, Proxy-Authorization or a cookie is nothing', async () => {
    for (const name of ['X-Authorization', 'Proxy-Authorization', 'Cookie']) {
      const value = name === 'Cookie' ? 'Authorization=Bearer tok-1' : 'Bearer tok-1';
      refusedWith(await ask('/password', { headers: [[name, value]] }), 401, undefined, 'Not authenticated');
    }
    assert.deepEqual(verified, []);
  });

  it('an authorised answer is not to be stored, unless the handler says otherwise', async () => {
    assert.equal((await ask('/read', { headers: [bearer('tok-1')] })).headers.get('cache-control'), 'no-store');
    const own = await ask('/cached', { headers: [bearer('tok-1')] });
    assert.equal(own.headers.get('cache-control'), 'private, max-age=60');
    assert.equal((await ask('/open')).headers.get('cache-control'), null);
  });

  it('RFC 9111 §3.5: a stream and a returned Response are not to be stored either, unless they say so', async () => {
    assert.equal((await ask('/stream', { headers: [bearer('tok-1')] })).headers.get('cache-control'), 'no-store');
    assert.equal((await ask('/response', { headers: [bearer('tok-1')] })).headers.get('cache-control'), 'no-store');
    const own = await ask('/response?age=5', { headers: [bearer('tok-1')] });
    assert.equal(own.headers.get('cache-control'), 'max-age=5');
  });

  it('an answer that an optional token was read for is not to be stored either', async () => {
    assert.equal((await ask('/optional', { headers: [bearer('tok-1')] })).headers.get('cache-control'), 'no-store');
  });

  it('HEAD is guarded as GET is, and its refusal has the same challenge and no content', async () => {
    const anonymous = await ask('/password', { method: 'HEAD' });
    assert.equal(anonymous.status, 401);
    assert.equal(challengesOf(anonymous)[0]?.scheme, 'Bearer');
    assert.equal(anonymous.text, '');
    assert.equal(handled, 0);
    assert.equal((await ask('/password', { method: 'HEAD', headers: [bearer('tok-1')] })).status, 200);
    assert.deepEqual(verified, ['tok-1']);
  });

  it('OPTIONS runs neither the verifier nor the handler', async () => {
    const reply = await ask('/password', { method: 'OPTIONS', headers: [bearer('tok-1')] });
    assert.equal(reply.status, 204);
    assert.deepEqual([verified, handled], [[], 0]);
  });

  it('a path variant that reaches the handler has passed the guard', async () => {
    for (const path of [
      '/password/',
      '//password',
      '/%70assword',
      '/./password',
      '/password;x',
      '/PASSWORD',
      '/password%2F',
    ]) {
      await ask(path);
    }
    assert.equal(handled, 0);
  });
});

describe('a verifier that fails', () => {
  const token = new OAuth2PasswordBearer({ tokenUrl: 'token' });
  let ran = false;

  function appWith(verifier: (token: string) => string | Promise<string>): App {
    const subject = dependency({ token: Depends(token) }, ({ token: value }) => verifier(value));

    @Controller()
    class Guarded {
      @Get('/')
      read(@Depends(subject) _subject: string) {
        ran = true;
        return 'secret';
      }
    }
    ran = false;
    return new App({ title: 'Failing', version: '1', controllers: [Guarded], logger: new Log(), timeout: 100 });
  }
  const call: [string, { headers: [string, string][] }] = ['/', { headers: [['Authorization', 'Bearer tok-1']] }];

  it('closed: a plain error is the constant 500 and the handler does not run', async () => {
    for (const verifier of [
      () => {
        throw new Error('database: tok-1 unreadable');
      },
      () => Promise.reject(new Error('database: tok-1 unreadable')),
    ]) {
      const response = await appWith(verifier).request(...call);
      assert.equal(response.status, 500);
      assert.deepEqual(await response.json(), { detail: 'Internal Server Error' });
      assert.equal(response.headers.get('www-authenticate'), null);
      assert.equal(ran, false);
    }
  });

  it('closed: a verifier that never settles ends with the time limit and the handler does not run', async () => {
    const response = await appWith(() => new Promise<string>(() => {})).request(...call);
    assert.equal(response.status, 503);
    assert.equal(ran, false);
  });
});

describe('types of bearer schemes', () => {
  it('say that an optional token may be undefined', () => {
    class Typed {
      read(
        // @ts-expect-error: an optional scheme gives undefined where nothing was sent
        @Depends(optional) _token: string,
        @Depends(password) _required: string,
        @Depends(httpBearer) _pair: { scheme: string; credentials: string },
        @Scopes() _scopes: SecurityScopes,
      ) {}
    }
    assert.equal(typeof Typed, 'function');
  });
});
