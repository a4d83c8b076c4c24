import type { Dice } from './dice.ts';

export interface Frame {
  readonly opcode: number;
  readonly final: boolean;
  /** One character is one byte. */
  readonly data: string;
}

export interface Written extends Frame {
  readonly rsv?: number;
  readonly masked?: boolean;
  /** Instead of the length of the data. */
  readonly length?: number;
  /** The bytes of the length, instead of the fewest. */
  readonly wide?: 2 | 8;
}

/** A frame as a client sends it, or should not (RFC 6455 §5.2). */
export function frameBytes({
  opcode,
  final,
  data,
  rsv = 0,
  masked = true,
  length = data.length,
  wide,
}: Written): string {
  const first = String.fromCharCode((final ? 0x80 : 0) | (rsv << 4) | opcode);
  const size = wide ?? (length < 126 ? 0 : length < 65_536 ? 2 : 8);
  const mask = masked ? 0x80 : 0;
  let digits = '';
  for (let shift = size - 1; shift >= 0; shift--)
    digits += String.fromCharCode(Math.floor(length / 256 ** shift) % 256);
  const second = String.fromCharCode(mask | (size === 0 ? length : size === 2 ? 126 : 127));
  if (!masked) return first + second + digits + data;
  const key = [1, 2, 3, 4];
  const covered = Array.from(data, (byte, at) => String.fromCharCode(byte.charCodeAt(0) ^ (key[at % 4] ?? 0)));
  return `${first}${second}${digits}\x01\x02\x03\x04${covered.join('')}`;
}

export interface ReceivedFrames {
  readonly frames: readonly Frame[];
  readonly rest: string;
  /** Why a server may not send this. */
  readonly fault?: string;
}

/** Reads what a server sends. */
export function parseFrames(bytes: string): ReceivedFrames {
  const frames: Frame[] = [];
  let at = 0;
  while (bytes.length - at >= 2) {
    const [first, second] = [bytes.charCodeAt(at), bytes.charCodeAt(at + 1)];
    const opcode = first & 0x0f;
    const size = second === 126 ? 2 : second === 127 ? 8 : 0;
    if (bytes.length - at < 2 + size) break;
    let length = second;
    if (size > 0) length = 0;
    for (let digit = 0; digit < size; digit++) length = length * 256 + bytes.charCodeAt(at + 2 + digit);
    const fault = faultOf(first, second, length);
    if (fault !== undefined) return { frames, rest: bytes.slice(at), fault };
    if (frames.at(-1)?.opcode === 8) return { frames, rest: bytes.slice(at), fault: 'a frame after the close' };
    const start = at + 2 + size;
    if (bytes.length < start + length) break;
    frames.push({ opcode, final: (first & 0x80) !== 0, data: bytes.slice(start, start + length) });
    at = start + length;
  }
  return { frames, rest: bytes.slice(at) };
}

function faultOf(first: number, second: number, length: number): string | undefined {
  const opcode = first & 0x0f;
  if ((first & 0x70) !== 0) return 'reserved bits';
  if (![0, 1, 2, 8, 9, 10].includes(opcode)) return `the opcode ${opcode}`;
  if ((second & 0x80) !== 0) return 'a masked frame';
  if ((second === 126 && length < 126) || (second === 127 && length < 65_536)) return 'a length in too many bytes';
  if (opcode >= 8 && (length > 125 || (first & 0x80) === 0)) return 'a control frame that is long or in pieces';
  return opcode === 8 && length === 1 ? 'a close of one byte' : undefined;
}

/** A message in one frame or several, with pings between them. */
export function messageFrames(dice: Dice, opcode: number, data: string): Written[] {
  const frames: Written[] = [];
  let at = 0;
  for (let count = dice.of([1, 1, 1, 2, 3]); count > 0; count--) {
    const end = count === 1 ? data.length : at + dice.below(data.length - at + 1);
    frames.push({ opcode: frames.length === 0 ? opcode : 0, final: count === 1, data: data.slice(at, end) });
    at = end;
  }
  return frames.flatMap((frame) =>
    dice.chance(10) ? [{ opcode: dice.of([9, 10]), final: true, data: 'ping' }, frame] : [frame],
  );
}

const CODES = [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1015, 2999, 3000, 4999, 5000, 0, 65_535];

export function closeFrame(dice: Dice): Written {
  const code = dice.of(CODES);
  const reason = dice.of(['', '', 'bye', '\xff', '\xc3\xa9', 'x'.repeat(123), 'x'.repeat(124)]);
  const data = dice.of(['', '\x03', `${String.fromCharCode(code >> 8, code & 0xff)}${reason}`]);
  return { opcode: 8, final: true, data };
}

/** A frame that breaks a rule. */
export function breakFrame(dice: Dice, frame: Written): Written {
  return dice.of<(frame: Written) => Written>([
    (known) => ({ ...known, masked: false }),
    (known) => ({ ...known, rsv: 1 + dice.below(7) }),
    (known) => ({ ...known, opcode: dice.below(16) }),
    (known) => ({ ...known, final: !known.final }),
    (known) => ({
      ...known,
      length: dice.of(
        [0, 1, 125, 126, 65_535, 65_536, 2 ** 31, 2 ** 53, known.data.length + 1, known.data.length - 1].map(Math.abs),
      ),
    }),
    (known) => ({ ...known, wide: dice.of([2, 8]) }),
    (known) => ({ ...known, data: `${known.data}\xff\xfe` }),
    (known) => ({ ...known, data: known.data.repeat(50) }),
    () => closeFrame(dice),
    () => ({ opcode: dice.of([8, 9, 10]), final: dice.chance(50), data: 'x'.repeat(dice.below(200)) }),
  ])(frame);
}
