import type { Dice } from './dice.ts';
import { twist } from './mutation.ts';
import type { Line, Sample } from './request.ts';

const SCALARS = [
  'null',
  'true',
  '0',
  '-0',
  '1.5',
  '1e999',
  '9007199254740993',
  '""',
  '"a"',
  '"\\u00e9"',
  '"\\ud800"',
  '"\xc3\xa9"',
  '"\\/"',
];
const KEYS = ['"a"', '"b"', '"c"', '""', '"__proto__"', '"constructor"', '"n"', '"a"'];

function makeValue(dice: Dice, depth: number): string {
  const kind = depth === 0 ? 0 : dice.below(4);
  if (kind < 2) return dice.of(SCALARS);
  const items = dice.some(4, () => makeValue(dice, depth - 1));
  if (kind === 2) return `[${items.join(dice.of([',', ', ', ',\n']))}]`;
  return `{${items.map((item) => `${dice.of(KEYS)}:${item}`).join(',')}}`;
}

const JSON_TYPES = [
  'application/json',
  'application/json',
  'application/json; charset=utf-8',
  'application/problem+json',
  'Application/JSON;x="a;b"',
  'application/json; charset=utf-16',
  'text/plain',
];

export function makeJson(dice: Dice): Sample {
  const target = dice.of(['/json', '/model', '/raw', '/pieces', '/echo']);
  const known = dice.chance(40) ? `{"a":{"b":[1,${makeValue(dice, 1)}]},"c":${dice.of(SCALARS)}}` : makeValue(dice, 5);
  const deep = dice.chance(3) ? '['.repeat(60 + dice.below(10)) + ']'.repeat(60 + dice.below(10)) : known;
  const body = dice.chance(5) ? `\xef\xbb\xbf${deep}` : twist(dice, deep);
  const lines: Line[] = dice.chance(95) ? [['Content-Type', twist(dice, dice.of(JSON_TYPES), 6)]] : [];
  if (dice.chance(3)) lines.push(['Content-Type', 'application/json']);
  return { method: dice.of(['POST', 'POST', 'POST', 'PUT']), target, lines, body };
}

const NAMES = ['text', 'file', 'json', 'list', 'other', '__proto__', 'a\\"b', 'a%22b', '', '\xc3\xa9'];
const FILE_NAMES = ['a.txt', '../../a', 'C:\\a', '', 'a\\"b', 'a%0D%0Ab', '\xc3\xa9', '\0', 'x'.repeat(200)];
const CONTENTS = [
  '1',
  'a',
  '',
  '{"n":1}',
  '[1]',
  '\r\n',
  '--',
  '\r\n--',
  '\xff\xfe',
  'x'.repeat(3_000),
  '\r\n--b0und ',
  '--b0und',
];
const PART_TYPES = [
  'text/plain',
  'application/json',
  'image/png',
  'text/plain; charset=iso-8859-1',
  'text/plain; charset=utf-16',
  'a',
  '',
];
const BOUNDARIES = ['b0und', 'b0und', '-', "a'()+_,-./:=?b", 'x'.repeat(70), 'x'.repeat(71), 'a b', 'a '];

function makePart(dice: Dice): string {
  let disposition = `form-data; name="${twist(dice, dice.of(NAMES), 8)}"`;
  if (dice.chance(30)) disposition += `; filename="${twist(dice, dice.of(FILE_NAMES), 10)}"`;
  if (dice.chance(3)) disposition += dice.of(["; filename*=UTF-8''a", '; name="twice"', '; name', ';;', '; a=b']);
  const lines = [`Content-Disposition: ${twist(dice, disposition, 8)}`];
  if (dice.chance(30)) lines.push(`Content-Type: ${twist(dice, dice.of(PART_TYPES), 10)}`);
  if (dice.chance(4))
    lines.push(dice.of(['Content-Transfer-Encoding: base64', 'X: 1', ' folded', 'Content-Length: 1', 'bad line']));
  const head = twist(dice, lines.join('\r\n'), 6);
  return `${head}\r\n\r\n${twist(dice, dice.of(CONTENTS), 10)}\r\n`;
}

/** A multipart form (RFC 7578). */
export function makeMultipart(dice: Dice): Sample {
  const boundary = dice.of(BOUNDARIES);
  const padding = dice.chance(8) ? dice.of([' ', '\t ', '-', 'x', '  --']) : '';
  const many = dice.chance(1) ? 990 + dice.below(30) : undefined;
  const parts =
    many === undefined
      ? dice.some(5, () => makePart(dice))
      : Array<string>(many).fill('Content-Disposition: form-data; name=a\r\n\r\n\r\n');
  const delimiter = `--${boundary}${padding}\r\n`;
  const preamble = dice.chance(8) ? dice.of(['preamble\r\n', '\r\n', '--', `--${boundary.slice(1)}\r\n`]) : '';
  const epilogue = dice.chance(10) ? dice.of(['epilogue', '\r\n', delimiter, '\0']) : '\r\n';
  const whole = `${preamble}${parts.map((part) => `${delimiter}${part}`).join('')}--${boundary}--${epilogue}`;
  const quoted = dice.chance(50) || /[^\w-]/.test(boundary);
  const type = `multipart/form-data; boundary=${quoted ? `"${boundary}"` : boundary}`;
  return {
    method: 'POST',
    target: dice.of(['/form', '/fields', '/fields', '/raw', '/token']),
    lines: [['Content-Type', twist(dice, type, 6)]],
    body: twist(dice, whole, 30),
  };
}

/** Bodies that go nowhere, or are larger than they may be. */
export function makeLarge(dice: Dice): Sample {
  const method = dice.of(['POST', 'PUT', 'DELETE', 'PATCH', 'GET', 'OPTIONS']);
  const target = dice.of(['/raw', '/pieces', '/json', '/items/1', '/query', '/nowhere', '/large', '/bearer', '/rows']);
  const size = dice.of([0, 1, 999, 1_000, 1_001, 65_536, 200_000]);
  return {
    method,
    target,
    lines: [['Content-Type', dice.of(['application/json', 'text/plain'])]],
    body: '7'.repeat(size),
  };
}

export function makeDownload(dice: Dice): Sample {
  const target = dice.of(['/large', '/rows', '/rows', '/events', '/text', '/headers', '/cookies', '/openapi.json']);
  const lines: Line[] = dice.chance(50)
    ? [['Accept-Encoding', twist(dice, dice.of(['gzip', 'br', 'gzip;q=0, br', '*', 'identity;q=0']), 20)]]
    : [];
  if (dice.chance(20)) lines.push(['If-None-Match', twist(dice, dice.of(['*', 'W/"a"', '"a"']), 20)]);
  if (dice.chance(20))
    lines.push(['Accept', twist(dice, dice.of(['*/*', 'image/png', 'application/json;q=0', 'text/*']), 20)]);
  return { method: dice.of(['GET', 'GET', 'HEAD']), target, lines };
}
