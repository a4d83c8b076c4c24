import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  App,
  type Context,
  Controller,
  Ctx,
  DeclarationError,
  dependency,
  Depends,
  Get,
  Header,
  HTTPBearer,
  HTTPException,
  lines,
  Query,
} from 'portico';
import { accessLog, requestId } from 'portico/middleware';
import { z } from 'zod';
import {
  answer,
  type AnyInput,
  type AppOptions,
  gate,
  Log,
  OneRoute,
  type Places,
  raise,
  Recorder,
  settled,
  turn,
  within,
} from './world.ts';

const boom =
  (message = 'boom') =>
  (): never => {
    throw new Error(message);
  };

/** What was left, whether or not it was told of an error. */
const left = (recorder: Recorder): string[] =>
  recorder.take().map((event) => event.replace(/^throw (\S+): .*/, 'exit $1'));

describe('every kind of place at once', () => {
  const places = ['app', 'include', 'controller', 'route', 'construct', 'inputs'] as const;
  const names = places.flatMap((place) => [`${place}.request`, `${place}.handler`]);
  const handlerNames = names.filter((name) => name.endsWith('.handler'));
  const requestNames = names.filter((name) => name.endsWith('.request'));

  let fault: { name: string; when: 'setup' | 'handler' | 'cleanup' | 'stream' | 'background' } | undefined;
  const failIf = (name: string, when: string) => (): void => {
    if (fault?.name === name && fault.when === when) throw new Error(`${name} failed`);
  };

  const build = (recorder: Recorder): OneRoute => {
    const pool = recorder.generator('pool', { lifetime: 'app' });
    const declared: Places = {
      inputs: [],
      handle: (ctx: Context) => {
        recorder.note('handler');
        ctx.background(async () => {
          await turn();
          recorder.note('background 1');
          failIf('background 1', 'background')();
        });
        ctx.background(() => recorder.note('background 2'));
        failIf('handler', 'handler')();
        return (async function* () {
          for (const chunk of [1, 2]) {
            recorder.note(`chunk ${chunk}`);
            yield chunk;
            if (chunk === 1) failIf('stream', 'stream')();
          }
          recorder.note('end of body');
        })();
      },
    };
    for (const place of places) {
      declared[place] = (['request', 'handler'] as const).map((lifetime) => {
        const name = `${place}.${lifetime}`;
        const inputs = lifetime === 'handler' ? { pool: Depends(pool) } : {};
        const [setup, cleanup] = [failIf(name, 'setup'), failIf(name, 'cleanup')];
        return Depends(recorder.generator(name, { lifetime, inputs, setup, cleanup }));
      });
    }
    declared.inputs!.unshift(Ctx());
    return new OneRoute({ ...declared, routeOptions: { response: lines(z.unknown()) } });
  };

  const success = [
    'enter app.request',
    'enter app.handler',
    'enter include.request',
    'enter include.handler',
    'enter controller.request',
    'enter controller.handler',
    'enter route.request',
    'enter route.handler',
    'enter construct.request',
    'enter construct.handler',
    'enter inputs.request',
    'enter inputs.handler',
    'handler',
    'exit inputs.handler',
    'exit construct.handler',
    'exit route.handler',
    'exit controller.handler',
    'exit include.handler',
    'exit app.handler',
    'chunk 1',
    'chunk 2',
    'end of body',
    'background 1',
    'background 2',
    'exit inputs.request',
    'exit construct.request',
    'exit route.request',
    'exit controller.request',
    'exit include.request',
    'exit app.request',
  ];
  const thrownInto = (entered: string[], error: string): string[] =>
    entered.toReversed().map((name) => `throw ${name}: ${error} failed`);

  it('enters, handles, exits, streams, runs background tasks and exits the rest in one order', async () => {
    const recorder = new Recorder();
    const route = build(recorder);
    await route.app.start();
    assert.deepEqual(recorder.take(), ['enter pool']);
    const first = await route.ask();
    assert.equal(first.status, 200);
    assert.equal(first.body, '1\n2\n');
    assert.deepEqual(recorder.take(), success);
    await route.ask();
    assert.deepEqual(recorder.take(), success);
    await route.app.close();
    assert.deepEqual(recorder.take(), ['exit pool']);
    assert.deepEqual(route.log.entries, []);
  });

  it('keeps that order with an error at every possible position, and the next request is not touched by it', async () => {
    const recorder = new Recorder();
    const route = build(recorder);
    await route.ask();
    recorder.take();
    const expectations: [typeof fault, number, string[], boolean?][] = [
      ...names.map((name, index): [typeof fault, number, string[]] => [
        { name, when: 'setup' },
        500,
        [...success.slice(0, index + 1), ...thrownInto(names.slice(0, index), name)],
      ]),
      [
        { name: 'handler', when: 'handler' },
        500,
        [...success.slice(0, 13), ...thrownInto(names, 'handler'), 'background 1', 'background 2'],
      ],
      ...handlerNames.map((name): [typeof fault, number, string[]] => {
        const exited = handlerNames.slice(handlerNames.indexOf(name));
        const left = names.filter((one) => !exited.includes(one));
        return [
          { name, when: 'cleanup' },
          500,
          [...success.slice(0, 13 + exited.length), ...thrownInto(left, name), 'background 1', 'background 2'],
        ];
      }),
      [{ name: 'background 1', when: 'background' }, 200, success],
    ];
    for (const [injected, status, events] of expectations) {
      const what = `${injected!.name}, ${injected!.when}`;
      fault = injected;
      route.log.clear();
      const got = await within(route.ask());
      assert.equal(got.status, status, what);
      if (status === 500) assert.deepEqual(got.body, { detail: 'Internal Server Error' });
      assert.deepEqual(recorder.take(), events, what);
      assert.match(route.log.text, new RegExp(`${injected!.name} failed`), what);
      fault = undefined;
      assert.equal((await route.ask()).status, 200);
      assert.deepEqual(recorder.take(), success, `after ${what}`);
    }
  });

  it('a request-lifetime cleanup that fails is logged; the answer stands and the others run', async () => {
    const recorder = new Recorder();
    const route = build(recorder);
    await route.ask();
    recorder.take();
    for (const name of requestNames) {
      fault = { name, when: 'cleanup' };
      route.log.clear();
      const { status, body } = await route.ask();
      assert.equal(status, 200);
      assert.equal(body, '1\n2\n');
      // Whether those further out learn of the failure is not promised, only that each of them is left once.
      assert.deepEqual(left(recorder), success, name);
      assert.match(route.log.text, new RegExp(`${name} failed`));
    }
    fault = undefined;
  });

  it('a request-lifetime cleanup or a background task that throws an HTTPException is logged: no answer says it', async () => {
    const cleanup = (): never => {
      throw new HTTPException(409, 'the commit failed');
    };
    const transaction = new Recorder().generator('transaction', { cleanup });
    const committing = new OneRoute({ inputs: [Depends(transaction)] });
    assert.equal((await committing.ask()).status, 200);
    await settled();
    assert.match(committing.log.text, /the commit failed/);

    const background = new OneRoute({
      inputs: [
        Depends((context: Context) => context.background(() => Promise.reject(new HTTPException(404, 'no mail')))),
      ],
    });
    assert.equal((await background.ask()).status, 200);
    await settled();
    assert.match(background.log.text, /no mail/);
  });

  it('a body that fails midway is logged, and everything is left once', async () => {
    const recorder = new Recorder();
    const route = build(recorder);
    await route.ask();
    recorder.take();
    fault = { name: 'stream', when: 'stream' };
    const response = await route.request();
    await assert.rejects(response.text());
    await settled();
    fault = undefined;
    const events = left(recorder);
    assert.deepEqual(
      events,
      success.filter((event) => !['chunk 2', 'end of body'].includes(event)),
    );
    assert.match(route.log.text, /stream failed/);
  });
});

