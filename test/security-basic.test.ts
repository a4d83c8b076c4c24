import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  APIKeyCookie,
  APIKeyHeader,
  APIKeyQuery,
  App,
  Controller,
  Depends,
  dependency,
  Get,
  HTTPBasic,
  HTTPDigest,
} from 'portico';
import { type Answer, asking, basic, challengesOf, describeMatrix, type Line, Log } from './world.ts';

/** What got behind a scheme. */
let seen: unknown[] = [];

const staff = new HTTPBasic({ realm: 'staff' });
const optionalBasic = new HTTPBasic({ autoError: false, schemeName: 'OptionalBasic' });
const digest = new HTTPDigest();
const headerKey = new APIKeyHeader('X-API-Key');
const queryKey = new APIKeyQuery('api_key');
const cookieKey = new APIKeyCookie('session');
const optionalHeaderKey = new APIKeyHeader('X-API-Key', { autoError: false, schemeName: 'OptionalHeaderKey' });
const optionalQueryKey = new APIKeyQuery('api_key', { autoError: false, schemeName: 'OptionalQueryKey' });
const optionalCookieKey = new APIKeyCookie('session', { autoError: false, schemeName: 'OptionalCookieKey' });

const basicUser = dependency({ pair: Depends(staff) }, ({ pair }) => witness(pair));

@Controller()
class Resources {
  @Get('/basic')
  basic(@Depends(basicUser) pair: { username: string; password: string }) {
    return pair;
  }
  @Get('/basic/optional')
  optionalBasic(@Depends(optionalBasic) pair: { username: string; password: string } | undefined) {
    return pair === undefined ? 'undefined' : pair;
  }
  @Get('/digest')
  digest(@Depends(digest) found: { scheme: string; credentials: string }) {
    return witness(found);
  }
  @Get('/header')
  header(@Depends(headerKey) key: string) {
    return witness(key);
  }
  @Get('/query')
  query(@Depends(queryKey) key: string) {
    return witness(key);
  }
  @Get('/cookie')
  cookie(@Depends(cookieKey) key: string) {
    return witness(key);
  }
  @Get('/optional/header')
  optionalHeader(@Depends(optionalHeaderKey) key: string | undefined) {
    return key === undefined ? 'undefined' : key;
  }
  @Get('/optional/query')
  optionalQuery(@Depends(optionalQueryKey) key: string | undefined) {
    return key === undefined ? 'undefined' : key;
  }
  @Get('/optional/cookie')
  optionalCookie(@Depends(optionalCookieKey) key: string | undefined) {
    return key === undefined ? 'undefined' : key;
  }
}

function witness<T>(value: T): T {
  seen.push(value);
  return value;
}

const makeApp = () => new App({ title: 'Basic', version: '1', controllers: [Resources], logger: new Log() });
const authorization = (value: string): Line => ['Authorization', value];

function assertBasicRefusal(reply: Answer): void {
  assert.equal(reply.status, 401);
  assert.equal(reply.headers.get('www-authenticate'), 'Basic realm="staff", charset="UTF-8"');
  assert.deepEqual(seen, [], 'the verifier was called');
}

