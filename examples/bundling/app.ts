import { App, Controller, Depends, Get, type HTTPAuthorizationCredentials, HTTPBearer, Path } from 'portico';
import { z } from 'zod';

const bearer = new HTTPBearer();
const Item = z.object({ id: z.int(), owner: z.string() }).meta({ id: 'Item' });

// #region controller
// A minifier may rename the class, but not this name, which operation ids and tags use.
@Controller('/items', { name: 'Item' })
class ItemController {
  constructor(@Depends(bearer) private readonly caller: HTTPAuthorizationCredentials) {}

  @Get('/:id', { response: Item })
  read(@Path('id', z.int()) id: number) {
    return { id, owner: this.caller.credentials };
  }
}
// #endregion controller

export const app = new App({ title: 'Items', version: '1.0.0', controllers: [ItemController] });
