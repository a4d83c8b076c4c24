import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  App,
  Controller,
  Depends,
  OAuth2Error,
  OAuth2PasswordRequestForm,
  OAuth2PasswordRequestFormStrict,
  Post,
} from 'portico';
import { type Answer, asking, basic, challengesOf, describeMatrix, type Line, Log } from './world.ts';

const FORM: Line = ['Content-Type', 'application/x-www-form-urlencoded'];
/** RFC 6749 §5.2: what an error_description may consist of. */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/;

let seen: unknown[] = [];
const log = new Log();

/** A form of one's own: the same inputs and the same refusals. */
class ExtendedForm extends OAuth2PasswordRequestForm {
  get isKnown(): boolean {
    return this.username === 'u';
  }
}

@Controller()
class Tokens {
  @Post('/token')
  token(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm) {
    return this.#issue(form);
  }

  @Post('/strict')
  strict(@Depends(OAuth2PasswordRequestFormStrict) form: OAuth2PasswordRequestFormStrict) {
    return this.#issue(form);
  }

  @Post('/extended')
  extended(@Depends(ExtendedForm) form: ExtendedForm) {
    return { known: form.isKnown, ...this.#issue(form) };
  }

  @Post('/broken')
  broken(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm) {
    throw new Error(`the users' database is away, ${form.username}`);
  }

  @Post('/described')
  described(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm) {
    throw new OAuth2Error('invalid_grant', form.username);
  }

  #issue(form: OAuth2PasswordRequestForm) {
    const { grantType, username, password, scopes, clientId, clientSecret } = form;
    seen.push({ grantType, username, password, scopes: [...scopes], clientId, clientSecret });
    if (clientId !== undefined && clientId !== '' && clientSecret !== 'client secret')
      throw new OAuth2Error('invalid_client');
    if (scopes.includes('unknown')) throw new OAuth2Error('invalid_scope', 'unknown is not a scope');
    if (username !== 'u' || password !== 'p') throw new OAuth2Error('invalid_grant', 'Wrong user name or password');
    return { access_token: 'tok-1', token_type: 'bearer' };
  }
}

const tokenApp = () => new App({ title: 'Tokens', version: '1', controllers: [Tokens], logger: log });
const ok = 'grant_type=password&username=u&password=p';

function assertNotStored(reply: Answer): void {
  assert.equal(reply.headers.get('cache-control'), 'no-store');
  assert.equal(reply.headers.get('pragma'), 'no-cache');
}

/** The two shapes that one refusal has: RFC 6749 §5.2 and the validation issues. */
function assertInvalidFields(reply: Answer, error: string, ...locations: string[]): void {
  assert.equal(reply.status, 400);
  assertNotStored(reply);
  const body = JSON.parse(reply.text) as {
    error: string;
    error_description?: string;
    detail: { type: string; loc: string[]; msg: string }[];
  };
  assert.equal(body.error, error);
  assert.match(body.error_description ?? assert.fail('no error_description'), DESCRIPTION);
  assert.deepEqual(body.detail.map(({ loc }) => loc.join('.')).toSorted(), locations.toSorted());
  for (const { type, msg } of body.detail) assert.ok(type.length > 0 && msg.length > 0);
  assert.deepEqual(seen, [], 'the handler ran');
}

function assertError(reply: Answer, status: number, error: string): void {
  assert.equal(reply.status, status);
  assertNotStored(reply);
  assert.match(reply.headers.get('content-type') ?? '', /^application\/json\b/);
  assert.equal((JSON.parse(reply.text) as { error: string }).error, error);
}

