import { App, Body, Controller, Depends, Get, OAuth2AuthorizationCodeBearer, Path, Post, Query } from 'portico';
import { z } from 'zod';

// #region schemas
const Address = z.object({ street: z.string(), city: z.string() }).meta({ id: 'Address' });

const Customer = z
  .object({
    name: z.string().meta({ description: 'As it is printed on letters.', examples: ['Example Ltd.'] }),
    address: Address,
    newsletter: z.boolean().default(false),
  })
  .meta({ id: 'Customer', description: 'Somebody who has ordered once.' });
// #endregion schemas

// #region operations
const scheme = new OAuth2AuthorizationCodeBearer({
  schemeName: 'login',
  authorizationUrl: 'https://login.example.com/authorize',
  tokenUrl: 'https://login.example.com/token',
});

@Controller('/customers', { tags: ['customers'], dependencies: [Depends(scheme)] })
class CustomerController {
  @Post({ response: Customer, status: 201, description: 'Names need not be unique.', operationId: 'addCustomer' })
  create(@Body(Customer) customer: z.output<typeof Customer>) {
    return customer;
  }

  @Get('/:name', { response: Customer, responses: { 404: { description: 'No such customer' } } })
  read(
    @Path('name') name: string,
    @Query('at', z.iso.date().optional().meta({ description: 'As it was on a day.' })) _at?: string,
  ) {
    return { name, address: { street: '1 Main Street', city: 'Springfield' } };
  }

  @Get({ deprecated: true, summary: 'Everybody', extensions: { 'x-internal': true } })
  readAll() {
    return [];
  }
}
// #endregion operations

// #region app
export const app = new App({
  title: 'Customers',
  version: '2.1.0',
  description: 'Written in *CommonMark*.',
  contact: { name: 'Support', email: 'support@example.com' },
  license: { name: 'MIT', url: 'https://example.com/license' },
  tags: [{ name: 'customers', description: 'People who have ordered.' }],
  rootPath: '/api/v2',
  servers: [{ url: 'https://staging.example.com/api/v2', description: 'Staging' }],
  docs: { path: '/reference', oauth: { clientId: 'docs', usePkceWithAuthorizationCodeGrant: true } },
  openapiPath: '/reference/openapi.json',
  operationId: ({ controller, handler }) => `${handler}${controller}`,
  controllers: [CustomerController],
});
// #endregion app
