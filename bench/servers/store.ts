/** What every server answers from: the same users and the same order book, so that only the framework differs. */
export interface User {
  username: string;
  email: string;
  fullName: string;
  disabled: boolean;
  hashedPassword: string;
}

export interface Order {
  customer: { name: string; email: string; address: { street: string; city: string; postalCode: string } };
  items: { sku: string; name: string; quantity: number; unitPrice: number; tags: string[] }[];
  giftWrap: boolean;
  coupon?: string | undefined;
  note?: string | undefined;
}

const usersByToken = new Map<string, User>();
for (let i = 0; i < 1000; i += 1) {
  usersByToken.set(`token-${i}`, {
    username: `user${i}`,
    email: `user${i}@example.com`,
    fullName: `User Number ${i}`,
    disabled: i % 10 === 9,
    hashedPassword: '$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub',
  });
}

export function findUserByToken(token: string): User | undefined {
  return usersByToken.get(token);
}

/** The stored order; holds fields that no answer may show (margin, warehouse, tags, coupon, note). */
export function acceptOrder(order: Order) {
  let total = 0;
  for (const item of order.items) total += item.quantity * item.unitPrice;
  return {
    id: 1001,
    status: 'accepted',
    customer: order.customer,
    items: order.items,
    giftWrap: order.giftWrap,
    coupon: order.coupon,
    note: order.note,
    total,
    margin: total * 0.2,
    warehouse: 'AMS-3',
  };
}

export interface Delivery {
  items: Order['items'];
}

/** What a delivery adds up to. */
export function receive({ items }: Delivery) {
  let total = 0;
  for (const item of items) total += item.quantity * item.unitPrice;
  return { lines: items.length, total };
}

/** The products in stock; hold fields that no answer may show (cost, tags). */
export const products = Array.from({ length: 1000 }, (_, i) => ({
  sku: `PR-${1000 + i}`,
  name: `Product ${i}`,
  quantity: i % 50,
  unitPrice: 0.25 * (1 + (i % 40)),
  cost: 0.1 * i,
  tags: ['stock'],
}));

/** The same as a database hands them out, one after the other. */
export async function* eachProduct() {
  yield* products;
}
