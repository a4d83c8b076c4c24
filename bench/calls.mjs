/**
 * Functions of `src` that one warm request calls on Node, and the files they are in: `node --import tsx bench/calls.mjs
 * [--list]`, in the folder above. `--list` prints every file with its functions.
 */
import { Session } from 'node:inspector/promises';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { App, Body, Controller, Depends, dependency, Get, OAuth2PasswordBearer, Post } from '../src/index.ts';
import { serve } from '../src/adapters/node.ts';

const { list } = parseArgs({ options: { list: { type: 'boolean', default: false } } }).values;
const source = fileURLToPath(new URL('../src/', import.meta.url));

const bearer = new OAuth2PasswordBearer({ tokenUrl: 'token' });
const user = dependency({ token: Depends(bearer) }, ({ token }) => ({ name: token }));
const active = dependency({ user: Depends(user) }, (inputs) => inputs.user);
const Item = z.object({ name: z.string(), price: z.number() });

class CallsController {
  hello() {
    return { hello: 'world' };
  }
  create(/** @type {{ name: string }} */ owner, /** @type {z.output<typeof Item>} */ item) {
    return { owner: owner.name, name: item.name };
  }
}
const { prototype } = CallsController;
/** Decorates a method by hand: this file is not compiled. */
const decorate = (/** @type {Function} */ decorator, /** @type {'hello' | 'create'} */ name) =>
  decorator(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
Depends(active)(prototype, 'create', 0);
Body(Item)(prototype, 'create', 1);
decorate(Get('/'), 'hello');
decorate(Post('/items'), 'create');
Controller()(CallsController);

const app = new App({ title: 'Calls', version: '1.0.0', controllers: [CallsController] });
const server = await serve(app, { port: 0, logger: { info() {}, warn() {}, error: console.error } });

const json = JSON.stringify({ name: 'Hammer', price: 12.5 });
const pieces = {
  hello: { method: 'GET', path: '/' },
  'bearer, two dependencies, JSON body': {
    method: 'POST',
    path: '/items',
    headers: { Authorization: 'Bearer ada', 'Content-Type': 'application/json', 'Content-Length': json.length },
    body: json,
  },
};

/** Sends a request and reads its response; what runs after the response has a moment. */
async function ask({ method, path, headers = {}, body = '' }) {
  const status = await new Promise((resolve, reject) => {
    const sent = request(new URL(path, server.url), { method, headers: { ...headers, Connection: 'close' } }, (got) => {
      got.resume().on('end', () => resolve(got.statusCode));
    });
    sent.on('error', reject).end(body);
  });
  if (status !== 200) throw new Error(`${method} ${path} was answered ${status}`);
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

for (const [title, piece] of Object.entries(pieces)) {
  for (let time = 0; time < 20; time++) await ask(piece);
  await session.post('Profiler.takePreciseCoverage');
  await ask(piece);
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const files = result
    .filter(({ url }) => url.startsWith('file:') && fileURLToPath(url.split('?')[0] ?? url).startsWith(source))
    .map(({ url, functions }) => ({
      file: fileURLToPath(url.split('?')[0] ?? url).slice(source.length),
      called: functions
        .map(({ functionName, ranges }) => ({ name: functionName || '(anonymous)', count: ranges[0]?.count ?? 0 }))
        // Initializers of classes are no functions of the source, and `__name` is one of tsx.
        .filter(({ name, count }) => count > 0 && !name.startsWith('<') && name !== '__name'),
    }))
    .filter(({ called }) => called.length > 0);
  const calls = files.flatMap(({ called }) => called).reduce((sum, { count }) => sum + count, 0);
  console.log(`${title}: ${calls} calls in ${files.length} files`);
  if (!list) continue;
  for (const { file, called } of files.toSorted((a, b) => a.file.localeCompare(b.file))) {
    console.log(`  ${file}: ${called.map(({ name, count }) => (count === 1 ? name : `${name} ×${count}`)).join(', ')}`);
  }
}

await session.post('Profiler.stopPreciseCoverage');
session.disconnect();
await server.close();
