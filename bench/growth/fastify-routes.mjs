import Fastify from 'fastify';

const count = Number(process.env.ROUTES);
const app = Fastify();
const schema = { params: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } } };
for (let i = 0; i < count; i += 1) {
  const prefix = `/resource${Math.floor(i / 50)}`;
  if (i % 2 === 0) app.get(`${prefix}/static${i}`, async () => ({ route: i }));
  else app.get(`${prefix}/:id/of${i}`, { schema }, async (request) => ({ route: i, id: request.params.id }));
}
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
