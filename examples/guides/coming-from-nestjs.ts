import {
  App,
  Body,
  compareSecrets,
  type Context,
  Controller,
  Ctx,
  Delete,
  Depends,
  dependency,
  File,
  Get,
  Header,
  HTTPBearer,
  HTTPException,
  OnError,
  Path,
  Post,
  Query,
  Scopes,
  Security,
  type ValueOf,
} from 'portico';
import { accessLog, cors } from 'portico/middleware';
import { serve } from 'portico/node';
import { z } from 'zod';

const SECRET = process.env['API_TOKEN'] ?? '';

// #region providers
const NewCat = z.strictObject({ name: z.string(), age: z.int().min(0) }).meta({ id: 'NewCat' });
type NewCat = z.output<typeof NewCat>;

const Cat = z.object({ id: z.int(), name: z.string() }).meta({ id: 'Cat' });

class Database {
  readonly cats = new Map<number, NewCat>();
}

/** One for the whole app: the code after the yield runs when the app closes. */
const database = dependency(
  async function* () {
    const opened = new Database();
    yield opened;
    opened.cats.clear();
  },
  { lifetime: 'app' },
);

/** One for each request. */
class CatService {
  constructor(@Depends(database) private readonly database: Database) {}

  add(cat: NewCat) {
    const id = this.database.cats.size + 1;
    this.database.cats.set(id, cat);
    return { id, ...cat };
  }

  find(id: number) {
    const cat = this.database.cats.get(id);
    if (cat === undefined) throw new HTTPException(404, 'No such cat');
    return { id, ...cat };
  }

  remove(id: number) {
    this.database.cats.delete(id);
  }
}
// #endregion

// #region guards
const currentUser = dependency(
  { bearer: Depends(new HTTPBearer()), required: Scopes() },
  async ({ bearer, required }) => {
    if (!(await compareSecrets(bearer.credentials, SECRET))) throw new HTTPException(401);
    const roles = ['keeper'];
    if (!required.scopes.every((role) => roles.includes(role))) throw new HTTPException(403);
    return { name: 'ada', roles };
  },
);
type User = ValueOf<typeof currentUser>;
// #endregion

// #region controllers
class OutOfMilk extends Error {}

@Controller('/cats', { tags: ['cats'] })
class CatController {
  constructor(@Depends(CatService) private readonly cats: CatService) {}

  @Get('/:id', { response: Cat, without: [currentUser], public: true })
  read(@Path('id', z.int()) id: number) {
    return this.cats.find(id);
  }

  @Post({ response: Cat, status: 201 })
  create(@Body(NewCat) cat: NewCat) {
    return this.cats.add(cat);
  }

  @Delete('/:id', { status: 204, dependencies: [Security(currentUser, { scopes: ['keeper'] })] })
  remove(@Path('id', z.int()) id: number) {
    this.cats.remove(id);
  }

  @Get('/mine')
  mine(
    @Depends(currentUser) user: User,
    @Query('limit', z.int().default(20)) limit: number,
    @Header('user-agent') userAgent: string,
    @Ctx() context: Context,
  ) {
    context.response.headers.set('Cache-Control', 'private');
    return { owner: user.name, limit, userAgent };
  }

  @Post('/:id/picture')
  picture(@Path('id', z.int()) id: number, @File('picture') picture: File) {
    if (picture.size > 1_000_000) throw new OutOfMilk();
    return { id, size: picture.size };
  }

  @OnError(OutOfMilk)
  outOfMilk(_error: OutOfMilk, { response }: Context) {
    response.status = 503;
    return { detail: 'Come back tomorrow' };
  }
}
// #endregion

// #region app
export const app = new App({
  title: 'Cats',
  version: '1.0.0',
  dependencies: [Depends(currentUser)],
  middleware: [accessLog(), cors({ origin: ['https://cats.example.com'] })],
  requireSecurity: true,
});
app.include([CatController], { prefix: '/api' });

export function bootstrap(port = 3000) {
  return serve(app, { port });
}
// #endregion

// #region testing
export async function mineAsGrace() {
  using _ = app.override(currentUser, () => ({ name: 'grace', roles: [] }));
  const response = await app.request('/api/cats/mine', { headers: { 'User-Agent': 'test' } });
  return await response.json();
}
// #endregion
