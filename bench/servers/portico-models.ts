import { z } from 'zod';

export const PublicUser = z
  .object({ username: z.string(), email: z.string(), fullName: z.string() })
  .meta({ id: 'PublicUser' });
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
export const Order = z
  .object({
    customer: Customer,
    items: z.array(Item).min(1).max(50),
    giftWrap: z.boolean(),
    coupon: z.string().min(1).max(20).optional(),
    note: z.string().max(500).optional(),
  })
  .meta({ id: 'Order' });
export type Order = z.output<typeof Order>;
export const AcceptedOrder = z
  .object({
    id: z.int(),
    status: z.string(),
    customer: Customer,
    items: z.array(z.object({ sku: z.string(), name: z.string(), quantity: z.int(), unitPrice: z.number() })),
    total: z.number(),
  })
  .meta({ id: 'AcceptedOrder' });
export const Delivery = z.object({ items: z.array(Item).min(1).max(20_000) }).meta({ id: 'Delivery' });
export type Delivery = z.output<typeof Delivery>;
export const Received = z.object({ lines: z.int(), total: z.number() }).meta({ id: 'Received' });
export const Product = z
  .object({ sku: z.string(), name: z.string(), quantity: z.int(), unitPrice: z.number() })
  .meta({ id: 'Product' });
