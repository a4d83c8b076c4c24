/**
 * The pieces of work: the request that is sent, and what a server must answer to it. Fewer `connections` than 64 where
 * an answer takes milliseconds: what is under way at the end of a slice would be counted for the next one.
 */

const json = { 'Content-Type': 'application/json' };

export const order = {
  customer: {
    name: 'Ada Lovelace',
    email: 'ada@example.com',
    address: { street: '12 Saint James Square', city: 'London', postalCode: 'SW1Y 4JH' },
  },
  items: [
    { sku: 'KB-0042', name: 'Keyboard', quantity: 2, unitPrice: 49.5, tags: ['input', 'usb'] },
    { sku: 'MN-0270', name: 'Monitor', quantity: 1, unitPrice: 219, tags: ['display'] },
    { sku: 'CB-0007', name: 'Cable', quantity: 5, unitPrice: 3.25, tags: [] },
  ],
  giftWrap: false,
  coupon: 'SPRING',
  note: 'Leave it with the neighbour if nobody is at home.',
};

const accepted = {
  id: 1001,
  status: 'accepted',
  customer: order.customer,
  items: order.items.map(({ sku, name, quantity, unitPrice }) => ({ sku, name, quantity, unitPrice })),
  total: 334.25,
};

/** What a client library sends with every request; a browser sends some more. */
export const commonHeaders = {
  Accept: '*/*',
  'Accept-Encoding': 'gzip, deflate',
  'Accept-Language': 'en',
  'User-Agent': 'shop-client/1.0',
};

const user = { username: 'user7', email: 'user7@example.com', fullName: 'User Number 7' };
const bearer = { Authorization: 'Bearer token-7' };

/** Bodies of many items: what is sent, and what comes of it. */
const delivery = (count) => ({
  items: Array.from({ length: count }, (_, i) => ({
    sku: `PR-${1000 + (i % 9000)}`,
    name: `Product ${i % 100}`,
    quantity: 1 + (i % 50),
    unitPrice: 0.25 * (1 + (i % 40)),
    tags: i % 3 === 0 ? ['sale'] : [],
  })),
});

function received(count) {
  const { items } = delivery(count);
  return { lines: count, total: items.reduce((sum, item) => sum + item.quantity * item.unitPrice, 0) };
}

const deliveryPiece = (count) => ({
  large: true,
  request: { method: 'POST', path: '/deliveries', headers: json, body: JSON.stringify(delivery(count)) },
  answer: { status: 200, body: received(count) },
});

const products = Array.from({ length: 1000 }, (_, i) => ({
  sku: `PR-${1000 + i}`,
  name: `Product ${i}`,
  quantity: i % 50,
  unitPrice: 0.25 * (1 + (i % 40)),
}));

export const pieces = {
  a: {
    title: 'GET / answers {"hello":"world"}',
    request: { method: 'GET', path: '/' },
    answer: { status: 200, body: { hello: 'world' } },
  },
  b: {
    title: 'a path integer and three query values, validated',
    request: { method: 'GET', path: '/items/42?skip=20&limit=10&q=keyboard' },
    answer: { status: 200, body: { itemId: 42, skip: 20, limit: 10, q: 'keyboard' } },
  },
  c: {
    title: 'bearer token, looked up, active, user through a response schema',
    request: { method: 'GET', path: '/users/me', headers: bearer },
    answer: { status: 200, body: user },
  },
  d: {
    title: 'a JSON body of 496 bytes validated, the answer filtered to 395 bytes',
    request: { method: 'POST', path: '/orders', headers: json, body: JSON.stringify(order) },
    answer: { status: 201, body: accepted, bytes: 395 },
  },
  e: {
    title: '401 with its challenge',
    request: { method: 'GET', path: '/users/me' },
    answer: { status: 401, body: { detail: 'Not authenticated' }, challenge: true },
  },
  f: { title: 'a JSON body of 10 kB (120 objects) validated', ...deliveryPiece(120) },
  g: { title: 'a JSON body of 1 MB (12,000 objects) validated', connections: 2, ...deliveryPiece(12_000) },
  h: {
    title: 'a list of 1,000 objects through its schema',
    large: true,
    connections: 8,
    request: { method: 'GET', path: '/products' },
    answer: { status: 200, body: products },
  },
  i: {
    title: '1,000 JSON lines, each through its schema',
    large: true,
    connections: 8,
    request: { method: 'GET', path: '/products.jsonl' },
    answer: { status: 200, text: products.map((product) => `${JSON.stringify(product)}\n`).join('') },
  },
  j: {
    title: '1,000 server-sent events, each through its schema',
    large: true,
    connections: 8,
    request: { method: 'GET', path: '/products/events' },
    answer: { status: 200, text: products.map((product) => `data: ${JSON.stringify(product)}\n\n`).join('') },
  },
};

