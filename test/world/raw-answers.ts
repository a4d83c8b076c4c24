export interface RawAnswer {
  status: number;
  /** Values by lower-case name, one for each line. */
  headers: Map<string, string[]>;
  body: string;
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
