export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** The names of checks that a platform cannot pass. */
export type CheckName = keyof typeof checks;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds));
const json = async (response: Response): Promise<unknown> => JSON.parse(await response.text()) as unknown;

function same(actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`${found}, not ${wanted}`);
}

async function login(send: Send, password = 'demo'): Promise<Response> {
  return send('/token', { method: 'POST', body: new URLSearchParams({ username: 'ann', password }) });
}

async function bearer(send: Send): Promise<Record<string, string>> {
  const { access_token: token } = (await json(await login(send))) as { access_token: string };
  return { authorization: `Bearer ${token}` };
}

function form(size: number): FormData {
  const body = new FormData();
  body.append('file', new Blob([new Uint8Array(size).fill(255)]), 'a.bin');
  return body;
}

/** Waits until a journal has these entries. */
async function journal(send: Send, name: string, entries: readonly string[]): Promise<void> {
  let found: unknown;
  for (let waited = 0; waited < 3_000; waited += 50) {
    found = await json(await send(`/journals/${name}`));
    if (JSON.stringify(found) === JSON.stringify(entries)) return;
    await pause(50);
  }
  same(found, entries);
}

const checks = {
  async 'a login gives a token and two cookies'(send: Send) {
    const response = await login(send);
    same(response.status, 200);
    same(
      response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]),
      ['user=ann', 'theme=dark'],
    );
    await response.text();
    same((await login(send, 'wrong')).status, 400);
  },

  async 'a token is asked for, and accepted'(send: Send) {
    const refused = await send('/me');
    same([refused.status, refused.headers.get('www-authenticate')?.startsWith('Bearer ')], [401, true]);
    same(await json(await send('/me', { headers: await bearer(send) })), { username: 'ann' });
  },

  async 'a file is uploaded'(send: Send) {
    const headers = await bearer(send);
    const response = await send('/upload', { method: 'POST', headers, body: form(100_000) });
    same(await json(response), { owner: 'ann', name: 'a.bin', sum: 25_500_000 });
  },

  async 'a file that is too large is refused'(send: Send) {
    const headers = await bearer(send);
    same((await send('/upload', { method: 'POST', headers, body: form(300_000) })).status, 413);
  },

  async 'paths and queries arrive as they were sent'(send: Send) {
    const response = await send('/search/a%20%C3%BC+b?tag=1%262%25a+b');
    same(await json(response), { word: 'a ü+b', tags: ['1&2%a b'] });
  },

  async 'several values of one name arrive'(send: Send) {
    same(await json(await send('/search/a?tag=1&tag=%20&tag=')), { word: 'a', tags: ['1', ' ', ''] });
  },

  async 'what is invalid or unknown is told'(send: Send) {
    same((await send('/search/a', { method: 'POST' })).status, 405);
    same(await json(await send('/nowhere')), { detail: 'Not Found' });
    const head = await send('/image', { method: 'HEAD' });
    same([head.status, await head.text()], [200, '']);
  },

  async 'bytes arrive as they were sent'(send: Send) {
    const response = await send('/image');
    same(response.headers.get('content-type'), 'image/png');
    same(
      [...new Uint8Array(await response.arrayBuffer())],
      Array.from({ length: 256 }, (_, index) => index),
    );
  },

  async 'lines are sent'(send: Send) {
    same(await (await send('/lines')).text(), '{"count":0}\n{"count":1}\n{"count":2}\n');
  },

  async 'events are sent'(send: Send) {
    const response = await send('/events');
    same(response.headers.get('content-type')?.split(';')[0], 'text/event-stream');
    same((await response.text()).replaceAll(':\n\n', ''), 'data: {"count":0}\n\ndata: {"count":1}\n\n');
  },

  async 'events arrive one by one'(send: Send) {
    const response = await send('/events');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    same(new TextDecoder().decode(value).includes('"count":1'), false);
    await reader.cancel();
  },

  async 'a task and an awaited cleanup follow the response, whose signal is not aborted'(send: Send) {
    const name = crypto.randomUUID();
    same(await json(await send(`/journals/${name}/work`, { method: 'POST' })), 'open');
    await journal(send, name, ['task', 'cleanup']);
  },

  async 'a client that leaves ends its stream, and then its cleanup'(send: Send) {
    const name = crypto.randomUUID();
    const leaving = new AbortController();
    const response = await send(`/journals/${name}/endless`, { signal: leaving.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await reader.cancel();
    leaving.abort();
    await journal(send, name, ['left', 'cleanup']);
  },

  async 'a client that leaves before the response keeps nothing from its cleanup'(send: Send) {
    const name = crypto.randomUUID();
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), 100);
    await send(`/journals/${name}/wait`, { signal: leaving.signal }).catch(() => {});
    await journal(send, name, ['cleanup']);
  },

  async 'a time limit holds for each of several requests, and what is late is cleaned up'(send: Send) {
    const names = Array.from({ length: 3 }, () => crypto.randomUUID());
    const statuses = names.map(async (name) => (await send(`/journals/${name}/slow`)).status);
    same(await Promise.all(statuses), [503, 503, 503]);
    for (const name of names) await journal(send, name, ['late', 'cleanup']);
  },

  async 'the address of the client is known'(send: Send) {
    const { clientAddress } = (await json(await send('/platform'))) as { clientAddress?: string };
    same(typeof clientAddress, 'string');
  },

  async 'the environment of the platform is there'(send: Send) {
    const { greeting } = (await json(await send('/platform'))) as { greeting?: string };
    same(greeting, 'hello');
  },
};

/** Runs every check that is not skipped, and returns a line for each failure. */
export async function failuresOf(send: Send, skipped: readonly CheckName[] = []): Promise<string[]> {
  const failures: string[] = [];
  for (const [name, check] of Object.entries(checks)) {
    if (skipped.includes(name as CheckName)) continue;
    try {
      await check(send);
    } catch (error) {
      failures.push(`${name}: ${String(error)}`);
    }
  }
  return failures;
}