describe('errors thrown in at the yield', () => {
  class Conflict extends Error {}

  it('are those of the handler, HTTPExceptions too, innermost first and before the answer', async () => {
    for (const lifetime of ['request', 'handler'] as const) {
      const recorder = new Recorder();
      const route = new OneRoute({
        inputs: [
          Depends(recorder.generator('outer', { lifetime })),
          Depends(recorder.generator('inner', { lifetime })),
        ],
        handle: () => {
          throw new HTTPException(404);
        },
      });
      const response = await route.request();
      assert.deepEqual(recorder.take(), [
        'enter outer',
        'enter inner',
        'throw inner: http 404',
        'throw outer: http 404',
      ]);
      assert.equal((await answer(response)).status, 404);
      assert.deepEqual(recorder.take(), []);
    }
  });

  it('may be turned into another error, which those further out get, and which is answered', async () => {
    const recorder = new Recorder();
    const convert = () => {
      throw new HTTPException(409, 'taken');
    };
    const route = new OneRoute({
      inputs: [
        Depends(recorder.generator('outer')),
        Depends(recorder.generator('middle', { caught: convert })),
        Depends(recorder.generator('inner')),
      ],
      handle: boom(),
    });
    const { status, body } = await route.ask();
    assert.equal(status, 409);
    assert.deepEqual(body, { detail: 'taken' });
    assert.deepEqual(recorder.take().slice(3), ['throw inner: boom', 'throw middle: boom', 'throw outer: http 409']);
  });

  it('reach the error handlers as what they have been turned into', async () => {
    const recorder = new Recorder();
    const convert = () => {
      throw new Conflict('taken');
    };
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('inner', { caught: convert, lifetime: 'handler' }))],
      handle: boom(),
    });
    route.app.onError(Conflict, (error, ctx) => {
      ctx.response.status = 409;
      return { conflict: error.message };
    });
    const { status, body } = await route.ask();
    assert.equal(status, 409);
    assert.deepEqual(body, { conflict: 'taken' });
  });

  it('must not be swallowed: 500, and a logged error that names the dependency; the others are still left', async () => {
    for (const lifetime of ['request', 'handler'] as const) {
      for (const error of [new Error('boom'), new HTTPException(404), undefined]) {
        const recorder = new Recorder();
        const route = new OneRoute({
          inputs: [
            Depends(recorder.generator('outer')),
            Depends(recorder.generator('swallower', { lifetime, caught: () => {} })),
          ],
          handle: () => {
            throw error;
          },
        });
        const { status, body } = await route.ask();
        assert.equal(status, 500);
        assert.deepEqual(body, { detail: 'Internal Server Error' });
        const events = recorder.take();
        assert.equal(events.length, 4);
        assert.match(events[2]!, /^throw swallower/);
        assert.match(events[3]!, /^throw outer/);
        assert.match(route.log.text, /swallower/);
      }
    }
  });

  it('of a failed validation are the validation error', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({ route: [Depends(recorder.generator('early'))], inputs: [Query('n', z.int())] });
    assert.equal((await route.ask('/?n=x')).status, 422);
    assert.deepEqual(recorder.take(), ['enter early', 'throw early: validation']);
  });

  it('leave app-lifetime dependencies alone', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('pool', { lifetime: 'app' }))],
      handle: boom(),
    });
    assert.equal((await route.ask()).status, 500);
    assert.deepEqual(recorder.take(), ['enter pool']);
    await route.app.close();
    assert.deepEqual(recorder.take(), ['exit pool']);
  });

  it('synchronous generators are treated alike', async () => {
    const recorder = new Recorder();
    const sync = dependency(function* sync() {
      recorder.note('enter sync');
      try {
        yield 1;
        recorder.note('exit sync');
      } catch (error) {
        recorder.note(`throw sync: ${(error as Error).message}`);
        throw new HTTPException(409);
      }
    });
    let fails = true;
    const route = new OneRoute({ inputs: [Depends(sync)], handle: () => (fails ? boom()() : 'fine') });
    assert.equal((await route.ask()).status, 409);
    assert.deepEqual(recorder.take(), ['enter sync', 'throw sync: boom']);
    fails = false;
    assert.equal((await route.ask()).status, 200);
    assert.deepEqual(recorder.take(), ['enter sync', 'exit sync']);
  });
});

