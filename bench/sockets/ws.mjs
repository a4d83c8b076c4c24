/** `ws` and nothing else: messages go back as they came, or through the schema. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { Message } from './message.mjs';

const settings = { noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: 1_048_576 };
const sockets = new WebSocketServer(settings);

function open(webSocket, path) {
  const answer = path === '/json' ? (text) => JSON.stringify(Message.parse(JSON.parse(text))) : (text) => text;
  webSocket.on('error', () => {});
  webSocket.on('message', (data, isBinary) => {
    if (isBinary) webSocket.close(1003);
    else webSocket.send(answer(data.toString()));
  });
}

createServer((_, response) => response.writeHead(426).end())
  .on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, request.url));
  })
  .listen(Number(process.env.PORT), '127.0.0.1');
