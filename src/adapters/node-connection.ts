import { type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';

/** What Node has no public name for: the answer that a connection is busy with. */
interface Busy {
  readonly _httpMessage?: ServerResponse | null;
}

/** How long a client is given to read its answer, in milliseconds, and how much it may still send. */
const LINGER_TIME = 5_000;
const LINGER_BYTES = 67_108_864;

/** Connections of which nothing is read any more, as far as requests go. */
const dropping = new WeakSet<Socket>();

/**
 * Sees to it that a client which is still sending gets to read the last answer of its connection (RFC 9112 §9.6).
 *
 * To close a connection with something unread resets it, and takes the answer from the client.
 */
export function lingerAtEnd(socket: Socket): void {
  // What Node calls once the answer has been sent.
  socket.destroySoon = () => linger(socket);
}

/** Ends the sending half, and drops what comes until the client ends its own. */
function linger(socket: Socket): void {
  if (socket.readableEnded || socket.destroyed) {
    Socket.prototype.destroySoon.call(socket);
    return;
  }
  socket.end();
  drop(socket);
  const cut = setTimeout(() => socket.destroy(), LINGER_TIME);
  socket.once('close', () => clearTimeout(cut));
}

/** Keeps what comes from the parser, which would make a request of it. */
function drop(socket: Socket): void {
  if (dropping.has(socket)) return;
  dropping.add(socket);
  let left = LINGER_BYTES;
  const detach = (): void => {
    socket.removeAllListeners('data').on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) socket.destroy();
    });
  };
  // Whoever ends its half while answers are under way has left, as everywhere on this server.
  socket.once('end', () => socket.destroy());
  // Node starts a reading that it has stopped only as long as the parser is attached.
  if (socket.isPaused()) socket.once('resume', detach).resume();
  else detach();
}

/**
 * Answers that may wait behind others of their connection; what was read with them waits until there is room, and
 * nothing more is read. Node bounds their bytes alone, so that slow answers could be asked for without end.
 */
const MAX_QUEUED = 100;

/** What waits behind an answer of its connection. */
interface Queue {
  readonly answers: Set<ServerResponse>;
  /** Requests that are not handled yet. */
  readonly held: Map<ServerResponse, () => void>;
}

const queues = new WeakMap<Socket, Queue>();

/**
 * Handles a request whose answer has to wait behind others, once there are not too many of these.
 *
 * Its answer is closed when the client leaves: Node tells only the first of them.
 */
export function enqueue(response: ServerResponse, handle: () => void): void {
  const { socket } = response.req;
  const queue = queues.get(socket) ?? open(socket);
  if (queue.answers.size < MAX_QUEUED) {
    admit(response, handle, queue);
  } else {
    queue.held.set(response, handle);
    socket.pause();
  }
}

function open(socket: Socket): Queue {
  const queue: Queue = { answers: new Set(), held: new Map() };
  queues.set(socket, queue);
  socket.once('close', () => {
    queue.held.clear();
    for (const waiting of queue.answers) waiting.destroy().emit('close');
  });
  // Node goes on reading behind each request that has come as a whole.
  socket.on('resume', () => {
    if (queue.held.size > 0 && !dropping.has(socket)) socket.pause();
  });
  return queue;
}

function admit(response: ServerResponse, handle: () => void, queue: Queue): void {
  queue.answers.add(response);
  response.once('close', () => {
    queue.answers.delete(response);
    for (const [next, handleNext] of queue.held) {
      queue.held.delete(next);
      if (queue.held.size === 0) response.req.socket.resume();
      return admit(next, handleNext, queue);
    }
  });
  handle();
}

/** Statuses of what the parser and the time limits refuse; everything else of the parser's is a 400. */
const REFUSALS: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Answers bytes that are no request with a status and no body, after the answers that are under way. */
export function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (dropping.has(socket)) return;
  const { code = '' } = error;
  const status = REFUSALS.get(code) ?? (code.startsWith('HPE_') ? 400 : undefined);
  const { _httpMessage: busy } = socket as Busy;
  const queue = queues.get(socket);
  const answers = busy ? [busy, ...(queue?.answers ?? []), ...(queue?.held.keys() ?? [])] : [];
  const broken = answers.find(({ req }) => !req.complete);
  if (status === undefined || !socket.writable || broken?.headersSent === true) {
    socket.destroy();
    return;
  }
  const refuse = (): void => {
    if (!socket.writable) return;
    socket.write(refusal(status));
    // A handler that waits for the rest of a body hears that there is none when the connection closes: not put off.
    if (broken === undefined) linger(socket);
    else socket.destroySoon();
  };
  const before = answers.findLast(({ req }) => req.complete);
  if (before === undefined) {
    refuse();
  } else if (socket.readableEnded || code === 'HPE_INVALID_EOF_STATE') {
    socket.destroy();
  } else {
    drop(socket);
    before.once('close', refuse);
  }
}

function refusal(status: number): string {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nDate: ${new Date().toUTCString()}\r\n`;
  return `${head}Connection: close\r\nContent-Length: 0\r\n\r\n`;
}
