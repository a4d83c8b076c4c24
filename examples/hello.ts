import { App, compareSecrets, Controller, Depends, dependency, Get, HTTPBearer, HTTPException, Query } from 'portico';
import { z } from 'zod';

const guard = dependency({ bearer: Depends(new HTTPBearer()) }, async ({ bearer }) => {
  if (!(await compareSecrets(bearer.credentials, process.env['API_TOKEN'] ?? ''))) throw new HTTPException(401);
});

@Controller('/items', { dependencies: [Depends(guard)] })
class ItemController {
  @Get()
  list(@Query('limit', z.int().max(100).default(20)) limit: number) {
    return { limit };
  }
}

export const app = new App({ title: 'Items', version: '1.0.0', controllers: [ItemController] });