describeMatrix('RFC 7617 Basic', (open, way) => {
  const ask = asking(() => open(makeApp()));
  beforeEach(() => (seen = []));

  const accepted: [name: string, line: Line, username: string, password: string][] = [
    ['a plain pair', basic('user:pass'), 'user', 'pass'],
    ['§2 split at the first colon', basic('user:pa:ss'), 'user', 'pa:ss'],
    ['§2 colons only', basic(':::'), '', '::'],
    ['§2 an empty user', basic(':pw'), '', 'pw'],
    ['§2 an empty password', basic('user:'), 'user', ''],
    ['§2 both empty', basic(':'), '', ''],
    ['§2.1 UTF-8', basic('us\u00e9r:\u00f1\u{1f511}'), 'us\u00e9r', '\u00f1\u{1f511}'],
    ['white space is part of the pair', basic(' user : p w '), ' user ', ' p w '],
    ['a byte order mark is part of the pair', basic('\ufeffuser:pw'), '\ufeffuser', 'pw'],
    ['RFC 4648 §4: + and / with padding', authorization('Basic dTo+Pz8/Pg=='), 'u', '>???>'],
    ['RFC 9110 §11.1: basic in lower case', authorization(`basic ${btoa('u:p')}`), 'u', 'p'],
    ['RFC 9110 §11.1: BASIC in upper case', authorization(`BASIC ${btoa('u:p')}`), 'u', 'p'],
    ['RFC 9110 §11.4: 1*SP', authorization(`Basic   ${btoa('u:p')}`), 'u', 'p'],
  ];
  for (const [name, line, username, password] of accepted) {
    it(`${name}: accepted`, async () => {
      for (const path of ['/basic', '/basic/optional']) {
        const reply = await ask(path, { headers: [line] });
        assert.equal(reply.status, 200);
        assert.deepEqual(JSON.parse(reply.text), { username, password });
      }
    });
  }

  const refused: [name: string, ...lines: Line[]][] = [
    ['§2 no credentials'],
    ['an empty header', authorization('')],
    ['another scheme', authorization('Bearer dTpw')],
    ['a longer scheme that begins alike', authorization('Basically dTpw')],
    ['base64 without a scheme', authorization('dTpw')],
    ['the scheme alone', authorization('Basic')],
    ['§2 no colon', basic('user')],
    ['§2 nothing at all', authorization('Basic ====')],
    ['RFC 4648 §3.3: characters outside the alphabet', authorization('Basic %%%')],
    ['RFC 4648 §3.2: too short', authorization('Basic abc')],
    ['RFC 4648 §3.2: missing padding', authorization('Basic dTpwdw')],
    ['RFC 4648 §3.2: half of the padding', authorization('Basic dTpwdw=')],
    ['RFC 4648 §3.2: padding too long', authorization('Basic dTpw====')],
    ['RFC 4648 §3.3: padding inside', authorization('Basic a=b=')],
    ['RFC 4648 §5: base64url', authorization('Basic dTo-Pz8_Pg==')],
    ['RFC 4648 §3.3: a space inside', authorization('Basic dT pw')],
    ['RFC 4648 §3.5: pad bits that are not zero', authorization('Basic dTpwdx==')],
    ['a second word', authorization('Basic dTpw dTpw')],
    ['a comma', authorization('Basic dTpw,dTpw')],
    ['a tab for a space', authorization('Basic\tdTpw')],
    ['Latin-1', authorization('Basic dTpw\u00e9')],
    ['§2 CTL of RFC 5234 B.1: NUL', basic('us\0er:pw')],
    ['§2 LF in the password', basic('user:p\nw')],
    ['§2 CR', basic('user:p\rw')],
    ['§2 tab', basic('us\ter:pw')],
    ['§2 DEL', basic('user:p\x7fw')],
    ['§2.1 Latin-1 is not UTF-8', basic(Buffer.from('us\u00e9r:pw', 'latin1'))],
    ['§2.1 an overlong form', basic(Buffer.from([0x75, 0x3a, 0xc0, 0xaf]))],
    ['§2.1 a surrogate', basic(Buffer.from([0x75, 0x3a, 0xed, 0xa0, 0x80]))],
    ['§2.1 cut off in a character', basic(Buffer.from([0x75, 0x3a, 0xc3]))],
    ['a long credential without a colon', basic('x'.repeat(6_000))],
  ];
  for (const [name, ...lines] of refused) {
    it(`${name}: 401 with the challenge`, async () => {
      assertBasicRefusal(await ask('/basic', { headers: lines }));
    });
    it(`${name}: undefined where autoError is false`, async () => {
      const reply = await ask('/basic/optional', { headers: lines });
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, 'undefined']);
    });
  }

  it('says "Not authenticated" where nothing was sent', async () => {
    assert.deepEqual(JSON.parse((await ask('/basic')).text), { detail: 'Not authenticated' });
  });

  if (way === 'over a socket') {
    it('RFC 9110 §5.3: two Authorization lines are refused', async () => {
      const reply = await ask('/basic', { headers: [basic('u:p'), basic('u:p')] });
      assert.ok(reply.status === 400 || reply.status === 401);
      assert.deepEqual(seen, []);
    });
  }
});