/** The pieces of one order of size; those of large bodies are not done by every server. */
export const smallPieces = Object.keys(pieces).filter((key) => !pieces[key].large);
export const largePieces = Object.keys(pieces).filter((key) => pieces[key].large);

const badOrder = (change) => {
  const copy = structuredClone(order);
  change(copy);
  return { method: 'POST', path: '/orders', headers: json, body: JSON.stringify(copy) };
};

const badDelivery = (change) => {
  const copy = delivery(120);
  change(copy);
  return { method: 'POST', path: '/deliveries', headers: json, body: JSON.stringify(copy) };
};

/** Requests that every server must also get right; a validation that is not done is no speed. */
export const further = [
  {
    name: 'defaults of the query',
    request: { method: 'GET', path: '/items/7' },
    answer: { status: 200, body: { itemId: 7, skip: 0, limit: 20 } },
  },
  {
    name: 'an escaped query value',
    request: { method: 'GET', path: '/items/7?q=a%20b%2Bc' },
    answer: { status: 200, body: { itemId: 7, skip: 0, limit: 20, q: 'a b+c' } },
  },
  { name: 'a path value that is no integer', request: { method: 'GET', path: '/items/seven' }, refused: true },
  { name: 'a fraction as a path integer', request: { method: 'GET', path: '/items/7.5' }, refused: true },
  { name: 'a limit over the maximum', request: { method: 'GET', path: '/items/7?limit=1000' }, refused: true },
  { name: 'a skip under the minimum', request: { method: 'GET', path: '/items/7?skip=-1' }, refused: true },
  { name: 'a query number that is none', request: { method: 'GET', path: '/items/7?skip=abc' }, refused: true },
  { name: 'a text that is too long', request: { method: 'GET', path: `/items/7?q=${'x'.repeat(51)}` }, refused: true },
  {
    name: 'an unknown token',
    request: { method: 'GET', path: '/users/me', headers: { Authorization: 'Bearer nobody' } },
    answer: { status: 401, body: { detail: 'Invalid authentication credentials' }, challenge: true },
  },
  {
    name: 'another scheme',
    request: { method: 'GET', path: '/users/me', headers: { Authorization: 'Basic dXNlcg==' } },
    answer: { status: 401, challenge: true },
  },
  {
    name: 'a disabled user',
    request: { method: 'GET', path: '/users/me', headers: { Authorization: 'Bearer token-9' } },
    answer: { status: 400 },
  },
  {
    name: 'a body that is no JSON',
    request: { method: 'POST', path: '/orders', headers: json, body: '{"customer":' },
    refused: true,
  },
  { name: 'an empty object', request: { method: 'POST', path: '/orders', headers: json, body: '{}' }, refused: true },
  { name: 'a nested value that is too short', request: badOrder((o) => (o.customer.address.city = '')), refused: true },
  { name: 'an e-mail address that is none', request: badOrder((o) => (o.customer.email = 'ada')), refused: true },
  { name: 'a wrong value in a list', request: badOrder((o) => (o.items[1].sku = 'monitor')), refused: true },
  { name: 'a fraction as a quantity', request: badOrder((o) => (o.items[2].quantity = 1.5)), refused: true },
  { name: 'an empty list', request: badOrder((o) => (o.items = [])), refused: true },
  {
    name: 'a wrong value in a long list',
    large: true,
    request: badDelivery((d) => (d.items[119].quantity = 0)),
    refused: true,
  },
  { name: 'an empty long list', large: true, request: badDelivery((d) => (d.items = [])), refused: true },
  { name: 'a path that is not there', request: { method: 'GET', path: '/nowhere' }, answer: { status: 404 } },
];
