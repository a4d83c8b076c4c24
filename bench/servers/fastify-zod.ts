import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { acceptOrder, findUserByToken, type User } from './store.ts';

declare module 'fastify' {
  interface FastifyRequest {
    user: User | null;
  }
}

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

const app = Fastify().withTypeProvider<ZodTypeProvider>();
app.setValidatorCompiler(validatorCompiler);
app.setSerializerCompiler(serializerCompiler);
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

app.get('/', { schema: { response: { 200: z.object({ hello: z.string() }) } } }, async () => ({ hello: 'world' }));

app.get(
  '/items/:itemId',
  {
    schema: {
      params: z.object({ itemId: z.coerce.number().int() }),
      querystring: z.object({
        skip: z.coerce.number().int().min(0).default(0),
        limit: z.coerce.number().int().min(1).max(100).default(20),
        q: z.string().max(50).optional(),
      }),
      response: {
        200: z.object({ itemId: z.int(), skip: z.int(), limit: z.int(), q: z.string().optional() }),
      },
    },
  },
  async (request) => {
    const { skip, limit, q } = request.query;
    return { itemId: request.params.itemId, skip, limit, q };
  },
);

app.get('/users/me', { preHandler: authenticate, schema: { response: { 200: PublicUser } } }, async (request) => {
  return request.user!;
});

app.post('/orders', { schema: { body: Order, response: { 201: AcceptedOrder } } }, async (request, reply) => {
  reply.code(201);
  return acceptOrder(request.body);
});

await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