describe('cleanups', () => {
  it('of handler lifetime that fail are the answer', async () => {
    const recorder = new Recorder();
    const commit = () => {
      throw new HTTPException(409, 'serialisation failure');
    };
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('transaction', { lifetime: 'handler', cleanup: commit }))],
      handle: () => 'done',
    });
    const { status, body } = await route.ask();
    assert.equal(status, 409);
    assert.deepEqual(body, { detail: 'serialisation failure' });
  });

  it('of request lifetime wait for the body to be read, also of a plain value', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({ inputs: [Depends(recorder.generator('session'))], handle: () => ({ plain: true }) });
    const response = await route.request();
    await settled();
    assert.deepEqual(recorder.take(), ['enter session']);
    assert.deepEqual(await response.json(), { plain: true });
    await settled();
    assert.deepEqual(recorder.take(), ['exit session']);
  });

  it('of request lifetime follow at once where there is no body', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('session'))],
      handle: () => undefined,
      routeOptions: { status: 204 },
    });
    assert.equal((await route.request()).status, 204);
    await settled();
    assert.deepEqual(recorder.take(), ['enter session', 'exit session']);
  });

  it('of request lifetime that throw undefined are logged as well', async () => {
    const recorder = new Recorder();
    const cleanup = (): never => {
      throw undefined;
    };
    const route = new OneRoute({ inputs: [Depends(recorder.generator('session', { cleanup }))] });
    assert.equal((await route.ask()).status, 200);
    assert.equal(route.log.entries.length, 1);
  });

  it('that fail do not keep the others from running, neither after success nor after an error', async () => {
    for (const fails of [false, true]) {
      const recorder = new Recorder();
      const bad = (name: string) => ({ cleanup: boom(`${name} failed`), caught: boom(`${name} failed`) });
      const route = new OneRoute({
        inputs: ['a', 'b', 'c'].map((name) => Depends(recorder.generator(name, bad(name)))),
        handle: () => (fails ? boom()() : 'fine'),
      });
      assert.equal((await route.ask()).status, fails ? 500 : 200);
      const exits = recorder.take().slice(3);
      assert.deepEqual(
        exits.map((event) => event.replace(/^\w+ (\w).*/, '$1')),
        ['c', 'b', 'a'],
      );
      if (!fails) for (const name of ['a', 'b', 'c']) assert.match(route.log.text, new RegExp(`${name} failed`));
    }
  });
});

describe('generators that do not yield exactly once', () => {
  async function* neverYields(): AsyncGenerator<number> {}
  function* neverYieldsEither(): Generator<number> {}
  async function* returnsEarly(): AsyncGenerator<number> {
    if (Math.random() < 2) return;
    yield 1;
  }

  it('never, or not this time: 500, logged with its name, the handler not called', async () => {
    for (const body of [neverYields, neverYieldsEither, returnsEarly]) {
      for (const lifetime of ['app', 'request', 'handler'] as const) {
        const recorder = new Recorder();
        const made: AnyInput = Depends(dependency(body as () => AsyncGenerator<number>, { lifetime }));
        const route = new OneRoute({
          route: [Depends(recorder.generator('outer'))],
          inputs: [made],
          handle: () => recorder.note('handler'),
        });
        const answered = await route.ask();
        assert.equal(answered.status, 500);
        assert.deepEqual(answered.body, { detail: 'Internal Server Error' });
        assert.match(route.log.text, new RegExp(body.name));
        // What lives with the app is made before anything else or when it is needed.
        const events = recorder.take();
        if (lifetime === 'app' && events.length === 0) continue;
        assert.equal(events.length, 2);
        assert.match(events[1]!, new RegExp(`^throw outer: .*${body.name}`));
      }
    }
  });

  const twice = (recorder: Recorder, lifetime: 'app' | 'request' | 'handler') =>
    dependency(
      async function* yieldsTwice() {
        try {
          yield 1;
          yield 2;
        } finally {
          recorder.note('closed');
        }
      },
      { lifetime },
    );

  it('twice: an error of the cleanup that names it, and what it holds is closed', async () => {
    for (const [lifetime, status] of [
      ['handler', 500],
      ['request', 200],
      ['app', 200],
    ] as const) {
      const recorder = new Recorder();
      const route = new OneRoute({
        inputs: [Depends(recorder.generator('outer')), Depends(twice(recorder, lifetime))],
        handle: () => 'fine',
      });
      assert.equal((await route.ask()).status, status, lifetime);
      const closing = await route.app.close().then(
        () => '',
        (error: unknown) => String(error),
      );
      assert.match(route.log.text + closing, /yieldsTwice/, lifetime);
      assert.equal(recorder.count('closed'), 1, lifetime);
      assert.equal(recorder.events.filter((event) => /^(exit|throw) outer/.test(event)).length, 1, lifetime);
    }
  });

  it('again when an error is thrown in: 500 and logged with its name', async () => {
    const recorder = new Recorder();
    const again = dependency(async function* yieldsAgain() {
      try {
        yield 1;
      } catch {
        yield 2;
      }
    });
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('outer')), Depends(again)],
      handle: () => {
        throw new HTTPException(404);
      },
    });
    assert.equal((await within(route.ask())).status, 500);
    assert.match(route.log.text, /yieldsAgain/);
    assert.equal(recorder.events.length, 2);
  });
});

