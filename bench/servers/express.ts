import express, { type NextFunction, type Request, type Response } from 'express';
import { z } from 'zod';
import { acceptOrder, findUserByToken } from './store.ts';

const ItemParams = z.object({ itemId: z.coerce.number().int() });
const ItemQuery = z.object({
  skip: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(100).default(20),
  q: z.string().max(50).optional(),
});
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

function authenticate(req: Request, res: Response, next: NextFunction): void {
  const authorization = req.get('Authorization');
  if (authorization === undefined) {
    res.status(401).set('WWW-Authenticate', 'Bearer').json({ detail: 'Not authenticated' });
    return;
  }
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
  const user = token === undefined ? undefined : findUserByToken(token);
  if (!user) {
    res.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"');
    res.json({ detail: 'Invalid authentication credentials' });
    return;
  }
  if (user.disabled) {
    res.status(400).json({ detail: 'Inactive user' });
    return;
  }
  res.locals.user = user;
  next();
}

const app = express();

app.get('/', (_req, res) => {
  res.json({ hello: 'world' });
});

app.get('/items/:itemId', (req, res) => {
  const { itemId } = ItemParams.parse(req.params);
  const { skip, limit, q } = ItemQuery.parse(req.query);
  res.json({ itemId, skip, limit, q });
});

app.get('/users/me', authenticate, (_req, res) => {
  res.json(PublicUser.parse(res.locals.user));
});

app.post('/orders', express.json(), (req, res) => {
  res.status(201).json(AcceptedOrder.parse(acceptOrder(Order.parse(req.body))));
});

app.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
  if (error instanceof z.ZodError) res.status(422).json({ detail: error.issues });
  else next(error);
});

app.listen(Number(process.env.PORT), '127.0.0.1');
