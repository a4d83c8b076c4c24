import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { App } from 'portico';
import { servers } from './servers.ts';

export type Content = NonNullable<RequestInit['body']>;
export type Send = (path: string, init?: RequestInit) => Promise<Response>;

/** Runs the same tests in memory and over a socket. */
export function describeMatrix(name: string, body: (open: (app: App) => Promise<Send>) => void): void {
  describe(`${name}, in memory`, () => {
    body(async (app) => async (path, init) => app.request(path, init));
  });
  describe(`${name}, over a socket`, () => {
    const served = servers();
    body(async (app) => {
      const { port } = await served(app);
      return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, { redirect: 'manual', ...init });
    });
  });
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
