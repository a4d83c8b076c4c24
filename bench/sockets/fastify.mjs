/** Fastify with @fastify/websocket, as its documentation shows. */
import websocket from '@fastify/websocket';
import { fastify } from 'fastify';
import { Message } from './message.mjs';

const app = fastify();
await app.register(websocket, { options: { maxPayload: 1_048_576 } });
app.get('/text', { websocket: true }, (socket) => {
  socket.on('message', (data) => socket.send(data.toString()));
});
app.get('/json', { websocket: true }, (socket) => {
  socket.on('message', (data) => socket.send(JSON.stringify(Message.parse(JSON.parse(data.toString())))));
});
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
