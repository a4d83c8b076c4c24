import type {
  OpenAPIObject,
  OperationObject,
  ParameterObject,
  PathItemObject,
  ReferenceObject,
  RequestBodyObject,
  ResponseObject,
  SecurityRequirementObject,
  SecuritySchemeObject,
} from 'openapi3-ts/oas31';

/** One operation of the document with its references resolved; schemas keep theirs. */
export interface DocumentedOperation {
  readonly operationId: string;
  readonly method: string;
  /** The path as it is documented. */
  readonly path: string;
  readonly parameters: readonly ParameterObject[];
  readonly body: RequestBodyObject | undefined;
  /** By status, range or `default`. */
  readonly responses: ReadonlyMap<string, ResponseObject>;
  /** Whether every alternative of its security requires something. */
  readonly isProtected: boolean;
  /** Names of headers, in lower case, that carry its credentials. */
  readonly credentialHeaders: readonly string[];
  /** The same for each alternative of its security. */
  readonly alternatives: readonly (readonly string[])[];
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const;

export function readOperations(document: OpenAPIObject): DocumentedOperation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    operationsOf(item).map(([method, operation]) => readOperation(document, path, method, operation, item.parameters)),
  );
}

/** Methods that OpenAPI 3.1 has no field for are in an extension. */
export function operationsOf(item: PathItemObject): readonly (readonly [string, OperationObject])[] {
  const additional = (item['x-additionalOperations'] ?? {}) as Record<string, OperationObject>;
  return [
    ...METHODS.flatMap((method) => (item[method] === undefined ? [] : [[method, item[method]] as const])),
    ...Object.entries(additional),
  ];
}

function readOperation(
  document: OpenAPIObject,
  path: string,
  method: string,
  operation: OperationObject,
  shared: (ParameterObject | ReferenceObject)[] = [],
): DocumentedOperation {
  const own = [...shared, ...(operation.parameters ?? [])].map((each) => resolve<ParameterObject>(document, each));
  const parameters = new Map(own.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]));
  const security = operation.security ?? document.security ?? [];
  return {
    operationId: operation.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    parameters: [...parameters.values()],
    body: operation.requestBody && resolve<RequestBodyObject>(document, operation.requestBody),
    responses: new Map(
      Object.entries(operation.responses ?? {}).map(([key, response]) => [
        key,
        resolve<ResponseObject>(document, response as ResponseObject | ReferenceObject),
      ]),
    ),
    isProtected: isProtected(security),
    credentialHeaders: credentialHeaders(document, security),
    alternatives: security.map((requirement) => credentialHeaders(document, [requirement])),
  };
}

/** A list with an empty alternative is public (OpenAPI 3.1, Security Requirement Object). */
export function isProtected(security: readonly SecurityRequirementObject[]): boolean {
  return security.length > 0 && security.every((requirement) => Object.keys(requirement).length > 0);
}

function credentialHeaders(document: OpenAPIObject, security: readonly SecurityRequirementObject[]): string[] {
  const names = security.flatMap((requirement) => Object.keys(requirement));
  return [...new Set(names.flatMap((name) => headersOf(document, name)))];
}

/** A key in the query needs no header. */
function headersOf(document: OpenAPIObject, name: string): string[] {
  const scheme = document.components?.securitySchemes?.[name];
  const {
    type,
    in: place,
    name: key = '',
  } = scheme === undefined ? { type: 'http' as const } : resolve<SecuritySchemeObject>(document, scheme);
  if (type !== 'apiKey') return ['authorization'];
  if (place === 'cookie') return ['cookie'];
  return place === 'header' ? [key.toLowerCase()] : [];
}

/** Follows references within the document (RFC 6901). */
export function resolve<T extends object>(document: object, value: T | ReferenceObject): T {
  let current: unknown = value;
  for (let hops = 0; isReference(current); hops++) {
    if (hops > 100) throw new Error(`The reference ${current.$ref} leads back to itself`);
    current = at(document, current.$ref);
  }
  return current as T;
}

function isReference(value: unknown): value is ReferenceObject {
  return typeof value === 'object' && value !== null && typeof (value as ReferenceObject).$ref === 'string';
}

function at(document: object, reference: string): unknown {
  const keys = decodeURIComponent(reference.replace(/^#\/?/, '')).split('/').filter(Boolean);
  const found = keys.reduce<unknown>((node, key) => {
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~');
    return typeof node === 'object' && node !== null && Object.hasOwn(node, name)
      ? (node as Record<string, unknown>)[name]
      : undefined;
  }, document);
  if (found === undefined) throw new Error(`The reference ${reference} of the document cannot be resolved`);
  return found;
}
