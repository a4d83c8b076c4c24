import { randomUUID } from 'node:crypto';
import {
  APIKeyHeader,
  App,
  compareSecrets,
  type Context,
  Controller,
  Depends,
  dependency,
  Get,
  Header,
  HTTPException,
  Query,
  type ValueOf,
} from 'portico';
import { z } from 'zod';

// #region forms
/** A function of the request's context. */
function language(context: Context) {
  return context.header('accept-language') ?? 'en';
}

/** A function with its own inputs; the key is the name of the input. */
const search = dependency({ q: Query(z.string().min(2)), userAgent: Header() }, ({ q, userAgent }) => {
  return { q, userAgent };
});

/** A class whose constructor takes inputs. */
class Paging {
  constructor(
    @Query('skip', z.int().min(0).default(0)) readonly skip: number,
    @Query('limit', z.int().max(100).default(20)) readonly limit: number,
  ) {}
}

/** A generator: its value is what it yields, and the code after the `yield` is cleanup. */
const timing = dependency(
  function* timing({ response }: Context) {
    const start = performance.now();
    yield start;
    response.headers.set('Server-Timing', `handler;dur=${(performance.now() - start).toFixed(1)}`);
  },
  { lifetime: 'handler' },
);

@Controller('/search', { dependencies: [Depends(timing)] })
class SearchController {
  @Get()
  find(
    @Depends(search) { q, userAgent }: ValueOf<typeof search>,
    @Depends(language) language: string,
    @Depends(Paging) { skip, limit }: Paging,
  ) {
    return { q, userAgent, language, skip, limit };
  }
}
// #endregion forms

// #region sharing
const requestId = dependency((context: Context) => context.header('x-request-id') ?? randomUUID());

/** Logs the same id that the handler returns: both use the same value. */
const log = dependency({ requestId: Depends(requestId) }, ({ requestId }) => {
  return { lines: [`${requestId} began`] };
});

const nonce = dependency(() => randomUUID());

@Controller('/shared')
class SharedController {
  @Get()
  read(
    @Depends(log) { lines }: ValueOf<typeof log>,
    @Depends(requestId) requestId: string,
    @Depends(nonce) nonce: string,
    @Depends(nonce) same: string,
    @Depends(nonce, { cache: false }) another: string,
  ) {
    return { lines, requestId, nonce, same, another };
  }
}
// #endregion sharing

// #region lists
const KEY = process.env['API_KEY'] ?? randomUUID();

const knownKey = dependency(
  { key: Depends(new APIKeyHeader('X-API-Key')) },
  async ({ key }) => {
    if (!(await compareSecrets(key, KEY))) throw new HTTPException(401, 'Unknown key');
  },
  { responses: { 429: { description: 'Too many requests with this key' } } },
);

@Controller('/status')
class StatusController {
  @Get()
  read() {
    return { queue: 0 };
  }

  @Get('/health', { without: [knownKey], public: true })
  health() {
    return { healthy: true };
  }
}

export const guarded = new App({
  title: 'Guarded',
  version: '1.0.0',
  dependencies: [Depends(knownKey)],
  controllers: [StatusController],
  requireSecurity: true,
});
// #endregion lists

export const app = new App({
  title: 'Dependencies',
  version: '1.0.0',
  controllers: [SearchController, SharedController],
});
