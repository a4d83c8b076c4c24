import type { Dice } from './dice.ts';
import { twist } from './mutation.ts';

export type Line = readonly [name: string, value: string];

/** A request without its framing; in all its texts one character is one byte. */
export interface Sample {
  readonly method: string;
  readonly target: string;
  readonly lines: readonly Line[];
  readonly body?: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const FIELD = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Parts of targets that `URL` leaves as they are, so that a `Request` can carry them. */
const TARGET = /^\/(?!\/)[\x21-\x7e]*$/;
const FRAMING = /^(?:host|connection|content-length|transfer-encoding|expect|upgrade|keep-alive|te|trailer)$/i;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];

/** Whether a request is one whatever its parts say, so that it has exactly one answer. */
export function isWellFramed({ method, target, lines }: Sample): boolean {
  const size = lines.reduce((sum, [name, value]) => sum + name.length + value.length + 4, target.length);
  return (
    METHODS.includes(method) &&
    TARGET.test(target) &&
    !target.includes('#') &&
    target.length <= 8_192 &&
    size < 15_000 &&
    lines.length < 500 &&
    lines.every(([name, value]) => TOKEN.test(name) && FIELD.test(value) && !FRAMING.test(name))
  );
}

/** A `Request` of the same meaning; undefined where none can carry it. */
export function toRequest({ method, target, lines, body }: Sample): Request | undefined {
  const url = `http://a${target}`;
  const { pathname, search } = new URL(url);
  const names = lines.map(([name]) => name.toLowerCase());
  // A `Request` has one value of each header, and a platform tells no more of them.
  if (pathname + search !== target || new Set(names).size !== names.length) return undefined;
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) return undefined;
  return new Request(url, {
    method,
    headers: lines.map(([name, value]): [string, string] => [name, value]),
    ...(body === undefined || body === '' ? {} : { body: Buffer.from(body, 'latin1') }),
  });
}

export interface Framing {
  readonly close?: boolean;
  /** Mutates what frames the body. */
  readonly broken?: boolean;
}

/** The bytes of a request, whose body has a length or is chunked. */
export function written(dice: Dice, sample: Sample, { close = false, broken = false }: Framing = {}): string {
  const { method, target, lines, body } = sample;
  const chunked = body !== undefined && dice.chance(40);
  const twisted = (text: string): string => (broken ? twist(dice, text, 15) : text);
  const fields = [['Host', 'a'] as const, ...lines];
  if (chunked) fields.push(['Transfer-Encoding', twisted('chunked')]);
  else if (body !== undefined) fields.push(['Content-Length', twisted(String(body.length))]);
  if (close) fields.push(['Connection', 'close']);
  const head = `${method} ${target} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
  if (!chunked) return `${twisted(head)}\r\n${body ?? ''}`;
  return `${twisted(head)}\r\n${inChunks(dice, body, twisted, broken)}`;
}

const EXTENSIONS = [';x', ';x=1', ';name="a;b"'];
const FAULTY_EXTENSIONS = ['; a=b ; c', ';"', ';', ' ', ';name="a\\"c"', `;${'x'.repeat(20_000)}`];
const TRAILERS = ['X-End: 1', 'Authorization: Bearer good', 'Host: b'];
const FORBIDDEN = ['Content-Length: 3', 'Transfer-Encoding: chunked', 'Trailer: X'];

/** A body in chunks of any size (RFC 9112 §7.1), with extensions and trailers now and then. */
function inChunks(dice: Dice, body: string, twisted: (text: string) => string, broken: boolean): string {
  let text = '';
  for (let at = 0; at < body.length;) {
    const size = Math.min(body.length - at, 1 + dice.below(dice.of([1, 10, 100, 5_000, 100_000])));
    const digits = dice.chance(90) ? size.toString(16) : `000${size.toString(16).toUpperCase()}`;
    text += twisted(
      `${digits}${dice.chance(5) ? dice.of(broken ? [...EXTENSIONS, ...FAULTY_EXTENSIONS] : EXTENSIONS) : ''}\r\n`,
    );
    text += body.slice(at, at + size) + twisted('\r\n');
    at += size;
    // A long body in pieces of one byte would take long to make.
    if (text.length > 20_000 && at < body.length) {
      const rest = body.slice(at);
      text += `${rest.length.toString(16)}\r\n${rest}\r\n`;
      break;
    }
  }
  const trailers = dice.chance(5) ? `${dice.of(broken ? [...TRAILERS, ...FORBIDDEN] : TRAILERS)}\r\n` : '';
  return text + twisted(`0\r\n${trailers}\r\n`);
}
