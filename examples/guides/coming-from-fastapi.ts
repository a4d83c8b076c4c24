import {
  App,
  Body,
  compareSecrets,
  type Context,
  Controller,
  Cookie,
  Ctx,
  Delete,
  Depends,
  dependency,
  File,
  Form,
  Get,
  Header,
  HTTPException,
  OAuth2Error,
  OAuth2PasswordBearer,
  OAuth2PasswordRequestForm,
  Path,
  Post,
  Query,
  Scopes,
  Security,
  type ValueOf,
} from 'portico';
import { cors } from 'portico/middleware';
import { z } from 'zod';

const SECRET = process.env['API_TOKEN'] ?? '';

// #region values
const Item = z.object({ name: z.string(), price: z.number().positive() }).meta({ id: 'Item' });
type Item = z.output<typeof Item>;

const items = new Map<number, Item>();

class OutOfStock extends Error {}

@Controller('/items', { tags: ['items'] })
class ItemController {
  @Get('/:itemId', { response: Item, responses: { 404: { description: 'No such item' } } })
  read(@Path('itemId', z.int()) itemId: number) {
    const item = items.get(itemId);
    if (item === undefined) throw new HTTPException(404, 'No such item');
    return item;
  }

  @Get('/')
  list(
    @Query('limit', z.int().max(100).default(20)) limit: number,
    @Query('tag', z.array(z.string()).default([])) tags: string[],
    @Query('q', z.string().optional()) q?: string,
  ) {
    return { limit, tags, q };
  }

  @Post('/', { response: Item, status: 201 })
  create(@Body(Item) item: Item, @Ctx() context: Context) {
    items.set(items.size + 1, item);
    context.response.headers.set('X-Total', String(items.size));
    context.background(() => console.info(`${item.name} was added`));
    return item;
  }

  @Post('/offers', { includeInSchema: false })
  offer(@Body('item', Item) item: Item, @Body('days', z.int()) days: number) {
    if (days > 30) throw new OutOfStock(`${item.name} is sold out by then`);
    return { ...item, days };
  }

  @Post('/pictures')
  picture(@Form('caption') caption: string, @File('picture') picture: File) {
    return { caption, size: picture.size };
  }

  @Get('/visits')
  visits(@Cookie('visits', z.int().default(0)) visits: number, @Header('user-agent') userAgent: string) {
    return { visits, userAgent };
  }
}
// #endregion

// #region dependencies
const settings = dependency(
  async function* () {
    const opened = { pageSize: 20 };
    yield opened;
    // The code after the yield runs when the app closes.
  },
  { lifetime: 'app' },
);

const paging = dependency(
  { skip: Query(z.int().min(0).default(0)), settings: Depends(settings) },
  ({ skip, settings }) => ({ skip, limit: settings.pageSize }),
);

const transaction = dependency(
  async function* () {
    const statements: string[] = [];
    yield statements;
    statements.push('commit');
  },
  { lifetime: 'handler' },
);

class Filter {
  constructor(@Query('owner', z.string().default('anyone')) readonly owner: string) {}
}

const nonce = dependency(() => crypto.randomUUID());

@Controller('/orders')
class OrderController {
  @Get('/')
  list(
    @Depends(paging) { skip, limit }: ValueOf<typeof paging>,
    @Depends(Filter) filter: Filter,
    @Depends(transaction) statements: string[],
    @Depends(nonce) first: string,
    @Depends(nonce, { cache: false }) second: string,
  ) {
    return { skip, limit, owner: filter.owner, statements, differ: first !== second };
  }
}
// #endregion

// #region security
const oauth2Scheme = new OAuth2PasswordBearer({ tokenUrl: 'token', scopes: { admin: 'Change anything.' } });

const currentUser = dependency({ token: Depends(oauth2Scheme), required: Scopes() }, async ({ token, required }) => {
  if (!(await compareSecrets(token, SECRET))) throw new HTTPException(401, 'Could not validate credentials');
  return { username: 'ada', required: required.scopes };
});

const maybeToken = new OAuth2PasswordBearer({ tokenUrl: 'token', schemeName: 'OptionalToken', autoError: false });

@Controller('/users')
class UserController {
  @Get('/me')
  me(@Depends(currentUser) user: ValueOf<typeof currentUser>) {
    return user;
  }

  @Delete('/:name', { status: 204, dependencies: [Security(currentUser, { scopes: ['admin'] })] })
  remove(@Path('name') _name: string) {}

  @Get('/anyone')
  anyone(@Depends(maybeToken) token?: string) {
    return { anonymous: token === undefined };
  }

  @Post('/token')
  async login(@Depends(OAuth2PasswordRequestForm) form: OAuth2PasswordRequestForm) {
    if (!(await compareSecrets(form.password, SECRET))) throw new OAuth2Error('invalid_grant');
    return { access_token: SECRET, token_type: 'bearer' };
  }
}
// #endregion

// #region app
async function timing({ response }: Context, next: () => Promise<void>) {
  const start = performance.now();
  await next();
  response.headers.set('X-Process-Time', String(performance.now() - start));
}

export const app = new App({
  title: 'Shop',
  version: '1.0.0',
  middleware: [timing, cors({ origin: ['https://shop.example.com'] })],
  controllers: [ItemController, OrderController],
});
app.include([UserController], { prefix: '/v1' });
app.onError(OutOfStock, (error, { response }) => {
  response.status = 409;
  return { detail: error.message };
});
// #endregion

// #region testing
export async function readAsGrace() {
  using _ = app.override(currentUser, () => ({ username: 'grace', required: [] }));
  const response = await app.request('/v1/users/me');
  return await response.json();
}
// #endregion
