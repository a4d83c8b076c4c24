import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Context, Controller, Ctx, dependency, Depends, Get } from 'portico';
import { serve, toNodeListener } from 'portico/node';
import { appOf, RawConnection, eventually, Log, pause, raise, servers } from './world.ts';

const served = servers();

/** A controller whose dependencies note when they are entered and left. */
function noting() {
  const events: string[] = [];
  const note = (name: string, lifetime: 'app' | 'request') =>
    dependency(
      function* () {
        events.push(`${name} made`);
        try {
          yield name;
        } finally {
          events.push(`${name} left`);
        }
      },
      { lifetime },
    );
  const pool = note('pool', 'app');
  const session = note('session', 'request');
  @Controller({ dependencies: [Depends(pool), Depends(session)] })
  class NotingController {
    @Get('/never') never(): Promise<never> {
      return new Promise(() => {});
    }
    @Get('/never-ever', { timeout: 0 }) neverEver(): Promise<never> {
      return new Promise(() => {});
    }
    @Get('/overdue', { timeout: 20 }) overdue(): Promise<never> {
      return new Promise(() => {});
    }
    @Get('/late', { timeout: 0 }) async late(@Ctx() { background }: Context): Promise<string> {
      void background;
      await pause(400);
      return 'late';
    }
  }
  return { events, controllers: [NotingController] };
}

describe('options that make no sense are refused', () => {
  for (const port of ['abc', '8000', Number.NaN, -1, 70_000, 1.5, null, Infinity]) {
    test(`port ${String(port)}`, async () => {
      const { events, controllers } = noting();
      const options = { port: port as number, logger: new Log() };
      await assert.rejects(serve(appOf(controllers), options), /^RangeError: Cannot listen on port .*0 to 65535$/);
      assert.deepEqual(events, []);
    });
  }
  test('an empty host, a time limit that is no time, and proxies that cannot be counted', async () => {
    const app = appOf([]);
    await assert.rejects(serve(app, { port: 0, host: '' }), /^TypeError: Cannot listen on host ''/);
    for (const shutdownTimeout of [Number.NaN, -1, Infinity]) {
      await assert.rejects(serve(app, { port: 0, shutdownTimeout }), /shutdownTimeout is milliseconds/);
    }
    for (const trustProxy of [-1, 1.5, Number.NaN]) {
      assert.throws(() => toNodeListener(app, { trustProxy }), /trustProxy is a count/);
    }
  });
});

describe('a start that fails', () => {
  test('for a port that is taken closes what was made for the app', async () => {
    const { port } = await served(appOf([]));
    const { events, controllers } = noting();
    await assert.rejects(serve(appOf(controllers), { port, logger: new Log() }), /the port is taken/);
    assert.deepEqual(events, ['pool made', 'pool left']);
  });

  test('for an address that is not of this computer says so', async () => {
    const options = { port: 0, host: '192.0.2.1', logger: new Log() };
    await assert.rejects(serve(appOf([]), options), /^Error: Cannot listen on 192\.0\.2\.1:0: .*EADDRNOTAVAIL/);
  });

  test('for a dependency closes what was made before it, and never listens', async () => {
    const { events, controllers } = noting();
    const broken = dependency(() => Promise.reject(new Error('no disk')), { lifetime: 'app' });
    @Controller()
    class BrokenController {
      @Get('/', { dependencies: [Depends(broken)] }) get(): void {}
    }
    const log = new Log();
    await assert.rejects(serve(appOf([...controllers, BrokenController]), { port: 0, logger: log }), /no disk/);
    assert.deepEqual([events, log.entries], [['pool made', 'pool left'], []]);
  });
});

test('the address of a server that listens on IPv6 is a URL', async (t) => {
  const server = await serve(appOf([]), { port: 0, host: '::1', logger: new Log() }).catch((error: unknown) => {
    t.skip(String(error));
  });
  if (server === undefined) return;
  assert.equal((await fetch(`${server.url}/openapi.json`)).status, 200);
  await server.close();
});

test('nothing is accepted before what lives as long as the app is there', async () => {
  const { port } = await served(appOf([]));
  const server = await serve(appOf([]), { port: 0, logger: new Log() });
  const free = server.port;
  await server.close();
  assert.notEqual(free, port);
  let refused: string | undefined;
  const slow = dependency(
    async () => {
      refused = await RawConnection.open(free).then(
        () => 'connected',
        (error: unknown) => (error as NodeJS.ErrnoException).code,
      );
    },
    { lifetime: 'app' },
  );
  @Controller()
  class SlowController {
    @Get('/', { dependencies: [Depends(slow)] }) get(): void {}
  }
  await served(appOf([SlowController]), { port: free });
  assert.equal(refused, 'ECONNREFUSED');
});

