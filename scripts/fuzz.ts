/**
 * Sends what nobody expects to a running server: `npm run fuzz -- --minutes 60 --seed 1`.
 *
 * Ends with 1 where the server died, hung, answered with a 500 or with bytes that are no answer; the seed repeats it.
 */
import { connect } from 'node:net';
import { parseArgs } from 'node:util';
import {
  type Context,
  App,
  Body,
  Controller,
  Ctx,
  Depends,
  Form,
  Get,
  HTTPBasic,
  OAuth2PasswordBearer,
  Path,
  Post,
} from 'portico';
import { serve } from 'portico/node';
import { z } from 'zod';

const bearer = new OAuth2PasswordBearer({ tokenUrl: 'token' });
const basic = new HTTPBasic();

@Controller()
class FuzzedController {
  @Get('/items/:id') read(@Path('id') id: string, @Ctx() { request }: Context) {
    return { id, url: request.url };
  }
  @Post('/json') json(@Body(z.unknown()) body: unknown) {
    return { body };
  }
  @Post('/form') form(@Form('a', z.string().optional()) a?: string) {
    return { a };
  }
  @Post('/raw', { limits: { body: 1_000 } }) async raw(@Ctx() { request }: Context) {
    return (await request.arrayBuffer()).byteLength;
  }
  @Get('/bearer') bearer(@Depends(bearer) token: string) {
    return token;
  }
  @Get('/basic') basic(@Depends(basic) { username }: { username: string }) {
    return username;
  }
  @Get('/rest/*path') rest(@Path('path') path: string) {
    return path;
  }
}

/** Numbers that a seed repeats (mulberry32). */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** An integer below `limit`. */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
}

const PIECES = [
  '',
  'a',
  '%',
  '%2f',
  '%00',
  '%c3',
  '..',
  '.',
  '/',
  '//',
  '?',
  '#',
  '\\',
  '*',
  ':',
  '[::1]',
  '\x80',
  '\xff',
];
const LINES = [
  'Host: b',
  'Host:',
  'Host: a%',
  'host: [:::]',
  'Connection: close',
  'Connection: keep-alive',
  'Expect: 100-continue',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Content-Length: 5',
  'Content-Length: 0',
  'Content-Length: -1',
  'Content-Type: application/json',
  'Content-Type: text/plain',
  'Cookie: a=1; a=2; __proto__=3',
  'Content-Type: multipart/form-data; boundary=b',
  'Content-Type: application/x-www-form-urlencoded',
  'Upgrade: websocket',
  'X: \x80\xff',
  'bad name: 1',
  ' folded',
  'X-Forwarded-For:',
  'Range: bytes=0-',
  'TE: trailers',
];
const BODIES = [
  '',
  '{}',
  '{"a":[',
  '"\\ud800"',
  'a=1&a=2&%=%',
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--',
];

/** One request, or what is nearly one. */
export function makeRequest(dice: Dice): string {
  const segments = Array.from({ length: dice.below(3) }, () => dice.of(PIECES)).join('');
  const target = dice.of([
    '/items/1',
    '/json',
    '/form',
    '/raw',
    '/bearer',
    '/basic',
    '/rest/',
    '/',
    '*',
    'http://a/json',
    'x',
  ]);
  const lines = Array.from({ length: dice.below(3) }, () => dice.of(LINES));
  if (dice.chance(90)) lines.unshift('Host: a');
  if (dice.chance(30)) lines.push(`Authorization: ${makeCredentials(dice)}`);
  const method = dice.of(['GET', 'POST', 'POST', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'FOO', 'CONNECT']);
  const head = `${method} ${target}${segments} HTTP/${dice.of(['1.1', '1.1', '1.1', '1.0', '2.0'])}\r\n${lines.join('\r\n')}\r\n\r\n`;
  return mutate(dice, head + makeBody(dice));
}

function makeCredentials(dice: Dice): string {
  const scheme = dice.of(['Bearer', 'bearer', 'Basic', 'Digest', '', 'Bearer ']);
  const token = dice.of([
    'abc',
    'a b',
    'YTpi',
    'YQ==',
    '====',
    '\xe9',
    '',
    Buffer.from('a:\0').toString('base64'),
    'x'.repeat(5_000),
  ]);
  return `${scheme} ${token}`;
}

