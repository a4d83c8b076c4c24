import { type ServerResponse, STATUS_CODES } from 'node:http';
import { Socket } from 'node:net';

/** Node has no public name for the response that a connection is busy with. */
interface Busy {
  readonly _httpMessage?: ServerResponse | null;
}

/** How long a client has to read its response, in milliseconds, and how much it may still send. */
const LINGER_TIME = 5_000;
const LINGER_BYTES = 67_108_864;

/** Connections from which no more requests are read. */
const dropping = new WeakSet<Socket>();

/**
 * Lets a client that is still sending read the last response of its connection (RFC 9112 §9.6).
 *
 * Closing a connection with unread bytes resets it, and the client loses the response.
 */
export function lingerAtEnd(socket: Socket): void {
  // Node calls this once the response has been sent.
  socket.destroySoon = linger.bind(undefined, socket);
}

/** Ends the sending half, and drops incoming bytes until the client ends its own half. */
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

/** Keeps incoming bytes from the parser, which would read them as a request. */
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
  // A client that ends its half while responses are pending has disconnected, as everywhere on this server.
  socket.once('end', () => socket.destroy());
  // Node resumes reading only while the parser is attached.
  if (socket.isPaused()) socket.once('resume', detach).resume();
  else detach();
}

/**
 * Responses that may wait behind others of their connection; requests beyond that wait, and nothing more is read. Node
 * bounds only their bytes, so slow responses could be requested without end.
 */
const MAX_QUEUED = 100;

/** Work that waits behind a response of its connection. */
interface Queue {
  readonly answers: Set<ServerResponse>;
  /** Requests that are not handled yet. */
  readonly held: Map<ServerResponse, () => void>;
}

const queues = new WeakMap<Socket, Queue>();

/**
 * Handles a request whose response has to wait behind others, once there are not too many of them.
 *
 * Its response is closed when the client disconnects: Node notifies only the first.
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
  // Node continues reading after each complete request.
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

/** Statuses of refusals by the parser and the time limits; any other parser error is a 400. */
const REFUSALS: ReadonlyMap<string, number> = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 413],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Answers bytes that are not a request with a status and no body, after pending responses. */
export function refuseBytes(error: NodeJS.ErrnoException, socket: Socket): void {
  if (dropping.has(socket)) return;
  const { code = '' } = error;
  const status = REFUSALS.get(code) ?? (code.startsWith('HPE_') ? 400 : undefined);
  const answers = pendingOn(socket);
  const before = answers.findLast(({ req }) => req.complete);
  const broken = answers.find(({ req }) => !req.complete);
  const isLeft = before !== undefined && (socket.readableEnded || code === 'HPE_INVALID_EOF_STATE');
  if (status === undefined || !socket.writable || isLeft) {
    socket.destroy();
  } else {
    endAfter(before, socket, () => refuse(socket, status, broken));
  }
}

/** Refuses what cannot be read, unless an answer to it has begun, and ends the connection. */
function refuse(socket: Socket, status: number, broken: ServerResponse | undefined): void {
  if (broken?.writableEnded === true) {
    /* c8 ignore next -- its own answer is complete and the last one; whether it has left already is a matter of time */
    endAfter(broken.destroyed ? undefined : broken, socket, () => linger(socket));
  } else if (broken?.headersSent === true && broken.req.httpVersionMinor === 0) {
    // Without chunks, its answer would look complete (RFC 9112 §8).
    socket.destroy();
  } else {
    if (broken?.headersSent !== true) socket.write(refusal(status));
    if (broken !== undefined) abandon(broken, socket);
    linger(socket);
  }
}

/** Makes whoever waits for the rest of a request learn that there is none, while the connection goes on. */
function abandon(response: ServerResponse, socket: Socket): void {
  if (response.socket !== null) response.detachSocket(socket);
  response.destroy().emit('close');
  response.req.emit('close');
}

/**
 * Ends a connection that Node has detached from the server, after pending responses; a status refuses the request that
 * was the reason.
 *
 * Bytes that are read from now on belong to neither protocol.
 */
export function refuseDetached(socket: Socket, status?: number): void {
  // Node's own listeners are gone.
  socket.on('error', () => {});
  socket.on('drain', () => (socket as Busy)._httpMessage?.emit('drain'));
  endAfter(pendingOn(socket).at(-1), socket, () => {
    if (status !== undefined) socket.write(refusal(status));
    linger(socket);
  });
}

/** The responses that a connection still has to send, in order. */
export function pendingOn(socket: Socket): readonly ServerResponse[] {
  const { _httpMessage: busy } = socket as Busy;
  const queue = queues.get(socket);
  return busy ? [busy, ...(queue?.answers ?? []), ...(queue?.held.keys() ?? [])] : [];
}

/** Ends a connection after a pending response, if there is one; nothing more is read from it. */
function endAfter(before: ServerResponse | undefined, socket: Socket, end: () => void): void {
  const endWritable = (): void => {
    if (socket.writable) end();
  };
  if (before === undefined) {
    endWritable();
  } else {
    drop(socket);
    // The response may be one that ends the connection itself.
    lingerAtEnd(socket);
    before.once('close', endWritable);
  }
}

function refusal(status: number): string {
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] as string}\r\nDate: ${new Date().toUTCString()}\r\n`;
  return `${head}Connection: close\r\nContent-Length: 0\r\n\r\n`;
}
