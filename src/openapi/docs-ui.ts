import type { OpenAPIObject } from 'openapi3-ts/oas31';
import type { DocsOAuthOptions } from './docs-page.ts';

/** A file that a page loads. */
export interface UiFile {
  /** Its name when served. */
  readonly name: string;
  /** Its path in the package. */
  readonly path: string;
  /** Its hash in the pinned version. */
  readonly integrity: string;
}

interface StartSettings {
  /** The URL of the document, relative to the script's. */
  readonly document: string;
  readonly oauth: DocsOAuthOptions | undefined;
  /** The document itself, as the reader's browser loads it. */
  readonly describe: () => OpenAPIObject;
}

/** A program that shows a document in a browser: its files, and how it is started. */
export interface DocsUi {
  readonly title: string;
  readonly package: string;
  /** The source of the pinned version if the package is not installed. */
  readonly cdn: string;
  readonly files: readonly UiFile[];
  /** The id of the element that it renders into. */
  readonly mount: string;
  /** The script that starts it; nothing of the page's URL reaches its configuration. */
  script(settings: StartSettings): string;
}

const SWAGGER_UI: DocsUi = {
  title: 'Swagger UI',
  package: 'swagger-ui-dist',
  cdn: 'https://cdn.jsdelivr.net/npm/swagger-ui-dist@5.35.0',
  files: [
    {
      name: 'swagger-ui.css',
      path: 'swagger-ui.css',
      integrity: 'sha384-WlYgdmXYOOBWL5apwjDEZwN+U3HmXSSu5R6V5aGxEcf7z+KuRNwBhoxKVN1i3D5I',
    },
    {
      name: 'swagger-ui-bundle.js',
      path: 'swagger-ui-bundle.js',
      integrity: 'sha384-gjRm0bEPMeTmMh5jT2cHccIwCUZSTd8YC+j0d0sXw0MdGEfScduGpSyF3ZSSLkX9',
    },
  ],
  mount: 'swagger-ui',
  script({ document, oauth }) {
    return scriptOf(
      { url: document, dom_id: '#swagger-ui', deepLinking: true, queryConfigEnabled: false, validatorUrl: null },
      [
        "config.oauth2RedirectUrl = new URL('oauth2-redirect.html', document.currentScript.src).href;",
        // A relative tokenUrl starts below the server. Swagger UI resolves it beside the server, or beside the page
        // where the document names no server.
        'const serverEffectiveValue = (original) => (_state, ...parameters) => {',
        "  return new URL((original(...parameters) || '/').replace(/\\/?$/, '/'), config.url).href;",
        '};',
        'config.plugins = [() => ({ statePlugins: { oas3: { wrapSelectors: { serverEffectiveValue } } } })];',
      ],
      'SwaggerUIBundle',
      [
        // Its dark colours depend on a class.
        "const dark = matchMedia('(prefers-color-scheme: dark)');",
        "const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);",
        "dark.addEventListener('change', follow);",
        'follow();',
        'const ui = SwaggerUIBundle(config);',
        ...(oauth === undefined ? [] : [`ui.initOAuth(${JSON.stringify(oauth)});`]),
      ],
    );
  },
};

/** Everything that would tell third parties about the reader, or ask to sign in there, is off. */
const SCALAR_OPTIONS = {
  telemetry: false,
  withDefaultFonts: false,
  persistAuth: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true },
  mcp: { disabled: true },
};

const SCALAR: DocsUi = {
  title: 'Scalar',
  package: '@scalar/api-reference',
  cdn: 'https://cdn.jsdelivr.net/npm/@scalar/api-reference@1.76.0',
  files: [
    {
      name: 'scalar.js',
      path: 'dist/browser/standalone.js',
      integrity: 'sha384-oH1C0RwqcwbVXkC+r8A+4qRoyEUQdtxAzOwumkxZtQBBcsy61FOoPt7B50OVJYYQ',
    },
  ],
  mount: 'scalar',
  script({ document, oauth, describe }) {
    const described = describe();
    const servers = described.servers ?? [{ url: '/' }];
    const [preferredSecurityScheme] = Object.keys(described.components?.securitySchemes ?? {});
    const authentication = { preferredSecurityScheme, securitySchemes: oauth && prefilled(described, oauth) };
    return scriptOf(
      { url: document, ...SCALAR_OPTIONS, servers, authentication },
      [
        "config.oauth2RedirectUri = new URL('oauth2-redirect.html', document.currentScript.src).href;",
        // A relative tokenUrl starts below the server, which therefore ends in a slash.
        'for (const server of config.servers) {',
        "  if (!server.url.includes('{')) server.url = new URL(server.url.replace(/\\/?$/, '/'), config.url).href;",
        '}',
      ],
      'Scalar',
      ["Scalar.createApiReference('#scalar', config);"],
    );
  },
};

export const DOCS_UIS: Readonly<Record<'swagger-ui' | 'scalar', DocsUi>> = { 'swagger-ui': SWAGGER_UI, scalar: SCALAR };

/** What Scalar is told about each flow in advance. */
function prefilled(document: OpenAPIObject, oauth: DocsOAuthOptions): Record<string, object> {
  const { clientId, scopes, usePkceWithAuthorizationCodeGrant: pkce } = oauth;
  const known = {
    ...(clientId === undefined ? {} : { 'x-scalar-client-id': clientId }),
    ...(pkce === true ? { 'x-usePkce': 'SHA-256' } : {}),
  };
  const schemes = Object.entries(document.components?.securitySchemes ?? {});
  return Object.fromEntries(
    schemes.flatMap(([name, scheme]) => {
      if (!('flows' in scheme) || scheme.flows === undefined) return [];
      const flows = Object.fromEntries(Object.keys(scheme.flows).map((flow) => [flow, known]));
      return [[name, { flows, ...(scopes === undefined ? {} : { 'x-default-scopes': scopes }) }]];
    }),
  );
}

/** URLs are relative to the script's own, so that they work behind a proxy's prefix. */
function scriptOf(config: object, settle: readonly string[], global: string, start: readonly string[]): string {
  const lines = [
    `const config = ${JSON.stringify(config)};`,
    'config.url = new URL(config.url, document.currentScript.src).href;',
    ...settle,
    `if (typeof ${global} === 'undefined') {`,
    "  document.getElementById('missing').classList.add('shown');",
    '} else {',
    "  document.documentElement.classList.add('started');",
    ...start.map((line) => `  ${line}`),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}