describe('streamed bodies', () => {
  const streaming = (recorder: Recorder, handle: (ctx: Context) => unknown): OneRoute =>
    new OneRoute({
      inputs: [
        Ctx(),
        Depends(recorder.generator('session')),
        Depends(recorder.generator('transaction', { lifetime: 'handler' })),
      ],
      handle,
      routeOptions: { response: lines(z.unknown()) },
    });

  it('keep request-lifetime resources open to their end, handler-lifetime ones not', async () => {
    const responses: ((recorder: Recorder) => unknown)[] = [
      async function* (recorder) {
        yield 'a';
        recorder.note('last');
        yield 'b';
      },
      (recorder) =>
        new Response(
          new ReadableStream(
            {
              pull(controller) {
                recorder.note('last');
                controller.enqueue(new TextEncoder().encode('x'));
                controller.close();
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    ];
    for (const body of responses) {
      const recorder = new Recorder();
      const route = streaming(recorder, () => body(recorder));
      const response = await route.request();
      await settled();
      assert.equal(recorder.count('exit session'), 0);
      await response.text();
      await settled();
      assert.deepEqual(recorder.take(), [
        'enter session',
        'enter transaction',
        'exit transaction',
        'last',
        'exit session',
      ]);
    }
  });

  it('that are cancelled: the iterable is told to return, and cleanup follows', async () => {
    const recorder = new Recorder();
    const route = streaming(recorder, async function* () {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        recorder.note('returned');
      }
    });
    const response = await route.request();
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await settled();
    assert.deepEqual(left(recorder).slice(2), ['exit transaction', 'returned', 'exit session']);
  });

  it('that are cancelled while the next piece is awaited: the signal is aborted, so that the wait can end', async () => {
    const recorder = new Recorder();
    const route = streaming(recorder, async function* (ctx: Context) {
      yield 'first';
      await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      recorder.note('told');
    });
    const response = await route.request();
    const reader = response.body!.getReader();
    await reader.read();
    const next = reader.read();
    await settled();
    await within(reader.cancel());
    await within(next);
    await settled();
    assert.deepEqual(left(recorder).slice(2), ['exit transaction', 'told', 'exit session']);
  });

  it('a returned Response whose body is cancelled has that cancelled once: before, between and during reads', async () => {
    for (const when of ['before', 'between', 'during'] as const) {
      const recorder = new Recorder();
      let pieces = 0;
      const route = streaming(recorder, () => {
        const body = new ReadableStream(
          {
            pull: (controller) => {
              if (++pieces === 2) return new Promise(() => {});
              controller.enqueue(new Uint8Array(10));
              return undefined;
            },
            cancel: () => recorder.note('cancelled'),
          },
          { highWaterMark: 0 },
        );
        return new Response(body);
      });
      const response = await route.request();
      const reader = response.body!.getReader();
      if (when !== 'before') await reader.read();
      const pending = when === 'during' ? reader.read() : undefined;
      await settled();
      await within(reader.cancel());
      await pending;
      await settled();
      assert.deepEqual(left(recorder).slice(2), ['exit transaction', 'cancelled', 'exit session'], when);
    }
  });

  it('that are never sent, because a cleanup failed, are cancelled', async () => {
    const recorder = new Recorder();
    const body = new ReadableStream({ cancel: () => recorder.note('cancelled') }, { highWaterMark: 0 });
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('transaction', { lifetime: 'handler', cleanup: boom() }))],
      handle: () => new Response(body),
    });
    assert.equal((await route.ask()).status, 500);
    assert.deepEqual(recorder.take(), ['enter transaction', 'exit transaction', 'cancelled']);
  });

  it('that are cancelled are no error, whatever the reason given', async () => {
    for (const reason of [undefined, 'bye', new Error('bye')]) {
      const recorder = new Recorder();
      const route = streaming(recorder, async function* () {
        for (let n = 0; ; n++) yield n;
      });
      const reader = (await route.request()).body!.getReader();
      await reader.read();
      await reader.cancel(reason);
      await route.app.close();
      assert.match(recorder.events.at(-1)!, /^(exit|throw) session/);
      assert.deepEqual(route.log.entries, []);
    }
  });
});

describe('background tasks', () => {
  it('run after the answer, one after the other, before request-lifetime cleanup; failures are logged', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({
      inputs: [Ctx(), Depends(recorder.generator('session'))],
      handle: (ctx: Context) => {
        for (const n of [1, 2, 3]) {
          ctx.background(async () => {
            recorder.note(`begin ${n}`);
            await turn();
            if (n === 2) throw new Error('task failed');
            recorder.note(`end ${n}`);
          });
        }
        return 'fine';
      },
    });
    const response = await route.request();
    await settled();
    assert.deepEqual(recorder.take(), ['enter session']);
    await response.text();
    await route.app.close();
    assert.deepEqual(recorder.take(), ['begin 1', 'end 1', 'begin 2', 'begin 3', 'end 3', 'exit session']);
    assert.match(route.log.text, /task failed/);
  });
});

describe('a background task that is added when the work after an answer is over', () => {
  /** Lets a request and all that follows it end, and adds tasks then. */
  const addLate = async (places: Places): Promise<[OneRoute, Recorder]> => {
    const recorder = new Recorder();
    const contexts: Context[] = [];
    const route = new OneRoute({ ...places, app: [Depends((context: Context) => void contexts.push(context))] });
    await route.ask();
    for (const n of [1, 2, 3]) {
      contexts[0]?.background(async () => {
        recorder.note(`begin ${n}`);
        await turn();
        if (n === 2) throw new Error('task failed');
        recorder.note(`end ${n}`);
      });
    }
    return [route, recorder];
  };
  const kinds: Record<string, Places> = {
    'of a value': {},
    'with cleanups': { inputs: [Depends(new Recorder().generator('session'))] },
    'that is a stream': { routeOptions: { response: lines(z.int()) }, handle: () => [1, 2] },
    'that is an error': { handle: boom() },
  };
  for (const [kind, places] of Object.entries(kinds)) {
    it(`${kind} runs at once, and close() waits for it`, async () => {
      const [route, recorder] = await addLate(places);
      await route.app.close();
      assert.deepEqual(recorder.take(), ['begin 1', 'end 1', 'begin 2', 'begin 3', 'end 3']);
      assert.match(route.log.text, /GET \/\n.*task failed/);
    });
  }

  it('runs after the cleanup that adds it, and what was entered before that is left once', async () => {
    const recorder = new Recorder();
    const outer = recorder.generator('outer');
    const inner = dependency({ context: Ctx() }, async function* ({ context }) {
      yield 1;
      recorder.note('exit inner');
      context.background(() => recorder.note('task'));
    });
    const route = new OneRoute({ inputs: [Depends(outer), Depends(inner)] });
    await route.ask();
    assert.deepEqual(recorder.take(), ['enter outer', 'exit inner', 'exit outer', 'task']);
  });
});

