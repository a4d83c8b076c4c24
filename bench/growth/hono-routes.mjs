import { serve } from '@hono/node-server';
import { zValidator } from '@hono/zod-validator';
import { Hono } from 'hono';
import { z } from 'zod';

const count = Number(process.env.ROUTES);
const app = new Hono();
for (let i = 0; i < count; i += 1) {
  const prefix = `/resource${Math.floor(i / 50)}`;
  if (i % 2 === 0) app.get(`${prefix}/static${i}`, (c) => c.json({ route: i }));
  else {
    const params = zValidator('param', z.object({ id: z.coerce.number().int() }));
    app.get(`${prefix}/:id/of${i}`, params, (c) => c.json({ route: i, id: c.req.valid('param').id }));
  }
}
serve({ fetch: app.fetch, port: Number(process.env.PORT), hostname: '127.0.0.1' });
