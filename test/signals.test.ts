import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, Controller, Ctx, Get } from 'portico';
import { appOf, eventually, Log, RawConnection, requestHead, servers, settled } from './world.ts';

/** Listens in every way, and each time fails. */
function failing(signal: AbortSignal, called: string[]): void {
  const fail = (what: string) => (): never => {
    called.push(what);
    throw new Error(`${what} failed`);
  };
  const removed = fail('removed');
  signal.addEventListener('abort', fail('a function'));
  const rejects: unknown = async () => fail('a promise')();
  signal.addEventListener('abort', rejects as () => void);
  signal.addEventListener('abort', { handleEvent: fail('an object') }, { once: true });
  signal.addEventListener('abort', removed);
  signal.removeEventListener('abort', removed);
  const none: unknown = null;
  signal.addEventListener('abort', none as () => void);
  // oxlint-disable unicorn/prefer-add-event-listener -- what is tested
  signal.onabort = removed;
  signal.onabort = null;
  assert.equal(signal.onabort, null);
  signal.onabort = fail('onabort');
  // oxlint-enable unicorn/prefer-add-event-listener
}
const WAYS = ['a function', 'a promise', 'an object', 'onabort'];

describe('a listener that fails is called and logged like any other code', () => {
  const served = servers();

  test('on ctx.signal, when the time limit has passed', async () => {
    const [logger, called] = [new Log(), [] as string[]];
    @Controller()
    class LimitedController {
      @Get('/', { timeout: 300 }) async wait(@Ctx() { signal }: Context): Promise<void> {
        failing(signal, called);
        await once(signal, 'abort');
      }
    }
    const app = appOf([LimitedController], { logger });
    assert.equal((await app.request('/')).status, 503);
    await settled();
    assert.deepEqual(called, WAYS);
    assert.equal(logger.errors.length, WAYS.length);
    for (const way of WAYS) assert.match(logger.text, new RegExp(`GET /\\n.*${way} failed`));
  });

  test('on ctx.closing, when the app closes', async () => {
    const [logger, called] = [new Log(), [] as string[]];
    @Controller()
    class ClosingController {
      @Get() listen(@Ctx() { closing }: Context): string {
        failing(closing, called);
        return 'listening';
      }
    }
    const app = appOf([ClosingController], { logger });
    await app.request('/');
    await app.close();
    assert.deepEqual(called, WAYS);
    assert.equal(logger.text.match(/a listener of ctx\.closing/g)?.length, WAYS.length);
  });

  test('on ctx.request.signal, when the client leaves', async () => {
    const [logger, called] = [new Log(), [] as string[]];
    @Controller()
    class LeftController {
      @Get() async wait(@Ctx() { request: { signal } }: Context): Promise<void> {
        failing(signal, called);
        await once(signal, 'abort');
      }
    }
    const { port } = await served(appOf([LeftController], { logger }));
    const connection = await RawConnection.open(port);
    connection.write(requestHead('GET', '/', []));
    await sleep(50);
    connection.destroy();
    await eventually('all are called', () => called.length === WAYS.length && logger.errors.length >= WAYS.length);
    assert.deepEqual([called, logger.errors.length], [WAYS, WAYS.length]);
  });

  test('and the signal is one like any other', async () => {
    let done: Promise<unknown>[] = [];
    @Controller()
    class UsingController {
      @Get('/', { timeout: 300 }) async use(@Ctx() { signal }: Context): Promise<void> {
        assert.ok(signal instanceof AbortSignal);
        const any = AbortSignal.any([signal]);
        done = [
          assert.rejects(sleep(10_000, undefined, { signal }), { name: 'AbortError' }),
          assert.rejects(once(new EventTarget(), 'never', { signal }), { name: 'AbortError' }),
          assert.rejects(fetch('http://127.0.0.1:9', { signal })),
          once(any, 'abort'),
        ];
        await Promise.all(done);
      }
    }
    assert.equal((await appOf([UsingController]).request('/')).status, 503);
    assert.equal((await Promise.all(done)).length, 4);
  });
});
