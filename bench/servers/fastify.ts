import { Readable } from 'node:stream';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import {
  acceptOrder,
  type Delivery,
  eachProduct,
  findUserByToken,
  type Order,
  products,
  receive,
  type User,
} from './store.ts';

declare module 'fastify' {
  interface FastifyRequest {
    user: User | null;
  }
}

const customer = {
  type: 'object',
  required: ['name', 'email', 'address'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100 },
    email: { type: 'string', format: 'email' },
    address: {
      type: 'object',
      required: ['street', 'city', 'postalCode'],
      properties: {
        street: { type: 'string', minLength: 1, maxLength: 100 },
        city: { type: 'string', minLength: 1, maxLength: 100 },
        postalCode: { type: 'string', minLength: 1, maxLength: 12 },
      },
    },
  },
};
const item = {
  type: 'object',
  required: ['sku', 'name', 'quantity', 'unitPrice', 'tags'],
  properties: {
    sku: { type: 'string', pattern: '^[A-Z]{2}-\\d{4}$' },
    name: { type: 'string', minLength: 1, maxLength: 100 },
    quantity: { type: 'integer', minimum: 1, maximum: 1000 },
    unitPrice: { type: 'number', minimum: 0 },
    tags: { type: 'array', maxItems: 10, items: { type: 'string' } },
  },
};
const order = {
  type: 'object',
  required: ['customer', 'items', 'giftWrap'],
  properties: {
    customer,
    items: { type: 'array', minItems: 1, maxItems: 50, items: item },
    giftWrap: { type: 'boolean' },
    coupon: { type: 'string', minLength: 1, maxLength: 20 },
    note: { type: 'string', maxLength: 500 },
  },
};
const product = {
  type: 'object',
  required: ['sku', 'name', 'quantity', 'unitPrice'],
  properties: {
    sku: { type: 'string' },
    name: { type: 'string' },
    quantity: { type: 'integer' },
    unitPrice: { type: 'number' },
  },
};
const delivery = {
  type: 'object',
  required: ['items'],
  properties: { items: { type: 'array', minItems: 1, maxItems: 20_000, items: item } },
};
const received = {
  type: 'object',
  required: ['lines', 'total'],
  properties: { lines: { type: 'integer' }, total: { type: 'number' } },
};
const acceptedOrder = {
  type: 'object',
  required: ['id', 'status', 'customer', 'items', 'total'],
  properties: {
    id: { type: 'integer' },
    status: { type: 'string' },
    customer,
    items: { type: 'array', items: product },
    total: { type: 'number' },
  },
};

const app = Fastify();
app.decorateRequest('user', null);

async function authenticate(request: FastifyRequest, reply: FastifyReply) {
  const authorization = request.headers.authorization;
  if (authorization === undefined) {
    return reply.code(401).header('WWW-Authenticate', 'Bearer').send({ detail: 'Not authenticated' });
  }
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
  const user = token === undefined ? undefined : findUserByToken(token);
  if (!user) {
    reply.header('WWW-Authenticate', 'Bearer error="invalid_token"');
    return reply.code(401).send({ detail: 'Invalid authentication credentials' });
  }
  if (user.disabled) return reply.code(400).send({ detail: 'Inactive user' });
  request.user = user;
}

app.get(
  '/',
  { schema: { response: { 200: { type: 'object', properties: { hello: { type: 'string' } } } } } },
  async () => ({ hello: 'world' }),
);

app.get<{ Params: { itemId: number }; Querystring: { skip: number; limit: number; q?: string } }>(
  '/items/:itemId',
  {
    schema: {
      params: { type: 'object', required: ['itemId'], properties: { itemId: { type: 'integer' } } },
      querystring: {
        type: 'object',
        properties: {
          skip: { type: 'integer', minimum: 0, default: 0 },
          limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
          q: { type: 'string', maxLength: 50 },
        },
      },
      response: {
        200: {
          type: 'object',
          properties: {
            itemId: { type: 'integer' },
            skip: { type: 'integer' },
            limit: { type: 'integer' },
            q: { type: 'string' },
          },
        },
      },
    },
  },
  async (request) => {
    const { skip, limit, q } = request.query;
    return { itemId: request.params.itemId, skip, limit, q };
  },
);

app.get(
  '/users/me',
  {
    preHandler: authenticate,
    schema: {
      response: {
        200: {
          type: 'object',
          required: ['username', 'email', 'fullName'],
          properties: { username: { type: 'string' }, email: { type: 'string' }, fullName: { type: 'string' } },
        },
      },
    },
  },
  async (request) => request.user,
);

app.post<{ Body: Order }>(
  '/orders',
  { schema: { body: order, response: { 201: acceptedOrder } } },
  async (request, reply) => {
    reply.code(201);
    return acceptOrder(request.body);
  },
);

app.post<{ Body: Delivery }>(
  '/deliveries',
  { schema: { body: delivery, response: { 200: received } } },
  async (request) => receive(request.body),
);

app.get('/products', { schema: { response: { 200: { type: 'array', items: product } } } }, async () => products);

/** Fastify does not filter what is streamed: by hand, as its users would. */
async function* texts(before: string, after: string) {
  for await (const { sku, name, quantity, unitPrice } of eachProduct()) {
    yield `${before}${JSON.stringify({ sku, name, quantity, unitPrice })}${after}`;
  }
}

app.get('/products.jsonl', async (_request, reply) => {
  reply.type('application/jsonl');
  return Readable.from(texts('', '\n'));
});

app.get('/products/events', async (_request, reply) => {
  reply.type('text/event-stream');
  return Readable.from(texts('data: ', '\n\n'));
});

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
