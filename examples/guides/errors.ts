import {
  App,
  Body,
  type Context,
  Controller,
  Get,
  HTTPException,
  OnError,
  Path,
  Post,
  problemDetails,
  RequestValidationError,
} from 'portico';
import { z } from 'zod';

const Order = z.object({ item: z.string(), count: z.int().min(1) });

// #region controller
const Shortage = z.object({ detail: z.string(), item: z.string() });

class OutOfStock extends Error {
  readonly item: string;

  constructor(item: string) {
    super(`There is no more of ${item}`);
    this.item = item;
  }
}

@Controller('/orders')
class OrderController {
  @Get('/:orderId')
  read(@Path('orderId', z.int()) orderId: number) {
    throw new HTTPException(404, { message: 'No such order', orderId }, { headers: { 'Retry-After': '60' } });
  }

  @Post({ status: 201, responses: { 409: { description: 'Out of stock', content: Shortage } } })
  create(@Body(Order) { item, count }: z.output<typeof Order>) {
    if (count > 10) throw new OutOfStock(item);
    if (item === 'fault') throw new Error('details that are only logged');
    return { item, count };
  }

  @OnError(OutOfStock)
  outOfStock({ item }: OutOfStock, { response }: Context) {
    response.status = 409;
    return { detail: 'Out of stock', item };
  }
}
// #endregion controller

// #region app
const Invalid = z.object({ errors: z.array(z.string()) });

export const app = new App({
  title: 'Errors',
  version: '1.0.0',
  controllers: [OrderController],
  responses: { 422: { description: 'Invalid', content: Invalid } },
})
  .onError(RequestValidationError, ({ issues }) => {
    return { errors: issues.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`) };
  })
  .onError(RangeError, (error, { response }) => {
    response.status = 400;
    return { detail: error.message };
  });
// #endregion app

// #region unmatched
export const withHints = new App({
  title: 'Errors with the method and path',
  version: '1.0.0',
  controllers: [OrderController],
}).onError(HTTPException, (error, { method, path, route }) => {
  if (route !== undefined) throw error;
  return { detail: `${error.message}: ${method} ${path}` };
});
// #endregion unmatched

// #region shape
export const withProblems = new App({
  title: 'Errors as problem details',
  version: '1.0.0',
  controllers: [OrderController],
  errors: problemDetails({ typeOf: ({ name }) => `https://example.com/problems/${name}` }),
});

export const withOwnShape = new App({
  title: 'Errors in a custom format',
  version: '1.0.0',
  controllers: [OrderController],
  errors: {
    schema: z.object({ code: z.int(), reasons: z.array(z.string()) }),
    validationStatus: 400,
    body: (error) =>
      error instanceof RequestValidationError
        ? { code: 400, reasons: error.issues.map(({ msg }) => msg) }
        : { code: error.status, reasons: [error.message] },
  },
});
// #endregion shape
