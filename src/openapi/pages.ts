import type { OpenAPIObject } from 'openapi3-ts/oas31';
import type { Endpoint } from '../http/endpoint.ts';
import type { ErrorReplies } from '../http/error-replies.ts';
import { HTTPException } from '../http/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { parsePath } from '../http/path.ts';
import type { Reply } from '../http/reply.ts';
import type { Operation } from '../model/operation.ts';
import { DocsFiles, tagOf, validated } from './docs-files.ts';
import { type DocsOAuthOptions, type DocsOptions, documentationPage } from './docs-page.ts';
import { REDIRECT_PAGE, REDIRECT_SCRIPT } from './docs-redirect.ts';
import { DOCS_UIS, type DocsUi } from './docs-ui.ts';
import { describeResource, metadataLocation, type ProtectedResource } from './protected-resource.ts';

export interface PagesOptions {
  readonly title: string;
  readonly docs?: string | DocsOptions | false;
  readonly openapiPath?: string | false;
  readonly protectedResource?: ProtectedResource;
}

/** A page that the framework itself serves; not an operation of the app, and not in the document. */
export interface Page extends Endpoint {
  readonly isDocumentation?: boolean;
}

type MakeReply = (exchange: Exchange) => Reply | Promise<Reply>;

const NOSNIFF = ['X-Content-Type-Options', 'nosniff'];
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
/** Whatever changes with the app is revalidated each time; files of a package after an hour. */
const CHECKED = 'no-cache';
const KEPT = 'public, max-age=3600';

/** The sources of pages, read when a page is requested. */
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
  const { path = '/docs', ui = 'swagger-ui', oauth } = typeof docs === 'string' ? { path: docs } : docs;
  if (!Object.hasOwn(DOCS_UIS, ui)) throw new TypeError(`docs.ui is '${ui}'; use 'swagger-ui' or 'scalar'`);
  return [...pages, ...documentationPages(path, { title, openapiPath, ui: DOCS_UIS[ui], oauth }, sources)];
}

interface DocumentationSettings {
  readonly title: string;
  readonly openapiPath: string;
  readonly ui: DocsUi;
  readonly oauth: DocsOAuthOptions | undefined;
}

/** The documentation page and its files. */
function documentationPages(
  docsPath: string,
  { title, openapiPath, ui, oauth }: DocumentationSettings,
  sources: PageSources,
): readonly Page[] {
  const page = pageMaker(sources);
  const files = new DocsFiles(ui.package);
  const base = docsPath.replace(/\/$/, '');
  const document = '../'.repeat(base.split('/').length - 1) + openapiPath.replace(/^\//, '');
  const checked = (path: string, makeReply: MakeReply): Page =>
    page(path, async (exchange) => {
      const reply = await makeReply(exchange);
      return validated(reply, await tagOf(reply.body as string), CHECKED, exchange.incoming);
    });
  const main = checked(docsPath, async ({ path, incoming }) => {
    const found = await Promise.all(ui.files.map((file) => files.read(file.path, incoming)));
    const local = !found.includes(undefined);
    const at = path.endsWith('/') ? '.' : lastSegment(base);
    const { html, policy } = documentationPage({ title, ui, base: at, document, local });
    return markup(html, policy, 'same-origin-allow-popups');
  });
  const describe = (): OpenAPIObject => JSON.parse(sources.document()) as OpenAPIObject;
  return [
    { ...main, isDocumentation: true },
    checked(`${base}/init.js`, () => text(JAVASCRIPT, ui.script({ document, oauth, describe }))),
    checked(`${base}/oauth2-redirect.html`, () => markup(REDIRECT_PAGE.html, REDIRECT_PAGE.policy, 'unsafe-none')),
    checked(`${base}/oauth2-redirect.js`, () => text(JAVASCRIPT, REDIRECT_SCRIPT)),
    ...ui.files.map(({ name, path }) =>
      page(`${base}/${name}`, async ({ incoming }): Promise<Reply> => {
        const asset = await files.read(path, incoming);
        if (asset === undefined) throw new HTTPException(404);
        const headers = ['Content-Type', name.endsWith('.css') ? CSS : JAVASCRIPT, ...NOSNIFF];
        return validated({ status: 200, headers, body: asset.body }, asset.tag, KEPT, incoming);
      }),
    ),
  ];
}

function pageMaker(sources: PageSources): (path: string, makeReply: MakeReply) => Page {
  return (path, makeReply) => {
    const template = parsePath(path);
    if (typeof template === 'string') throw new TypeError(`The path '${path}' cannot be used: ${template}`);
    return {
      method: 'GET',
      template,
      async run(exchange): Promise<Reply> {
        try {
          return await makeReply(exchange);
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

/** The opener policy lets the page and the window it opens for a login at another origin reach each other. */
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
