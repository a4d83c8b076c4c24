import { App, type Context, Controller, Ctx, Depends, dependency, Get, Post, sse } from 'portico';

/** What happened, in order. */
export const events: string[] = [];

// #region lifetimes
/** Made once, before the first request; ended by app.close(). */
const pool = dependency(
  function* pool() {
    events.push('pool opened');
    yield { name: 'pool' };
    events.push('pool closed');
  },
  { lifetime: 'app' },
);

/** Ended as soon as the handler has returned: what goes wrong here is still an error answer. */
const transaction = dependency(
  { pool: Depends(pool) },
  function* transaction({ pool }) {
    events.push('begin');
    try {
      yield { of: pool.name };
      events.push('commit');
    } catch (error) {
      events.push('rollback');
      throw error;
    }
  },
  { lifetime: 'handler' },
);

/** Ended when the answer has been sent and its background tasks have run. */
const file = dependency(function* file() {
  events.push('file opened');
  yield { lines: ['one', 'two'] };
  events.push('file closed');
});

@Controller('/orders')
class OrderController {
  @Post({ status: 201 })
  create(@Depends(file) _file: unknown, @Depends(transaction) _transaction: unknown, @Ctx() context: Context) {
    events.push('handler');
    context.background(() => events.push('background task'));
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
  @Get('/lines')
  async *lines(@Depends(file) { lines }: { lines: string[] }) {
    for (const line of lines) yield { line };
  }

  @Get('/events')
  events() {
    return sse([{ event: 'tick', data: { count: 1 } }, { data: 'done' }]);
  }
}
// #endregion streams

export const app = new App({
  title: 'Lifetimes',
  version: '1.0.0',
  controllers: [OrderController, StreamController],
  logger: { info() {}, warn() {}, error: () => events.push('error logged') },
});
