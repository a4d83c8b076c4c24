import { App, type Context, Controller, Ctx, Depends, dependency, events, Get, lines, Post } from 'portico';
import { z } from 'zod';

/** What happened, in order. */
export const happened: string[] = [];

// #region lifetimes
/** Created once, before the first request; cleaned up by app.close(). */
const pool = dependency(
  function* pool() {
    happened.push('pool opened');
    yield { name: 'pool' };
    happened.push('pool closed');
  },
  { lifetime: 'app' },
);

/** Cleaned up as soon as the handler has returned: a failure here can still become an error response. */
const transaction = dependency(
  { pool: Depends(pool) },
  function* transaction({ pool }) {
    happened.push('begin');
    try {
      yield { of: pool.name };
      happened.push('commit');
    } catch (error) {
      happened.push('rollback');
      throw error;
    }
  },
  { lifetime: 'handler' },
);

/** Cleaned up when the response has been sent and its background tasks have run. */
const file = dependency(function* file() {
  happened.push('file opened');
  yield { lines: ['one', 'two'] };
  happened.push('file closed');
});

@Controller('/orders')
class OrderController {
  @Post({ status: 201 })
  create(@Depends(file) _file: unknown, @Depends(transaction) _transaction: unknown, @Ctx() context: Context) {
    happened.push('handler');
    context.background(() => happened.push('background task'));
    return { created: true };
  }

  @Post('/refused')
  refuse(@Depends(transaction) _transaction: unknown) {
    throw new Error('no');
  }
}
// #endregion lifetimes

// #region streams
@Controller('/streams')
class StreamController {
  @Get('/lines', { response: lines(z.object({ line: z.string() })) })
  async *lines(@Depends(file) { lines }: { lines: string[] }) {
    for (const line of lines) yield { line };
  }

  @Get('/events', { response: events(z.object({ count: z.int() })) })
  *events() {
    yield { event: 'tick', data: { count: 1 } };
    yield { data: { count: 2 } };
  }
}
// #endregion streams

export const app = new App({
  title: 'Lifetimes',
  version: '1.0.0',
  controllers: [OrderController, StreamController],
  logger: { info() {}, warn() {}, error: () => happened.push('error logged') },
});
