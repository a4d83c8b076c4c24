import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe } from 'node:test';
import type { App } from 'portico';
import { serve } from 'portico/node';
import { fastWrite } from './world.ts';

/** One header line; two lines of one name are two lines on the wire. */
export type Line = readonly [name: string, value: string];

export interface Call {
  readonly method?: string;
  readonly path: string;
  /** Values are Latin-1: one character is one byte. */
  readonly lines?: readonly Line[];
  readonly body?: string;
}

export interface Reply {
  readonly status: number;
  readonly lines: readonly Line[];
  readonly text: string;
}

export type Send = (call: Call) => Promise<Reply>;
export type Way = 'in memory' | 'over a socket';

/** Defines the same tests twice: through `app.request()`, and by bytes written to a port that `serve()` listens on. */
export function overBoth(name: string, make: () => App, define: (send: Send, way: Way) => void): void {
  describe(`${name}, in memory`, () => {
    const app = make();
    define((call) => inMemory(app, call), 'in memory');
  });
  describe(`${name}, over a socket`, () => {
    let server: Awaited<ReturnType<typeof serve>> | undefined;
    before(async () => {
      server = await listening(make());
    });
    after(() => server?.close());
    define((call) => overSocket(server?.port ?? assert.fail('the server is not listening'), call), 'over a socket');
  });
}

export function listening(app: App): ReturnType<typeof serve> {
  return serve(app, { port: 0, host: '127.0.0.1', logger: silent, fastWrite: fastWrite() });
}

export async function inMemory(app: App, { method = 'GET', path, lines = [], body }: Call): Promise<Reply> {
  const response = await app.request(path, {
    method,
    headers: lines.map(([name, value]): [string, string] => [name, value]),
    ...(body === undefined ? {} : { body: new TextEncoder().encode(body) }),
  });
  return { status: response.status, lines: [...response.headers], text: await response.text() };
}

export async function overSocket(port: number, { method = 'GET', path, lines = [], body = '' }: Call): Promise<Reply> {
  const content = Buffer.from(body);
  const length: Line[] = content.length === 0 ? [] : [['Content-Length', String(content.length)]];
  const wire = await Wire.open(port);
  wire.write(head(method, path, [['Connection', 'close'], ...lines, ...length]), content);
  return parseReply(await wire.rest(), method);
}

/** The bytes of a request up to and including the empty line. */
export function head(method: string, path: string, lines: readonly Line[]): string {
  const fields = [['Host', 'localhost'], ...lines].map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${fields.join('')}\r\n`;
}

/** A connection whose answer can be looked at while the request is still going out. */
export class Wire {
  #received = '';
  #ended = false;
  #wake = (): void => {};

  private constructor(private readonly socket: Socket) {
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    // A reset after the answer is what a server does that refuses to read on; the close follows.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#ended = true;
      this.#wake();
    });
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  write(...parts: readonly (string | Buffer)[]): void {
    this.socket.write(
      Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))),
    );
  }

  /** What has come as soon as it matches. */
  async until(pattern: RegExp): Promise<string> {
    await this.#wait(() => pattern.test(this.#received));
    assert.match(this.#received, pattern);
    return this.#received;
  }

  /** Everything until the server ends the connection. */
  async rest(): Promise<string> {
    await this.#wait(() => false);
    return this.#received;
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #wait(done: () => boolean): Promise<void> {
    const guard = setTimeout(() => this.socket.destroy(new Error('no answer within 10 seconds')), 10_000);
    while (!this.#ended && !done()) await new Promise<void>((resolve) => (this.#wake = resolve));
    clearTimeout(guard);
  }
}

export function parseReply(bytes: string, method = 'GET'): Reply {
  const end = bytes.indexOf('\r\n\r\n');
  assert.notEqual(end, -1, `not an answer: ${JSON.stringify(bytes)}`);
  const [statusLine = '', ...fields] = bytes.slice(0, end).split('\r\n');
  const lines = fields.map((field): Line => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  const content = bytes.slice(end + 4);
  const chunked = lines.some(([name, value]) => name === 'transfer-encoding' && value === 'chunked');
  const text = method === 'HEAD' ? content : Buffer.from(chunked ? joinChunks(content) : content, 'latin1').toString();
  return { status: Number(statusLine.split(' ')[1]), lines, text };
}

function joinChunks(content: string): string {
  const size = Number.parseInt(content, 16);
  const start = content.indexOf('\r\n') + 2;
  return size > 0 ? content.slice(start, start + size) + joinChunks(content.slice(start + size + 2)) : '';
}

/** The values of a header of an answer, joined as RFC 9110 §5.3 does. */
export function header(reply: Reply, name: string): string | undefined {
  const values = reply.lines.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

export function json(reply: Reply): unknown {
  return JSON.parse(reply.text);
}

export interface Challenge {
  readonly scheme: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The challenges of an answer, by the whole grammar of RFC 9110 §11.6.1; anything outside of it fails the test. */
export function challenges(reply: Reply): Challenge[] {
  return parseChallenges(header(reply, 'www-authenticate') ?? '');
}

const TOKEN = String.raw`[!#$%&'*+.^_\x60|~0-9A-Za-z-]+`;
const SCHEME = new RegExp(String.raw`^(${TOKEN})(?: +|[\t ]*,[\t ]*|$)`);
const PARAMETER = new RegExp(
  String.raw`^(${TOKEN})[\t ]*=[\t ]*(?:(${TOKEN})|"((?:[\t !#-\[\]-~]|\\[\t -~])*)")(?:[\t ]*,[\t ]*|$)`,
);

export function parseChallenges(field: string): Challenge[] {
  const found: Challenge[] = [];
  for (let rest = field; rest !== '';) {
    const scheme = SCHEME.exec(rest) ?? assert.fail(`no challenge at ${JSON.stringify(rest)} of ${field}`);
    rest = rest.slice(scheme[0].length);
    const parameters: Record<string, string> = {};
    for (let match = PARAMETER.exec(rest); match !== null; match = PARAMETER.exec(rest)) {
      const [whole, name = '', token, quoted = ''] = match;
      assert.ok(!Object.hasOwn(parameters, name.toLowerCase()), `${name} occurs twice in ${field}`);
      parameters[name.toLowerCase()] = token ?? quoted.replace(/\\(.)/g, '$1');
      rest = rest.slice(whole.length);
    }
    found.push({ scheme: scheme[1] ?? '', parameters });
  }
  return found;
}

/** A logger that says nothing. */
export const silent = { info(): void {}, warn(): void {}, error(): void {} };

/** A logger that keeps what it is told, whatever it is called with. */
export function recordingLogger() {
  const told: string[] = [];
  const write = (...values: unknown[]): void => {
    told.push(values.map((value) => (value instanceof Error ? value.stack : JSON.stringify(value))).join(' '));
  };
  return { told, logger: { info: write, warn: write, error: write } };
}

/** `Authorization: Basic …` for a pair given as it goes into the base64. */
export function basic(pair: string | Uint8Array): Line {
  return ['Authorization', `Basic ${Buffer.from(pair as string).toString('base64')}`];
}

export function bearer(token: string): Line {
  return ['Authorization', `Bearer ${token}`];
}
