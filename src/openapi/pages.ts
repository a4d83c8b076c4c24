import type { Endpoint } from '../http/endpoint.ts';
import type { ErrorReplies } from '../http/error-replies.ts';
import { HTTPException } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { DEFAULT_LIMITS } from '../http/limits.ts';
import { parsePath } from '../http/path.ts';
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

export interface PagesOptions {
  readonly title: string;
  readonly docs?: string | DocsOptions | false;
  readonly openapiPath?: string | false;
  readonly protectedResource?: ProtectedResource;
}

/** A page that the framework serves by itself; no operation of the app, and not in the document. */
export interface Page extends Endpoint {
  readonly isDocumentation?: boolean;
}

type Answer = (exchange: Exchange) => Reply | Promise<Reply>;

const NOSNIFF = ['X-Content-Type-Options', 'nosniff'];
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const ASSETS: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', JAVASCRIPT],
]);

/** What pages are made from; each is asked for when a page is. */
export interface PageSources {
  /** The document as JSON. */
  document(): string;
  operations(): readonly Operation[];
  readonly errors: ErrorReplies;
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
  pages.push(page(openapiPath, () => text('application/json', sources.document())));
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
  const main = page(docsPath, async ({ path, incoming }) => {
    const local = (await incoming.readAsset?.('swagger-ui.css')) !== undefined;
    const { html, policy } = documentationPage({ title, base: path.endsWith('/') ? '.' : lastSegment(base), local });
    return markup(html, policy, 'same-origin-allow-popups');
  });
  const files = [...ASSETS].map(([name, type]) =>
    page(`${base}/${name}`, async ({ incoming }): Promise<Reply> => {
      const body = await incoming.readAsset?.(name);
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
      limits: DEFAULT_LIMITS,
      async run(exchange): Promise<Reply> {
        try {
          return await answer(exchange);
        } catch (error) {
          return sources.errors.reply(error, exchange);
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