describeMatrix('RFC 7616 Digest', (open, way) => {
  const ask = asking(() => open(makeApp()));
  beforeEach(() => (seen = []));
  const credentials = 'username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", qop=auth, nc=00000001';

  for (const scheme of ['Digest', 'digest', 'DIGEST']) {
    it(`${scheme}: the credentials are extracted as they are`, async () => {
      const reply = await ask('/digest', { headers: [authorization(`${scheme} ${credentials}`)] });
      assert.equal(reply.status, 200);
      const found = JSON.parse(reply.text) as { scheme: string; credentials: string };
      assert.equal(found.scheme.toLowerCase(), 'digest');
      assert.equal(found.credentials, credentials);
    });
  }

  for (const [name, ...lines] of [
    ['no credentials'],
    ['an empty header', authorization('')],
    ['the scheme alone', authorization('Digest')],
    ['another scheme', authorization('Basic dTpw')],
    ['a longer scheme that begins alike', authorization(`Digestive ${credentials}`)],
  ] as [string, ...Line[]][]) {
    it(`${name}: 401 with a Digest challenge that has a realm`, async () => {
      const reply = await ask('/digest', { headers: lines });
      assert.equal(reply.status, 401);
      const [challenge] = challengesOf(reply);
      assert.equal(challenge?.scheme, 'Digest');
      assert.ok('realm' in challenge.parameters);
      assert.deepEqual(seen, []);
    });
  }

  if (way === 'over a socket') {
    it('RFC 9110 §5.3: two Authorization lines are refused', async () => {
      const line = authorization(`Digest ${credentials}`);
      const reply = await ask('/digest', { headers: [line, line] });
      assert.ok(reply.status === 400 || reply.status === 401);
      assert.deepEqual(seen, []);
    });
  }
});

