import { Elysia, t } from 'elysia';
import { acceptOrder, findUserByToken } from '../store.ts';

const Problem = t.Object({ detail: t.String() });
const Item = t.Object({ itemId: t.Integer(), skip: t.Integer(), limit: t.Integer(), q: t.Optional(t.String()) });
const PublicUser = t.Object({ username: t.String(), email: t.String(), fullName: t.String() });
const Customer = t.Object({
  name: t.String({ minLength: 1, maxLength: 100 }),
  email: t.String({ format: 'email' }),
  address: t.Object({
    street: t.String({ minLength: 1, maxLength: 100 }),
    city: t.String({ minLength: 1, maxLength: 100 }),
    postalCode: t.String({ minLength: 1, maxLength: 12 }),
  }),
});
const Order = t.Object({
  customer: Customer,
  items: t.Array(
    t.Object({
      sku: t.String({ pattern: '^[A-Z]{2}-\\d{4}$' }),
      name: t.String({ minLength: 1, maxLength: 100 }),
      quantity: t.Integer({ minimum: 1, maximum: 1000 }),
      unitPrice: t.Number({ minimum: 0 }),
      tags: t.Array(t.String(), { maxItems: 10 }),
    }),
    { minItems: 1, maxItems: 50 },
  ),
  giftWrap: t.Boolean(),
  coupon: t.Optional(t.String({ minLength: 1, maxLength: 20 })),
  note: t.Optional(t.String({ maxLength: 500 })),
});
const AcceptedOrder = t.Object({
  id: t.Integer(),
  status: t.String(),
  customer: Customer,
  items: t.Array(t.Object({ sku: t.String(), name: t.String(), quantity: t.Integer(), unitPrice: t.Number() })),
  total: t.Number(),
});

const auth = new Elysia({ name: 'auth' }).macro({
  authenticated: {
    resolve({ headers: { authorization }, set, status }) {
      if (authorization === undefined) {
        set.headers['www-authenticate'] = 'Bearer';
        return status(401, { detail: 'Not authenticated' });
      }
      const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
      const user = token === undefined ? undefined : findUserByToken(token);
      if (!user) {
        set.headers['www-authenticate'] = 'Bearer error="invalid_token"';
        return status(401, { detail: 'Invalid authentication credentials' });
      }
      if (user.disabled) return status(400, { detail: 'Inactive user' });
      return { user };
    },
  },
});

new Elysia()
  .use(auth)
  .get('/', () => ({ hello: 'world' }), { response: t.Object({ hello: t.String() }) })
  .get('/items/:itemId', ({ params: { itemId }, query: { skip, limit, q } }) => ({ itemId, skip, limit, q }), {
    params: t.Object({ itemId: t.Integer() }),
    query: t.Object({
      skip: t.Integer({ minimum: 0, default: 0 }),
      limit: t.Integer({ minimum: 1, maximum: 100, default: 20 }),
      q: t.Optional(t.String({ maxLength: 50 })),
    }),
    response: Item,
  })
  .get('/users/me', ({ user }) => user, {
    authenticated: true,
    response: { 200: PublicUser, 400: Problem, 401: Problem },
  })
  .post(
    '/orders',
    ({ body, set }) => {
      set.status = 201;
      return acceptOrder(body);
    },
    { body: Order, response: { 201: AcceptedOrder } },
  )
  .listen({ port: Number(process.env.PORT), hostname: '127.0.0.1' });
