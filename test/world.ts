import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, describe } from 'node:test';
import { App, Controller, type DeclarationError, Path, Route } from 'portico';
import { serve } from 'portico/node';

export type AppOptions = ConstructorParameters<typeof App>[0];
export type Controllers = NonNullable<AppOptions['controllers']>;
export type ControllerClass = Controllers[number];
export type Mistake = DeclarationError['mistakes'][number];
export type Content = NonNullable<RequestInit['body']>;
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** Keeps what an app logs. */
export class Log {
  readonly entries: { level: 'info' | 'warn' | 'error'; text: string }[] = [];
  readonly info = (...values: unknown[]): void => void this.entries.push({ level: 'info', text: values.join(' ') });
  readonly warn = (...values: unknown[]): void => void this.entries.push({ level: 'warn', text: values.join(' ') });
  readonly error = (...values: unknown[]): void => void this.entries.push({ level: 'error', text: values.join(' ') });

  get errors(): string[] {
    return this.entries.filter((entry) => entry.level === 'error').map((entry) => entry.text);
  }
}

/** An app of these controllers that keeps its log to itself. */
export function appOf(controllers: Controllers, options: Partial<AppOptions> = {}): App {
  return new App({ title: 'Test', version: '1.0.0', logger: new Log(), controllers, ...options });
}

let tables = 0;

/**
 * A controller with a method for each `METHOD /path`, which answers its own declaration and the path variables.
 *
 * @param path the controller's own path, whose variables every method takes too
 */
export function tableController(declarations: readonly string[], path = ''): ControllerClass {
  const Table = class {};
  Object.defineProperty(Table, 'name', { value: `Table${tables++}` });
  for (const [index, declaration] of declarations.entries()) {
    const [method = '', route = ''] = declaration.split(' ');
    const names = Array.from(`${path}${route}`.matchAll(/[:*{]([A-Za-z_]\w*)/g), ([, name = '']) => name);
    const key = `route${index}`;
    const value = (...values: unknown[]): unknown => ({
      route: declaration,
      params: Object.fromEntries(names.map((name, at) => [name, values[at]])),
    });
    Object.defineProperty(Table.prototype, key, { value, configurable: true, writable: true });
    for (const [at, name] of names.entries()) decorate(Path(name), Table.prototype, key, at);
    decorate(Route(method, route), Table.prototype, key, Object.getOwnPropertyDescriptor(Table.prototype, key));
  }
  decorate(Controller(path), Table);
  return Table;
}

/** Applies a decorator as the compiler would, where no class is written out. */
export function decorate(decorator: unknown, ...target: readonly unknown[]): void {
  (decorator as (...target: readonly unknown[]) => void)(...target);
}

/** Throws a value that need not be an error. */
export function raise(value: unknown): never {
  throw value as Error;
}

/** Whether servers of the tests write heads in place of Node; `fast-write.test.ts` says so. */
export function fastWrite(): boolean {
  return process.env['PORTICO_FAST_WRITE'] === '1';
}

/** Serves an app on a free port, and closes it after the tests of the suite. */
export type Served = Awaited<ReturnType<typeof serve>>;

export function servers(): (app: App, options?: Parameters<typeof serve>[1]) => Promise<Served> {
  const open: Served[] = [];
  after(() => Promise.all(open.map((server) => server.close())));
  return async (app, options) => {
    const server = await serve(app, {
      port: 0,
      host: '127.0.0.1',
      logger: new Log(),
      fastWrite: fastWrite(),
      ...options,
    });
    open.push(server);
    return server;
  };
}

/** Runs the same tests in memory and over a socket. */
export function describeMatrix(name: string, body: (open: (app: App) => Promise<Send>) => void): void {
  describe(`${name}, in memory`, () => {
    body(async (app) => async (path, init) => app.request(path, init));
  });
  describe(`${name}, over a socket`, () => {
    const served = servers();
    body(async (app) => {
      const { port } = await served(app);
      return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init });
    });
  });
}

/** Asserts status and JSON body, and shows the body where the status differs. */
export async function expectJson(response: Response, status: number, body?: unknown): Promise<unknown> {
  const text = await response.text();
  assert.equal(response.status, status, `${response.status} ${text}`);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/);
  const parsed: unknown = JSON.parse(text);
  if (body !== undefined) assert.deepEqual(parsed, body);
  return parsed;
}

