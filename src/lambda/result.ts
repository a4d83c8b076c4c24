import { isLoadBalancer, isVersion2, type LambdaEvent } from './event.ts';

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
  const isText = TEXT.test(response.headers.get('content-type') ?? '') && !response.headers.has('content-encoding');
  const body = { body: isText ? new TextDecoder().decode(bytes) : toBase64(bytes), isBase64Encoded: !isText };
  if (isVersion2(event)) return { ...headOf(response), ...body };
  const { status } = response;
  const head = isLoadBalancer(event)
    ? { statusCode: status, statusDescription: `${status} ${response.statusText}`.trim() }
    : { statusCode: status };
  // A load balancer takes lists only where its target group is set to, and then sends them as well.
  if (isLoadBalancer(event) && event.multiValueHeaders === undefined) {
    return { ...head, headers: Object.fromEntries(response.headers), ...body };
  }
  return { ...head, multiValueHeaders: listsOf(response), ...body };
}

/** Each cookie goes by itself: joined with others it would be another one. */
export function headOf(response: Response): LambdaHead {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'));
  return { statusCode: response.status, headers, cookies: response.headers.getSetCookie() };
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
