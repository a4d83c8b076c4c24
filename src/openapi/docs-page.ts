/** What the Authorize dialog starts with; the names are those of Swagger UI's `initOAuth`. */
export interface DocsOAuthOptions {
  readonly clientId?: string;
  readonly scopes?: readonly string[];
  readonly usePkceWithAuthorizationCodeGrant?: boolean;
  readonly appName?: string;
}

export interface DocsOptions {
  readonly path?: string;
  readonly oauth?: DocsOAuthOptions;
}

/** The version that is taken from the CDN where the package is not installed, with its files' hashes. */
const SWAGGER_UI = {
  version: '5.35.0',
  cdn: 'https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0',
  integrity: {
    'swagger-ui.css': 'sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I',
    'swagger-ui-bundle.js': 'sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9',
  },
} as const;

/** The documentation page; `base` is the last segment of its path, from which relative addresses start. */
export function documentationPage({ title, base, local }: { title: string; base: string; local: boolean }): {
  readonly html: string;
  readonly policy: string;
} {
  const from = (name: keyof typeof SWAGGER_UI.integrity): string => {
    return local
      ? `"${base}/${name}"`
      : `"${SWAGGER_UI.cdn}/${name}" integrity="${SWAGGER_UI.integrity[name]}" crossorigin="anonymous"`;
  };
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href=${from('swagger-ui.css')}>
</head>
<body>
<div id="swagger-ui"></div>
<script src=${from('swagger-ui-bundle.js')}></script>
<script src="${base}/init.js"></script>
</body>
</html>
`;
  const cdn = local ? '' : ` ${new URL(SWAGGER_UI.cdn).origin}`;
  // Swagger UI sets style attributes; its images are data of its own style sheet, and answers that are pictures.
  const policy = [
    "default-src 'none'",
    `script-src 'self'${cdn}`,
    `style-src 'self' 'unsafe-inline'${cdn}`,
    "img-src 'self' data: blob:",
    "connect-src 'self' https: http:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return { html, policy };
}

/**
 * Starts Swagger UI; nothing of the page's own address reaches its configuration.
 *
 * `base` is the path below which the script stands. Addresses start from the script's own, so that they hold behind
 * a proxy's prefix.
 */
export function initScript(base: string, openapiPath: string, oauth: DocsOAuthOptions | undefined): string {
  const url = '../'.repeat(base.split('/').length - 1) + openapiPath.replace(/^\//, '');
  const config = { url, dom_id: '#swagger-ui', deepLinking: true, queryConfigEnabled: false, validatorUrl: null };
  const lines = [
    `const config = ${JSON.stringify(config)};`,
    'config.url = new URL(config.url, document.currentScript.src).href;',
    "config.oauth2RedirectUrl = new URL('oauth2-redirect.html', document.currentScript.src).href;",
    // A relative tokenUrl starts below the server. Swagger UI resolves it beside the server, or beside the page where
    // the document names no server.
    'const serverEffectiveValue = (original) => (_state, ...parameters) => {',
    "  return new URL((original(...parameters) || '/').replace(/\\/?$/, '/'), config.url).href;",
    '};',
    'config.plugins = [() => ({ statePlugins: { oas3: { wrapSelectors: { serverEffectiveValue } } } })];',
    'const ui = SwaggerUIBundle(config);',
  ];
  if (oauth !== undefined) lines.push(`ui.initOAuth(${JSON.stringify(oauth)});`);
  return `${lines.join('\n')}\n`;
}

/** Where an authorization server sends the window that the page has opened, in the flows that have one (RFC 6749 §4.1). */
export const REDIRECT_PAGE = {
  html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Authorization</title>
<link rel="icon" href="data:,">
</head>
<body>
<p>The page that asked for this authorization is out of reach. Close this window, and authorize from there again.</p>
<script src="oauth2-redirect.js"></script>
</body>
</html>
`,
  policy: [
    "default-src 'none'",
    "script-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

/**
 * Hands the answer to Swagger UI, which left what it needs on its own window.
 *
 * The script of the package would do, but is not in every version of it, and uses an answer whose state is not that of
 * the request (RFC 6749 §10.12).
 */
export const REDIRECT_SCRIPT = `'use strict';
const request = window.opener?.swaggerUIRedirectOauth2;
if (request) {
  const { auth, state, redirectUrl, callback, errCb } = request;
  const answer = Object.fromEntries(new URLSearchParams(location.hash.slice(1) || location.search));
  const refuse = (message) => errCb({ authId: auth.name, source: 'auth', level: 'error', message });
  if (answer.state !== state) refuse('The answer belongs to another request: its state differs.');
  else if (answer.error) refuse([answer.error, answer.error_description].filter(Boolean).join(': '));
  else if (answer.code) callback({ auth: Object.assign(auth, { code: answer.code }), redirectUrl });
  else callback({ auth, token: answer, isValid: true, redirectUrl });
  window.close();
}
`;

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
