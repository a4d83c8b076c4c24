import type { Dice } from './dice.ts';

/** What parsers look for, and what they stumble over; one character is one byte. */
const SPECIAL = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\t',
  ' ',
  ',',
  ';',
  '=',
  '&',
  '"',
  "'",
  '\\',
  '/',
  '//',
  '..',
  ':',
  '?',
  '#',
  '%',
  '%0',
  '%zz',
  '%00',
  '%0d%0a',
  '%2f',
  '%2e%2e%2f',
  '%5c',
  '%c0%af',
  '%c3%a9',
  '%ed%a0%80',
  '%ff',
  '+',
  '-',
  '--',
  '{',
  '}',
  '[',
  ']',
  '__proto__',
  'constructor',
  '\x7f',
  '\x80',
  '\xff',
  '\xc3\xa9',
  '\xc3',
  '\xed\xa0\x80',
  '\xef\xbb\xbf',
  '\xf0\x9f\x98\x80',
  '1e999',
  '-0',
];
const LENGTHS = [10, 100, 100, 1_000, 1_000, 9_000, 20_000, 70_000];
const NUMBERS = [
  '',
  '0',
  '00',
  '-1',
  '+1',
  '0x10',
  '1e3',
  '1.5',
  '65536',
  '2147483648',
  '9007199254740993',
  '9'.repeat(30),
];

type Change = (text: string, at: number, dice: Dice) => string;

const CHANGES: readonly Change[] = [
  // Dropped.
  (text, at, dice) => text.slice(0, at) + text.slice(at + 1 + dice.below(20)),
  // Doubled.
  (text, at, dice) => text.slice(0, at) + text.slice(at, at + 1 + dice.below(40)).repeat(2) + text.slice(at),
  // Swapped with what follows.
  (text, at, dice) => {
    const [first, second] = [1 + dice.below(10), 1 + dice.below(10)];
    const [middle, end] = [at + first, at + first + second];
    return text.slice(0, at) + text.slice(middle, end) + text.slice(at, middle) + text.slice(end);
  },
  // Truncated.
  (text, at) => text.slice(0, at),
  // Inserted.
  (text, at, dice) => text.slice(0, at) + dice.of(SPECIAL) + text.slice(at),
  (text, at, dice) => text.slice(0, at) + dice.of(SPECIAL) + dice.of(SPECIAL) + text.slice(at),
  // Another byte.
  (text, at, dice) => text.slice(0, at) + String.fromCharCode(dice.below(256)) + text.slice(at + 1),
  (text, at, dice) => text.slice(0, at) + dice.of(SPECIAL) + text.slice(at + 1),
  // Another number.
  (text, at, dice) => {
    const found = [...text.matchAll(/\d+/g)];
    const number = found[at % Math.max(found.length, 1)];
    if (number === undefined) return text + dice.of(NUMBERS);
    const near = String(Number(number[0]) + dice.of([-2, -1, 1, 2]));
    const other = dice.chance(50) ? near : dice.of(NUMBERS);
    return text.slice(0, number.index) + other + text.slice(number.index + number[0].length);
  },
  // Letters in the other case.
  (text, at) => text.slice(0, at) + text.slice(at, at + 8).toUpperCase() + text.slice(at + 8),
];

function lengthen(text: string, at: number, dice: Dice): string {
  const unit = dice.chance(50) ? dice.of(SPECIAL) : text.slice(at, at + 1 + dice.below(12)) || 'a';
  return text.slice(0, at) + unit.repeat(Math.ceil(dice.of(LENGTHS) / unit.length)) + text.slice(at);
}

/** One or a few mutations of a text. */
export function mutate(dice: Dice, text: string): string {
  let changed = text;
  for (let count = dice.of([1, 1, 1, 2, 3]); count > 0; count--) {
    const change = dice.chance(4) ? lengthen : dice.of(CHANGES);
    changed = change(changed, dice.below(changed.length + 1), dice);
  }
  return changed;
}

/** A part of a request, which is mutated now and then. */
export function twist(dice: Dice, text: string, percent = 25): string {
  return dice.chance(percent) ? mutate(dice, text) : text;
}
