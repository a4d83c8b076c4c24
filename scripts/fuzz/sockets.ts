import { createHash } from 'node:crypto';
import { type Answer, headerOf, parseAnswers } from './answer.ts';
import { LARGEST_MESSAGE } from './app.ts';
import type { Conversation } from './conversation.ts';
import type { Dice } from './dice.ts';
import { breakFrame, closeFrame, type Frame, frameBytes, messageFrames, parseFrames, type Written } from './frames.ts';
import { mutate, twist } from './mutation.ts';
import { makeDelivery, Wire } from './wire.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
const PATIENCE = 10_000;
const WAIT = 40;

interface Kind {
  readonly path: string;
  readonly opcode: number;
  readonly messages: readonly string[];
}

const KINDS: readonly Kind[] = [
  {
    path: '/sockets/json',
    opcode: 1,
    messages: ['1', '"a"', '{"a":[1]}', 'null', '"\xc3\xa9"', `"${'x'.repeat(1_900)}"`],
  },
  {
    path: '/sockets/text',
    opcode: 1,
    messages: ['', 'a', '\xc3\xa9', '\0', 'x'.repeat(125), 'x'.repeat(126), 'x'.repeat(LARGEST_MESSAGE)],
  },
  {
    path: '/sockets/bytes/1',
    opcode: 2,
    messages: ['', '\0\xff', 'a', 'x'.repeat(126), '\x80'.repeat(LARGEST_MESSAGE)],
  },
];

function handshake(path: string, lines: readonly string[]): string {
  return `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

const LINES = [
  'Host: a',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${KEY}`,
];

/** Whether a server accepted the handshake, and what followed. */
function opened(received: string): {
  readonly answer: Answer | undefined;
  readonly frames: string;
  readonly fault?: string;
} {
  const { answers, rest, fault } = parseAnswers(received);
  const answer = answers.find(({ status }) => status === 101);
  if (answer === undefined) return { answer: answers[0], frames: '', ...(fault === undefined ? {} : { fault }) };
  return { answer, frames: rest, ...(fault === undefined ? {} : { fault }) };
}

/** The messages in frames of a server, whole or in pieces. */
function messagesIn(frames: readonly Frame[]): string[] {
  const messages: string[] = [];
  let pieces = '';
  for (const { opcode, final, data } of frames) {
    if (opcode >= 8) continue;
    pieces += data;
    if (final) messages.push(pieces);
    if (final) pieces = '';
  }
  return messages;
}

/** A valid socket: each message comes back, then the close does. */
export function makeSocket(dice: Dice): Conversation {
  const { path, opcode, messages } = dice.of(KINDS);
  const sent = dice.some(6, () => dice.of(messages));
  const bytes = sent.map((message) => messageFrames(dice, opcode, message).map(frameBytes).join('')).join('');
  const head = handshake(path, LINES);
  const [together, delivery] = [dice.chance(50), makeDelivery(dice, head.length + bytes.length)];
  const close = frameBytes({ opcode: 8, final: true, data: dice.of(['', '\x03\xe8', '\x03\xe8bye', '\x0f\xa0']) });
  return async function socket({ port, statuses }) {
    const wire = new Wire(port);
    if (!together) {
      await wire.send(head, { ...delivery, cuts: [] });
      await wire.until(() => wire.received.includes('\r\n\r\n'), PATIENCE);
    }
    await wire.send(together ? head + bytes : bytes, delivery);
    const echoes = (): string[] => messagesIn(parseFrames(opened(wire.received).frames).frames);
    await wire.until(() => echoes().length >= sent.length && opened(wire.received).answer !== undefined, PATIENCE);
    wire.write(Buffer.from(close, 'latin1'));
    const isOver = await wire.until(() => false, PATIENCE);
    await wire.leave();
    const { answer, frames, fault } = opened(wire.received);
    const { frames: list, rest, fault: broken } = parseFrames(frames);
    const said = (what: string): string =>
      `${what}: ${JSON.stringify({ path, sent, received: wire.received.slice(-2_000) })}`;
    if (answer?.status !== 101) return said(`the status ${answer?.status}`);
    statuses.set(101, (statuses.get(101) ?? 0) + 1);
    if (headerOf(answer, 'sec-websocket-accept') !== ACCEPT) return said('a 101 that accepts another key');
    if ((fault ?? broken) !== undefined) return said(fault ?? broken ?? '');
    if (JSON.stringify(messagesIn(list)) !== JSON.stringify(sent)) return said('other messages than were sent');
    if (rest !== '' || list.at(-1)?.opcode !== 8) return said('a socket without a close');
    return isOver ? undefined : said('a socket that stays open');
  };
}

const ODD_LINES = [
  'Sec-WebSocket-Version: 12',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  'Sec-WebSocket-Protocol: a, b',
  'Origin: http://a',
  'Origin: https://evil.example',
  'Origin: null',
  'Upgrade: h2c, websocket',
  'Upgrade: h2c',
  'Connection: keep-alive, Upgrade',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'Content-Length: 5',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
];

/** A handshake and frames that need not be ones. */
export function makeFaultySocket(dice: Dice): Conversation {
  const { path, opcode, messages } = dice.of(KINDS);
  const lines = LINES.filter(() => dice.chance(97)).map((line) => twist(dice, line, 4));
  if (dice.chance(25)) lines.push(dice.of(ODD_LINES));
  const target = dice.chance(90)
    ? path
    : dice.of(['/sockets/bytes/x', '/sockets', '/items/1', '/sockets/%', 'http://a/sockets/json', mutate(dice, path)]);
  const frames: Written[] = dice.some(5, () => messageFrames(dice, opcode, twist(dice, dice.of(messages), 30))).flat();
  if (dice.chance(40)) frames.push(closeFrame(dice));
  const text = frames.map((frame) => frameBytes(dice.chance(20) ? breakFrame(dice, frame) : frame)).join('');
  const before = dice.chance(15)
    ? handshake(dice.of(['/items/1', '/large', '/rows']), [
        ...LINES.slice(0, 1),
        ...dice.some(1, () => 'Connection: Upgrade\r\nUpgrade: h2c'),
      ])
    : '';
  const bytes = `${before}${handshake(target, lines)}${twist(dice, text, 30)}`;
  const delivery = makeDelivery(dice, bytes.length);
  const way = dice.below(3);
  return async function faultySocket({ port, oracle, statuses }) {
    const wire = new Wire(port);
    await wire.send(bytes, delivery);
    await wire.until(() => opened(wire.received).answer !== undefined, way === 0 ? 5 : 500);
    await wire.until(() => false, way === 0 ? 0 : WAIT);
    if (way === 1) wire.end();
    const isOver = way === 1 ? await wire.until(() => false, PATIENCE) : true;
    await wire.leave(way === 0);
    const { answer, frames: after, fault } = opened(wire.received);
    const said = (what: string): string =>
      `${what}: ${JSON.stringify({ bytes, received: wire.received.slice(-2_000) })}`;
    if (fault !== undefined) return said(fault);
    if (answer !== undefined) statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    const wrong = answer === undefined ? undefined : (oracle.judge(answer) ?? parseFrames(after).fault);
    if (wrong !== undefined) return said(wrong);
    return isOver ? undefined : said('a socket that its client has ended stays open');
  };
}
