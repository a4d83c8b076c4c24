import type { Dice } from './dice.ts';
import { mutate, twist } from './mutation.ts';
import type { Line, Sample } from './request.ts';

/** Names in the served folder and outside of it, and what leads from one to the other on some platform. */
const SEGMENTS = [
  'page.txt',
  'large.txt',
  'folder',
  'deep.txt',
  'index.html',
  'link-in.txt',
  'link-out.txt',
  'link-folder',
  'outside.txt',
  'outside',
  '..',
  '.',
  '...',
  '.hidden',
  '',
  'etc',
  'passwd',
  'C:',
  '~',
  'nul',
  '\\..\\',
  '..\\outside\\outside.txt',
  '\0',
  '\xc3\xa9.txt',
  'a b',
  '%2e%2e',
  'page.txt\0.html',
  'x'.repeat(300),
];

const FILES = [
  'page.txt',
  'large.txt',
  'folder/deep.txt',
  'folder/',
  'link-in.txt',
  '../outside/outside.txt',
  'link-folder/outside.txt',
  'link-out.txt',
];

/** Text as segments of a target: what cannot be sent is escaped, other characters only sometimes. */
function escaped(dice: Dice, text: string): string {
  const percent = dice.of([0, 0, 5, 50, 100]);
  return text.replace(/[^]/g, (character) => {
    const needed = !/[A-Za-z0-9._~/:\\-]/.test(character);
    if (!needed && !dice.chance(percent)) return character;
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return `%${dice.chance(50) ? code : code.toUpperCase()}`;
  });
}

function makePath(dice: Dice): string {
  const path = dice.chance(50) ? dice.of(FILES) : dice.some(6, () => dice.of(SEGMENTS)).join('/');
  const moved = dice.chance(20) ? `${'../'.repeat(1 + dice.below(8))}${path}` : path;
  return twist(dice, escaped(dice, twist(dice, moved, 15)), 10);
}

const RANGES = [
  'bytes=0-',
  'bytes=0-4',
  'bytes=-3',
  'bytes=5-2',
  'bytes=9999999-',
  'bytes=0-0,2-3',
  `bytes=${'0-,'.repeat(30)}`,
  'lines=1',
];
const CONDITIONS: readonly Line[] = [
  ['If-None-Match', '*'],
  ['If-None-Match', '"a", W/"b"'],
  ['If-Modified-Since', 'Thu, 01 Jan 2099 00:00:00 GMT'],
  ['If-Range', '"a"'],
  ['If-Match', '"a"'],
  ['If-Unmodified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT'],
];

export function makeFile(dice: Dice): Sample {
  const lines: Line[] = [];
  if (dice.chance(25)) lines.push(['Range', twist(dice, dice.of(RANGES), 40)]);
  if (dice.chance(15)) {
    const [name, value] = dice.of(CONDITIONS);
    lines.push([name, twist(dice, value)]);
  }
  const query = dice.chance(5) ? '?../../outside/outside.txt' : '';
  return {
    method: dice.of(['GET', 'GET', 'GET', 'HEAD']),
    target: `${dice.of(['/files/', '/assets/'])}${makePath(dice)}${query}`,
    lines,
  };
}

const IDS = [
  '1',
  '-5',
  '007',
  '9007199254740993',
  '1e3',
  '0x10',
  '%31',
  '%201',
  'a',
  '',
  '%',
  '%ff',
  '%2f',
  '%00',
  '1/',
  '1//',
  '1/2',
];

/** Paths with variables. */
export function makePathInput(dice: Dice): Sample {
  const target = dice.chance(50) ? `/items/${twist(dice, dice.of(IDS))}` : `/rest/${makePath(dice)}`;
  return { method: dice.of(['GET', 'GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST']), target, lines: [] };
}

const TARGETS = [
  '/items/1?a=b',
  '*',
  '/',
  '//items/1',
  'http://a/items/1',
  'HTTP://A:80/items/1?x',
  'https://user@a/items/1',
  'http://',
  'http://[::1]:80/items/1',
  'a:443',
  'items/1',
  '?a',
  '/items/1#fragment',
  '/items/1\\..',
  '/items/../query',
  '/./items/1',
  '/items;a=b/1',
  '/openapi.json',
  '/docs',
  '/itéms/1',
  '/\xff',
];
const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PUT',
  'PROPFIND',
  'get',
  'FOO',
  'M-SEARCH',
  'QUERY',
  '',
];

const LINES: readonly Line[] = [
  ['Host', 'b'],
  ['Expect', '100-continue'],
  ['Expect', 'more'],
  ['Connection', 'close, x'],
  ['Connection', 'Upgrade'],
  ['Upgrade', 'h2c'],
  ['Upgrade', 'websocket'],
  ['Content-Length', '0'],
  ['Content-Length', '5'],
  ['Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'gzip, chunked'],
  ['Keep-Alive', 'timeout=1'],
  ['X-Forwarded-For', ','],
  ['bad name', '1'],
  [' folded', '1'],
];

/** Request lines and headers that need not be ones. */
export function makeTarget(dice: Dice): Sample {
  const target = dice.chance(40) ? mutate(dice, dice.of(TARGETS)) : dice.of(TARGETS);
  return { method: dice.chance(50) ? 'GET' : dice.of(METHODS), target, lines: dice.some(2, () => dice.of(LINES)) };
}
