import type { OpenAPIObject } from 'openapi3-ts/oas31';
import type { Context } from '../http/context.ts';
import { HTTPException } from '../http/errors.ts';
import { DEFAULT_LIMITS } from '../http/limits.ts';
import { parsePath, type PathTemplate } from '../http/path.ts';
import type { Reply } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import {
  type DocsOAuthOptions,
  type DocsOptions,
  documentationPage,
  initScript,
  REDIRECT_PAGE,
  REDIRECT_SCRIPT,
} from './docs-page.ts';
import { describeResource, metadataLocation, type ProtectedResource } from './protected-resource.ts';

/** Reads a file of the documentation page's package; undefined where it is not installed. */
export type AssetReader = (name: string) => Promise<Uint8Array | undefined>;

export interface PagesOptions {
  readonly title: string;
  readonly docs?: string | DocsOptions | false;
  readonly openapiPath?: string | false;
  readonly protectedResource?: ProtectedResource;
}

/** A page that the framework serves by itself; no operation of the app, and not in the document. */
export interface Page {
  readonly method: 'GET';
  readonly template: PathTemplate;
  readonly pattern: string;
  readonly names: readonly string[];
  readonly limits: typeof DEFAULT_LIMITS;
  readonly isDocumentation?: boolean;
  /** Never rejects. */
  run(context: Context): Promise<Reply>;
}

type Answer = (context: Context) => Reply | Promise<Reply>;

const NOSNIFF = ['X-Content-Type-Options', 'nosniff'];
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', JAVASCRIPT],
]);

/** What pages are made from; each is asked for when a page is. */
export interface PageSources {
  document(): OpenAPIObject;
  operations(): readonly Operation[];
  assets(): AssetReader | undefined;
  /** Turns what a page throws into a reply. */
  recover(error: unknown, context: Context): Reply | Promise<Reply>;
}

/** The pages that an app has besides its operations. */
export function pagesOf(options: PagesOptions, sources: PageSources): readonly Page[] {
  const { title, docs = '/docs', openapiPath = '/openapi.json', protectedResource } = options;
  const pages: Page[] = [];
  const page = pageMaker(sources);
  if (protectedResource !== undefined) {
    const { path } = metadataLocation(protectedResource);
    pages.push(page(path, () => json(describeResource(protectedResource, title, sources.operations()))));
  }
  if (openapiPath === false) return pages;
  pages.push(page(openapiPath, () => json(sources.document())));
  if (docs === false) return pages;
  const { path = '/docs', oauth } = typeof docs === 'string' ? { path: docs } : docs;
  return [...pages, ...documentationPages(path, { title, openapiPath, oauth }, sources)];
}

/** The documentation page, and what it loads. */
function documentationPages(
  docsPath: string,
  { title, openapiPath, oauth }: { title: string; openapiPath: string; oauth: DocsOAuthOptions | undefined },
  sources: PageSources,
): readonly Page[] {
  const page = pageMaker(sources);
  const base = docsPath.replace(/\/$/, '');
  const read = async (name: string): Promise<Uint8Array | undefined> => sources.assets()?.(name);
  const main = page(docsPath, async ({ path }) => {
    const local = (await read('swagger-ui.css')) !== undefined;
    const { html, policy } = documentationPage({ title, base: path.endsWith('/') ? '.' : lastSegment(base), local });
    return markup(html, policy, 'same-origin-allow-popups');
  });
  const files = [...ASSETS].map(([name, type]) =>
    page(`${base}/${name}`, async (): Promise<Reply> => {
      const body = await read(name);
      if (body === undefined) throw new HTTPException(404);
      return { status: 200, headers: ['Content-Type', type, ...NOSNIFF], body };
    }),
  );
  const script = page(`${base}/init.js`, () => text(JAVASCRIPT, initScript(base, openapiPath, oauth)));
  const redirect = [
    page(`${base}/oauth2-redirect.html`, () => markup(REDIRECT_PAGE.html, REDIRECT_PAGE.policy, 'unsafe-none')),
    page(`${base}/oauth2-redirect.js`, () => text(JAVASCRIPT, REDIRECT_SCRIPT)),
  ];
  return [{ ...main, isDocumentation: true }, script, ...redirect, ...files];
}

function pageMaker(sources: PageSources): (path: string, answer: Answer) => Page {
  return (path, answer) => {
    const template = parsePath(path);
    if (typeof template === 'string') throw new TypeError(`The path '${path}' cannot be used: ${template}`);
    return {
      method: 'GET',
      template,
      pattern: path,
      names: template.names,
      limits: DEFAULT_LIMITS,
      async run(context): Promise<Reply> {
        try {
          return await answer(context);
        } catch (error) {
          return sources.recover(error, context);
        }
      },
    };
  };
}

function json(value: unknown): Reply {
  return text('application/json', JSON.stringify(value));
}

function text(type: string, body: string, headers: readonly string[] = []): Reply {
  return { status: 200, headers: ['Content-Type', type, ...NOSNIFF, ...headers], body };
}

/** The opener policy keeps the page, and the window it opens for a login at another origin, in reach of each other. */
function markup(html: string, policy: string, openerPolicy: string): Reply {
  return text('text/html; charset=utf-8', html, [
    'Content-Security-Policy',
    policy,
    'Referrer-Policy',
    'no-referrer',
    'Cross-Origin-Opener-Policy',
    openerPolicy,
  ]);
}

function lastSegment(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
