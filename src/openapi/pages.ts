import type { OpenAPIObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import { HTTPException } from '../http/errors.ts';
import { DEFAULT_LIMITS } from '../http/limits.ts';
import { parsePath, type PathTemplate } from '../http/path.ts';
import type { Reply } from '../http/reply.ts';
import { type DocsOptions, documentationPage, initScript } from './docs-page.ts';

/** Reads a file of the documentation page's package; undefined where it is not installed. */
export type AssetReader = (name: string) => Promise<Uint8Array | undefined>;

export interface PagesOptions {
  readonly title: string;
  readonly docs?: string | DocsOptions | false;
  readonly openapiPath?: string | false;
}

/** A page that the framework serves by itself; no operation of the app, and not in the document. */
export interface Page {
  readonly method: 'GET';
  readonly template: PathTemplate;
  readonly pattern: string;
  readonly names: readonly string[];
  readonly limits: typeof DEFAULT_LIMITS;
  readonly timeout: number;
  readonly headers: readonly string[];
  run(context: Context): Reply | Promise<Reply>;
}

const NOSNIFF = ['X-Content-Type-Options', 'nosniff'];
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', JAVASCRIPT],
]);

/** The document, the documentation page, and what the page loads. */
export function pagesOf(
  options: PagesOptions,
  document: () => OpenAPIObject,
  assets: () => AssetReader | undefined,
): readonly Page[] {
  const { title, docs = '/docs', openapiPath = '/openapi.json' } = options;
  if (openapiPath === false) return [];
  let json: { readonly of: OpenAPIObject; readonly text: string } | undefined;
  const pages = [
    page(openapiPath, () => {
      const of = document();
      if (json?.of !== of) json = { of, text: JSON.stringify(of) };
      return text('application/json', json.text);
    }),
  ];
  if (docs === false) return pages;
  const { path: docsPath = '/docs', oauth } = typeof docs === 'string' ? { path: docs } : docs;
  const base = docsPath.replace(/\/$/, '');
  const read = async (name: string): Promise<Uint8Array | undefined> => assets()?.(name);
  pages.push(
    page(docsPath, async ({ path }) => {
      const local = (await read('swagger-ui.css')) !== undefined;
      const { html, policy } = documentationPage({ title, base: path.endsWith('/') ? '.' : lastSegment(base), local });
      return text('text/html; charset=utf-8', html, [
        'Content-Security-Policy',
        policy,
        'Referrer-Policy',
        'no-referrer',
      ]);
    }),
    page(`${base}/init.js`, () => text(JAVASCRIPT, initScript(base, openapiPath, oauth))),
    ...[...ASSETS].map(([name, type]) =>
      page(`${base}/${name}`, async (): Promise<Reply> => {
        const body = await read(name);
        if (body === undefined) throw new HTTPException(404);
        return { status: 200, headers: ['Content-Type', type, ...NOSNIFF], body };
      }),
    ),
  );
  return pages;
}

function page(path: string, run: Page['run']): Page {
  const template = parsePath(path);
  if (typeof template === 'string') throw new TypeError(`The path '${path}' cannot be used: ${template}`);
  return {
    method: 'GET',
    template,
    pattern: path,
    names: template.names,
    limits: DEFAULT_LIMITS,
    timeout: 0,
    headers: [],
    run,
  };
}

function text(type: string, body: string, headers: readonly string[] = []): Reply {
  return { status: 200, headers: ['Content-Type', type, ...NOSNIFF, ...headers], body };
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
