import {
  App,
  compareSecrets,
  type Context,
  Controller,
  Ctx,
  Depends,
  dependency,
  File,
  Get,
  HTTPException,
} from 'portico';
import { bytes, events, lines, OAuth2Error, OAuth2PasswordBearer, OAuth2PasswordRequestForm } from 'portico';
import { Path, Post, Query, type ValueOf } from 'portico';
import { z } from 'zod';

// Nothing here depends on the platform; what it provides in addition is in `ctx.platform`.

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds));

/** Events by name, to be requested after a response. */
const journals = new Map<string, string[]>();
const journal = dependency({ name: Path(z.string()) }, ({ name }) => {
  const entries = journals.get(name) ?? [];
  journals.set(name, entries);
  return entries;
});

/** Cleaned up after the response, and after its background tasks; the cleanup itself takes time. */
const connection = dependency({ entries: Depends(journal) }, async function* ({ entries }) {
  try {
    yield 'open';
  } finally {
    await pause(20);
    entries.push('cleanup');
  }
});

const tokens = new Map<string, string>();
const scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });
const currentUser = dependency({ token: Depends(scheme) }, ({ token }) => {
  const username = tokens.get(token);
  if (username === undefined) throw new HTTPException(401, 'Invalid token');
  return { username };
});

const Count = z.object({ count: z.int() });

@Controller()
class AccountController {
  @Post('/token')
  async login(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm, @Ctx() context: Context) {
    if (!(await compareSecrets(form.password, 'demo'))) throw new OAuth2Error('invalid_grant');
    const token = crypto.randomUUID();
    tokens.set(token, form.username);
    context.response.cookies.set('user', form.username);
    context.response.cookies.set('theme', 'dark');
    return { access_token: token, token_type: 'bearer' };
  }

  @Get('/me', { response: z.object({ username: z.string() }) })
  me(@Depends(currentUser) user: ValueOf<typeof currentUser>) {
    return user;
  }
}

@Controller()
class ContentController {
  @Post('/upload', { limits: { body: 200_000 } })
  async upload(@File('file') file: globalThis.File, @Depends(currentUser) user: ValueOf<typeof currentUser>) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    return { owner: user.username, name: file.name, sum: bytes.reduce((sum, byte) => sum + byte, 0) };
  }

  @Get('/search/:word')
  search(@Path('word', z.string()) word: string, @Query('tag', z.array(z.string())) tags: string[]) {
    return { word, tags };
  }

  @Get('/image', { response: bytes('image/png') })
  image() {
    return Uint8Array.from({ length: 256 }, (_, index) => index);
  }

  @Get('/lines', { response: lines(Count) })
  async *lines() {
    for (let count = 0; count < 3; count++) yield { count };
  }

  @Get('/events', { response: events(Count) })
  async *events() {
    for (let count = 0; count < 2; count++) {
      if (count > 0) await pause(300);
      yield { data: { count } };
    }
  }
}

@Controller('/journals/:name')
class JournalController {
  @Get({ response: z.array(z.string()) })
  read(@Depends(journal) entries: string[]) {
    return entries;
  }

  @Post('/work')
  work(@Depends(connection) state: string, @Depends(journal) entries: string[], @Ctx() context: Context) {
    const { signal } = context;
    context.background(async () => {
      await pause(50);
      entries.push(signal.aborted ? 'aborted' : 'task');
    });
    return state;
  }

  @Get('/wait')
  async wait(@Depends(connection) state: string) {
    await pause(300);
    return state;
  }

  /** Runs until its client disconnects. */
  @Get('/endless', { response: lines(Count) })
  async *endless(@Depends(connection) _state: string, @Depends(journal) entries: string[]) {
    try {
      for (let count = 0; ; count++) {
        yield { count };
        await pause(20);
      }
    } finally {
      entries.push('left');
    }
  }

  /** Exceeds its time limit, and ends after the 503. */
  @Get('/slow', { timeout: 100 })
  async slow(@Depends(connection) _state: string, @Depends(journal) entries: string[]) {
    await pause(300);
    entries.push('late');
  }
}

@Controller('/platform')
class PlatformController {
  @Get()
  read(@Ctx() { platform, clientAddress }: Context) {
    const { env } = (platform ?? {}) as { env?: { GREETING?: string } };
    return { greeting: env?.GREETING, clientAddress };
  }
}

export const app = new App({
  title: 'Everywhere',
  version: '1.0.0',
  controllers: [AccountController, ContentController, JournalController, PlatformController],
});
