/** An answer as it was received; one character is one byte. */
export interface Answer {
  readonly status: number;
  /** Names are in lower case. */
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Whether it is the last one of its connection. */
  readonly closes: boolean;
}

export interface Received {
  readonly answers: readonly Answer[];
  /** What follows the last whole answer. */
  readonly rest: string;
  /** Why the rest is no beginning of an answer. */
  readonly fault?: string;
}

const HEAD =
  /^HTTP\/1\.1 ([1-5]\d\d) ([\t\x20-\x7e]*)\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: ?[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/;

const FRAMING = /^(?:content-length|transfer-encoding)$/;

/** Reads the answers to requests of these methods (RFC 9112 §6.3); a method that is unknown is no HEAD. */
export function parseAnswers(bytes: string, methods: readonly string[] = []): Received {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest !== '') {
    const head = HEAD.exec(rest);
    if (head === null) {
      const isPartial = !rest.includes('\r\n\r\n') && 'HTTP/1.1 '.startsWith(rest.slice(0, 9));
      return isPartial ? { answers, rest } : { answers, rest, fault: 'no head of an answer' };
    }
    const status = Number(head[1]);
    const lines = (head[3] ?? '')
      .split('\r\n')
      .filter((line) => line !== '')
      .map(
        (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const,
      );
    const after = rest.slice(head[0].length);
    if (status < 200 && status !== 101) {
      rest = after;
      continue;
    }
    const closes = status === 101 || lines.some(([name, value]) => name === 'connection' && /\bclose\b/i.test(value));
    // Methods are known of requests in HTTP/1.1; in HTTP/1.0, the end of the connection is that of the body.
    const isOld = closes && methods.length === 0 && !lines.some(([name]) => FRAMING.test(name));
    const body =
      isOld && status >= 200
        ? { text: after, length: after.length }
        : readBody(after, status, lines, methods[answers.length] === 'HEAD');
    if (typeof body === 'string') return { answers, rest, fault: body };
    if (body === undefined) return { answers, rest };
    answers.push({ status, lines, body: body.text, closes });
    rest = after.slice(body.length);
    if (closes && status === 101) return { answers, rest };
    if (closes && rest !== '') return { answers, rest, fault: 'bytes after the last answer' };
  }
  return { answers, rest };
}

type Body = { readonly text: string; readonly length: number };

/** The body at the beginning of the bytes: undefined is one that has not come as a whole, a string a fault. */
function readBody(bytes: string, status: number, lines: Answer['lines'], isHead: boolean): Body | string | undefined {
  const valuesOf = (name: string): string[] => lines.filter(([other]) => other === name).map(([, value]) => value);
  const [lengths, codings] = [valuesOf('content-length'), valuesOf('transfer-encoding')];
  if (lengths.length + codings.length > 1) return 'two framings';
  if (status === 101 || status === 204) {
    return lengths.length + codings.length === 0 ? { text: '', length: 0 } : `a ${status} with a framing`;
  }
  if (isHead || status === 304) return { text: '', length: 0 };
  if (codings.length === 1) return codings[0] === 'chunked' ? readChunks(bytes) : 'an unknown coding';
  const [length = ''] = lengths;
  if (!/^\d+$/.test(length)) return 'no length';
  return bytes.length < Number(length) ? undefined : { text: bytes.slice(0, Number(length)), length: Number(length) };
}

function readChunks(bytes: string): Body | string | undefined {
  const pieces: string[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end === -1) return undefined;
    const digits = bytes.slice(at, end);
    if (!/^[\da-f]{1,8}$/i.test(digits)) return 'an invalid size of a chunk';
    const size = Number.parseInt(digits, 16);
    const after = end + 2 + size;
    if (bytes.length < after + 2) return undefined;
    if (bytes.slice(after, after + 2) !== '\r\n') return 'a chunk of another size';
    if (size === 0) return { text: pieces.join(''), length: after + 2 };
    pieces.push(bytes.slice(end + 2, after));
    at = after + 2;
  }
}

/** The values of a header, joined as RFC 9110 §5.3 does. */
export function headerOf({ lines }: Answer, name: string): string | undefined {
  const values = lines.filter(([other]) => other === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const SPACES = / +/y;
const PARAMETER = /(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~]|\\[\t -~])*")/y;
const COMMA = /[\t ]*,[\t ]*/y;

/** The scheme words of challenges (RFC 9110 §11.6.1); undefined where the field is none, or one has no parameter. */
export function challengesIn(field: string): readonly string[] | undefined {
  const words: string[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(field)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  while (at < field.length) {
    const word = take(TOKEN);
    if (word === undefined || take(SPACES) === undefined || take(PARAMETER) === undefined) return undefined;
    words.push(word);
    for (;;) {
      const before = at;
      if (take(COMMA) === undefined) {
        if (at < field.length) return undefined;
        break;
      }
      if (take(PARAMETER) === undefined) {
        if (at === before || at >= field.length) return undefined;
        break;
      }
    }
  }
  return words.length === 0 ? undefined : words;
}
