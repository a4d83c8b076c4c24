/** What went wrong with a request to the provider, in words that repeat nothing of its answer. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  /** The status that was answered, where one was. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** Bytes of an answer; key sets and metadata have a few thousand. */
const LARGEST_ANSWER = 262_144;

/**
 * Asks for JSON, bounded in size and in time, body included.
 *
 * Redirects are refused: the address that was configured is the one that is trusted.
 */
export async function fetchJson(url: string, timeout: number, init: RequestInit = {}): Promise<unknown> {
  const signal = AbortSignal.timeout(timeout);
  const response = await fetch(url, {
    headers: { Accept: 'application/json' },
    ...init,
    redirect: 'manual',
    signal,
  }).catch((error: unknown) => {
    throw new ProviderFault(signal.aborted ? `no answer within ${timeout} ms` : reasonOf(error));
  });
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => {});
    throw new ProviderFault(`the answer is ${response.status}`, response.status);
  }
  const text = await readText(response).catch((error: unknown) => {
    throw error instanceof ProviderFault ? error : new ProviderFault(`no answer within ${timeout} ms`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProviderFault('the answer is not JSON');
  }
}

async function readText(response: Response): Promise<string> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return '';
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    size += chunk.value.length;
    if (size > LARGEST_ANSWER) {
      await reader.cancel().catch(() => {});
      throw new ProviderFault(`the answer has more than ${LARGEST_ANSWER} bytes`);
    }
    text += decoder.decode(chunk.value, { stream: true });
  }
  return text + decoder.decode();
}

/** The message of `fetch` says little; its cause says what happened. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be reached';
  const { code } = (error.cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? `it cannot be reached (${code})` : `it cannot be reached (${error.name})`;
}

/** What is wrong with an address that keys or tokens travel to or from, or undefined. */
export function addressFault(address: unknown): string | undefined {
  if (typeof address !== 'string' || !URL.canParse(address)) return 'is not an address';
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return 'is neither an https address nor one of this machine';
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
