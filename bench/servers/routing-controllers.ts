import 'reflect-metadata';
import { Expose, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsEmail,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import type { Response } from 'express';
import {
  type Action,
  BadRequestError,
  Body,
  createExpressServer,
  CurrentUser,
  type ExpressErrorMiddlewareInterface,
  Get,
  HttpCode,
  type HttpError,
  JsonController,
  Middleware,
  Param,
  Post,
  QueryParams,
  ResponseClassTransformOptions,
  UnauthorizedError,
} from 'routing-controllers';
import { acceptOrder, findUserByToken, type User } from './store.ts';

class ItemQuery {
  @IsOptional() @Type(() => Number) @IsInt() @Min(0) skip: number = 0;
  @IsOptional() @Type(() => Number) @IsInt() @Min(1) @Max(100) limit: number = 20;
  @IsOptional() @IsString() @MaxLength(50) q?: string;
}

class Address {
  @Expose() @IsString() @Length(1, 100) street!: string;
  @Expose() @IsString() @Length(1, 100) city!: string;
  @Expose() @IsString() @Length(1, 12) postalCode!: string;
}

class Customer {
  @Expose() @IsString() @Length(1, 100) name!: string;
  @Expose() @IsEmail() email!: string;
  @Expose() @IsDefined() @ValidateNested() @Type(() => Address) address!: Address;
}

class OrderItem {
  @IsString() @Matches(/^[A-Z]{2}-\d{4}$/) sku!: string;
  @IsString() @Length(1, 100) name!: string;
  @IsInt() @Min(1) @Max(1000) quantity!: number;
  @IsNumber() @Min(0) unitPrice!: number;
  @IsArray() @ArrayMaxSize(10) @IsString({ each: true }) tags!: string[];
}

class Order {
  @IsDefined() @ValidateNested() @Type(() => Customer) customer!: Customer;
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ValidateNested({ each: true })
  @Type(() => OrderItem)
  items!: OrderItem[];
  @IsBoolean() giftWrap!: boolean;
  @IsOptional() @IsString() @Length(1, 20) coupon?: string;
  @IsOptional() @IsString() @MaxLength(500) note?: string;
}

class AcceptedItem {
  @Expose() sku!: string;
  @Expose() name!: string;
  @Expose() quantity!: number;
  @Expose() unitPrice!: number;
}

class AcceptedOrder {
  @Expose() id!: number;
  @Expose() status!: string;
  @Expose() @Type(() => Customer) customer!: Customer;
  @Expose() @Type(() => AcceptedItem) items!: AcceptedItem[];
  @Expose() total!: number;
}

class PublicUser {
  @Expose() username!: string;
  @Expose() email!: string;
  @Expose() fullName!: string;
}

// The built-in handler answers and then hands the error on to Express, which cuts the connection.
@Middleware({ type: 'after' })
class ErrorHandler implements ExpressErrorMiddlewareInterface {
  error(
    error: HttpError & { errors?: unknown; status?: number },
    _request: unknown,
    response: Response,
    _next: unknown,
  ): void {
    response.status(error.httpCode ?? error.status ?? 500).json({ detail: error.errors ?? error.message });
  }
}

function currentUserChecker(action: Action): User {
  const authorization: string | undefined = action.request.headers.authorization;
  if (authorization === undefined) {
    action.response.set('WWW-Authenticate', 'Bearer');
    throw new UnauthorizedError('Not authenticated');
  }
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
  const user = token === undefined ? undefined : findUserByToken(token);
  if (!user) {
    action.response.set('WWW-Authenticate', 'Bearer error="invalid_token"');
    throw new UnauthorizedError('Invalid authentication credentials');
  }
  if (user.disabled) throw new BadRequestError('Inactive user');
  return user;
}

@JsonController()
class ShopController {
  @Get('/')
  root() {
    return { hello: 'world' };
  }

  @Get('/items/:itemId')
  item(@Param('itemId') itemId: number, @QueryParams() query: ItemQuery) {
    if (!Number.isSafeInteger(itemId)) throw new BadRequestError('itemId must be an integer');
    return { itemId, skip: query.skip, limit: query.limit, q: query.q };
  }

  @Get('/users/me')
  @ResponseClassTransformOptions({ strategy: 'excludeAll' })
  me(@CurrentUser({ required: true }) user: User) {
    return Object.assign(new PublicUser(), user);
  }

  @Post('/orders')
  @HttpCode(201)
  @ResponseClassTransformOptions({ strategy: 'excludeAll' })
  order(@Body() order: Order) {
    return Object.assign(new AcceptedOrder(), acceptOrder(order));
  }
}

createExpressServer({
  controllers: [ShopController],
  middlewares: [ErrorHandler],
  defaultErrorHandler: false,
  currentUserChecker,
  validation: { whitelist: true },
}).listen(Number(process.env.PORT), '127.0.0.1');
