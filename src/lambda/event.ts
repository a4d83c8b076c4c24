/** The part that is read of events of API Gateway (payload formats 1 and 2), function URLs and load balancers. */
export interface LambdaEvent {
  readonly version?: string;
  readonly rawPath?: string;
  readonly rawQueryString?: string;
  readonly cookies?: readonly string[];
  readonly httpMethod?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueQueryStringParameters?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: {
    readonly elb?: unknown;
    readonly domainName?: string;
    readonly http?: { readonly method?: string; readonly sourceIp?: string };
    readonly identity?: { readonly sourceIp?: string };
  };
}

type Lists = Readonly<Record<string, string | readonly string[] | undefined>>;

/** RFC 3986 §3.2: host and port. Anything more would become part of the path. */
const AUTHORITY = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]+)(?::\d{0,5})?$/;

/** The Web request of an event; throws for an event that is not an HTTP request. */
export function toRequest(event: LambdaEvent): Request {
  const method = methodOf(event);
  if (typeof method !== 'string') throw new TypeError('toLambdaHandler: the event is not an HTTP request');
  try {
    return requestOf(event, method);
  } catch {
    // An invalid request is refused by the router like a path that cannot be decoded: 400.
    return new Request('https://localhost/%');
  }
}

/** The address of the client, as the platform saw it. */
export function sourceIpOf({ requestContext }: LambdaEvent): string | undefined {
  return requestContext?.http?.sourceIp ?? requestContext?.identity?.sourceIp;
}

export function isLoadBalancer({ requestContext }: LambdaEvent): boolean {
  return requestContext?.elb !== undefined;
}

export function isVersion2({ version }: LambdaEvent): boolean {
  return version === '2.0';
}

/** Whether headers are lists, in the event and in the result. */
export function hasLists({ multiValueHeaders }: LambdaEvent): boolean {
  return multiValueHeaders !== undefined && multiValueHeaders !== null;
}

function methodOf(event: LambdaEvent | null | undefined): string | undefined {
  return event?.requestContext?.http?.method ?? event?.httpMethod;
}

function requestOf(event: LambdaEvent, method: string): Request {
  const headers = headersOf(event);
  const host = headers.get('host') ?? event.requestContext?.domainName ?? 'localhost';
  if (!AUTHORITY.test(host)) throw new TypeError('the host is invalid');
  const body = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(event);
  return new Request(`https://${host}${targetOf(event)}`, { method, headers, ...(body === undefined ? {} : { body }) });
}

function headersOf(event: LambdaEvent): Headers {
  const headers = new Headers();
  for (const [name, value] of pairsOf(event.multiValueHeaders ?? event.headers)) headers.append(name, value);
  if (event.cookies !== undefined && event.cookies.length > 0) headers.set('cookie', event.cookies.join('; '));
  return headers;
}

/** Version 2 has the query as it was sent, a load balancer has its raw parts, and version 1 has decoded parts. */
function targetOf(event: LambdaEvent): string {
  if (isVersion2(event)) return join(event.rawPath, event.rawQueryString ?? '');
  const encode: (text: string) => string = isLoadBalancer(event) ? String : encodeURIComponent;
  const pairs = pairsOf(event.multiValueQueryStringParameters ?? event.queryStringParameters);
  return join(event.path, pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&'));
}

/** HTTP APIs decode the path: data in it must not become a query, a fragment or another segment. */
function join(path: string = '/', query: string): string {
  if (!path.startsWith('/')) throw new TypeError('the path is invalid');
  const encoded = path.replace(/[?#\\\t\n\r]/g, encodeURIComponent);
  return query === '' ? encoded : `${encoded}?${query.replaceAll('#', '%23')}`;
}

function pairsOf(lists: Lists | null | undefined): [string, string][] {
  return Object.entries(lists ?? {}).flatMap(([name, values]) => {
    const list = typeof values === 'string' ? [values] : (values ?? []);
    return list.map((value): [string, string] => [name, value]);
  });
}

function bodyOf({ body, isBase64Encoded }: LambdaEvent): Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || body === null || body === '') return undefined;
  if (isBase64Encoded !== true) return new TextEncoder().encode(body);
  return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
}