export interface Issue {
  type: string;
  loc: (string | number)[];
  msg: string;
  input?: unknown;
  alternatives?: Issue[][];
}

/** The issues of a 422. */
export async function issuesOf(response: Response): Promise<Issue[]> {
  const body = (await expectJson(response, 422)) as { detail: Issue[] };
  assert.deepEqual(Object.keys(body), ['detail']);
  return body.detail;
}

/** The places of a 422's issues with their types, in order: `query.q missing`. */
export async function placesOf(response: Response): Promise<string[]> {
  return (await issuesOf(response)).map(({ loc, type }) => `${loc.join('.')} ${type}`);
}

/** The methods of an `Allow` header, sorted. */
export function allowed(response: Response): string[] {
  return (response.headers.get('allow') ?? '').split(', ').toSorted();
}

/** Waits until something holds, and fails after five seconds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 10) {
    assert.ok(waited < 5_000, `${what}: not within five seconds`);
    await pause(10);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}

export interface RawAnswer {
  status: number;
  /** Values by lower-case name, one for each line. */
  headers: Map<string, string[]>;
  body: string;
}

export interface Exchange {
  answers: RawAnswer[];
  /** The statuses in the order they came, interim ones included. */
  statuses: number[];
  /** Whether the server closed the connection. */
  closed: boolean;
  text: string;
}

export interface ExchangeOptions {
  /** How many final answers to wait for. */
  answers?: number;
  /** Waits for the server to close the connection instead. */
  untilClose?: boolean;
  /** Whether answers have no content, as to HEAD. */
  head?: boolean;
  /** Ends the sending half after the last byte. */
  end?: boolean;
}

/** Sends bytes as they are, and reads the answers. */
export function exchange(port: number, bytes: string | Buffer, options: ExchangeOptions = {}): Promise<Exchange> {
  const { answers: expected = 1, untilClose = false, head = false, end = false } = options;
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = Buffer.alloc(0);
    const finish = (closed: boolean): void => {
      clearTimeout(guard);
      socket.destroy();
      const answers = parseAnswers(received, head);
      resolve({ answers, statuses: answers.map(({ status }) => status), closed, text: received.toString('latin1') });
    };
    const guard = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`no end of the answer within five seconds; so far ${JSON.stringify(received.toString('latin1'))}`),
      );
    }, 5_000);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const final = parseAnswers(received, head).filter(({ status }) => status >= 200).length;
      if (!untilClose && final >= expected) finish(false);
    });
    // A reset after the answer is a close like another.
    socket.on('error', () => {});
    socket.on('close', () => finish(true));
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    if (end) socket.end();
  });
}

/** The complete answers at the beginning of what a server has sent. */
export function parseAnswers(received: Buffer, head = false): RawAnswer[] {
  const text = received.toString('latin1');
  const answers: RawAnswer[] = [];
  for (let at = 0; ;) {
    const end = text.indexOf('\r\n\r\n', at);
    if (end === -1) return answers;
    const [statusLine = '', ...lines] = text.slice(at, end).split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
    const headers = new Map<string, string[]>();
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
    }
    const content = contentAt(text, end + 4, headers, head || status < 200 || status === 204 || status === 304);
    if (content === undefined) return answers;
    answers.push({ status, headers, body: Buffer.from(content.body, 'latin1').toString() });
    at = content.end;
  }
}

function contentAt(
  text: string,
  start: number,
  headers: RawAnswer['headers'],
  empty: boolean,
): { body: string; end: number } | undefined {
  if (empty) return { body: '', end: start };
  if (headers.get('transfer-encoding')?.[0] === 'chunked') {
    let body = '';
    for (let at = start; ;) {
      const line = text.indexOf('\r\n', at);
      if (line === -1) return undefined;
      const size = Number.parseInt(text.slice(at, line), 16);
      if (text.length < line + 2 + size + 2) return undefined;
      if (size === 0) return { body, end: line + 4 };
      body += text.slice(line + 2, line + 2 + size);
      at = line + 2 + size + 2;
    }
  }
  const length = Number(headers.get('content-length')?.[0] ?? text.length - start);
  return text.length < start + length ? undefined : { body: text.slice(start, start + length), end: start + length };
}
