import type {
  ContactObject,
  ExternalDocumentationObject,
  InfoObject,
  LicenseObject,
  PathItemObject,
  SecuritySchemeObject,
  ServerObject,
  TagObject,
} from 'openapi3-ts/oas31';
import type { PathTemplate } from '../http/path.ts';
import { immediate } from '../http/promise.ts';
import { schemasOf } from '../model/check.ts';
import type { Operation } from '../model/operation.ts';
import { Components } from './components.ts';
import { describeOperation } from './operation.ts';
import { sharedResponses } from './responses.ts';
import { type OpenApiDocuments, type OpenApiVersion, PATCHES } from './version.ts';
import { type Document31, toVersion30 } from './version-3-0.ts';

/** A document of any version. */
type AnyDocument = OpenApiDocuments[OpenApiVersion];

export interface DocumentOptions {
  readonly title: string;
  readonly version: string;
  readonly summary?: string;
  readonly description?: string;
  /** A URL of the terms. */
  readonly termsOfService?: string;
  readonly contact?: ContactObject;
  readonly license?: LicenseObject;
  readonly tags?: readonly TagObject[];
  readonly servers?: readonly ServerObject[];
  readonly externalDocs?: ExternalDocumentationObject;
  /** The prefix under which a proxy serves the app; the first of the document's servers. */
  readonly rootPath?: string;
  /** Requests that the app sends by itself, as path items by name; OpenAPI 3.0 has `x-webhooks`. */
  readonly webhooks?: Readonly<Record<string, PathItemObject>>;
  /** Additional members of the document, each name beginning with `x-`. */
  readonly extensions?: Readonly<Record<`x-${string}`, unknown>>;
  /** Changes each document before it is used, whatever its version; gets its own copy. */
  readonly transform?: (document: AnyDocument) => AnyDocument;
  /** Describes sockets, as a GET that is answered by 101; without it they are left out. */
  readonly documentSockets?: boolean;
}

/** The methods that OpenAPI 3.1 has a field for. */
const METHODS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE']);

/** Describes all operations as the JSON text of one OpenAPI document. */
export function describe(operations: readonly Operation[], options: DocumentOptions, version: OpenApiVersion): string {
  const described = describeAll(operations, options, version);
  const text = JSON.stringify(version === '3.0' ? toVersion30(described) : described);
  const { transform } = options;
  if (transform === undefined) return text;
  const changed: unknown = immediate(transform(JSON.parse(text) as AnyDocument), '`transform`');
  if (typeof (changed as Partial<AnyDocument> | null | undefined)?.openapi !== 'string') {
    throw new TypeError('`transform` has to return the document');
  }
  return JSON.stringify(changed);
}

function describeAll(operations: readonly Operation[], options: DocumentOptions, version: OpenApiVersion): Document31 {
  const { documentSockets = false } = options;
  const shown = operations.filter(({ declaration, socket }) => {
    return declaration.options.includeInSchema !== false && (socket === undefined || documentSockets);
  });
  const components = new Components(shown.flatMap(schemasOf), version);
  const paths = describePaths(shown, components);
  const schemas = components.toJSON();
  const responses = sharedResponses(shown, components);
  const securitySchemes = describeSchemes(shown, version);
  const { tags = [], rootPath, externalDocs, webhooks, extensions } = options;
  const servers = [...(rootPath === undefined ? [] : [{ url: rootPath }]), ...(options.servers ?? [])];
  return {
    openapi: PATCHES[version],
    info: infoOf(options),
    ...(servers.length === 0 ? {} : { servers }),
    paths,
    ...(webhooks === undefined ? {} : { webhooks }),
    components: {
      ...(isEmpty(schemas) ? {} : { schemas }),
      ...(isEmpty(responses) ? {} : { responses }),
      ...(isEmpty(securitySchemes) ? {} : { securitySchemes }),
    },
    ...(tags.length === 0 ? {} : { tags }),
    ...(externalDocs === undefined ? {} : { externalDocs }),
    ...extensions,
  };
}

function describePaths(operations: readonly Operation[], components: Components): Record<string, PathItemObject> {
  const paths = new Map<string, Record<string, unknown>>();
  const templates = new Map<string, Pick<PathTemplate, 'documented' | 'names'>>();
  for (const operation of operations) {
    const { method, template } = operation.declaration;
    // Paths that differ only in the names of their variables are one path (OpenAPI 3.1, Paths Object).
    const { documented, names } = templates.get(shapeOf(template)) ?? template;
    templates.set(shapeOf(template), { documented, names });
    const item = paths.get(documented) ?? {};
    paths.set(documented, item);
    const described = describeOperation(operation, components, names);
    const further = furtherMethods(method, components.version);
    // A GET of the same path answers clients that do not ask for a socket.
    if (operation.socket !== undefined) paths.set(documented, { get: described, ...item });
    else if (further === undefined) item[method.toLowerCase()] = described;
    else item[further] = { ...(item[further] as object | undefined), [method]: described };
  }
  return Object.fromEntries(paths) as Record<string, PathItemObject>;
}

/** The member of a path item for a method without a field of its own; 3.2 has a field for QUERY and one for others. */
function furtherMethods(method: string, version: OpenApiVersion): string | undefined {
  if (METHODS.has(method) || (method === 'QUERY' && version === '3.2')) return undefined;
  return version === '3.2' ? 'additionalOperations' : 'x-additionalOperations';
}

function shapeOf({ documented }: PathTemplate): string {
  return documented.replace(/\{[^}]*\}/g, '{}');
}

function infoOf(options: DocumentOptions): InfoObject {
  const { title, version, summary, description, termsOfService, contact, license } = options;
  return {
    title,
    version,
    ...(summary === undefined ? {} : { summary }),
    ...(description === undefined ? {} : { description }),
    ...(termsOfService === undefined ? {} : { termsOfService }),
    ...(contact === undefined ? {} : { contact }),
    ...(license === undefined ? {} : { license }),
  };
}

function describeSchemes(
  operations: readonly Operation[],
  version: OpenApiVersion,
): Record<string, SecuritySchemeObject> {
  const schemes = new Map<string, SecuritySchemeObject>();
  for (const { scheme } of operations.flatMap(({ security }) => security.flat())) {
    const { description, schemeName } = scheme;
    if (schemes.has(schemeName)) continue;
    const described = inVersion(scheme.describe(), version);
    schemes.set(schemeName, { ...described, ...(description === undefined ? {} : { description }) });
  }
  return Object.fromEntries(schemes);
}

/** What OpenAPI 3.2 added to schemes is an extension in earlier documents. */
function inVersion(scheme: SecuritySchemeObject, version: OpenApiVersion): SecuritySchemeObject {
  if (version === '3.2') return scheme;
  const { deprecated, oauth2MetadataUrl, ...known } = scheme as SecuritySchemeObject & Record<string, unknown>;
  const { deviceAuthorization, ...flows } = (known.flows ?? {}) as Record<string, unknown>;
  return {
    ...known,
    ...(known.flows === undefined ? {} : { flows }),
    ...(deviceAuthorization === undefined ? {} : { flows: { ...flows, 'x-deviceAuthorization': deviceAuthorization } }),
    ...(deprecated === undefined ? {} : { 'x-deprecated': deprecated }),
    ...(oauth2MetadataUrl === undefined ? {} : { 'x-oauth2MetadataUrl': oauth2MetadataUrl }),
  };
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
