import type {
  InfoObject,
  OpenAPIObject,
  PathItemObject,
  SecuritySchemeObject,
  ServerObject,
  TagObject,
} from 'openapi3-ts/oas31';
import type { PathTemplate } from '../http/path.ts';
import { schemasOf } from '../model/check.ts';
import type { Operation } from '../model/operation.ts';
import { Components } from './components.ts';
import { describeOperation } from './operation.ts';
import { sharedResponses } from './responses.ts';

export interface DocumentOptions {
  readonly title: string;
  readonly version: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly TagObject[];
  readonly servers?: readonly ServerObject[];
  readonly rootPath?: string;
}

/** The methods that OpenAPI 3.1 has a field for. */
const METHODS = new Set(['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE']);

/** Describes all operations as one OpenAPI 3.1 document. */
export function describe(operations: readonly Operation[], options: DocumentOptions): OpenAPIObject {
  const shown = operations.filter(({ declaration: { options: route, method } }) => {
    return route.includeInSchema !== false && METHODS.has(method);
  });
  const components = new Components(shown.flatMap(schemasOf));
  const paths = new Map<string, PathItemObject>();
  const templates = new Map<string, Pick<PathTemplate, 'documented' | 'names'>>();
  for (const operation of shown) {
    const { method, template } = operation.declaration;
    // Paths that differ only in the names of their variables are one path (OpenAPI 3.1, Paths Object).
    const { documented, names } = templates.get(shapeOf(template)) ?? template;
    templates.set(shapeOf(template), { documented, names });
    const described = { [method.toLowerCase()]: describeOperation(operation, components, names) };
    paths.set(documented, { ...paths.get(documented), ...described });
  }
  const schemas = components.toJSON();
  const responses = sharedResponses(shown, components);
  const securitySchemes = describeSchemes(shown);
  const { tags = [], rootPath } = options;
  const servers = [...(rootPath === undefined ? [] : [{ url: rootPath }]), ...(options.servers ?? [])];
  return {
    openapi: '3.1.1',
    info: infoOf(options),
    ...(servers.length === 0 ? {} : { servers }),
    paths: Object.fromEntries(paths),
    components: {
      ...(isEmpty(schemas) ? {} : { schemas }),
      ...(isEmpty(responses) ? {} : { responses }),
      ...(isEmpty(securitySchemes) ? {} : { securitySchemes }),
    },
    ...(tags.length === 0 ? {} : { tags: [...tags] }),
  } as OpenAPIObject;
}

function shapeOf({ documented }: PathTemplate): string {
  return documented.replace(/\{[^}]*\}/g, '{}');
}

function infoOf({ title, version, summary, description }: DocumentOptions): InfoObject {
  return {
    title,
    version,
    ...(summary === undefined ? {} : { summary }),
    ...(description === undefined ? {} : { description }),
  };
}

function describeSchemes(operations: readonly Operation[]): Record<string, SecuritySchemeObject> {
  const schemes = new Map<string, SecuritySchemeObject>();
  for (const { scheme } of operations.flatMap(({ security }) => security.flat())) {
    const { description, schemeName } = scheme;
    schemes.set(schemeName, { ...scheme.describe(), ...(description === undefined ? {} : { description }) });
  }
  return Object.fromEntries(schemes);
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0;
}