describe('app lifetime', () => {
  const counting = (recorder: Recorder, name: string, inputs = {}, setup?: () => unknown) =>
    recorder.generator(name, { lifetime: 'app', inputs, ...(setup ? { setup } : {}) });

  it('is made once, shared by all requests, and closed in reverse by close()', async () => {
    const recorder = new Recorder();
    const first = counting(recorder, 'first');
    const second = counting(recorder, 'second', { first: Depends(first) });
    const third = counting(recorder, 'third');
    const plain = dependency(() => recorder.note('call plain'), { lifetime: 'app' });
    const route = new OneRoute({
      inputs: [Depends(second), Depends(plain), Depends(third), Depends(first)],
    });
    await route.ask();
    await route.ask();
    assert.deepEqual(recorder.take(), ['enter first', 'enter second', 'call plain', 'enter third']);
    await route.app.close();
    assert.deepEqual(recorder.take(), ['exit third', 'exit second', 'exit first']);
  });

  it('concurrent first needs share one making', async () => {
    const recorder = new Recorder();
    const door = gate();
    const pool = counting(recorder, 'pool', {}, () => door.opened);
    const user = dependency({ pool: Depends(pool) }, ({ pool }) => pool, { lifetime: 'app' });
    const route = new OneRoute({ inputs: [Depends(pool), Depends(user)] });
    const all = Array.from({ length: 5 }, () => route.ask());
    await settled();
    door.open();
    for (const { status, body } of await Promise.all(all)) {
      assert.equal(status, 200);
      assert.deepEqual(body, ['pool', 'pool']);
    }
    assert.deepEqual(recorder.take(), ['enter pool']);
  });

  it('a failed making is an error for those who waited for it, and is tried again by the next', async () => {
    const recorder = new Recorder();
    let fails = true;
    const base = counting(recorder, 'base');
    const pool = counting(recorder, 'pool', { base: Depends(base) }, async () => {
      await turn();
      if (fails) throw new Error('no database');
    });
    const route = new OneRoute({ inputs: [Depends(pool)] });
    const failed = await Promise.all([route.ask(), route.ask()]);
    assert.deepEqual(
      failed.map(({ status }) => status),
      [500, 500],
    );
    assert.deepEqual(recorder.take(), ['enter base', 'enter pool']);
    fails = false;
    assert.equal((await route.ask()).status, 200);
    assert.deepEqual(recorder.take(), ['enter pool']);
    await route.app.close();
    assert.deepEqual(recorder.take(), ['exit pool', 'exit base']);
  });

  it('start() makes all of them, once, and rejects when one fails', async () => {
    const recorder = new Recorder();
    let fails = true;
    const base = counting(recorder, 'base');
    const pool = counting(recorder, 'pool', { base: Depends(base) }, () => (fails ? boom('no database')() : undefined));
    const inList = counting(recorder, 'inList');
    const held = counting(recorder, 'held');
    const user = recorder.fn('user', { pool: Depends(pool) });
    const route = new OneRoute({ app: [Depends(inList)], construct: [Depends(held)], inputs: [Depends(user)] });
    assert.deepEqual(recorder.take(), []);
    await assert.rejects(route.app.start(), /'\w+' of lifetime 'app' could not be made: no database/);
    fails = false;
    recorder.take();
    await route.app.start();
    await route.app.start();
    await route.ask();
    assert.equal(recorder.count('enter pool'), 1);
    await route.app.close();
    for (const name of ['base', 'pool', 'inList', 'held']) assert.equal(recorder.count(`exit ${name}`), 1, name);
  });

  it('start() says what was thrown, be it no error', async () => {
    const unprintable = { toString: (): string => raise(new Error('unprintable')) };
    for (const [thrown, text] of [
      ['no database', 'no database'],
      [undefined, 'undefined'],
      [unprintable, 'what it threw cannot be printed'],
    ] as const) {
      const pool = dependency(() => raise(thrown), { lifetime: 'app', name: 'pool' });
      const message = `The dependency 'pool' of lifetime 'app' could not be made: ${text}`;
      await assert.rejects(new OneRoute({ inputs: [Depends(pool)] }).app.start(), { name: 'FrameworkError', message });
    }
  });

  it('close() may be called twice, also at the same time; later requests get 503', async () => {
    const recorder = new Recorder();
    const door = gate();
    const pool = recorder.generator('pool', { lifetime: 'app', cleanup: () => door.opened });
    const route = new OneRoute({ inputs: [Depends(pool)], handle: () => recorder.note('handler') });
    await route.ask();
    recorder.take();
    let closed = 0;
    const closing = [route.app.close(), route.app.close()].map(async (one) => {
      await one;
      closed++;
    });
    await settled();
    assert.equal(closed, 0);
    assert.equal((await route.ask()).status, 503);
    door.open();
    await within(Promise.all(closing));
    await within(route.app.close());
    assert.equal((await route.ask()).status, 503);
    assert.deepEqual(recorder.take(), ['exit pool']);
  });

  it('a cleanup that fails does not keep the others from running, and is not lost', async () => {
    const recorder = new Recorder();
    const bad = recorder.generator('bad', { lifetime: 'app', cleanup: boom('bad failed') });
    const route = new OneRoute({ inputs: [Depends(counting(recorder, 'first')), Depends(bad)] });
    await route.ask();
    const outcome = await route.app.close().then(
      () => '',
      (error: unknown) => String(error),
    );
    assert.deepEqual(recorder.take().slice(2), ['exit bad', 'exit first']);
    assert.match(route.log.text + outcome, /bad failed/);
  });

  it('close() waits for requests under way, their background tasks and cleanups', async () => {
    const recorder = new Recorder();
    const [handling, tasking] = [gate(), gate()];
    const route = new OneRoute({
      inputs: [
        Ctx(),
        Depends(counting(recorder, 'pool')),
        Depends(recorder.generator('session', { cleanup: () => turn() })),
      ],
      handle: async (ctx: Context) => {
        ctx.background(async () => {
          await tasking.opened;
          recorder.note('background');
        });
        await handling.opened;
        return 'fine';
      },
    });
    const asked = route.ask();
    await settled();
    const closed = route.app.close();
    await settled();
    assert.deepEqual(recorder.take(), ['enter pool', 'enter session']);
    handling.open();
    assert.equal((await asked).status, 200);
    assert.deepEqual(recorder.take(), []);
    tasking.open();
    await within(closed);
    assert.deepEqual(recorder.take(), ['background', 'exit session', 'exit pool']);
  });

  it('close() while they are being made ends what has been made, and nothing more is made', async () => {
    const recorder = new Recorder();
    const door = gate();
    const first = recorder.generator('first', { lifetime: 'app', setup: () => door.opened });
    const route = new OneRoute({ inputs: [Depends(first), Depends(counting(recorder, 'second', {}, settled))] });
    const started = route.app.start().then(
      () => 'started',
      () => 'refused',
    );
    await settled();
    const closed = route.app.close();
    await settled();
    door.open();
    await within(Promise.all([started, closed]));
    await settled();
    const events = recorder.take();
    const entered = events.filter((event) => event.startsWith('enter')).map((event) => event.slice('enter '.length));
    assert.deepEqual(
      events.filter((event) => event.startsWith('exit')),
      entered.toReversed().map((name) => `exit ${name}`),
    );
  });

  it('two apps have each their own', async () => {
    let made = 0;
    const pool = dependency(() => ++made, { lifetime: 'app' });
    const [one, two] = [new OneRoute({ inputs: [Depends(pool)] }), new OneRoute({ inputs: [Depends(pool)] })];
    assert.deepEqual((await one.ask()).body, [1]);
    assert.deepEqual((await two.ask()).body, [2]);
    assert.deepEqual((await one.ask()).body, [1]);
  });
});

