/** Why a request to the provider failed, in words that repeat nothing of its response. */
export class ProviderFault extends Error {
  override readonly name = 'ProviderFault';
  /** The status of the response, if there was one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** Bytes of a response; key sets and metadata have a few thousand. */
const LARGEST_ANSWER = 262_144;
/** Milliseconds; a longer timer ends at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * Fetches JSON, bounded in size and in time, body included.
 *
 * Redirects are refused: only the configured URL is trusted.
 */
export async function fetchJson(url: string, timeout: number, init: RequestInit = {}): Promise<unknown> {
  const signal = AbortSignal.timeout(Math.min(Math.ceil(timeout), LONGEST_TIMEOUT));
  let response: Response;
  try {
    const headers = { Accept: 'application/json' };
    response = await fetch(url, { headers, ...init, redirect: 'manual', signal });
  } catch (error) {
    throw new ProviderFault(signal.aborted ? `no response within ${timeout} ms` : reasonOf(error));
  }
  if (response.status !== 200) {
    await response.body?.cancel().catch(() => {});
    throw new ProviderFault(`the response is ${response.status}`, response.status);
  }
  const text = await readText(response).catch((error: unknown) => {
    throw error instanceof ProviderFault ? error : new ProviderFault(`no response within ${timeout} ms`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ProviderFault('the response is not JSON');
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
      throw new ProviderFault(`the response has more than ${LARGEST_ANSWER} bytes`);
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

/** What is wrong with a URL that keys or tokens travel to or from; undefined if nothing is. */
export function addressFault(address: unknown): string | undefined {
  if (typeof address !== 'string' || !URL.canParse(address)) return 'is not a URL';
  const { protocol, hostname } = new URL(address);
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return 'is neither an https URL nor one of this machine';
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
