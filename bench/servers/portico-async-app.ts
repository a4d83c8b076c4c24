import {
  App,
  Body,
  Controller,
  Depends,
  dependency,
  events,
  Get,
  HTTPException,
  lines,
  OAuth2PasswordBearer,
  Path,
  Post,
  Query,
} from 'portico';
import { z } from 'zod';
import { AcceptedOrder, Delivery, Order, Product, PublicUser, Received } from './portico-models.ts';
import { acceptOrder, eachProduct, findUserByToken, products, receive } from './store.ts';

const oauth2Scheme = new OAuth2PasswordBearer({ tokenUrl: 'token' });

const currentUser = dependency({ token: Depends(oauth2Scheme) }, async ({ token }) => {
  const user = findUserByToken(token);
  if (!user) throw new HTTPException(401, 'Invalid authentication credentials');
  return user;
});

const activeUser = dependency({ user: Depends(currentUser) }, async ({ user }) => {
  if (user.disabled) throw new HTTPException(400, 'Inactive user');
  return user;
});

@Controller()
class ShopController {
  @Get('/')
  async root() {
    return { hello: 'world' };
  }

  @Get('/items/:itemId')
  async item(
    @Path('itemId', z.int()) itemId: number,
    @Query('skip', z.int().min(0).default(0)) skip: number,
    @Query('limit', z.int().min(1).max(100).default(20)) limit: number,
    @Query('q', z.string().max(50).optional()) q?: string,
  ) {
    return { itemId, skip, limit, q };
  }

  @Get('/users/me', { response: PublicUser })
  async me(@Depends(activeUser) user: z.input<typeof PublicUser>) {
    return user;
  }

  @Post('/orders', { status: 201, response: AcceptedOrder })
  async order(@Body(Order) order: Order) {
    return acceptOrder(order);
  }

  @Post('/deliveries', { response: Received })
  async deliver(@Body(Delivery) delivery: Delivery) {
    return receive(delivery);
  }

  @Get('/products', { response: z.array(Product) })
  async products() {
    return products;
  }

  @Get('/products.jsonl', { response: lines(Product) })
  productLines() {
    return eachProduct();
  }

  @Get('/products/events', { response: events(Product) })
  async *productEvents() {
    for await (const data of eachProduct()) yield { data };
  }
}

export const app = new App({ title: 'Shop', version: '1.0.0', controllers: [ShopController] });
