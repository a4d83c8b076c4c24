import { App, Connection, Controller, Socket, text } from '../../dist/index.js';
import { serve } from '../../dist/adapters/node.js';
import { Message } from './message.mjs';

class Echoes {
  async run(socket) {
    for await (const message of socket) await socket.send(message);
  }
  async runJson(socket) {
    for await (const message of socket) await socket.send(message);
  }
}

/** What the compiler makes of decorators. */
function decorate(name, path, options) {
  const { prototype } = Echoes;
  Connection()(prototype, name, 0);
  Socket(path, options)(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
}
decorate('run', '/text', { receive: text(), send: text() });
decorate('runJson', '/json', { receive: Message, send: Message });
Controller()(Echoes);

const app = new App({ title: 'Sockets', version: '1', controllers: [Echoes] });
await serve(app, { port: Number(process.env.PORT), logger: { info() {}, warn() {}, error: console.error } });
