import type { DocsUi, UiFile } from './docs-ui.ts';

/** Initial values of the Authorize dialog, by the names of Swagger UI's `initOAuth`. */
export interface DocsOAuthOptions {
  readonly clientId?: string;
  readonly scopes?: readonly string[];
  readonly usePkceWithAuthorizationCodeGrant?: boolean;
  readonly appName?: string;
}

export interface DocsOptions {
  readonly path?: string;
  /** The program that shows the document, Swagger UI unless set. */
  readonly ui?: 'swagger-ui' | 'scalar';
  readonly oauth?: DocsOAuthOptions;
}

export interface PageSettings {
  readonly title: string;
  readonly ui: DocsUi;
  /** The last segment of the page's path, which relative URLs start from. */
  readonly base: string;
  /** The URL of the document, relative to paths below the page. */
  readonly document: string;
  /** Whether the files come from the installed package; from the CDN otherwise. */
  readonly local: boolean;
}

/** Shown if the page's script never starts: at once if the page can tell, after a while if a file never arrives. */
const FALLBACK_STYLE = `
.fallback { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem }
.fallback a { color: inherit }
#missing { visibility: hidden; animation: reveal 0s 5s forwards }
#missing.shown { visibility: visible }
.started #missing { display: none }
@keyframes reveal { to { visibility: visible } }
@media (prefers-color-scheme: dark) { html:not(.started) { background: #1c2022; color: #e4e6e6; color-scheme: dark } }
`;

/** The documentation page, and its content security policy. */
export function documentationPage(settings: PageSettings): { readonly html: string; readonly policy: string } {
  const { title, ui, base, document, local } = settings;
  const from = ({ name, path, integrity }: UiFile): string => {
    return local ? `"${base}/${name}"` : `"${ui.cdn}/${path}" integrity="${integrity}" crossorigin="anonymous"`;
  };
  const load = (file: UiFile): string =>
    file.name.endsWith('.css')
      ? `<link rel="stylesheet" href=${from(file)}>`
      : // The script after it waits for it, and also runs if it fails to load.
        `<script src=${from(file)}></script>`;
  const styles = ui.files.filter(({ name }) => name.endsWith('.css'));
  const scripts = ui.files.filter(({ name }) => !name.endsWith('.css'));
  const link = `<a href="${escapeHtml(`${base}/${document}`)}">OpenAPI document</a>`;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${FALLBACK_STYLE}</style>
<noscript><style>#missing { display: none }</style></noscript>
${styles.map(load).join('\n')}
</head>
<body>
<noscript><p class="fallback">This page needs JavaScript to show the API. Without it, read the ${link}.</p></noscript>
<p class="fallback" id="missing">${ui.title} could not be loaded to show the API. Until it can, read the ${link}.</p>
<div id="${ui.mount}"></div>
${scripts.map(load).join('\n')}
<script src="${base}/init.js"></script>
</body>
</html>
`;
  return { html, policy: policyFor(local ? '' : ` ${new URL(ui.cdn).origin}`) };
}

/** Both programs set style attributes; images are data URLs of their style sheets, and responses that are pictures. */
function policyFor(cdn: string): string {
  return [
    "default-src 'none'",
    `script-src 'self'${cdn}`,
    `style-src 'self' 'unsafe-inline'${cdn}`,
    "img-src 'self' data: blob:",
    "connect-src 'self' https: http:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
