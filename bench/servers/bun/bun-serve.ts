import { parse } from 'node:querystring';
import { acceptedOrder, bearer, bodyLimit, checkItem, checkOrder, jsonType } from '../hand-written-checks.ts';
import { findUserByToken } from '../store.ts';

function refuse(status: number, detail: unknown): Response {
  return Response.json({ detail }, { status });
}

function unauthorized(challenge: string, detail: string): Response {
  return Response.json({ detail }, { status: 401, headers: { 'WWW-Authenticate': challenge } });
}

function readItem(rawId: string, url: string): Response {
  const mark = url.indexOf('?');
  const item = checkItem(rawId, parse(mark === -1 ? '' : url.slice(mark + 1)));
  return Array.isArray(item) ? refuse(422, item) : Response.json(item);
}

function readCurrentUser(request: Request): Response {
  const authorization = request.headers.get('authorization');
  if (authorization === null) return unauthorized('Bearer', 'Not authenticated');
  const token = bearer.exec(authorization)?.[1];
  const user = token === undefined ? undefined : findUserByToken(token);
  if (!user) return unauthorized('Bearer error="invalid_token"', 'Invalid authentication credentials');
  if (user.disabled) return refuse(400, 'Inactive user');
  return Response.json({ username: user.username, email: user.email, fullName: user.fullName });
}

async function createOrder(request: Request): Promise<Response> {
  const type = request.headers.get('content-type');
  if (type === null || !jsonType.test(type)) return refuse(415, 'Unsupported Media Type');
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    return refuse(422, 'The body is not JSON');
  }
  const order = checkOrder(body);
  if (Array.isArray(order)) return refuse(422, order);
  return Response.json(acceptedOrder(order), { status: 201 });
}

Bun.serve({
  port: Number(process.env.PORT),
  hostname: '127.0.0.1',
  // A longer body is answered with a 413 before it is read.
  maxRequestBodySize: bodyLimit,
  routes: {
    '/': { GET: () => Response.json({ hello: 'world' }) },
    '/items/:itemId': { GET: (request) => readItem(request.params.itemId, request.url) },
    '/users/me': { GET: readCurrentUser },
    '/orders': { POST: createOrder },
  },
  fetch: () => refuse(404, 'Not Found'),
});
