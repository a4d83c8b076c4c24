import { createServer, type Server } from 'node:http';
import { App, type Context, Controller, Ctx, Get, type Middleware, type Next } from 'portico';
import { serve, toNodeListener } from 'portico/node';

// #region middleware
const requestTime: Middleware = async (context: Context, next: Next) => {
  const start = performance.now();
  await next();
  context.response.headers.set('Server-Timing', `total;dur=${(performance.now() - start).toFixed(1)}`);
};
// #endregion middleware

@Controller()
class AddressController {
  @Get('/address')
  read(@Ctx() { clientAddress }: Context) {
    return { clientAddress };
  }
}

export const app = new App({
  title: 'Serving',
  version: '1.0.0',
  controllers: [AddressController],
  middleware: [requestTime],
});

// #region serve
export function start(port: number) {
  return serve(app, {
    port,
    host: '0.0.0.0',
    trustProxy: 1,
    shutdownTimeout: 20_000,
    fastWrite: true,
    limits: { requestTimeout: 60_000, maxConnections: 10_000 },
  });
}
// #endregion serve

// #region listener
export function listener(): Server {
  return createServer(toNodeListener(app));
}
// #endregion listener