describeMatrix('the token request', (open, way) => {
  const ask = asking(() => open(tokenApp()));
  const post = (body: string, path = '/token', lines: readonly Line[] = []) =>
    ask(path, { method: 'POST', headers: [FORM, ...lines], body });

  beforeEach(() => {
    seen = [];
    log.clear();
  });

  describe('RFC 6749 §5.1, success', () => {
    for (const path of ['/token', '/strict']) {
      it(`${path} answers JSON with the token, which nobody stores`, async () => {
        const reply = await post(ok, path);
        assert.equal(reply.status, 200);
        assert.match(reply.headers.get('content-type') ?? '', /^application\/json\b/);
        assert.deepEqual(JSON.parse(reply.text), { access_token: 'tok-1', token_type: 'bearer' });
        assertNotStored(reply);
      });
    }

    it('a subclass of the form is read and refuses as the form does', async () => {
      const reply = await post(ok, '/extended');
      assert.deepEqual(JSON.parse(reply.text), { known: true, access_token: 'tok-1', token_type: 'bearer' });
      assertNotStored(reply);
      seen = [];
      assertInvalidFields(await post('username=u', '/extended'), 'invalid_request', 'body.password');
    });

    it('§4.3.2 the form gives every field its place', async () => {
      await post('grant_type=password&username=u&password=p&scope=b+a&client_id=c&client_secret=client+secret');
      assert.deepEqual(seen, [
        {
          grantType: 'password',
          username: 'u',
          password: 'p',
          scopes: ['b', 'a'],
          clientId: 'c',
          clientSecret: 'client secret',
        },
      ]);
    });

    it('§4.3.2 what was not sent is undefined, and scopes are an empty list', async () => {
      await post('username=u&password=p');
      const [{ grantType, scopes, clientId, clientSecret }] = seen as [Record<string, unknown>];
      assert.deepEqual([grantType, scopes, clientId, clientSecret], [undefined, [], undefined, undefined]);
    });
  });

  describe('RFC 6749 §3.3 and §3.1, values', () => {
    const values: [name: string, body: string, expected: Record<string, unknown>][] = [
      ['§3.3 scopes keep their order', `${ok}&scope=z%20a%20m`, { scopes: ['z', 'a', 'm'] }],
      ['§3.1 an empty scope is absent', `${ok}&scope=`, { scopes: [] }],
      [
        '§3.3 scopes are told apart by case and may hold : and /',
        `${ok}&scope=A+a+x:y/z`,
        { scopes: ['A', 'a', 'x:y/z'] },
      ],
      ['§3.3 only a space separates', `${ok}&scope=a,b`, { scopes: ['a,b'] }],
      ['§3.2 unknown parameters are ignored', `${ok}&audience=x&toString=1&__proto__=2`, { username: 'u' }],
      [
        'an empty client_id is absent',
        `${ok}&client_id=&client_secret=`,
        { clientId: undefined, clientSecret: undefined },
      ],
      ['App. B: + is a space, %2B a plus', 'username=a+b%2Bc&password=p+%2B', { username: 'a b+c', password: 'p +' }],
      ['App. B: UTF-8', 'username=us%C3%A9r&password=%F0%9F%94%91', { username: 'us\u00e9r', password: '\u{1f511}' }],
      ['a password keeps white space and is decoded once', 'username=u&password=%20p%2541%20', { password: ' p%41 ' }],
    ];
    for (const [name, body, expected] of values) {
      it(name, async () => {
        await post(body);
        const [form] = seen as [Record<string, unknown>];
        for (const [key, value] of Object.entries(expected)) assert.deepEqual(form[key], value, key);
      });
    }
  });

  it('App. B: what is not UTF-8 is refused, or reads as U+FFFD, and is no other user', async () => {
    const reply = await post('username=%ff&password=p');
    if (seen.length === 0) assertInvalidFields(reply, 'invalid_request', 'body.username');
    else assert.equal((seen[0] as { username: string }).username, '\ufffd');
  });

  describe('RFC 6749 §5.2, refused fields', () => {
    const refused: [name: string, path: string, body: string, error: string, ...fields: string[]][] = [
      ['no grant_type, strict', '/strict', 'username=u&password=p', 'invalid_request', 'grant_type'],
      ['an empty grant_type, strict', '/strict', 'grant_type=&username=u&password=p', 'invalid_request', 'grant_type'],
      ['another grant_type', '/token', 'grant_type=foo&username=u&password=p', 'unsupported_grant_type', 'grant_type'],
      [
        'another grant_type, strict',
        '/strict',
        'grant_type=foo&username=u&password=p',
        'unsupported_grant_type',
        'grant_type',
      ],
      [
        'grant_type is told apart by case',
        '/token',
        'grant_type=Password&username=u&password=p',
        'unsupported_grant_type',
        'grant_type',
      ],
      ['no username', '/token', 'grant_type=password&password=p', 'invalid_request', 'username'],
      ['an empty username', '/token', 'grant_type=password&username=&password=p', 'invalid_request', 'username'],
      ['no password', '/token', 'grant_type=password&username=u', 'invalid_request', 'password'],
      ['neither', '/token', 'grant_type=password', 'invalid_request', 'username', 'password'],
      ['an empty body', '/token', '', 'invalid_request', 'username', 'password'],
      ['§3.2 username twice', '/token', `${ok}&username=u`, 'invalid_request', 'username'],
      ['§3.2 password twice', '/token', `${ok}&password=q`, 'invalid_request', 'password'],
      ['§3.2 grant_type twice', '/token', `${ok}&grant_type=password`, 'invalid_request', 'grant_type'],
      ['§3.2 scope twice', '/token', `${ok}&scope=a&scope=b`, 'invalid_request', 'scope'],
      ['§3.2 client_id twice', '/token', `${ok}&client_id=a&client_id=a`, 'invalid_request', 'client_id'],
      [
        '§3.2 client_secret twice',
        '/token',
        `${ok}&client_secret=a&client_secret=b`,
        'invalid_request',
        'client_secret',
      ],
      ['§3.2 an encoded name is the same name', '/token', `${ok}&user%6Eame=u`, 'invalid_request', 'username'],
    ];
    for (const [name, path, body, error, ...fields] of refused) {
      it(`${name}: ${error} and the issues, in one body`, async () => {
        assertInvalidFields(await post(body, path), error, ...fields.map((field) => `body.${field}`));
      });
    }

    it('§2.3.1: credentials in the query are ignored', async () => {
      const reply = await ask(`/token?${ok}`, { method: 'POST', headers: [FORM] });
      assertInvalidFields(reply, 'invalid_request', 'body.username', 'body.password');
    });

    it('§4.3.2: a JSON body is 415, and not stored either', async () => {
      const reply = await ask('/token', {
        method: 'POST',
        headers: [['Content-Type', 'application/json']],
        body: '{"username":"u","password":"p"}',
      });
      assert.equal(reply.status, 415);
      assert.equal(reply.headers.get('cache-control'), 'no-store');
      assert.deepEqual(seen, []);
    });

    it('§3.2: GET is 405 and told to use POST', async () => {
      const reply = await ask(`/token?${ok}`);
      assert.equal(reply.status, 405);
      assert.match(reply.headers.get('allow') ?? '', /\bPOST\b/);
      assert.doesNotMatch(reply.headers.get('allow') ?? '', /\bGET\b/);
    });
  });

  describe('RFC 6749 §5.2, OAuth2Error', () => {
    it('a wrong password and an unknown user get the same 400 invalid_grant', async () => {
      const wrong = await post('username=u&password=x');
      assertError(wrong, 400, 'invalid_grant');
      assert.deepEqual(JSON.parse(wrong.text), {
        error: 'invalid_grant',
        error_description: 'Wrong user name or password',
      });
      const unknown = await post('username=x&password=p');
      assert.deepEqual([unknown.status, unknown.text], [wrong.status, wrong.text]);
    });

    it('an unknown scope is 400 invalid_scope', async () => {
      assertError(await post(`${ok}&scope=a+unknown`), 400, 'invalid_scope');
    });

    it('a bad client that used Basic is 401 invalid_client with a Basic challenge', async () => {
      const reply = await post(ok, '/token', [basic('c:wrong')]);
      assertError(reply, 401, 'invalid_client');
      assert.deepEqual(
        challengesOf(reply).map(({ scheme }) => scheme),
        ['Basic'],
      );
      assert.notEqual(challengesOf(reply)[0]?.parameters['realm'], undefined);
    });

    it('a bad client in the body is 400, or 401 with a challenge (RFC 9110 §15.5.2)', async () => {
      const reply = await post(`${ok}&client_id=c&client_secret=wrong`);
      assertError(reply, reply.status === 401 ? 401 : 400, 'invalid_client');
      if (reply.status === 401) assert.notEqual(challengesOf(reply).length, 0);
    });

    it('a description is sent in the characters of §5.2, or not at all', async () => {
      for (const username of ['a"b', 'a\\b', 'us\u00e9r', 'a\r\nb', '\u{1f511}', 'plain']) {
        const reply = await post(`username=${encodeURIComponent(username)}&password=p`, '/described');
        const description = (JSON.parse(reply.text) as { error_description?: string }).error_description;
        assert.match(description ?? '', DESCRIPTION, username);
        if (username === 'plain') assert.equal(description, 'plain');
        else assert.ok(reply.status === 400 || reply.status === 500);
      }
    });
  });

  describe('RFC 6749 §2.3.1, client credentials', () => {
    const accepted: [name: string, line: Line, clientId: string, clientSecret: string][] = [
      ['in Basic', basic('c:client secret'), 'c', 'client secret'],
      ['in Basic, URL-encoded before base64', basic('a%3Ab:client+secret'), 'a:b', 'client secret'],
      ['in Basic, with UTF-8', basic('%C3%A9:client%20secret'), '\u00e9', 'client secret'],
      [
        'RFC 9110 §11.1: basic in lower case',
        ['Authorization', `basic ${btoa('c:client+secret')}`],
        'c',
        'client secret',
      ],
    ];
    for (const [name, line, clientId, clientSecret] of accepted) {
      it(name, async () => {
        assert.equal((await post(ok, '/token', [line])).status, 200);
        const [form] = seen as [Record<string, unknown>];
        assert.deepEqual([form['clientId'], form['clientSecret']], [clientId, clientSecret]);
      });
    }

    it('an empty pair, as documentation pages send it, is no client', async () => {
      assert.equal((await post(ok, '/token', [basic(':')])).status, 200);
      const [form] = seen as [Record<string, unknown>];
      assert.ok(!form['clientId'] && !form['clientSecret']);
    });

    for (const [name, fields] of [
      ['both', 'client_id=c&client_secret=client+secret'],
      ['another id', 'client_id=d'],
    ] as const) {
      it(`§2.3: Basic and body together are refused: ${name}`, async () => {
        const reply = await post(`${ok}&${fields}`, '/token', [basic('c:client+secret')]);
        assertError(reply, 400, 'invalid_request');
        assert.deepEqual(seen, []);
      });
    }

    it('§3.2.1: an id in the body that is the one in Basic is not another way of authentication', async () => {
      assert.equal((await post(`${ok}&client_id=c`, '/token', [basic('c:client+secret')])).status, 200);
      const [form] = seen as [Record<string, unknown>];
      assert.deepEqual([form['clientId'], form['clientSecret']], ['c', 'client secret']);
    });

    for (const [name, value] of [
      ['no base64', 'Basic %%%'],
      ['nothing behind the scheme', 'Basic'],
      ['no colon', `Basic ${btoa('client')}`],
      ['a broken escape', `Basic ${btoa('%zz:secret')}`],
    ] as const) {
      it(`a malformed Basic header is refused: ${name}`, async () => {
        const reply = await post(ok, '/token', [['Authorization', value]]);
        assertError(
          reply,
          reply.status === 401 ? 401 : 400,
          reply.status === 401 ? 'invalid_client' : 'invalid_request',
        );
        if (reply.status === 401) assert.equal(challengesOf(reply)[0]?.scheme, 'Basic');
        assert.deepEqual(seen, []);
      });
    }

    if (way === 'over a socket') {
      it('RFC 9110 §5.3: two Authorization lines are refused', async () => {
        const reply = await post(ok, '/token', [basic('c:client+secret'), basic('c:client+secret')]);
        assertError(reply, 400, 'invalid_request');
        assert.deepEqual(seen, []);
      });
    }
  });

  describe('secrets', () => {
    const secrets = /hunter2|s3cret|aHVudGVyMg/;
    const cases: [name: string, path: string, body: string, lines: Line[]][] = [
      ['a missing username', '/token', 'password=hunter2&client_secret=s3cret', []],
      ['a repeated password', '/token', 'username=u&password=hunter2&password=hunter2x', []],
      ['a repeated client_secret', '/token', `${ok}&client_secret=s3cret&client_secret=s3crets`, []],
      ['a wrong grant_type', '/token', 'grant_type=x&username=u&password=hunter2', []],
      ['two kinds of client credentials', '/token', `${ok}&client_id=c&client_secret=s3cret`, [basic('c:hunter2')]],
      ['a wrong password', '/token', 'username=u&password=hunter2', []],
      ['a failing handler', '/broken', 'username=u&password=hunter2&client_secret=s3cret', []],
      ['a failing handler and Basic', '/broken', 'username=u&password=hunter2', [basic('c:hunter2')]],
    ];
    for (const [name, path, body, lines] of cases) {
      it(`are neither in the answer nor in the log: ${name}`, async () => {
        const reply = await post(body, path, lines);
        assert.doesNotMatch(reply.text, secrets);
        assert.doesNotMatch(JSON.stringify([...reply.headers]), secrets);
        assert.doesNotMatch(log.text, secrets);
        if (path === '/broken') {
          assert.deepEqual(JSON.parse(reply.text), { detail: 'Internal Server Error' });
          assert.match(log.text, /database is away/);
          assert.equal(reply.headers.get('cache-control'), 'no-store');
        }
      });
    }
  });
});
