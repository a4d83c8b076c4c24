import type { WebSocket } from 'ws';
import { CLOSE, type SocketTransport, type Upgrade } from '../http/socket.ts';
import { Turn } from './node-turn.ts';

/** The close code of a peer's fault, by the name that `ws` has for it; all others are protocol errors. */
const FAULTS: ReadonlyMap<string, number> = new Map([
  ['WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', CLOSE.tooBig],
  ['WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH', CLOSE.tooBig],
  ['WS_ERR_TOO_MANY_BUFFERED_PARTS', CLOSE.policyViolation],
  ['WS_ERR_INVALID_UTF8', CLOSE.invalidData],
]);
const PROTOCOL_ERROR = 1002;

/** A ping that cannot be sent is followed by a close. */
function ignore(): void {}

/** Opens an upgrade on a socket of `ws`. */
export function adopt(webSocket: WebSocket, upgrade: Upgrade): void {
  // A handler that only sends would hold the event loop until the peer's buffers are full.
  const turn = new Turn();
  const transport: SocketTransport = {
    send(data, done) {
      const passes = turn.step();
      webSocket.send(data, passes ? (error) => turn.pass(() => done(error)) : done);
      return !passes && webSocket.bufferedAmount === 0;
    },
    ping: () => webSocket.ping(undefined, undefined, ignore),
    close: (code, reason) => webSocket.close(code, reason),
    terminate: () => webSocket.terminate(),
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  };
  const events = upgrade.open(transport);
  let fault: number | undefined;
  webSocket.on('message', (data: Buffer, isBinary: boolean) => {
    events.message(isBinary ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : data.toString());
  });
  webSocket.on('pong', () => events.pong());
  webSocket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
    if (code.startsWith('WS_ERR_')) fault = FAULTS.get(code) ?? PROTOCOL_ERROR;
  });
  webSocket.on('close', (code, reason) => events.close({ code: fault ?? code, reason: reason.toString() }));
}
