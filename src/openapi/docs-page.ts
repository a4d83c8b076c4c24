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
  // Swagger UI sets style attributes; its images are data of its own style sheet.
  const policy = [
    "default-src 'none'",
    `script-src 'self'${cdn}`,
    `style-src 'self' 'unsafe-inline'${cdn}`,
    "img-src 'self' data:",
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
    'const ui = SwaggerUIBundle(config);',
  ];
  if (oauth !== undefined) lines.push(`ui.initOAuth(${JSON.stringify(oauth)});`);
  return `${lines.join('\n')}\n`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
