import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { parse } from 'node:querystring';
import { z } from 'zod';
import { acceptOrder, eachProduct, findUserByToken, products, receive } from './store.ts';

const bodyLimit = 1024 * 1024;
const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

const integerText = z
  .string()
  .regex(/^-?(0|[1-9]\d*)$/)
  .transform(Number);
const ItemId = z.compile(integerText.pipe(z.int()));
const ItemQuery = z.compile(
  z.object({
    skip: integerText.pipe(z.int().min(0)).default(0),
    limit: integerText.pipe(z.int().min(1).max(100)).default(20),
    q: z.string().max(50).optional(),
  }),
);
const PublicUser = z.compile(z.object({ username: z.string(), email: z.string(), fullName: z.string() }));
const Address = z.object({
  street: z.string().min(1).max(100),
  city: z.string().min(1).max(100),
  postalCode: z.string().min(1).max(12),
});
const Customer = z.object({ name: z.string().min(1).max(100), email: z.email(), address: Address });
const Item = z.object({
  sku: z.string().regex(/^[A-Z]{2}-\d{4}$/),
  name: z.string().min(1).max(100),
  quantity: z.int().min(1).max(1000),
  unitPrice: z.number().min(0),
  tags: z.array(z.string()).max(10),
});
const OrderIn = z.compile(
  z.object({
    customer: Customer,
    items: z.array(Item).min(1).max(50),
    giftWrap: z.boolean(),
    coupon: z.string().min(1).max(20).optional(),
    note: z.string().max(500).optional(),
  }),
);
const OrderOut = z.compile(
  z.object({
    id: z.int(),
    status: z.string(),
    customer: Customer,
    items: z.array(z.object({ sku: z.string(), name: z.string(), quantity: z.int(), unitPrice: z.number() })),
    total: z.number(),
  }),
);
const DeliveryIn = z.compile(z.object({ items: z.array(Item).min(1).max(20_000) }));
const Received = z.compile(z.object({ lines: z.int(), total: z.number() }));
const ProductOut = z.object({ sku: z.string(), name: z.string(), quantity: z.int(), unitPrice: z.number() });
const Product = z.compile(ProductOut);
const Products = z.compile(z.array(ProductOut));

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
  const itemId = ItemId.safeParse(rawId);
  const query = ItemQuery.safeParse(parse(search));
  if (!itemId.success) return send(res, 422, { detail: itemId.error.issues });
  if (!query.success) return send(res, 422, { detail: query.error.issues });
  const { skip, limit, q } = query.data;
  send(res, 200, { itemId: itemId.data, skip, limit, q });
}

function readCurrentUser(req: IncomingMessage, res: ServerResponse): void {
  const authorization = req.headers.authorization;
  if (authorization === undefined) return unauthorized(res, 'Bearer', 'Not authenticated');
  const token = bearer.exec(authorization)?.[1];
  const user = token === undefined ? undefined : findUserByToken(token);
  if (!user) return unauthorized(res, 'Bearer error="invalid_token"', 'Invalid authentication credentials');
  if (user.disabled) return send(res, 400, { detail: 'Inactive user' });
  send(res, 200, PublicUser.parse(user));
}

function createOrder(res: ServerResponse, text: string): void {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return send(res, 422, { detail: 'The body is not JSON' });
  }
  const order = OrderIn.safeParse(body);
  if (!order.success) return send(res, 422, { detail: order.error.issues });
  send(res, 201, OrderOut.parse(acceptOrder(order.data)));
}

function receiveDelivery(res: ServerResponse, text: string): void {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return send(res, 422, { detail: 'The body is not JSON' });
  }
  const delivery = DeliveryIn.safeParse(body);
  if (!delivery.success) return send(res, 422, { detail: delivery.error.issues });
  send(res, 200, Received.parse(receive(delivery.data)));
}

async function sendAll(res: ServerResponse, type: string, text: (product: unknown) => string): Promise<void> {
  res.writeHead(200, { 'Content-Type': type });
  for await (const product of eachProduct()) {
    if (!res.write(text(product))) await once(res, 'drain');
  }
  res.end();
}

function line(product: unknown): string {
  return `${JSON.stringify(Product.parse(product))}\n`;
}

function event(product: unknown): string {
  return `data: ${JSON.stringify(Product.parse(product))}\n\n`;
}

function readBody(req: IncomingMessage, res: ServerResponse, use: (res: ServerResponse, text: string) => void): void {
  const type = req.headers['content-type'];
  if (type === undefined || !/^application\/json\s*(;|$)/i.test(type)) {
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
    if (req.method === 'GET') return send(res, 200, Products.parse(products));
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
