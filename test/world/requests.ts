import assert from 'node:assert/strict';
import { settled } from './waiting.ts';

/** One header line; two lines of one name are two lines over a socket. */
export type Line = [name: string, value: string];
export type Content = NonNullable<RequestInit['body']>;
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** `Authorization: Basic …` for a pair given as it goes into the base64. */
export function basic(pair: string | Uint8Array): Line {
  return ['Authorization', `Basic ${Buffer.from(pair as string).toString('base64')}`];
}

export function bearer(token: string): Line {
  return ['Authorization', `Bearer ${token}`];
}

/** A response that was read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** `WWW-Authenticate`. */
  readonly challenge: string | null;
  readonly text: string;
  /** The value where it is JSON, else the text. */
  readonly body: any;
}

/** Reads a response to its end, and waits for what comes after it. */
export async function answer(response: Response): Promise<Answer> {
  const text = await response.text();
  await settled();
  const { status, headers } = response;
  const isJson = text !== '' && /^application\/(?:.*\+)?json\b/.test(headers.get('content-type') ?? '');
  return { status, headers, challenge: headers.get('www-authenticate'), text, body: isJson ? JSON.parse(text) : text };
}

/** Asks one app, which is opened for the first request. */
export function asking(open: () => Promise<Send>): (...request: Parameters<Send>) => Promise<Answer> {
  let opened: Promise<Send> | undefined;
  return async (...request) => answer(await (await (opened ??= open()))(...request));
}

/** Asserts status and JSON body, and shows the body where the status differs. */
export async function expectJson(response: Response, status: number, body?: unknown): Promise<unknown> {
  const text = await response.text();
  assert.equal(response.status, status, `${response.status} ${text}`);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json\b/);
  const parsed: unknown = JSON.parse(text);
  if (body !== undefined) assert.deepEqual(parsed, body);
  return parsed;
}

export interface Issue {
  type: string;
  loc: (string | number)[];
  msg: string;
  input?: unknown;
  alternatives?: Issue[][];
}

/** The issues of a 422. */
export async function issuesOf(response: Response): Promise<Issue[]> {
  const body = (await expectJson(response, 422)) as { detail: Issue[] };
  assert.deepEqual(Object.keys(body), ['detail']);
  return body.detail;
}

/** The places of a 422's issues with their types, in order: `query.q missing`. */
export async function placesOf(response: Response): Promise<string[]> {
  return (await issuesOf(response)).map(({ loc, type }) => `${loc.join('.')} ${type}`);
}

/** The methods of an `Allow` header, sorted. */
export function allowed(response: Response): string[] {
  return (response.headers.get('allow') ?? '').split(', ').toSorted();
}
