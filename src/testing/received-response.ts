import type { Checked } from './document-mismatch.ts';
import type { WrittenRequest } from './request.ts';

/** A response as far as it was read. */
export interface ReceivedResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Whether all of the body was read; a stream may have no end. */
  readonly isWhole: boolean;
}

const MAX_BYTES = 1_048_576;
/** Milliseconds for a response to arrive, and for its body to end. */
const WAIT = 20_000;
const READ = 1_000;

/** Sends a request; rejects if there is no response in time. */
export async function ask(app: Checked, { method, target, headers, body }: WrittenRequest): Promise<ReceivedResponse> {
  const init: RequestInit = { method, headers, ...(body === undefined ? {} : { body }) };
  const response = await within(WAIT, app.request(target, init));
  if (response === undefined) throw new Error(`there was no response within ${WAIT} ms`);
  return { status: response.status, headers: response.headers, ...(await read(response)) };
}

async function read(response: Response): Promise<{ text: string; isWhole: boolean }> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: '', isWhole: true };
  const decoder = new TextDecoder();
  const end = Date.now() + READ;
  let text = '';
  for (let bytes = 0; bytes < MAX_BYTES;) {
    const piece = await within(end - Date.now(), reader.read() as Promise<{ done: boolean; value?: Uint8Array }>);
    if (piece === undefined) break;
    if (piece.value === undefined) return { text: text + decoder.decode(), isWhole: true };
    bytes += piece.value.byteLength;
    text += decoder.decode(piece.value, { stream: true });
  }
  // A stream that does not end may not confirm being cancelled either.
  reader.cancel().catch(() => undefined);
  return { text, isWhole: false };
}

/** What a promise resolves to; undefined after so many milliseconds. */
async function within<T>(time: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, time));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