describe('outside requests', () => {
  const scoped = (recorder: Recorder) => {
    const pool = recorder.generator('pool', { lifetime: 'app' });
    const session = recorder.generator('session', { inputs: { pool: Depends(pool) } });
    const transaction = recorder.generator('transaction', {
      lifetime: 'handler',
      inputs: { session: Depends(session) },
    });
    const route = new OneRoute({ inputs: [Depends(transaction)] });
    return { route, pool, session, transaction };
  };

  it('a scope resolves the same graph, shares within itself, and cleans up in reverse', async () => {
    const recorder = new Recorder();
    const { route, pool, session, transaction } = scoped(recorder);
    {
      await using scope = route.app.scope();
      assert.equal(await scope.get(transaction), 'transaction');
      assert.equal(await scope.get(session), 'session');
      assert.equal(await scope.get(pool), 'pool');
      assert.deepEqual(recorder.take(), ['enter pool', 'enter session', 'enter transaction']);
    }
    assert.deepEqual(recorder.take(), ['exit transaction', 'exit session']);
    {
      await using scope = route.app.scope();
      await scope.get(session);
    }
    await route.ask();
    await route.app.close();
    assert.deepEqual(recorder.take(), [
      'enter session',
      'exit session',
      'enter session',
      'enter transaction',
      'exit transaction',
      'exit session',
      'exit pool',
    ]);
  });

  it('takes functions, classes and dependencies that no route uses', async () => {
    const recorder = new Recorder();
    const { route, session } = scoped(recorder);
    class Job {
      constructor(@Depends(session) readonly session: string) {}
    }
    const other = dependency({ job: Depends(Job) }, async ({ job }) => job.session);
    await using scope = route.app.scope();
    const job: Job = await scope.get(Job);
    assert.ok(job instanceof Job);
    assert.equal(job.session, 'session');
    const value: string = await scope.get(other);
    assert.equal(value, 'session');
    assert.equal(recorder.count('enter session'), 1);
  });

  it('two gets at the same time share, and the cleanup waits for neither twice', async () => {
    const recorder = new Recorder();
    const { route, session } = scoped(recorder);
    {
      await using scope = route.app.scope();
      assert.deepEqual(await Promise.all([scope.get(session), scope.get(session)]), ['session', 'session']);
    }
    assert.deepEqual(recorder.take(), ['enter pool', 'enter session', 'exit session']);
  });

  it('what needs a request is a clear error', async () => {
    const recorder = new Recorder();
    const { route, session } = scoped(recorder);
    const inputs: Record<string, AnyInput> = { ctx: Ctx(), q: Query('q'), header: Header('x-user') };
    for (const [name, input] of Object.entries(inputs)) {
      const asks = dependency({ session: Depends(session), input }, function asksForRequest() {
        recorder.note('called');
      });
      await using scope = route.app.scope();
      await assert.rejects(
        async () => scope.get(asks),
        (error: Error) => {
          assert.match(error.message, /request/i, name);
          assert.match(error.message, /asksForRequest/, name);
          return true;
        },
      );
    }
    assert.equal(recorder.count('called'), 0);
  });

  it('an error of a dependency rejects, and what was entered is cleaned up', async () => {
    const recorder = new Recorder();
    const { route, session } = scoped(recorder);
    const failing = recorder.fn('failing', { session: Depends(session) }, () => {
      throw new HTTPException(409, 'no');
    });
    {
      await using scope = route.app.scope();
      await assert.rejects(scope.get(failing), (error) => error instanceof HTTPException && error.status === 409);
    }
    const events = left(recorder);
    assert.deepEqual(events, ['enter pool', 'enter session', 'call failing', 'exit session']);
  });

  it('a cleanup that fails does not keep the others from running, and is not lost', async () => {
    const recorder = new Recorder();
    const { route, session } = scoped(recorder);
    const bad = recorder.generator('bad', { inputs: { session: Depends(session) }, cleanup: boom('bad failed') });
    const outcome = await (async () => {
      await using scope = route.app.scope();
      await scope.get(bad);
    })().then(
      () => '',
      (error: unknown) => String(error),
    );
    assert.deepEqual(left(recorder).slice(3), ['exit bad', 'exit session']);
    assert.match(route.log.text + outcome, /bad failed/);
  });

  it('a declaration mistake rejects what has it, every time, and nothing else', async () => {
    const recorder = new Recorder();
    const { route, session } = scoped(recorder);
    const broken = recorder.fn('broken', { missing: Depends(undefined as any) });
    await using scope = route.app.scope();
    for (let round = 0; round < 2; round++) {
      await assert.rejects(scope.get(broken), DeclarationError);
      assert.equal(await scope.get(session), 'session');
    }
    assert.equal(recorder.count('call broken'), 0);
  });

  it('what is still open when the app closes ends before that on which it rests', async () => {
    const recorder = new Recorder();
    const { route, session } = scoped(recorder);
    const scope = route.app.scope();
    await scope.get(session);
    recorder.take();
    const closed = route.app.close();
    await settled();
    await scope.close();
    await within(closed);
    assert.deepEqual(recorder.take(), ['exit session', 'exit pool']);
  });

  it('a closed app makes nothing any more, which nobody would end', async () => {
    const recorder = new Recorder();
    const { route, pool } = scoped(recorder);
    await route.app.close();
    await assert.rejects(async () => route.app.scope().get(pool), /closed/);
    await assert.rejects(async () => route.app.start(), /closed/);
    assert.deepEqual(recorder.take(), []);
  });
});

