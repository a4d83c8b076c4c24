import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Context,
  Controller,
  Cookie,
  type CookieOptions,
  Ctx,
  FrameworkError,
  Get,
  HTTPException,
  lines,
} from 'portico';
import { cors } from 'portico/middleware';
import { z } from 'zod';
import { appOf, describeMatrix, expectJson, Log, raise, type ControllerClass } from './world.ts';

const DEFAULTS = 'Path=/; HttpOnly; Secure; SameSite=Lax';

/** A controller whose handler does something to the cookies of its answer. */
function baking(bake: (ctx: Context) => unknown, options = {}): ControllerClass {
  @Controller()
  class CookieController {
    @Get('/', options)
    get(@Ctx() ctx: Context): unknown {
      return bake(ctx) ?? null;
    }
    @Get('/read')
    read(@Cookie('id', z.string().optional()) id?: string): unknown {
      return { id };
    }
  }
  return CookieController;
}

describeMatrix('cookies of a response', (open) => {
  const linesOf = async (bake: (ctx: Context) => unknown): Promise<string[]> => {
    const answer = await (await open(appOf([baking(bake)])))('/');
    assert.equal(answer.status, 200, await answer.text());
    return answer.headers.getSetCookie();
  };
  const setting = (name: string, value: string, options?: CookieOptions) =>
    linesOf(({ response }) => response.cookies.set(name, value, options));

  for (const [options, attributes] of [
    [undefined, DEFAULTS],
    [{}, DEFAULTS],
    [{ maxAge: 60 }, `Max-Age=60; ${DEFAULTS}`],
    [{ maxAge: 0 }, `Max-Age=0; ${DEFAULTS}`],
    [{ expires: new Date(0) }, 'Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax'],
    [{ domain: 'example.com' }, `Domain=example.com; ${DEFAULTS}`],
    [{ path: '/a' }, 'Path=/a; HttpOnly; Secure; SameSite=Lax'],
    [{ httpOnly: false }, 'Path=/; Secure; SameSite=Lax'],
    [{ secure: false }, 'Path=/; HttpOnly; SameSite=Lax'],
    [{ sameSite: 'strict' }, 'Path=/; HttpOnly; Secure; SameSite=Strict'],
    [{ sameSite: 'none' }, 'Path=/; HttpOnly; Secure; SameSite=None'],
    [{ partitioned: true }, 'Path=/; HttpOnly; Secure; Partitioned; SameSite=Lax'],
  ] as const satisfies readonly (readonly [CookieOptions | undefined, string])[]) {
    test(JSON.stringify(options) ?? 'without options', async () => {
      assert.deepEqual(await setting('id', 'v', options), [`id=v; ${attributes}`]);
    });
  }

  test('an attribute that is undefined, as a setting that is missing, is as if it were not said', async () => {
    const options = { path: undefined, httpOnly: undefined, secure: undefined, sameSite: undefined, domain: undefined };
    assert.deepEqual(await setting('id', 'v', options as unknown as CookieOptions), [`id=v; ${DEFAULTS}`]);
  });

  for (const value of [
    '',
    'plain',
    'a b',
    'ümlaut 😀',
    '"quoted"',
    'a;b,c=d',
    'a\r\nSet-Cookie: b=c',
    '%41',
    'a\\b',
    '\u0000',
  ]) {
    test(`the value ${JSON.stringify(value)} is read as it was set, and is one line`, async () => {
      const send = await open(appOf([baking(({ response }) => response.cookies.set('id', value))]));
      const [line = '', ...others] = (await send('/')).headers.getSetCookie();
      assert.deepEqual(others, []);
      const [pair = ''] = line.split(';');
      assert.equal(line, `${pair}; ${DEFAULTS}`);
      assert.match(pair, /^id=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/);
      await expectJson(await send('/read', { headers: { Cookie: pair } }), 200, { id: value });
    });
  }

  for (const [name, value, options] of [
    ['', 'v'],
    ['a b', 'v'],
    ['a;b', 'v'],
    ['a=b', 'v'],
    ['a\r\nb', 'v'],
    ['ü', 'v'],
    [undefined, 'v'],
    ['id', undefined],
    ['id', 1],
    ['id', '\ud800'],
    ['id', 'v', { maxAge: 1.5 }],
    ['id', 'v', { maxAge: Number.NaN }],
    ['id', 'v', { maxAge: Number.POSITIVE_INFINITY }],
    ['id', 'v', { expires: new Date(Number.NaN) }],
    ['id', 'v', { expires: '2026' }],
    ['id', 'v', { domain: 'a b' }],
    ['id', 'v', { domain: 'a.test; Path=/x' }],
    ['id', 'v', { domain: 'a\r\nb' }],
    ['id', 'v', { path: '/; Domain=evil.test' }],
    ['id', 'v', { path: '/a\nb' }],
    ['id', 'v', { sameSite: 'sometimes' }],
    ['id', 'v', { sameSite: 'none', secure: false }],
    ['id', 'v', { partitioned: true, secure: false }],
    ['__Secure-id', 'v', { secure: false }],
    ['__Host-id', 'v', { secure: false }],
    ['__Host-id', 'v', { path: '/a' }],
    ['__Host-id', 'v', { domain: 'example.com' }],
    ['__hOsT-id', 'v', { domain: 'example.com' }],
    ['__SECURE-id', 'v', { secure: false }],
    ['id', 'v'.repeat(4_097)],
    ['id', 'ü'.repeat(700)],
    ['n'.repeat(4_096), ''],
  ] as const) {
    const told = JSON.stringify([String(name).slice(0, 20), String(value).slice(0, 20), options]);
    test(`${told} is a logged 500 that sends no cookie and names none of its value`, async () => {
      const log = new Log();
      const bake = ({ response }: Context) =>
        response.cookies.set(name as string, value as string, options as CookieOptions | undefined);
      const answer = await (await open(appOf([baking(bake)], { logger: log })))('/');
      await expectJson(answer, 500, { detail: 'Internal Server Error' });
      assert.deepEqual(answer.headers.getSetCookie(), []);
      assert.equal(log.errors.length, 1);
      assert.ok(!log.errors.join().includes('vvvv'));
    });
  }

  test('4,096 bytes are the whole line', async () => {
    const room = 4_096 - `id=; ${DEFAULTS}`.length;
    const [line = ''] = await setting('id', 'v'.repeat(room));
    assert.equal(line.length, 4_096);
    const log = new Log();
    const longer = baking(({ response }) => response.cookies.set('id', 'v'.repeat(room + 1)));
    await expectJson(await (await open(appOf([longer], { logger: log })))('/'), 500);
    assert.match(log.errors[0] ?? '', /'id' has more than 4096 bytes/);
  });

  test('prefixes that keep the rules are sent', async () => {
    assert.deepEqual(await setting('__Host-id', 'v'), [`__Host-id=v; ${DEFAULTS}`]);
    assert.deepEqual(await setting('__Secure-id', 'v', { domain: 'a.test', path: '/a' }), [
      '__Secure-id=v; Domain=a.test; Path=/a; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  test('one of the same name, domain and path is replaced, every other stays', async () => {
    const sent = await linesOf(({ response: { cookies, headers } }) => {
      headers.append('Set-Cookie', 'own=1');
      cookies.set('id', 'old');
      cookies.set('other', 'v');
      cookies.set('id', 'at a path', { path: '/a' });
      cookies.set('id', 'new');
    });
    assert.deepEqual(sent.map((line) => line.split(';')[0] ?? '').toSorted(), [
      'id=at%20a%20path',
      'id=new',
      'other=v',
      'own=1',
    ]);
  });

  test('a deleted one is over, at its place', async () => {
    const gone = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax';
    const sent = await linesOf(({ response: { cookies } }) => {
      cookies.set('id', 'v');
      cookies.delete('id');
      cookies.delete('__Host-a');
      cookies.delete('b', { path: '/b', domain: 'b.test' });
    });
    assert.deepEqual(sent, [
      `id=; Max-Age=0; Path=/; ${gone}`,
      `__Host-a=; Max-Age=0; Path=/; ${gone}`,
      `b=; Max-Age=0; Domain=b.test; Path=/b; ${gone}`,
    ]);
  });

  test('what cannot be set leaves what was set before', async () => {
    const sent = await linesOf(({ response: { cookies } }) => {
      cookies.set('id', 'v');
      assert.throws(() => cookies.set('id', 'w'.repeat(5_000)), FrameworkError);
      assert.throws(() => cookies.delete('a b'));
    });
    assert.deepEqual(sent, [`id=v; ${DEFAULTS}`]);
  });

  test('cookies go with errors, streams, returned responses and empty answers', async () => {
    for (const [answer, options, status] of [
      [() => raise(new HTTPException(409)), {}, 409],
      [() => raise(new Error('a fault')), {}, 500],
      [() => ['a'], { response: lines(z.string()) }, 200],
      [() => new Response('own', { status: 203, headers: { 'Set-Cookie': 'own=1' } }), {}, 203],
      [() => undefined, { status: 204 }, 204],
    ] as const) {
      const bake = ({ response }: Context) => {
        response.cookies.set('id', 'v');
        return answer();
      };
      const response = await (await open(appOf([baking(bake, options)])))('/');
      await response.text();
      assert.equal(response.status, status);
      const own = status === 203 ? ['own=1'] : [];
      assert.deepEqual(response.headers.getSetCookie(), [...own, `id=v; ${DEFAULTS}`]);
    }
  });

  test('middleware sets them before and after', async () => {
    const app = appOf([baking(({ response }) => response.cookies.set('id', 'of the handler'))], {
      middleware: [
        cors(),
        async ({ response }, next) => {
          response.cookies.set('before', '1');
          await next();
          response.cookies.set('after', '1');
        },
      ],
    });
    const sent = (await (await open(app))('/')).headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
    assert.deepEqual(sent.toSorted(), ['after=1', 'before=1', 'id=of%20the%20handler']);
  });

  test('middleware replaces one of the handler', async () => {
    const app = appOf([baking(({ response }) => response.cookies.set('id', 'old'))], {
      middleware: [
        async ({ response }, next) => {
          await next();
          response.cookies.set('id', 'new');
        },
      ],
    });
    assert.deepEqual((await (await open(app))('/')).headers.getSetCookie(), [`id=new; ${DEFAULTS}`]);
  });
});
