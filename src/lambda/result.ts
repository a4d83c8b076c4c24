import { hasLists, isLoadBalancer, isVersion2, type LambdaEvent } from './event.ts';

/** What a handler gives back to API Gateway, a function URL or a load balancer. */
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

/** The result of a response to an event of the same kind; its body is read whole. */
export async function toResult(response: Response, event: LambdaEvent): Promise<LambdaResult> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = textOf(bytes, response.headers);
  const body = { body: text ?? toBase64(bytes), isBase64Encoded: text === undefined };
  if (isVersion2(event)) return { ...headOf(response), ...body };
  const { status } = response;
  const head = isLoadBalancer(event)
    ? { statusCode: status, statusDescription: `${status} ${response.statusText}`.trim() }
    : { statusCode: status };
  // A load balancer takes lists only where its target group is set to, and then sends them as well.
  if (isLoadBalancer(event) && !hasLists(event)) return { ...head, headers: namesOf(response), ...body };
  return { ...head, multiValueHeaders: listsOf(response), ...body };
}

/** Each cookie goes by itself: joined with others it would be another one. */
export function headOf(response: Response): LambdaHead {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'));
  return { statusCode: response.status, headers, cookies: response.headers.getSetCookie() };
}

/** The bytes as text, where that is what they are said to be and nothing of them would get lost. */
function textOf(bytes: Uint8Array, headers: Headers): string | undefined {
  if (!TEXT.test(headers.get('content-type') ?? '') || headers.has('content-encoding')) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** One value for each name: each further cookie is sent under its name in other letters, which are the same on the wire. */
function namesOf(response: Response): Record<string, string> {
  const { headers, cookies } = headOf(response);
  for (const [index, cookie] of cookies.entries()) headers[inOtherLetters('set-cookie', index)] = cookie;
  return headers;
}

/** Spells a name so that each number has a spelling of its own: its bits say which letters are capitals. */
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
  // As many arguments as every engine takes.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
