import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import {
  acceptedOrder,
  bearer,
  bodyLimit,
  checkDelivery,
  checkItem,
  checkOrder,
  jsonType,
  shownProduct,
} from './hand-written-checks.ts';
import { eachProduct, findUserByToken, products, receive } from './store.ts';

function send(res: ServerResponse, status: number, value: unknown): void {
  const text = JSON.stringify(value);
  res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  res.end(text);
}

function unauthorized(res: ServerResponse, challenge: string, detail: string): void {
  const text = JSON.stringify({ detail });
  res.writeHead(401, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'WWW-Authenticate': challenge,
  });
  res.end(text);
}

function readItem(res: ServerResponse, rawId: string, search: string): void {
  const item = checkItem(rawId, parse(search));
  if (Array.isArray(item)) send(res, 422, { detail: item });
  else send(res, 200, item);
}

function readCurrentUser(req: IncomingMessage, res: ServerResponse): void {
  const authorization = req.headers.authorization;
  if (authorization === undefined) return unauthorized(res, 'Bearer', 'Not authenticated');
  const token = bearer.exec(authorization)?.[1];
  const user = token === undefined ? undefined : findUserByToken(token);
  if (!user) return unauthorized(res, 'Bearer error="invalid_token"', 'Invalid authentication credentials');
  if (user.disabled) return send(res, 400, { detail: 'Inactive user' });
  send(res, 200, { username: user.username, email: user.email, fullName: user.fullName });
}

function createOrder(res: ServerResponse, text: string): void {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return send(res, 422, { detail: 'The body is not JSON' });
  }
  const order = checkOrder(body);
  if (Array.isArray(order)) return send(res, 422, { detail: order });
  send(res, 201, acceptedOrder(order));
}

function receiveDelivery(res: ServerResponse, text: string): void {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return send(res, 422, { detail: 'The body is not JSON' });
  }
  const delivery = checkDelivery(body);
  if (Array.isArray(delivery)) return send(res, 422, { detail: delivery });
  send(res, 200, receive(delivery));
}

type Product = (typeof products)[number];

async function sendAll(res: ServerResponse, type: string, text: (product: Product) => string): Promise<void> {
  res.writeHead(200, { 'Content-Type': type });
  for await (const product of eachProduct()) {
    if (!res.write(text(product))) await once(res, 'drain');
  }
  res.end();
}

function line(product: Product): string {
  return `${JSON.stringify(shownProduct(product))}\n`;
}

function event(product: Product): string {
  return `data: ${JSON.stringify(shownProduct(product))}\n\n`;
}

function readBody(req: IncomingMessage, res: ServerResponse, use: (res: ServerResponse, text: string) => void): void {
  const type = req.headers['content-type'];
  if (type === undefined || !jsonType.test(type)) {
    return send(res, 415, { detail: 'Unsupported Media Type' });
  }
  if (Number(req.headers['content-length'] ?? 0) > bodyLimit) return send(res, 413, { detail: 'Content Too Large' });
  const chunks: Buffer[] = [];
  let size = 0;
  let refused = false;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= bodyLimit) chunks.push(chunk);
    else if (!refused) {
      refused = true;
      send(res, 413, { detail: 'Content Too Large' });
    }
  });
  req.on('end', () => {
    if (!refused) use(res, (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString());
  });
}

const server = createServer((req, res) => {
  const url = req.url!;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (path === '/') {
    if (req.method === 'GET') return send(res, 200, { hello: 'world' });
  } else if (path === '/users/me') {
    if (req.method === 'GET') return readCurrentUser(req, res);
  } else if (path === '/orders') {
    if (req.method === 'POST') return readBody(req, res, createOrder);
  } else if (path === '/deliveries') {
    if (req.method === 'POST') return readBody(req, res, receiveDelivery);
  } else if (path === '/products') {
    if (req.method === 'GET') return send(res, 200, products.map(shownProduct));
  } else if (path === '/products.jsonl') {
    if (req.method === 'GET') return void sendAll(res, 'application/jsonl', line);
  } else if (path === '/products/events') {
    if (req.method === 'GET') return void sendAll(res, 'text/event-stream', event);
  } else if (path.startsWith('/items/')) {
    const rawId = path.slice(7);
    if (rawId !== '' && !rawId.includes('/')) {
      if (req.method === 'GET') return readItem(res, rawId, mark === -1 ? '' : url.slice(mark + 1));
    } else return send(res, 404, { detail: 'Not Found' });
  } else return send(res, 404, { detail: 'Not Found' });
  send(res, 405, { detail: 'Method Not Allowed' });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
