import { App, Body, Controller, Get, Path, Post, Query } from 'portico';
import { z } from 'zod';

const operations = Number(process.env.OPERATIONS);
const controllers = [];
const started = process.cpuUsage();
for (let k = 0; k * 10 < operations; k += 1) {
  const name = `Thing${k}Controller`;
  const controller = { [name]: class {} }[name];
  const Owner = z.object({ id: z.int(), name: z.string().max(80), email: z.email() }).meta({ id: `Owner${k}` });
  const Thing = z
    .object({
      id: z.int(),
      title: z.string().min(1),
      price: z.number().min(0),
      tags: z.array(z.string()),
      owner: Owner,
    })
    .meta({ id: `Thing${k}` });
  for (let i = 0; i < 10; i += 1) {
    const write = i % 2 === 0;
    const method = `method${i}`;
    controller.prototype[method] = write ? (thing) => thing : (id, limit) => ({ id, limit });
    if (write) Body(Thing)(controller.prototype, method, 0);
    else {
      Path('id', z.int())(controller.prototype, method, 0);
      Query('limit', z.int().min(1).max(100).default(20))(controller.prototype, method, 1);
    }
    const decorate = write ? Post(`/m${i}`, { response: Thing }) : Get(`/m${i}/:id`);
    decorate(controller.prototype, method, Object.getOwnPropertyDescriptor(controller.prototype, method));
  }
  Controller(`/things${k}`)(controller);
  controllers.push(controller);
}
const since = (mark) => {
  const { user, system } = process.cpuUsage(mark);
  return (user + system) / 1000;
};
const declared = since(started);
const beforeApp = process.cpuUsage();
const app = new App({ title: 'Growth', version: '1.0.0', controllers });
const made = since(beforeApp);
globalThis.gc();
const heapBefore = process.memoryUsage().heapUsed;
const beforeDocument = process.cpuUsage();
const document = app.openapi();
const described = since(beforeDocument);
globalThis.gc();
const heap = process.memoryUsage().heapUsed - heapBefore;
const beforeAgain = process.cpuUsage();
app.openapi();
const again = since(beforeAgain);
const paths = Object.values(document.paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
const bytes = JSON.stringify(document).length;
console.log(JSON.stringify({ paths, declared, made, described, again, heap, bytes }));
