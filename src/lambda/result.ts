import { hasLists, isLoadBalancer, isVersion2, type LambdaEvent } from './event.ts';

/** What a handler returns to API Gateway, a function URL or a load balancer. */
export interface LambdaResult {
  readonly statusCode: number;
  readonly statusDescription?: string;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly cookies?: string[];
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** Status and headers of a streamed response. */
export interface LambdaHead {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly cookies: string[];
}

const TEXT =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|jsonl|xml)\b|application\/(?:javascript|x-www-form-urlencoded)\b)/i;

/** The result of a response to an event of the same kind; its body is read as a whole. */
export async function toResult(response: Response, event: LambdaEvent): Promise<LambdaResult> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = textOf(bytes, response.headers);
  const body = { body: text ?? toBase64(bytes), isBase64Encoded: text === undefined };
  if (isVersion2(event)) return { ...headOf(response), ...body };
  const { status } = response;
  const head = isLoadBalancer(event)
    ? { statusCode: status, statusDescription: `${status} ${response.statusText}`.trim() }
    : { statusCode: status };
  // A load balancer accepts lists only if its target group is configured for them, and then sends them too.
  if (isLoadBalancer(event) && !hasLists(event)) return { ...head, headers: namesOf(response), ...body };
  return { ...head, multiValueHeaders: listsOf(response), ...body };
}

/** Each cookie is sent by itself: joined with others it would be a different cookie. */
export function headOf(response: Response): LambdaHead {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'));
  return { statusCode: response.status, headers, cookies: response.headers.getSetCookie() };
}

/** The bytes as text if they are declared to be text and decoding loses nothing. */
function textOf(bytes: Uint8Array, headers: Headers): string | undefined {
  if (!TEXT.test(headers.get('content-type') ?? '') || headers.has('content-encoding')) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * One value for each name: each further cookie is sent under its name in different case, which is equal on the wire.
 */
function namesOf(response: Response): Record<string, string> {
  const { headers, cookies } = headOf(response);
  for (const [index, cookie] of cookies.entries()) headers[inOtherLetters('set-cookie', index)] = cookie;
  return headers;
}

/** Spells a name differently for each number, whose bits say which letters are capitals. */
function inOtherLetters(name: string, number: number): string {
  let bits = number;
  return name.replace(/[a-z]/g, (letter) => {
    const capital = bits % 2 === 1;
    bits = Math.floor(bits / 2);
    return capital ? letter.toUpperCase() : letter;
  });
}

function listsOf({ headers }: Response): Record<string, string[]> {
  const lists: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
  for (const [name, value] of headers) lists[name] = [...(lists[name] ?? []), value];
  return lists;
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  // As many arguments as every engine accepts.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
