/** The part that is read of the events of API Gateway (payload formats 1 and 2), function URLs and load balancers. */
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

/** The Web request of an event. */
export function toRequest(event: LambdaEvent): Request {
  const method = event.requestContext?.http?.method ?? event.httpMethod ?? 'GET';
  const headers = headersOf(event);
  const bytes = method === 'GET' || method === 'HEAD' ? undefined : bodyOf(event);
  const init = { method, headers, ...(bytes === undefined ? {} : { body: bytes }) };
  const host = headers.get('host') ?? event.requestContext?.domainName ?? 'localhost';
  const target = targetOf(event);
  const url = [`https://${host}${target}`, `https://localhost${target}`].find((text) => URL.canParse(text));
  // What is no address at all is refused by the router, as a path that cannot be decoded.
  return new Request(url ?? 'https://localhost/%', init);
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

function headersOf(event: LambdaEvent): Headers {
  const headers = new Headers();
  const fields: Readonly<Record<string, string | readonly string[] | undefined>> =
    event.multiValueHeaders ?? event.headers ?? {};
  for (const [name, values] of Object.entries(fields)) {
    for (const value of typeof values === 'string' ? [values] : (values ?? [])) headers.append(name, value);
  }
  if (event.cookies !== undefined && event.cookies.length > 0) headers.set('cookie', event.cookies.join('; '));
  return headers;
}

/** Version 2 gives the query as it was sent, a load balancer its parts, and version 1 decoded parts. */
function targetOf(event: LambdaEvent): string {
  if (isVersion2(event)) {
    const query = event.rawQueryString ?? '';
    return `${event.rawPath ?? '/'}${query === '' ? '' : `?${query}`}`;
  }
  const encode: (text: string) => string = isLoadBalancer(event) ? String : encodeURIComponent;
  const parameters: Readonly<Record<string, string | readonly string[] | undefined>> =
    event.multiValueQueryStringParameters ?? event.queryStringParameters ?? {};
  const pairs = Object.entries(parameters).flatMap(([name, values]) => {
    const list = typeof values === 'string' ? [values] : (values ?? []);
    return list.map((value) => `${encode(name)}=${encode(value)}`);
  });
  return `${event.path ?? '/'}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

function bodyOf({ body, isBase64Encoded }: LambdaEvent): Uint8Array<ArrayBuffer> | undefined {
  if (body === undefined || body === null || body === '') return undefined;
  if (isBase64Encoded !== true) return new TextEncoder().encode(body);
  return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
}