describe('the client is gone', () => {
  const withDoor = (recorder: Recorder) => {
    const door = gate();
    let signal: AbortSignal | undefined;
    const waits = recorder.fn('waits', { ctx: Ctx() }, async ({ ctx }) => {
      ({ signal } = ctx);
      await door.opened;
    });
    const route = new OneRoute({
      route: [
        Depends(recorder.generator('session')),
        Depends(recorder.generator('transaction', { lifetime: 'handler' })),
        Depends(waits),
        Depends(recorder.generator('late')),
        Depends(recorder.fn('later')),
      ],
      handle: () => recorder.note('handler'),
    });
    return { door, route, signal: () => signal };
  };

  it('no further dependency is entered, those entered are cleaned up, the signal is aborted', async () => {
    const recorder = new Recorder();
    const { door, route, signal } = withDoor(recorder);
    const client = new AbortController();
    const asked = route.ask('/', { signal: client.signal }).catch(() => {});
    await settled();
    assert.equal(signal()!.aborted, false);
    client.abort();
    assert.equal(signal()!.aborted, true);
    door.open();
    await within(asked);
    await settled();
    assert.deepEqual(left(recorder), [
      'enter session',
      'enter transaction',
      'call waits',
      'exit transaction',
      'exit session',
    ]);
    assert.equal((await route.ask()).status, 200);
  });

  it('before the first dependency: none is entered', async () => {
    const recorder = new Recorder();
    const { door, route } = withDoor(recorder);
    const askAborted = () => within(route.ask('/', { signal: AbortSignal.abort() }).catch(() => {}));
    await askAborted();
    assert.deepEqual(recorder.take(), []);
    door.open();
    await route.ask();
    recorder.take();
    await askAborted();
    assert.deepEqual(recorder.take(), []);
  });

  it('while app-lifetime dependencies are made: none is entered', async () => {
    const recorder = new Recorder();
    const door = gate();
    const pool = recorder.generator('pool', { lifetime: 'app', setup: () => door.opened });
    const route = new OneRoute({
      route: [Depends(pool), Depends(recorder.generator('session'))],
      handle: () => recorder.note('handler'),
    });
    const client = new AbortController();
    const asked = route.ask('/', { signal: client.signal }).catch(() => {});
    await settled();
    client.abort();
    door.open();
    await within(asked);
    assert.deepEqual(recorder.take(), ['enter pool']);
  });

  it('a generator that was still setting up is cleaned up when it is done', async () => {
    const recorder = new Recorder();
    const door = gate();
    const slow = recorder.generator('slow', { setup: () => door.opened });
    const route = new OneRoute({
      inputs: [Depends(recorder.generator('early')), Depends(slow), Depends(recorder.generator('late'))],
      handle: () => recorder.note('handler'),
    });
    const client = new AbortController();
    const asked = route.ask('/', { signal: client.signal }).catch(() => {});
    await settled();
    client.abort();
    await settled();
    door.open();
    await within(asked);
    await settled();
    assert.deepEqual(left(recorder).toSorted(), ['enter early', 'enter slow', 'exit early', 'exit slow']);
  });

  it('while the handler runs: it sees the signal, and everything is cleaned up once', async () => {
    const recorder = new Recorder();
    const route = new OneRoute({
      inputs: [
        Ctx(),
        Depends(recorder.generator('session')),
        Depends(recorder.generator('transaction', { lifetime: 'handler' })),
      ],
      handle: async (ctx: Context) => {
        await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
        recorder.note('told');
      },
    });
    const client = new AbortController();
    const asked = route.ask('/', { signal: client.signal }).catch(() => {});
    await settled();
    client.abort();
    await within(asked);
    await settled();
    assert.deepEqual(left(recorder).toSorted(), [
      'enter session',
      'enter transaction',
      'exit session',
      'exit transaction',
      'told',
    ]);
  });
});

describe('the time limit has passed', () => {
  it('503, even if what runs never settles: the signal is aborted, and nothing more is begun', async () => {
    for (const where of ['dependency', 'handler'] as const) {
      for (const limited of [{ options: { timeout: 30 } }, { routeOptions: { timeout: 30 } }] satisfies Places[]) {
        const recorder = new Recorder();
        let signal: AbortSignal | undefined;
        const never = (name: string) => (ctx: Context) => {
          recorder.note(name);
          ({ signal } = ctx);
          return new Promise(() => {});
        };
        const guard = where === 'dependency' ? [Depends(never('dependency'))] : [];
        const route = new OneRoute({
          ...limited,
          route: guard,
          inputs: [Ctx(), Depends(recorder.generator('session'))],
          handle: never('handler'),
        });
        const { status, body } = await within(route.ask());
        assert.equal(status, 503);
        assert.equal(typeof body.detail, 'string');
        assert.equal(signal!.aborted, true);
        const begun = recorder.take().filter((event) => !event.startsWith('throw'));
        assert.deepEqual(begun, where === 'dependency' ? ['dependency'] : ['enter session', 'handler']);
      }
    }
  });

  it('what heeds the signal is followed by the cleanup of all that was entered, once', async () => {
    for (const where of ['dependency', 'handler'] as const) {
      const recorder = new Recorder();
      const heeds = async (ctx: Context): Promise<void> => {
        recorder.note('waits');
        await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
      };
      const route = new OneRoute({
        options: { timeout: 30 },
        inputs: [
          Ctx(),
          Depends(recorder.generator('session')),
          Depends(recorder.generator('transaction', { lifetime: 'handler' })),
          ...(where === 'dependency' ? [Depends(heeds), Depends(recorder.generator('late'))] : []),
        ],
        handle: heeds,
      });
      assert.equal((await within(route.ask())).status, 503);
      await within(route.app.close());
      assert.deepEqual(left(recorder), [
        'enter session',
        'enter transaction',
        'waits',
        'exit transaction',
        'exit session',
      ]);
    }
  });

  it('background tasks run once', async () => {
    const recorder = new Recorder();
    const door = gate();
    const route = new OneRoute({
      options: { timeout: 30 },
      inputs: [Ctx()],
      handle: async (ctx: Context) => {
        ctx.background(() => recorder.note('background'));
        await door.opened;
      },
    });
    assert.equal((await within(route.ask())).status, 503);
    door.open();
    await within(route.app.close());
    assert.deepEqual(recorder.take(), ['background']);
  });

  it('what finishes too late is cleaned up, and leads no further', async () => {
    const recorder = new Recorder();
    const door = gate();
    const route = new OneRoute({
      options: { timeout: 30 },
      inputs: [
        Depends(recorder.generator('slow', { setup: () => door.opened })),
        Depends(recorder.generator('late')),
        Depends(recorder.fn('later')),
      ],
      handle: () => recorder.note('handler'),
    });
    assert.equal((await within(route.ask())).status, 503);
    assert.deepEqual(recorder.take(), ['enter slow']);
    door.open();
    await settled();
    const events = recorder.take();
    assert.equal(events.length, 1);
    assert.match(events[0]!, /^(throw|exit) slow/);
    await within(route.app.close());
    assert.deepEqual(recorder.take(), []);
  });

  it('a rejection that comes too late is no unhandled rejection', async () => {
    const unhandled: unknown[] = [];
    const collect = (error: unknown): void => void unhandled.push(error);
    process.on('unhandledRejection', collect);
    try {
      const door = gate();
      const late = async () => {
        await door.opened;
        throw new Error('too late');
      };
      for (const places of [{ inputs: [Depends(dependency(late))] }, { handle: late }] satisfies Places[]) {
        const route = new OneRoute({ options: { timeout: 30 }, ...places });
        assert.equal((await within(route.ask())).status, 503);
      }
      door.open();
      await settled();
    } finally {
      process.off('unhandledRejection', collect);
    }
    assert.deepEqual(unhandled, []);
  });

  it('a request that is in time is not touched by it', async () => {
    const recorder = new Recorder();
    let signal: AbortSignal | undefined;
    const route = new OneRoute({
      options: { timeout: 60_000 },
      inputs: [Ctx(), Depends(recorder.generator('session'))],
      handle: (ctx: Context) => {
        ({ signal } = ctx);
        return 'fine';
      },
    });
    assert.equal((await route.ask()).status, 200);
    assert.deepEqual(recorder.take(), ['enter session', 'exit session']);
    assert.equal(signal!.aborted, false);
  });
});

