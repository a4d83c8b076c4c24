import { acceptOrder, type Delivery, type Order, type products } from './store.ts';

export const bodyLimit = 1024 * 1024;
export const jsonType = /^application\/json\s*(;|$)/i;
export const bearer = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
const integer = /^-?(0|[1-9]\d*)$/;
const email = /^[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}$/;
const sku = /^[A-Z]{2}-\d{4}$/;

function toInteger(text: unknown): number | undefined {
  if (typeof text !== 'string' || !integer.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The values of an item's path and query, or what is wrong with them. */
export function checkItem(rawId: string, query: Record<string, unknown>) {
  const problems: string[] = [];
  const itemId = toInteger(rawId);
  if (itemId === undefined) problems.push('itemId must be an integer');
  let skip = 0;
  if (query.skip !== undefined) {
    const value = toInteger(query.skip);
    if (value === undefined || value < 0) problems.push('skip must be an integer of at least 0');
    else skip = value;
  }
  let limit = 20;
  if (query.limit !== undefined) {
    const value = toInteger(query.limit);
    if (value === undefined || value < 1 || value > 100) problems.push('limit must be an integer from 1 to 100');
    else limit = value;
  }
  const q = query.q;
  if (q !== undefined && (typeof q !== 'string' || q.length > 50)) problems.push('q must be a string of at most 50');
  return problems.length > 0 ? problems : { itemId, skip, limit, q };
}

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= max;

function checkItems(items: unknown[], problems: string[]): void {
  for (let i = 0; i < items.length; i += 1) {
    const item: unknown = items[i];
    if (!isObject(item)) {
      problems.push(`items.${i} must be an object`);
      continue;
    }
    if (typeof item.sku !== 'string' || !sku.test(item.sku)) problems.push(`items.${i}.sku must be like AB-1234`);
    if (!isText(item.name, 100)) problems.push(`items.${i}.name must be a string of 1 to 100`);
    const { quantity, unitPrice, tags } = item;
    if (!Number.isSafeInteger(quantity) || (quantity as number) < 1 || (quantity as number) > 1000) {
      problems.push(`items.${i}.quantity must be an integer from 1 to 1000`);
    }
    if (typeof unitPrice !== 'number' || unitPrice < 0) problems.push(`items.${i}.unitPrice must be 0 or more`);
    if (!Array.isArray(tags) || tags.length > 10 || !tags.every((tag) => typeof tag === 'string')) {
      problems.push(`items.${i}.tags must be a list of at most 10 strings`);
    }
  }
}

/** The delivery that a body holds, or what is wrong with it. */
export function checkDelivery(body: unknown): Delivery | string[] {
  if (!isObject(body)) return ['body must be an object'];
  const { items } = body;
  if (!Array.isArray(items) || items.length < 1 || items.length > 20_000) return ['items must be a list of 1 to 20000'];
  const problems: string[] = [];
  checkItems(items, problems);
  return problems.length > 0 ? problems : (body as unknown as Delivery);
}

/** What an answer may show of a product. */
export function shownProduct({ sku, name, quantity, unitPrice }: (typeof products)[number]) {
  return { sku, name, quantity, unitPrice };
}

/** The order that a body holds, or what is wrong with it. */
export function checkOrder(body: unknown): Order | string[] {
  if (!isObject(body)) return ['body must be an object'];
  const problems: string[] = [];
  const { customer, items, giftWrap, coupon, note } = body;
  if (!isObject(customer)) problems.push('customer must be an object');
  else {
    if (!isText(customer.name, 100)) problems.push('customer.name must be a string of 1 to 100');
    if (typeof customer.email !== 'string' || !email.test(customer.email))
      problems.push('customer.email is no address');
    const address = customer.address;
    if (!isObject(address)) problems.push('customer.address must be an object');
    else {
      if (!isText(address.street, 100)) problems.push('customer.address.street must be a string of 1 to 100');
      if (!isText(address.city, 100)) problems.push('customer.address.city must be a string of 1 to 100');
      if (!isText(address.postalCode, 12)) problems.push('customer.address.postalCode must be a string of 1 to 12');
    }
  }
  if (!Array.isArray(items) || items.length < 1 || items.length > 50) problems.push('items must be a list of 1 to 50');
  else {
    checkItems(items, problems);
  }
  if (typeof giftWrap !== 'boolean') problems.push('giftWrap must be a boolean');
  if (coupon !== undefined && !isText(coupon, 20)) problems.push('coupon must be a string of 1 to 20');
  if (note !== undefined && (typeof note !== 'string' || note.length > 500)) problems.push('note must be at most 500');
  return problems.length > 0 ? problems : (body as unknown as Order);
}

/** Accepts an order and picks what the answer may show. */
export function acceptedOrder(order: Order) {
  const accepted = acceptOrder(order);
  const { name, email, address } = accepted.customer;
  return {
    id: accepted.id,
    status: accepted.status,
    customer: {
      name,
      email,
      address: { street: address.street, city: address.city, postalCode: address.postalCode },
    },
    items: accepted.items.map((item) => ({
      sku: item.sku,
      name: item.name,
      quantity: item.quantity,
      unitPrice: item.unitPrice,
    })),
    total: accepted.total,
  };
}
