import { Controller, type Context, Ctx, Depends, dependency, events, File, Get, Post } from 'portico';
import { serve } from 'portico/node';
import { z } from 'zod';
import { appOf, fastWrite, pause } from './world.ts';

// A program of its own: counts what is in flight, and says in which order it ended.

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const counts = { running: 0, streaming: 0, cleaned: 0, left: 0, tasks: 0, answered: 0 };

const waiting = new Set<() => void>();

/** With one listener for all of them. */
function whenAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  if (waiting.size === 0) signal.addEventListener('abort', () => waiting.forEach((wake) => wake()));
  return new Promise((resolve) => void waiting.add(resolve));
}

const pool = dependency(
  async function* () {
    yield 'pool';
    say(`pool ${JSON.stringify(counts)}`);
  },
  { lifetime: 'app' },
);
const connection = dependency({ pool: Depends(pool) }, async function* () {
  try {
    yield 'connection';
  } finally {
    await pause(5);
    counts.cleaned++;
  }
});

@Controller({ dependencies: [Depends(connection)] })
class DrainingController {
  @Get('/slow') async slow(@Ctx() context: Context) {
    context.background(async () => {
      await pause(5);
      counts.tasks++;
    });
    counts.running++;
    await whenAborted(context.closing);
    await pause(200);
    counts.answered++;
    return 'slow';
  }

  @Get('/events', { response: events(z.int()) }) async *events(@Ctx() { closing }: Context) {
    counts.streaming++;
    try {
      yield { data: 1 };
      await whenAborted(closing);
    } finally {
      counts.left++;
    }
  }

  @Post('/upload') async upload(@File('file') file: globalThis.File) {
    counts.answered++;
    return file.size;
  }

  @Get('/counts') counts() {
    return counts;
  }
}

const app = appOf([DrainingController], { logger: console, timeout: 0 });
const { url } = await serve(app, { port: 0, shutdownTimeout: 8_000, logger: console, fastWrite: fastWrite() });
say(`ready ${url}`);
