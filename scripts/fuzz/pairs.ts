import type { Dice } from './dice.ts';
import { twist } from './mutation.ts';
import type { Line, Sample } from './request.ts';

const NAMES = [
  'n',
  'text',
  'list',
  'comma',
  'space',
  'pipe',
  'flag',
  'when',
  'json',
  'file',
  'a',
  'b',
  '',
  '__proto__',
  'toString',
];
const VALUES = [
  '1',
  '-5',
  'true',
  'a',
  'a,b',
  'a%20b',
  'a|b',
  '%7B%22a%22%3A1%7D',
  '2026-01-01',
  '',
  '%C3%A9',
  '%E2%82%AC+%2B',
  '1e5',
  '9007199254740993',
  'x'.repeat(300),
];

/** A query string, which is an urlencoded body too. */
function makePairs(dice: Dice): string {
  const pairs = dice.some(6, () => {
    const [name, value] = [twist(dice, dice.of(NAMES), 8), twist(dice, dice.of(VALUES), 12)];
    return dice.chance(92) ? `${name}=${value}` : dice.of([name, `${name}=${value}=${value}`, '&', '=']);
  });
  const text = pairs.join('&');
  return dice.chance(1) ? Array.from({ length: 900 + dice.below(200) }, () => 'a=1').join('&') : twist(dice, text, 10);
}

/** What a request target may have, without the bytes that would end it. */
function sendable(text: string): string {
  return text.replace(/[^\x21-\x7e]|[#"<>`{}|\\^]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

export function makeQuery(dice: Dice): Sample {
  const pairs = makePairs(dice);
  const query = dice.chance(90) ? sendable(pairs) : pairs;
  return {
    method: dice.of(['GET', 'GET', 'HEAD']),
    target: `${dice.of(['/query', '/values', '/lists'])}?${query}`,
    lines: [],
  };
}

const TYPES = [
  'application/x-www-form-urlencoded',
  'application/x-www-form-urlencoded; charset=utf-8',
  'APPLICATION/X-WWW-FORM-URLENCODED ; a="b;c"',
];

export function makeUrlencoded(dice: Dice): Sample {
  const lines: Line[] = [['Content-Type', twist(dice, dice.of(TYPES), 6)]];
  if (dice.chance(4)) lines.push(['Content-Encoding', twist(dice, dice.of(['gzip', 'identity']))]);
  const target = dice.of(['/form', '/fields', '/token', '/raw']);
  const password = 'grant_type=password&username=ada&password=good&scope=read+write';
  const body = target === '/token' && dice.chance(60) ? twist(dice, password, 60) : makePairs(dice);
  return { method: 'POST', target, lines, body };
}

const COOKIES = [
  'n=1',
  'text=a',
  'key=good',
  '__Host-key=x',
  'a="quoted"',
  'a=%C3%A9',
  'a',
  '=a',
  'a=',
  '__proto__=1',
  'a=b=c',
  'a=%',
];

export function makeCookies(dice: Dice): Sample {
  const cookies = dice.some(6, () => twist(dice, dice.of(COOKIES), 15));
  const joined = dice.chance(1) ? 'a=1; '.repeat(1_100) : cookies.join(dice.of(['; ', '; ', ';', ' ; ', ', ']));
  const lines: Line[] = [['Cookie', twist(dice, joined, 10)]];
  if (dice.chance(8)) lines.push(['Cookie', dice.of(COOKIES)]);
  return { method: 'GET', target: dice.of(['/cookies', '/cookies', '/key-cookie']), lines };
}

const HEADERS = ['a, b', '"a, b", c', 'a,,b', ',', '"', '1', 'a\\', 'q=1;b', '\xe9', 'true'];

export function makeHeaders(dice: Dice): Sample {
  const lines: Line[] = dice.some(4, () => [
    twist(dice, dice.of(['X-List', 'X-Number', 'x-flag', 'Accept', 'Accept-Encoding', 'Origin', 'X-Request-Id']), 6),
    twist(dice, dice.of(HEADERS), 20),
  ]);
  return { method: dice.of(['GET', 'OPTIONS', 'HEAD']), target: '/headers', lines };
}