describe('close()', () => {
  for (const path of ['never', 'never-ever', 'overdue']) {
    test(`/${path}: a handler that never ends does not keep close() from its deadline and its order`, async () => {
      const { events, controllers } = noting();
      const log = new Log();
      const server = await serve(appOf(controllers, { logger: log }), { port: 0, shutdownTimeout: 200, logger: log });
      const answer = fetch(`${server.url}/${path}`).then(
        ({ status }) => status,
        () => 'cut',
      );
      await eventually('it runs', () => events.length === 2);
      if (path === 'overdue') assert.equal(await answer, 503);
      const start = performance.now();
      await server.close();
      const took = performance.now() - start;
      assert.ok(took < 1_200, `${took} ms`);
      if (path !== 'overdue') assert.equal(await answer, 'cut');
      assert.deepEqual(events, ['pool made', 'session made', 'session left', 'pool left']);
      // A request whose time is up may be left before the deadline is.
      if (path !== 'overdue') {
        assert.match(log.entries.at(-1)?.text ?? '', /Not everything ended within 200 ms/);
      }
    });
  }

  test('is no warning where many requests listen on ctx.closing', async () => {
    const warnings: string[] = [];
    const note = ({ name }: Error): number => warnings.push(name);
    process.on('warning', note);
    @Controller()
    class ListeningController {
      @Get('/') async get(@Ctx() { closing }: Context): Promise<void> {
        closing.addEventListener('abort', () => {});
        await pause(20);
      }
    }
    const server = await serve(appOf([ListeningController]), { port: 0, logger: new Log() });
    await Promise.all(Array.from({ length: 20 }, async () => (await fetch(server.url)).text()));
    await server.close();
    process.off('warning', note);
    assert.deepEqual(
      warnings.filter((name) => name === 'MaxListenersExceededWarning'),
      [],
    );
  });

  test('waits for what ends in time, and for no connection on which nothing has been asked', async () => {
    const { events, controllers } = noting();
    const server = await serve(appOf(controllers), { port: 0, shutdownTimeout: 5_000, logger: new Log() });
    const silent = await RawConnection.open(server.port);
    const answer = fetch(`${server.url}/late`);
    await eventually('it runs', () => events.length === 2);
    const start = performance.now();
    await server.close();
    assert.ok(performance.now() - start < 3_000);
    assert.equal((await answer).status, 200);
    assert.deepEqual(events, ['pool made', 'session made', 'session left', 'pool left']);
    silent.destroy();
  });

  test('gives up a cleanup that never ends', async () => {
    const stuck = dependency(async function* () {
      yield 1;
      await new Promise(() => {});
    });
    @Controller()
    class StuckController {
      @Get('/', { dependencies: [Depends(stuck)] }) get(): void {}
    }
    const server = await serve(appOf([StuckController]), { port: 0, shutdownTimeout: 50, logger: new Log() });
    assert.equal((await fetch(server.url)).status, 200);
    const start = performance.now();
    await server.close();
    assert.ok(performance.now() - start < 1_050);
  });
});

test('an X-Forwarded-For that is empty, or has empty members, says nothing', async () => {
  @Controller()
  class AddressController {
    @Get('/') get(@Ctx() { clientAddress }: Context): unknown {
      return clientAddress ?? null;
    }
  }
  const { url } = await served(appOf([AddressController]), { trustProxy: 2 });
  const ask = async (value: string) => (await fetch(url, { headers: { 'x-forwarded-for': value } })).json();
  assert.deepEqual(
    await Promise.all(['', ' ', ',', '6.6.6.6', '6.6.6.6,, 1.1.1.1', '9.9.9.9, 6.6.6.6, 1.1.1.1'].map(ask)),
    ['127.0.0.1', '127.0.0.1', '127.0.0.1', '6.6.6.6', '6.6.6.6', '6.6.6.6'],
  );
  assert.equal(await (await fetch(url)).json(), '127.0.0.1');
});

test('the head of a returned Response does not wait for a body that takes its time', async () => {
  let start: () => void = () => {};
  const body = new ReadableStream<string>({
    start: (controller) =>
      new Promise<void>((resolve) => {
        start = () => {
          controller.enqueue('late');
          controller.close();
          resolve();
        };
      }),
  }).pipeThrough(new TextEncoderStream());
  @Controller()
  class ResponseController {
    @Get('/') get(): Response {
      return new Response(body, { status: 203 });
    }
  }
  const { url } = await served(appOf([ResponseController]));
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  assert.equal(response.status, 203);
  start();
  assert.equal(await response.text(), 'late');
});

describe('a log', () => {
  const hostile = 'x\nUnhandled error in GET /forged\r\n\u001b[31mred\u202e\u0000';
  for (const [what, error] of [
    ['a message', () => new Error(hostile)],
    ['a cause', () => new Error('outer', { cause: new Error(hostile) })],
    ['a stack', () => Object.assign(new Error('a'), { stack: hostile })],
    ['a text', () => hostile],
    ['an object', () => ({ hostile })],
  ] as const) {
    test(`has no line that ${what} forged`, async () => {
      @Controller()
      class FailingController {
        @Get('/') get(): void {
          throw error() as Error;
        }
      }
      const logger = new Log();
      assert.equal((await appOf([FailingController], { logger }).request('/')).status, 500);
      const [first, ...more] = (logger.errors[0] ?? '').split('\n');
      assert.equal(first, 'Unhandled error in GET /');
      assert.ok(more.length > 0 && more.every((line) => line.startsWith('    ')), logger.errors[0]);
      // oxlint-disable-next-line no-control-regex -- which must not be there
      assert.doesNotMatch([first, ...more].join(''), /[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
      assert.match(more.join('\n'), /\\u001b\[31mred/);
    });
  }

  test('survives what cannot be looked at, circular causes, and a logger that rejects', async () => {
    const circular = new Error('circular');
    circular.cause = circular;
    const silent = Object.defineProperty(new Error('a'), 'stack', { get: () => raise(new Error('stack')) });
    for (const error of [circular, silent]) {
      @Controller()
      class FailingController {
        @Get('/') get(): void {
          throw error;
        }
      }
      const told: string[] = [];
      const logger = {
        info(): void {},
        warn(): void {},
        error: async (text: string) => {
          told.push(text);
          throw new Error('the log is full');
        },
      };
      assert.equal((await appOf([FailingController], { logger }).request('/')).status, 500);
      assert.ok((told[0]?.length ?? 0) > 30 && (told[0]?.length ?? 0) < 20_000);
    }
    await pause(5);
  });
});
