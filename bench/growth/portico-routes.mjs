import { App, Controller, Get, Path } from 'portico';
import { serve } from 'portico/node';
import { z } from 'zod';

const count = Number(process.env.ROUTES);
const perController = 50;

const controllers = [];
for (let first = 0; first < count; first += perController) {
  const name = `Resource${first / perController}Controller`;
  const controller = { [name]: class {} }[name];
  for (let i = first; i < Math.min(count, first + perController); i += 1) {
    const method = `read${i}`;
    if (i % 2 === 0) controller.prototype[method] = () => ({ route: i });
    else {
      controller.prototype[method] = (id) => ({ route: i, id });
      Path('id', z.int())(controller.prototype, method, 0);
    }
    const path = i % 2 === 0 ? `/static${i}` : `/:id/of${i}`;
    Get(path)(controller.prototype, method, Object.getOwnPropertyDescriptor(controller.prototype, method));
  }
  Controller(`/resource${first / perController}`)(controller);
  controllers.push(controller);
}
const app = new App({ title: 'Growth', version: '1.0.0', controllers });
await serve(app, { port: Number(process.env.PORT), host: '127.0.0.1' });
