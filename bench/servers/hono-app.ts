import { zValidator } from '@hono/zod-validator';
import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { z } from 'zod';
import { acceptOrder, findUserByToken, type User } from './store.ts';

const PublicUser = z.object({ username: z.string(), email: z.string(), fullName: z.string() });
const Customer = z.object({
  name: z.string().min(1).max(100),
  email: z.email(),
  address: z.object({
    street: z.string().min(1).max(100),
    city: z.string().min(1).max(100),
    postalCode: z.string().min(1).max(12),
  }),
});
const Order = z.object({
  customer: Customer,
  items: z
    .array(
      z.object({
        sku: z.string().regex(/^[A-Z]{2}-\d{4}$/),
        name: z.string().min(1).max(100),
        quantity: z.int().min(1).max(1000),
        unitPrice: z.number().min(0),
        tags: z.array(z.string()).max(10),
      }),
    )
    .min(1)
    .max(50),
  giftWrap: z.boolean(),
  coupon: z.string().min(1).max(20).optional(),
  note: z.string().max(500).optional(),
});
const AcceptedOrder = z.object({
  id: z.int(),
  status: z.string(),
  customer: Customer,
  items: z.array(z.object({ sku: z.string(), name: z.string(), quantity: z.int(), unitPrice: z.number() })),
  total: z.number(),
});

const authenticate = createMiddleware<{ Variables: { user: User } }>(async (c, next) => {
  const authorization = c.req.header('Authorization');
  if (authorization === undefined) {
    return c.json({ detail: 'Not authenticated' }, 401, { 'WWW-Authenticate': 'Bearer' });
  }
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
  const user = token === undefined ? undefined : findUserByToken(token);
  if (!user) {
    const headers = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };
    return c.json({ detail: 'Invalid authentication credentials' }, 401, headers);
  }
  if (user.disabled) return c.json({ detail: 'Inactive user' }, 400);
  c.set('user', user);
  await next();
});

export const app = new Hono();

app.get('/', (c) => c.json({ hello: 'world' }));

app.get(
  '/items/:itemId',
  zValidator('param', z.object({ itemId: z.coerce.number().int() })),
  zValidator(
    'query',
    z.object({
      skip: z.coerce.number().int().min(0).default(0),
      limit: z.coerce.number().int().min(1).max(100).default(20),
      q: z.string().max(50).optional(),
    }),
  ),
  (c) => {
    const { skip, limit, q } = c.req.valid('query');
    return c.json({ itemId: c.req.valid('param').itemId, skip, limit, q });
  },
);

app.get('/users/me', authenticate, (c) => c.json(PublicUser.parse(c.var.user)));

app.post('/orders', zValidator('json', Order), (c) =>
  c.json(AcceptedOrder.parse(acceptOrder(c.req.valid('json'))), 201),
);
