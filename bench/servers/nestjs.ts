import 'reflect-metadata';
import {
  BadRequestException,
  Body,
  type CanActivate,
  ClassSerializerInterceptor,
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  HttpException,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  Post,
  Query,
  SerializeOptions,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
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

@Injectable()
class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const request = http.getRequest();
    const authorization: string | undefined = request.headers.authorization;
    if (authorization === undefined) {
      http.getResponse().header('WWW-Authenticate', 'Bearer');
      throw new HttpException({ detail: 'Not authenticated' }, 401);
    }
    const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization)?.[1];
    const user = token === undefined ? undefined : findUserByToken(token);
    if (!user) {
      http.getResponse().header('WWW-Authenticate', 'Bearer error="invalid_token"');
      throw new HttpException({ detail: 'Invalid authentication credentials' }, 401);
    }
    if (user.disabled) throw new BadRequestException({ detail: 'Inactive user' });
    request.user = user;
    return true;
  }
}

const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext): User => context.switchToHttp().getRequest().user,
);

@Controller()
class ShopController {
  @Get()
  root() {
    return { hello: 'world' };
  }

  @Get('items/:itemId')
  item(@Param('itemId', ParseIntPipe) itemId: number, @Query() query: ItemQuery) {
    return { itemId, skip: query.skip, limit: query.limit, q: query.q };
  }

  @Get('users/me')
  @UseGuards(AuthGuard)
  @UseInterceptors(ClassSerializerInterceptor)
  @SerializeOptions({ type: PublicUser, strategy: 'excludeAll' })
  me(@CurrentUser() user: User) {
    return user;
  }

  @Post('orders')
  @UseInterceptors(ClassSerializerInterceptor)
  @SerializeOptions({ type: AcceptedOrder, strategy: 'excludeAll' })
  order(@Body() order: Order) {
    return acceptOrder(order);
  }
}

@Module({ controllers: [ShopController], providers: [AuthGuard] })
class ShopModule {}

const app = await NestFactory.create<NestFastifyApplication>(ShopModule, new FastifyAdapter(), { logger: false });
app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
await app.listen(Number(process.env.PORT), '127.0.0.1');