describeMatrix('API keys', (open, way) => {
  const ask = asking(() => open(makeApp()));
  beforeEach(() => (seen = []));

  const accepted: [name: string, path: string, lines: Line[], key: string][] = [
    ['a header', '/header', [['X-API-Key', 'k-1']], 'k-1'],
    ['RFC 9110 §5.1: a header name in another case', '/header', [['x-api-KEY', 'k-1']], 'k-1'],
    ['RFC 9110 §5.5: white space around the value is not part of it', '/header', [['X-API-Key', '  k-1  ']], 'k-1'],
    ['a query value', '/query?api_key=k-1', [], 'k-1'],
    ['a query value is decoded once', '/query?api_key=a%2Bb+c%2525', [], 'a+b c%25'],
    ['a query value among others', '/query?x=1&api_key=k-1&api_keys=2', [], 'k-1'],
    ['a cookie', '/cookie', [['Cookie', 'session=k-1']], 'k-1'],
    ['RFC 6265 §4.2.1: a cookie among others', '/cookie', [['Cookie', 'a=1; session=k-1; sessions=2']], 'k-1'],
    ['RFC 6265 §4.1.1: a cookie value with =', '/cookie', [['Cookie', 'session=k=1=']], 'k=1='],
  ];
  for (const [name, path, lines, key] of accepted) {
    it(`${name}: accepted`, async () => {
      for (const prefix of ['', '/optional']) {
        const reply = await ask(`${prefix}${path}`, { headers: lines });
        assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, key]);
      }
    });
  }

  const refused: [name: string, path: string, ...lines: Line[]][] = [
    ['no header', '/header'],
    ['an empty header', '/header', ['X-API-Key', '']],
    ['a header of white space', '/header', ['X-API-Key', '   ']],
    ['the key in the query of a header scheme', '/header?X-API-Key=k-1'],
    ['the key in a cookie of a header scheme', '/header', ['Cookie', 'X-API-Key=k-1']],
    ['no query value', '/query'],
    ['a query name alone', '/query?api_key'],
    ['an empty query value', '/query?api_key='],
    ['a query name in another case', '/query?API_KEY=k-1'],
    ['the key in the header of a query scheme', '/query', ['api_key', 'k-1']],
    ['no cookie', '/cookie'],
    ['an empty cookie', '/cookie', ['Cookie', 'session=']],
    ['a cookie name in another case', '/cookie', ['Cookie', 'SESSION=k-1']],
    ['a cookie whose name ends alike', '/cookie', ['Cookie', 'my-session=k-1']],
    ['the key in the header of a cookie scheme', '/cookie', ['session', 'k-1']],
    ['the key in the query of a cookie scheme', '/cookie?session=k-1'],
  ];
  for (const [name, path, ...lines] of refused) {
    it(`${name}: 401 with the challenge`, async () => {
      const reply = await ask(path, { headers: lines });
      assert.equal(reply.status, 401);
      assert.deepEqual(
        challengesOf(reply).map(({ scheme }) => scheme),
        ['APIKey'],
      );
      assert.deepEqual(JSON.parse(reply.text), { detail: 'Not authenticated' });
      assert.deepEqual(seen, []);
    });
    it(`${name}: undefined where autoError is false`, async () => {
      const reply = await ask(`/optional${path}`, { headers: lines });
      assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, 'undefined']);
    });
  }

  const duplicates: [name: string, path: string, ...lines: Line[]][] = [
    ['query values', '/query?api_key=k-1&api_key=k-2'],
    ['equal query values', '/query?api_key=k-1&api_key=k-1'],
    ['a query value and an empty one', '/query?api_key=&api_key=k-1'],
    ['query names, one of them encoded', '/query?api_key=k-1&api%5Fkey=k-2'],
    ...(way === 'in memory'
      ? []
      : ([
          ['header lines', '/header', ['X-API-Key', 'k-1'], ['X-API-Key', 'k-2']],
          ['equal header lines', '/header', ['X-API-Key', 'k-1'], ['x-api-key', 'k-1']],
        ] as [string, string, ...Line[]][])),
  ];
  for (const [name, path, ...lines] of duplicates) {
    it(`two ${name}: refused, never one of them nor both joined`, async () => {
      const reply = await ask(path, { headers: lines });
      assert.ok(reply.status === 400 || reply.status === 401, `answered ${reply.status} ${reply.text}`);
      if (reply.status === 401) assert.notEqual(challengesOf(reply).length, 0);
      assert.deepEqual(seen, []);
    });
  }

  it('two cookies of one name: refused, or the first (RFC 6265 §5.4 puts the most specific first)', async () => {
    const reply = await ask('/cookie', { headers: [['Cookie', 'session=k-1; session=k-2']] });
    if (reply.status === 200) assert.equal(JSON.parse(reply.text), 'k-1');
    else assert.equal(reply.status, 401);
  });

  it('an answer to a key is not to be stored', async () => {
    for (const [path, ...lines] of [
      ['/query?api_key=k'],
      ['/header', ['X-API-Key', 'k']],
      ['/cookie', ['Cookie', 'session=k']],
    ] as [string, ...Line[]][]) {
      assert.equal((await ask(path, { headers: lines })).headers.get('cache-control'), 'no-store');
    }
  });
});

describe('types of Basic and API keys', () => {
  it('say that an optional one may be undefined', () => {
    class Typed {
      read(
        // @ts-expect-error: an optional scheme gives undefined where nothing was sent
        @Depends(optionalBasic) _pair: { username: string; password: string },
        // @ts-expect-error: an optional scheme gives undefined where nothing was sent
        @Depends(optionalHeaderKey) _key: string,
        // @ts-expect-error: Basic gives a pair
        @Depends(staff) _text: string,
      ) {}
    }
    assert.equal(typeof Typed, 'function');
  });
});
