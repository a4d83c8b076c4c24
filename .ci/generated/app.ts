// Types by openapi-typescript from the document of examples/app, called by openapi-fetch.
import assert from 'node:assert/strict';
import createClient from 'openapi-fetch';
import type { components, paths } from './types/examples-app-app.ts';

const [baseUrl = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl });

const refused = await client.GET('/users/me');
assert.equal(refused.response.status, 401);
assert.equal(refused.response.headers.get('WWW-Authenticate'), 'Bearer realm="api"');

const { data: token } = await client.POST('/token', {
  body: { username: 'demo', password: 'demo' },
  headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
});
assert.equal(token?.token_type, 'bearer');
const authorization = `Bearer ${token.access_token}`;
client.use({ onRequest: ({ request }) => request.headers.set('Authorization', authorization) });

const { data: user } = await client.GET('/users/me');
const expected: components['schemas']['User'] = { username: 'demo', active: true };
assert.deepEqual(user, expected);

const { data: added } = await client.POST('/items', { body: { title: 'Lamp', price: 20 } });
assert.equal(added?.owner, expected.username);
const { data: item } = await client.GET('/items/{itemId}', { params: { path: { itemId: added.id } } });
assert.deepEqual(item, added);
const { data: page } = await client.GET('/items', { params: { query: { owner: 'demo', limit: 1 } } });
assert.deepEqual(page, { items: [added], total: 1 });

const invalid = await client.GET('/items', { params: { query: { limit: 0 } } });
assert.equal(invalid.response.status, 422);
const missing = await client.GET('/items/{itemId}', { params: { path: { itemId: 0 } } });
assert.equal(missing.response.status, 404);

/** What the types of the document do not allow; never called. */
export function mistakes(): void {
  // @ts-expect-error: there is no such path
  void client.GET('/absent');
  // @ts-expect-error: the path does not have this method
  void client.DELETE('/users/me');
  // @ts-expect-error: the path has a variable
  void client.GET('/items/{itemId}', { params: { path: {} } });
  // @ts-expect-error: a query parameter is a number
  void client.GET('/items', { params: { query: { limit: 'one' } } });
  // @ts-expect-error: the body has no price
  void client.POST('/items', { body: { title: 'Lamp' } });
  // @ts-expect-error: the answer has no such member
  void user?.passwordHash;
}

console.log('passed: a protected route, by a client with generated types');