describe('a thousand overlapping requests', () => {
  it('have each their own identity, everywhere and to the end', async () => {
    const crossed: string[] = [];
    let state = 42;
    const random = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state % below;
    };
    const wander = async (): Promise<void> => {
      for (let turns = random(4); turns > 0; turns--) await turn();
    };
    const check = (where: string, ...ids: (string | undefined)[]): void => {
      if (new Set(ids).size !== 1) crossed.push(`${where}: ${ids.join(', ')}`);
    };
    let open = 0;
    let cleaned = 0;

    const identity = dependency({ id: Header('x-id') }, async ({ id }) => {
      await wander();
      return id;
    });
    const session = dependency({ id: Depends(identity), ctx: Ctx() }, async function* ({ id, ctx }) {
      await wander();
      open++;
      (ctx.state as Record<string, unknown>)['id'] = id;
      yield { id };
      check('session', id, ctx.header('x-id'));
      open--;
      cleaned++;
    });
    const transaction = dependency(
      { session: Depends(session), q: Query('id') },
      async function* ({ session, q }) {
        await wander();
        check('transaction', session.id, q);
        yield session.id;
        await wander();
        check('commit', session.id, q);
      },
      { lifetime: 'handler' },
    );
    class Caller {
      constructor(
        @Depends(identity) readonly id: string,
        @Header('x-id') readonly header: string,
      ) {}
    }

    @Controller('/')
    class IdentityController {
      constructor(
        @Depends(Caller) private readonly caller: Caller,
        @Depends(session) private readonly session: { id: string },
      ) {}
      @Get('/')
      async read(
        @Depends(transaction) transaction: string,
        @Depends(identity) id: string,
        @Ctx() ctx: Context,
        @Query('id') q: string,
      ) {
        await wander();
        const stated = (ctx.state as Record<string, unknown>)['id'] as string;
        check('handler', transaction, id, q, stated, this.caller.id, this.caller.header, this.session.id);
        ctx.background(async () => {
          await wander();
          check('background', ctx.header('x-id'), id, this.session.id);
        });
        if (Number(id) % 7 === 0) throw new HTTPException(409, id);
        return { id };
      }
    }

    const app = new App({ title: 'T', version: '1', docs: false, controllers: [IdentityController] });
    const ask = async (id: string): Promise<void> => {
      const response = await app.request(`/?id=${id}`, { headers: { 'x-id': id } });
      const body: any = await response.json();
      check('answer', id, response.status === 409 ? body.detail : body.id);
      check('status', String(response.status), Number(id) % 7 === 0 ? '409' : '200');
    };
    await within(Promise.all(Array.from({ length: 1000 }, (_, n) => ask(String(n)))), 60_000);
    await app.close();
    assert.deepEqual(crossed, []);
    assert.equal(cleaned, 1000 - Math.ceil(1000 / 7));
    assert.equal(open, 1000 - cleaned);
  });
});

describe('functions that are to be synchronous and give a promise', () => {
  const failing = (): never => Promise.reject(new Error('late')) as never;
  class Failing extends HTTPBearer {
    override read(): never {
      return failing();
    }
  }
  @Controller()
  class FailingController {
    @Get('/scheme') scheme(@Depends(new Failing()) _token: unknown) {}
    @Get('/error') error() {
      throw new HTTPException(409);
    }
    @Get('/plain') plain() {
      return 'plain';
    }
    @Get('/lines', { response: lines(z.unknown()) }) lines() {
      return { [Symbol.asyncIterator]: () => ({ next: () => 1 as never }) };
    }
  }
  const cases: Record<string, [string, number, Partial<AppOptions>]> = {
    'read() of a scheme': ['/scheme', 500, {}],
    'the error format': ['/error', 500, { errors: { schema: z.unknown(), body: failing } }],
    'the format of an access log': ['/plain', 200, { middleware: [accessLog({ format: failing, logger: new Log() })] }],
    'the id of a request': ['/plain', 500, { middleware: [requestId({ generate: failing })] }],
    'an iterator without results': ['/lines', 500, {}],
  };
  for (const [what, [path, status, options]] of Object.entries(cases)) {
    it(what, async () => {
      const unhandled: unknown[] = [];
      const collect = (error: unknown): void => void unhandled.push(error);
      process.on('unhandledRejection', collect);
      const app = new App({
        title: 'Failing',
        version: '1.0.0',
        controllers: [FailingController],
        logger: new Log(),
        ...options,
      });
      assert.equal((await app.request(path)).status, status);
      await settled();
      process.off('unhandledRejection', collect);
      assert.deepEqual(unhandled, []);
    });
  }
});