function makeBody(dice: Dice): string {
  const body = dice.of(BODIES);
  if (dice.chance(50)) return body;
  const size = dice.of([body.length.toString(16), '0', 'fffffff', '-1', 'zz', `${body.length.toString(16)};x=y`]);
  return `${size}\r\n${body}\r\n${dice.of(['0\r\n\r\n', '', '0\r\nHost: b\r\n\r\n'])}`;
}

/** Most requests stay as they are; of the others a few bytes are changed, left out or repeated. */
function mutate(dice: Dice, text: string): string {
  let changed = text;
  for (let count = dice.chance(30) ? 1 + dice.below(3) : 0; count > 0; count--) {
    const at = dice.below(changed.length);
    const middle = dice.of(['', String.fromCharCode(dice.below(256)), changed.slice(at, at + 20).repeat(2)]);
    changed = changed.slice(0, at) + middle + changed.slice(at + 1 + dice.below(4));
  }
  return changed;
}

/** Sends bytes, and gives what came until the server closed the connection, or nothing came for a while. */
function send(port: number, bytes: string, dice: Dice): Promise<string> {
  const cut = dice.chance(20) ? dice.below(bytes.length) : bytes.length;
  const leaves = dice.chance(20);
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('latin1').on('data', (text: string) => (received += text));
    socket.on('error', () => {}).on('close', () => resolve(received));
    socket.setTimeout(100, () => socket.destroy());
    socket.write(Buffer.from(bytes.slice(0, cut), 'latin1'), () => leaves && socket.destroy());
  });
}

export interface FuzzResult {
  readonly requests: number;
  readonly statuses: ReadonlyMap<number, number>;
  /** Requests that were answered as none may be. */
  readonly faults: readonly string[];
}

/** Fuzzes for so many milliseconds. */
export async function fuzz(seed: number, time: number, fastWrite = false): Promise<FuzzResult> {
  const faults: string[] = [];
  const logger = { info(): void {}, warn(): void {}, error: (text: string): void => void faults.push(text) };
  const app = new App({ title: 'Fuzzed', version: '1', controllers: [FuzzedController], logger, timeout: 2_000 });
  const server = await serve(app, { port: 0, logger, fastWrite, shutdownTimeout: 1_000 });
  const dice = new Dice(seed);
  const statuses = new Map<number, number>();
  const start = Date.now();
  let requests = 0;
  while (Date.now() - start < time && faults.length === 0) {
    const sent = Array.from({ length: 20 }, () => makeRequest(dice) + (dice.chance(20) ? makeRequest(dice) : ''));
    const answers = await Promise.all(sent.map((bytes) => send(server.port, bytes, dice)));
    for (const [index, text] of answers.entries()) {
      const found = [...text.matchAll(/(?:^|\n|\}|"|\d)HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      for (const status of found) statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (found.includes(500) || (text !== '' && !text.startsWith('HTTP/1.1 '))) {
        faults.push(JSON.stringify({ sent: sent[index], text }));
      }
    }
    requests += sent.length;
    const alive = await fetch(`${server.url}/items/1`, { signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    if (alive?.status !== 200) faults.push(`The server does not answer after ${JSON.stringify(sent)}`);
    await alive?.body?.cancel();
  }
  await server.close();
  return { requests, statuses, faults };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, seed: { type: 'string' } } });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const time = Number(values.minutes ?? 1) * 60_000;
  const before = process.memoryUsage().heapUsed;
  for (const fastWrite of [false, true]) {
    const { requests, statuses, faults } = await fuzz(seed, time / 2, fastWrite);
    globalThis.gc?.();
    const grown = Math.round((process.memoryUsage().heapUsed - before) / 1_048_576);
    const counts = JSON.stringify(Object.fromEntries(statuses));
    process.stdout.write(
      `seed ${seed}, fastWrite ${fastWrite}: ${requests} requests, heap ${grown} MiB more, ${counts}\n`,
    );
    for (const fault of faults) process.stdout.write(`${fault}\n`);
    if (faults.length > 0) process.exitCode = 1;
  }
}
